"""Questions to the tables: orders, trades, positions and balances, for when nothing runs."""

from pathlib import Path
from typing import TypeVar

from sqlalchemy import Select, Table, select

from thunes.adapters.storage.projections.answers import (
    StoredBalance,
    StoredOrder,
    StoredPosition,
    StoredTrade,
)
from thunes.adapters.storage.projections.database import RebuildNeeded, database_at, reading
from thunes.adapters.storage.projections.schema import is_current
from thunes.adapters.storage.projections.tables import BALANCES, ORDERS, POSITIONS, TRADES
from thunes.core.domain.view import OVER

Answer = TypeVar("Answer", StoredBalance, StoredOrder, StoredPosition, StoredTrade)
_OVER = sorted(state.value for state in OVER)


def orders(
    place: str | Path, *, symbol: str | None = None, working: bool = False, last: int | None = None
) -> list[StoredOrder]:
    """Our orders, oldest first: of one symbol, those that are not over, the last so many."""
    asked = _asked(ORDERS, StoredOrder, symbol)
    if working:
        asked = asked.where(ORDERS.c.state.not_in(_OVER))
    newest = asked.order_by(ORDERS.c.sequence.desc(), ORDERS.c.id.desc()).limit(last)
    return _answered(place, newest, StoredOrder)[::-1]


def trades(
    place: str | Path, *, symbol: str | None = None, last: int | None = None
) -> list[StoredTrade]:
    """Closed trades, oldest first: of one symbol, the last so many."""
    asked = _asked(TRADES, StoredTrade, symbol)
    newest = asked.order_by(TRADES.c.sequence.desc(), TRADES.c.number.desc()).limit(last)
    return _answered(place, newest, StoredTrade)[::-1]


def positions(place: str | Path, *, symbol: str | None = None) -> list[StoredPosition]:
    """What is held, by symbol."""
    asked = _asked(POSITIONS, StoredPosition, symbol).order_by(POSITIONS.c.symbol)
    return _answered(place, asked, StoredPosition)


def balances(place: str | Path) -> list[StoredBalance]:
    """What the venue held when it was last asked, by asset."""
    asked = _asked(BALANCES, StoredBalance, None).order_by(BALANCES.c.asset)
    return _answered(place, asked, StoredBalance)


def _asked(table: Table, kind: type[Answer], symbol: str | None) -> Select[tuple[object, ...]]:
    asked = select(*(table.c[name] for name in kind.__struct_fields__))
    return asked if symbol is None else asked.where(table.c.symbol == symbol)


def _answered(
    place: str | Path, asked: Select[tuple[object, ...]], kind: type[Answer]
) -> list[Answer]:
    """Raises DatabaseUnavailable, or RebuildNeeded where there are no tables of this version."""
    with reading(database_at(place)) as connection:
        if not is_current(connection):
            raise RebuildNeeded("there are no tables of this version: run `thunes db rebuild`")
        return [kind(**row) for row in connection.execute(asked).mappings()]
