"""Invariants: what must be true of the account after every step, whatever happened in it."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from thunes.core.domain.order import Side
from thunes.core.domain.units import ZERO, Symbol
from thunes.core.domain.view import RESTING, View, waits
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.protection import Cover, seen


class Broken(msgspec.Struct, frozen=True):
    """An invariant that does not hold, by its short name, with its numbers."""

    name: str
    text: str


def broken_invariants(ledger: Ledger, view: View) -> Iterator[Broken]:
    """Every invariant with a runtime form that does not hold now: none, unless there is a bug."""
    for asset, amount in ledger.books.imbalance().items():
        yield Broken("S26", f"the accounts of {asset} sum to {amount}, not to zero")
    for symbol in ledger.instruments:
        yield from broken_of_symbol(ledger, symbol)
        yield from _uncovered(ledger, symbol, view)
        yield from _held_twice(ledger, symbol)
    if view.account.available() < ZERO and ledger.orders.open_entries:
        yield Broken("S25", f"{view.account.available()} is available after all reservations")


def broken_of_symbol(ledger: Ledger, symbol: Symbol) -> list[Broken]:
    """Those of one symbol that a report could have broken; cheap enough for every report."""
    broken: list[Broken] = []
    instrument, held = ledger.instruments[symbol], ledger.positions.get(symbol)
    wallet, cash = ledger.books.held(instrument.base), ledger.books.held(instrument.quote)
    quantity = ZERO
    if held is not None:
        quantity, lots = held.quantity, ZERO
        for lot in ledger.lots[symbol]:
            lots += lot.quantity
        if lots != quantity:
            text = f"{symbol}: the lots hold {lots}, the position {quantity}"
            broken.append(Broken("S26", text))
    if wallet < quantity:
        text = f"{symbol}: the wallet holds {wallet}, the position {quantity}"
        broken.append(Broken("S26", text))
    if cash < ZERO:
        broken.append(Broken("S26", f"the wallet holds {cash} {instrument.quote}"))
    # Both orders of a one-cancels-other list sell the same coins: they count once.
    selling: dict[str, Decimal] = {}
    for working in ledger.orders.working(symbol):
        sells = working.order.side is Side.SELL and working.state in RESTING
        if sells and not waits(working.order, ledger.orders.find):
            selling[working.order.list_id or working.order.id] = working.remaining
    if (
        selling
        and (offered := sum(selling.values(), ZERO)) > quantity
        and offered > quantity + _aside(ledger, symbol)
    ):
        text = f"{symbol}: {offered} are offered for sale, {quantity} are held"
        broken.append(Broken("S15", text))
    return broken


def _held_twice(ledger: Ledger, symbol: Symbol) -> Iterator[Broken]:
    """Dust stays in the wallet beside the position; each coin is one or the other."""
    aside, wallet = _aside(ledger, symbol), ledger.books.held(ledger.instruments[symbol].base)
    held = ledger.positions.get(symbol)
    if aside and wallet < aside + (held.quantity if held else ZERO):
        yield Broken("S26", f"{symbol}: the wallet holds {wallet}, too little for {aside} of dust")


def _aside(ledger: Ledger, symbol: Symbol) -> Decimal:
    return sum((lot.quantity for lot in ledger.dust.get(symbol, ())), ZERO)


def _uncovered(ledger: Ledger, symbol: Symbol, view: View) -> Iterator[Broken]:
    """A position that its stops do not cover, and nobody repairs or leaves."""
    held, working = ledger.positions.get(symbol), ledger.orders.working(symbol)
    if view.account.naked_since(symbol) is not None:
        return
    if seen(held, working, ledger.instruments[symbol]) is Cover.BARE:
        yield Broken("S10", f"{symbol}: stops do not cover what is held, and nobody noticed")
