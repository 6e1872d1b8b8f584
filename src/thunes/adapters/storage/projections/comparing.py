"""Comparing two databases of projections row by row."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, Text, select

from thunes.adapters.storage.projections.tables import METADATA, PROGRESS


class Difference(NamedTuple):
    """The first place where the tables are not what the journal makes of them.

    `column` is empty where a whole row is missing, or is there and should not be.
    """

    table: str
    key: tuple[Any, ...]
    column: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        name = f"{self.table} {', '.join(map(str, self.key))}"
        if not self.column:
            return f"{name}: the row is {'missing' if self.found is None else 'one too many'}"
        return f"{name}: {self.column} is {self.found}, and should be {self.expected}"


def first_difference(expected: Connection, found: Connection) -> Difference | None:
    """The first row or column of `found` that is not as in `expected`; None if all are."""
    for table in METADATA.sorted_tables:
        if table is PROGRESS:
            continue
        for right, there in zip_longest(_rows(expected, table), _rows(found, table)):
            if right != there:
                return _difference(table, right, there)
    return None


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    """All rows, by the same order in every database."""
    exact = connection.dialect.name == "postgresql"
    keys = [
        key.collate("C") if exact and isinstance(key.type, Text) else key
        for key in table.primary_key
    ]
    for row in connection.execute(select(table).order_by(*keys)):
        yield tuple(row)


def _difference(
    table: Table, right: tuple[Any, ...] | None, there: tuple[Any, ...] | None
) -> Difference:
    columns = list(table.columns)
    places = [columns.index(key) for key in table.primary_key]
    keys = [tuple(row[p] for p in places) if row is not None else None for row in (right, there)]
    wanted, has = keys
    if wanted == has and right is not None and there is not None:
        for column, expected, found in zip(columns, right, there, strict=True):
            if expected != found:
                return Difference(table.name, wanted or (), column.name, expected, found)
    if has is None or (wanted is not None and wanted < has):
        return Difference(table.name, wanted or (), "", right, None)
    return Difference(table.name, has, "", None, there)
