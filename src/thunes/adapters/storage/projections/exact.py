"""Exact decimals in a database: NUMERIC on PostgreSQL, plain digits as text on SQLite."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from thunes.core.domain.errors import DataError

_WITH_NUMERIC = "postgresql"


class Exact(TypeDecorator[Decimal]):
    """A decimal that comes back as it went in, with every digit and never through a float."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = Numeric() if dialect.name == _WITH_NUMERIC else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not value.is_finite():
            raise DataError(f"{value} is no amount: exact columns take finite decimals only")
        return value if dialect.name == _WITH_NUMERIC else format(value, "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else Decimal(value)
