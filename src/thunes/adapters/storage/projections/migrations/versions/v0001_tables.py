"""The first form of the tables.

It stands by itself, so that it stays what it was whatever the tables become.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
)

from thunes.adapters.storage.projections.exact import Exact

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables where there are none."""
    op.create_table(
        "progress",
        Column("id", Integer, nullable=False, autoincrement=False),
        _line(),
        Column("hash", Text, nullable=False),
        PrimaryKeyConstraint("id"),
    )
    _orders()
    _holdings()
    _trades()
    _decisions()


def _orders() -> None:
    op.create_table(
        "orders",
        *_keys("id"),
        _line(),
        *_keys("symbol"),
        *_words("strategy", "side", "type", "role", "leg", "list_id"),
        *_amounts("quantity", "quote_amount", "limit_price", "stop_price"),
        *_moment("expires_"),
        *_moment("submitted_"),
        *_words("reason", "state"),
        *_amounts("filled", "value", "average_price", "fees"),
        *_moment("ended_"),
        *_words("cancel_reason", "failure"),
        PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_orders_submitted_at", "orders", ["submitted_at"])
    op.create_table(
        "fills",
        *_keys("order_id", "trade_id"),
        _line(),
        *_moment(),
        *_amounts("price", "quantity", "fee"),
        *_words("fee_asset"),
        PrimaryKeyConstraint("order_id", "trade_id"),
        ForeignKeyConstraint(["order_id"], ["orders.id"]),
    )


def _holdings() -> None:
    op.create_table(
        "positions",
        *_keys("symbol"),
        _line(),
        *_words("strategy"),
        *_moment("opened_"),
        *_amounts("quantity", "entry_price", "stop_price"),
        PrimaryKeyConstraint("symbol"),
    )
    op.create_table(
        "balances",
        *_keys("asset"),
        _line(),
        *_moment(),
        *_amounts("total"),
        PrimaryKeyConstraint("asset"),
    )
    op.create_table(
        "equity",
        *_place(),
        *_moment(),
        Column("day", Integer, nullable=False),
        *_amounts("equity"),
        PrimaryKeyConstraint("sequence", "number"),
    )


def _trades() -> None:
    op.create_table(
        "trades",
        *_place(),
        *_words("symbol", "strategy"),
        *_moment("entry_"),
        *_amounts("entry_price", "quantity"),
        *_moment("exit_"),
        *_amounts("exit_price", "fees", "pnl"),
        *_words("exit_reason"),
        *_amounts("stop_price", "target_price"),
        Column("flat", Boolean, nullable=False),
        PrimaryKeyConstraint("sequence", "number"),
    )
    op.create_index("ix_trades_exit_at", "trades", ["exit_at"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        *_place(),
        *_moment(),
        *_words("symbol", "strategy", "purpose", "refused_by", "reason"),
        *_amounts("notional", "reference", "stop_price"),
        PrimaryKeyConstraint("sequence", "number"),
    )
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_table(
        "gates",
        *_place(),
        *_keys("gate"),
        Column("passed", Boolean, nullable=False),
        *_amounts("actual", "allowed"),
        PrimaryKeyConstraint("sequence", "number", "gate"),
        ForeignKeyConstraint(["sequence", "number"], ["decisions.sequence", "decisions.number"]),
    )
    op.create_table(
        "events",
        *_place(),
        *_moment(),
        *_words("kind", "code", "subject", "text"),
        *_amounts("actual", "allowed"),
        PrimaryKeyConstraint("sequence", "number"),
    )
    op.create_index("ix_events_at", "events", ["at"])


def _line() -> Column[int]:
    return Column("sequence", BigInteger, nullable=False)


def _place() -> list[Column[int]]:
    return [
        Column("sequence", BigInteger, nullable=False, autoincrement=False),
        Column("number", Integer, nullable=False, autoincrement=False),
    ]


def _moment(prefix: str = "") -> tuple[Column[int], Column[str]]:
    return Column(f"{prefix}at", BigInteger), Column(f"{prefix}time", Text)


def _keys(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, Text) for name in names]


def _amounts(*names: str) -> list[Column[object]]:
    return [Column(name, Exact) for name in names]
