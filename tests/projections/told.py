"""Journals of faulty worlds, and what the engine's own ledger holds at their end."""

import decimal
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.projections.database import database_at, reading
from thunes.adapters.storage.projections.keeping import Projections
from thunes.adapters.storage.projections.tables import METADATA
from thunes.core.domain.event import AccountOpened, AccountSeen
from thunes.core.domain.fact import DayRolled, Decided, TradeClosed
from thunes.core.domain.line import decode_line
from thunes.core.domain.order import Order
from thunes.core.domain.position import Position, Trade
from thunes.core.domain.units import EXACT
from thunes.core.ledger.orders import OrderRecord
from thunes.simulation.setting import draw_setting
from thunes.simulation.trial import Trial
from thunes.simulation.world import World

HEADER = b'{"tape":{}}'
Rows = list[dict[str, Any]]


@dataclass
class Lived:
    """The lines of a world that was lived through, and an engine's account of them."""

    lines: tuple[bytes, ...]
    positions: list[Position] = field(default_factory=list)
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    sent: dict[str, Order] = field(default_factory=dict)
    trades: list[tuple[Trade, bool]] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    days: list[DayRolled] = field(default_factory=list)
    balances: dict[str, decimal.Decimal] = field(default_factory=dict)

    def fills(self) -> set[tuple[str, str]]:
        return {(name, trade) for name, each in self.orders.items() for trade in each.trade_ids}


@cache
def lived(seed: int, profile: str = "crash", minutes: int = 40) -> Lived:
    """One seed of the faulty world; the ledger is that of an engine that takes in its lines."""
    with decimal.localcontext(EXACT):
        world = World(draw_setting(seed, profile, minutes, ()))
        Trial(world).run()
        told = Lived(tuple(world.journal.lines))
        engine = world.scene.engine()
        for payload in told.lines:
            line = decode_line(payload)
            outcome = engine.step(line.event)
            assert outcome.facts == line.facts
            orders = engine.state.ledger.orders
            told.orders |= {each.order.id: each for each in orders.by_age()}
            told.orders |= orders.closed
            if isinstance(line.event, AccountOpened | AccountSeen):
                told.balances = dict(line.event.balances)
            for command in line.commands:
                told.sent |= {order.id: order for order in getattr(command, "orders", ())}
            for fact in line.facts:
                if isinstance(fact, TradeClosed):
                    told.trades.append((fact.trade, fact.flat))
                elif isinstance(fact, Decided):
                    told.decided.append(fact)
                elif isinstance(fact, DayRolled):
                    told.days.append(fact)
        told.positions = list(engine.state.ledger.positions.values())
    return told


def begun(directory: Path, segment_bytes: int = 30_000) -> Journal:
    """A journal in small segments, still to be written."""
    return Journal.create(directory, HEADER, segment_bytes=segment_bytes)


def written(lines: Sequence[bytes], directory: Path, segment_bytes: int = 30_000) -> Path:
    """A closed journal of these lines."""
    with begun(directory, segment_bytes) as journal:
        for line in lines:
            journal.append(line, durable=False)
    return directory


_opened: list[Projections] = []


def projected(place: str | Path, journal: Path, **more: int) -> Projections:
    """The tables of a journal, closed when the test is over."""
    _opened.append(Projections(place, journal, **more))
    return _opened[-1]


def close_all() -> None:
    while _opened:
        _opened.pop().close()


def tables(place: str | Path) -> dict[str, Rows]:
    """Every row of every table."""
    with reading(database_at(place)) as connection:
        return {
            table.name: sorted(
                (dict(row) for row in connection.execute(select(table)).mappings()),
                key=lambda row, keys=tuple(k.name for k in table.primary_key): tuple(
                    row[key] for key in keys
                ),
            )
            for table in METADATA.sorted_tables
        }
