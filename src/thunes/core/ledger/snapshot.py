"""The snapshot: everything that a state consists of, as plain values, and the way back."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Quote
from thunes.core.domain.position import Lot, Position, Protection
from thunes.core.domain.units import Asset, Instant, Quantity, Symbol
from thunes.core.domain.view import Memory
from thunes.core.ledger.adoption import Doubt
from thunes.core.ledger.books import Account
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.orders import OrderRecord
from thunes.core.ledger.protection import Guard


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole state as plain values, in an order that depends on history only."""

    sequence: int
    quotes: list[Quote]
    books: dict[Account, dict[Asset, Decimal]]
    open_orders: list[OrderRecord]
    closed_orders: list[OrderRecord]
    positions: list[Position]
    lots: dict[Symbol, list[Lot]]
    dust: dict[Symbol, list[Lot]]
    traded_at: Instant
    pledged: dict[Symbol, Quantity]
    protection: dict[Symbol, Protection]
    naked: dict[Symbol, Instant]
    memory: Memory
    doubt: Doubt


def take(
    ledger: Ledger,
    guard: Guard,
    kept: tuple[Memory, Doubt],
    market: tuple[int, list[Quote]],
) -> Snapshot:
    """The snapshot of a ledger with what is remembered beside it and known of the market."""
    memory, doubt = kept
    sequence, quotes = market
    return Snapshot(
        sequence=sequence,
        quotes=quotes,
        books=ledger.books.accounts,
        open_orders=ledger.orders.by_age(),
        closed_orders=list(ledger.orders.closed.values()),
        positions=list(ledger.positions.values()),
        lots={symbol: lots for symbol, lots in ledger.lots.items() if lots},
        dust=ledger.dust,
        traded_at=ledger.traded_at,
        pledged=ledger.pledged,
        protection=guard.states,
        naked=guard.naked,
        memory=memory,
        doubt=doubt,
    )


def put_back(state: Snapshot, instruments: Mapping[Symbol, Instrument]) -> tuple[Ledger, Guard]:
    """The ledger and the guard that `take` was given."""
    ledger, guard = Ledger(instruments), Guard()
    ledger.books.accounts = state.books
    for record in state.open_orders:
        ledger.orders.submit(record)
    for record in state.closed_orders:
        ledger.orders.closed[record.order.id] = record
    ledger.positions = {held.symbol: held for held in state.positions}
    ledger.told = dict(ledger.positions)
    ledger.lots, ledger.dust = state.lots, state.dust
    ledger.traded_at, ledger.pledged = state.traded_at, state.pledged
    guard.states, guard.naked = state.protection, state.naked
    return ledger, guard
