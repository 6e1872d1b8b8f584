"""Expiry: entries that are not wanted any longer are taken back until they are gone."""

from thunes.core.domain.decision import Proposal
from thunes.core.domain.event import TimerFired
from thunes.core.domain.units import OrderId
from thunes.core.domain.view import View
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
