"""Expiry: orders that are not wanted any longer are taken back until they are gone."""

from collections.abc import Collection

from thunes.core.domain.decision import Proposal
from thunes.core.domain.event import TimerFired
from thunes.core.domain.order import Side
from thunes.core.domain.units import OrderId, Symbol
from thunes.core.domain.view import View, Working, waits
from thunes.core.execution.entries import call_off


def expire(event: TimerFired, view: View) -> list[Proposal]:
    """The time of an entry is over: its timer carries its id."""
    record = view.account.order(OrderId(event.name))
    if record is None:
        return []
    proposal = call_off(record.order.symbol, [record], "expired")
    return [proposal] if proposal else []


def call_off_again(view: View) -> list[Proposal]:
    """Entries that are open after all: their cancel was lost, or the timer that would send it."""
    found: list[Proposal | None] = []
    for each in view.account.entries():
        order, reason = each.order, each.unwanted
        if order.expires_at is not None and order.expires_at <= view.at:
            reason = reason or "expired"
        if reason:
            found.append(call_off(order.symbol, [each], reason))
    return [proposal for proposal in found if proposal is not None]


def clear(symbol: Symbol, working: Collection[Working], view: View) -> list[Proposal]:
    """Nothing is held any more: sell orders that still rest have nothing to sell.

    Those that came with an entry are left to it: it may have filled without our knowing yet, and
    if it ends without a fill they end with it.
    """
    find = view.account.order
    selling = [w for w in working if w.order.side is Side.SELL and not waits(w.order, find)]
    proposal = call_off(symbol, selling, "flat") if selling else None
    return [proposal] if proposal else []
