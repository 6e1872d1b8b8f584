"""Replacing: cancel and place as one act, or as near to one as the venue has it.

One order for one order is one act there. A list can only be cancelled and placed anew; whatever
can be checked is checked before anything is given up.
"""

import msgspec

from thunes.adapters.venues.binance.answers import OrderRow, decode
from thunes.adapters.venues.binance.classify import Failure, Meaning, Trouble, meaning_of
from thunes.adapters.venues.binance.order_requests import cancel_replace
from thunes.adapters.venues.binance.placing import Placing, cancel_refused, refused
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.command import ReplaceOrders
from thunes.core.domain.order import (
    Canceled,
    CancelRefused,
    Order,
    OutcomeUnknown,
    Rejected,
    Report,
)
from thunes.core.domain.units import Instant, OrderId

HALF_DONE, NOT_DONE = -2021, -2022
_FAILED = Failure(Meaning.REFUSED, NOT_DONE, "Order cancel-replace failed.")
_DONE = "SUCCESS"


class _Halves(msgspec.Struct, frozen=True, rename="camel"):
    """What became of each half."""

    cancel_result: str
    new_order_result: str
    cancel_response: msgspec.Raw = msgspec.Raw()
    new_order_response: msgspec.Raw = msgspec.Raw()


class _Failed(msgspec.Struct, frozen=True):
    data: _Halves


async def replace(placing: Placing, command: ReplaceOrders, at: Instant) -> list[Report]:
    """Carry out the command; if a cancel fails nothing is placed."""
    orders = placing.fit(command.orders)
    refusal = placing.refusal(orders, command.cancels)
    if refusal is not None:
        return _nothing(command.cancels, orders, refusal)
    first, last = command.cancels[:-1], command.cancels[-1]
    known = placing.known.find(last)
    at_once = len(orders) == 1 and known is not None and known.list_id < 0
    if not at_once:
        first = command.cancels
    said = await placing.cancel(first) if first else []
    gone = [report.order_id for report in said if isinstance(report, Canceled)]
    if any(order_id not in gone for order_id in first):
        told = [report.order_id for report in said]
        left = [order_id for order_id in command.cancels if order_id not in told]
        return [*said, *_nothing(left, orders, _FAILED)]
    if at_once:
        half = await _at_once(placing, last, orders[0], at)
        return [*said, *(_half_done(each, done=bool(first)) for each in half)]
    placed = await placing.place(orders, at)
    return [*said, *(_half_done(each, done=True) for each in placed)]


async def _at_once(placing: Placing, order_id: OrderId, order: Order, at: Instant) -> list[Report]:
    placing.known.sent((order,), at)
    reply = await placing.client.ask(cancel_replace(order_id, order), at)
    try:
        if not isinstance(reply, Failure):
            halves = decode(reply, _Halves, "the answer to a cancel-replace")
        elif reply.code in (HALF_DONE, NOT_DONE):
            halves = decode(reply.body, _Failed, "the answer to a cancel-replace").data
        elif reply.meaning is Meaning.UNKNOWN:
            return [OutcomeUnknown(order_id), OutcomeUnknown(order.id)]
        else:
            return _nothing((order_id,), (order,), reply)
        return [_old_half(order_id, halves), *_new_half(placing, order, halves)]
    except Unreadable:
        return [OutcomeUnknown(order_id), OutcomeUnknown(order.id)]


def _old_half(order_id: OrderId, halves: _Halves) -> Report:
    if halves.cancel_result == _DONE:
        response = halves.cancel_response
        row = decode(bytes(response), OrderRow, "the old order of a replace")
        return Canceled(order_id, row.executed_qty)
    return cancel_refused(order_id, _failure(halves.cancel_response))


def _new_half(placing: Placing, order: Order, halves: _Halves) -> list[Report]:
    if halves.new_order_result == _DONE:
        row = decode(bytes(halves.new_order_response), OrderRow, "the new order of a replace")
        return placing.told(row)
    if halves.cancel_result != _DONE:
        return [refused(order.id, _FAILED)]
    return [_half_done(refused(order.id, _failure(halves.new_order_response)), done=True)]


def _failure(response: msgspec.Raw) -> Failure:
    trouble = decode(bytes(response), Trouble, "half of a cancel-replace")
    return Failure(meaning_of(trouble.code, trouble.msg), trouble.code, trouble.msg)


def _half_done(report: Report, *, done: bool) -> Report:
    """A new order that is refused after the old one is gone is told so, with its own reason."""
    if not done or not isinstance(report, Rejected) or report.code in (HALF_DONE, NOT_DONE):
        return report
    text = f"Order cancel-replace partially failed. {report.text}"
    return Rejected(report.order_id, HALF_DONE, text, again=report.again)


def _nothing(
    cancels: tuple[OrderId, ...] | list[OrderId], orders: tuple[Order, ...], failure: Failure
) -> list[Report]:
    """Nothing was done: what was to be cancelled was not even looked for."""
    stands = [CancelRefused(each, failure.code, failure.text, again=True) for each in cancels]
    return [*stands, *(refused(order.id, failure) for order in orders)]
