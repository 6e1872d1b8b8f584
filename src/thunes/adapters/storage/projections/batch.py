"""A batch: the changes of many lines folded into few statements."""

from collections.abc import Mapping
from typing import assert_never

from sqlalchemy import Connection, Insert, Table, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from thunes.adapters.storage.projections.order_rows import Values
from thunes.adapters.storage.projections.projector import Change, Changed, Emptied, New, Now
from thunes.adapters.storage.projections.tables import METADATA, ORDERS
from thunes.core.domain.units import OrderId

_CHANGE = update(ORDERS).where(ORDERS.c.id == bindparam("order"))


class Batch:
    """Changes in their order; of what is changed again and again, only the last is written."""

    def __init__(self) -> None:
        self._new: dict[str, list[Values]] = {}
        self._changed: dict[OrderId, Values] = {}
        self._now: dict[str, dict[str, Values | None]] = {}
        self._emptied: dict[str, None] = {}

    def add(self, change: Change) -> None:
        match change:
            case New():
                self._new.setdefault(change.table, []).append(change.values)
            case Changed():
                self._changed.setdefault(change.order_id, {}).update(change.values)
            case Now():
                self._now.setdefault(change.table, {})[change.key] = change.values
            case Emptied():
                self._emptied[change.table] = None
                self._now[change.table] = {}
            case _:
                assert_never(change)

    def write(self, connection: Connection) -> None:
        """All of it, within the transaction of `connection`."""
        for table in METADATA.sorted_tables:  # what others point to comes first
            if rows := self._new.get(table.name):
                connection.execute(_insert_unknown(table, connection), rows)
        self._write_changes(connection)
        for name in self._emptied:
            connection.execute(delete(METADATA.tables[name]))
        for name, rows_now in self._now.items():
            self._write_now(connection, METADATA.tables[name], rows_now)

    def _write_changes(self, connection: Connection) -> None:
        alike: dict[tuple[str, ...], list[Values]] = {}
        for order_id, values in self._changed.items():
            alike.setdefault(tuple(sorted(values)), []).append({"order": order_id, **values})
        for rows in alike.values():
            connection.execute(_CHANGE, rows)

    def _write_now(
        self, connection: Connection, table: Table, rows: Mapping[str, Values | None]
    ) -> None:
        (key,) = table.primary_key
        if rows and table.name not in self._emptied:
            gone = delete(table).where(key == bindparam("key"))
            connection.execute(gone, [{"key": each} for each in rows])
        if held := [values for values in rows.values() if values is not None]:
            connection.execute(table.insert(), held)


def _insert_unknown(table: Table, connection: Connection) -> Insert:
    """An insert that leaves rows alone whose key is there already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
