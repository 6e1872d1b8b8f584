"""Invariants: what must be true of the account after every step, whatever happened in it."""

from collections.abc import Iterator

import msgspec

from thunes.core.domain.order import OrderRole, Side
from thunes.core.domain.units import ZERO, Symbol, floor_to
from thunes.core.domain.view import OrderState, View
from thunes.core.ledger.books import Account
from thunes.core.ledger.ledger import Ledger

_RESTING = (OrderState.ACCEPTED, OrderState.PARTLY_FILLED)


class Broken(msgspec.Struct, frozen=True):
    """An invariant that does not hold, with its numbers. `name` is of `reliability.md` section 3."""

    name: str
    text: str


def broken_invariants(ledger: Ledger, view: View) -> Iterator[Broken]:
    """Every invariant with a runtime form that does not hold now: none, unless there is a bug."""
    for asset, amount in ledger.books.imbalance().items():
        yield Broken("S26", f"the accounts of {asset} sum to {amount}, not to zero")
    for asset, amount in ledger.books.accounts[Account.WALLET].items():
        if amount < ZERO:
            yield Broken("S26", f"the wallet holds {amount} {asset}")
    for symbol in ledger.instruments:
        yield from _of_symbol(ledger, symbol, view)
    if view.account.available() < ZERO and ledger.orders.open_entries:
        yield Broken("S25", f"{view.account.available()} is available after all reservations")


def _of_symbol(ledger: Ledger, symbol: Symbol, view: View) -> Iterator[Broken]:
    instrument, held = ledger.instruments[symbol], ledger.positions.get(symbol)
    lots = sum((lot.quantity for lot in ledger.lots.get(symbol, ())), ZERO)
    quantity = ZERO if held is None else held.quantity
    if lots != quantity:
        yield Broken("S26", f"{symbol}: the lots hold {lots}, the position {quantity}")
    dust = sum((lot.quantity for lot in ledger.dust.get(symbol, ())), ZERO)
    if ledger.books.held(instrument.base) < quantity + dust:
        yield Broken("S26", f"{symbol}: {quantity} + dust {dust} are more than the wallet holds")
    # Both orders of a one-cancels-other list sell the same coins: they count once.
    selling = {
        working.order.list_id or working.order.id: working.remaining
        for working in ledger.orders.working(symbol)
        if working.order.side is Side.SELL and working.state in _RESTING
    }
    offered = sum(selling.values(), ZERO)
    if offered > quantity:
        yield Broken("S15", f"{symbol}: {offered} are offered for sale, {quantity} are held")
    if held is None or view.account.naked_since(symbol) is not None:
        return
    plan, working = held.plan, ledger.orders.working(symbol)
    leaving = any(each.order.role is OrderRole.EXIT for each in working)
    if leaving or (plan.stop_distance is None and plan.stop_price is None):
        return
    cover = sum(
        (
            each.remaining
            for each in working
            if each.order.role is OrderRole.STOP and each.state in _RESTING
        ),
        ZERO,
    )
    if cover < floor_to(quantity, instrument.step):
        yield Broken("S10", f"{symbol}: stops cover {cover} of {quantity}, and nobody noticed")
