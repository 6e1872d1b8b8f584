"""Requests that place, replace and cancel orders."""

from decimal import Decimal
from typing import Any

from thunes.adapters.venues.simulated.admission import (
    NO_SUCH_ORDER,
    REPLACE_FAILED,
    REPLACE_HALF_FAILED,
    UNKNOWN_ORDER,
)
from thunes.core.domain.units import OrderId
from thunes.sandbox import wire
from thunes.sandbox.call import Auth, Call, Route, Routes
from thunes.sandbox.orders import Record, Ticket
from thunes.sandbox.refused import CANCEL_RESTRICTED, Refused, invalid, neither
from thunes.sandbox.tickets import read_form, read_single
from thunes.sandbox.wire import Json

_STATUS_BY_RESTRICTION = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}


def _place(call: Call) -> Json:
    """POST order."""
    ticket, form = _asked(call)
    call.params.finish()
    return wire.placed(_placed(call, ticket), form)


def _test(call: Call) -> Json:
    """POST order/test: read and checked, then forgotten."""
    call.params.flag("computeCommissionRates")
    _asked(call)
    call.params.finish()
    return {}


def _cancel(call: Call) -> Json:
    """DELETE order: an order of a list takes the whole list with it."""
    record = call.order(UNKNOWN_ORDER)
    restriction = _restriction(call)
    cancel_id = _cancel_id(call)
    call.params.finish()
    _end(call, record, cancel_id, restriction)
    if record.group is not None:
        return record.group.answered("RESULT")
    return wire.canceled(record)


def _cancel_all(call: Call) -> list[Json]:
    """DELETE openOrders: everything of one symbol, lists as lists."""
    listing = call.exchange.market.find(call.params.required("symbol"))
    call.params.finish()
    holder = call.holder
    standing = [r for r in holder.standing.values() if r.symbol == listing.symbol]
    if not standing:
        raise Refused(*UNKNOWN_ORDER)
    answers: list[Json] = []
    for record in standing:
        if record.over:
            continue  # it went with its list
        holder.cancel(record, holder.numbers.client_id())
        group = record.group
        answers.append(wire.canceled(record) if group is None else group.answered("RESULT"))
    return answers


def _cancel_replace(call: Call) -> Json:
    """POST order/cancelReplace: the two halves succeed or fail each for itself."""
    params = call.params
    mode = params.required("cancelReplaceMode")
    if mode not in ("STOP_ON_FAILURE", "ALLOW_FAILURE"):
        raise invalid("cancelReplaceMode")
    ticket, form = _asked(call)
    record = _replaced(call, ticket)
    cancel_id = params.client_id("cancelNewClientOrderId") or call.holder.numbers.client_id()
    restriction = _restriction(call)
    params.text("orderRateLimitExceededMode")  # the count is spent before either half
    params.finish()
    first: Json | Refused
    try:
        if record is None:
            raise Refused(*UNKNOWN_ORDER)
        _end(call, record, cancel_id, restriction)
        first = wire.canceled(record)
    except Refused as refused:
        first = refused
    second: Json | Refused | None = None
    if not isinstance(first, Refused) or mode == "ALLOW_FAILURE":
        try:
            second = wire.placed(_placed(call, ticket), form)
        except Refused as refused:
            second = refused
    return _both(first, second)


def _amend(call: Call) -> Json:
    """PUT order/amend/keepPriority: less of the same order."""
    record = call.order(NO_SUCH_ORDER)
    quantity = call.params.decimal("newQty")
    call.params.text("newClientOrderId")
    call.params.finish()
    if quantity is None:
        raise invalid("newQty")
    if not record.is_open or not record.working or record.group is not None:
        raise Refused(*UNKNOWN_ORDER)
    if not record.executed < quantity < record.quantity:
        raise Refused(-2038, "The requested quantity is not below that of the order.")
    call.holder.floor.reduce(OrderId(str(record.id)), quantity - record.executed)
    record.quantity = Decimal(quantity)
    record.updated = call.exchange.clock.ms
    call.holder.tell(record, "REPLACED")
    return {
        "transactTime": record.updated,
        "executionId": record.id,
        "amendedOrder": wire.queried(record),
    }


def _asked(call: Call) -> tuple[Ticket, str]:
    params = call.params
    listing = call.exchange.market.find(params.required("symbol"))
    ticket = read_single(params, listing, call.holder.numbers.client_id())
    form = read_form(params, ticket.type)
    listing.require_trading()
    return ticket, form


def _replaced(call: Call, ticket: Ticket) -> Record | None:
    """The order that is to make place, if there is such a one."""
    number = call.params.integer("cancelOrderId")
    name = call.params.text("cancelOrigClientOrderId")
    if number is None and name is None:
        raise neither("cancelOrigClientOrderId", "cancelOrderId")
    if number is None:
        return call.holder.by_client.get((ticket.listing.symbol, name or ""))
    found = call.holder.records.get(number)
    return found if found is not None and found.symbol == ticket.listing.symbol else None


def _placed(call: Call, ticket: Ticket) -> Record:
    record = call.holder.place(ticket)
    if record.refusal is not None:
        raise Refused(*record.refusal)
    return record


def _end(call: Call, record: Record, cancel_id: str, restriction: str | None) -> None:
    if record.over:
        raise Refused(*UNKNOWN_ORDER)
    if restriction is not None and record.status != _STATUS_BY_RESTRICTION[restriction]:
        raise Refused(*CANCEL_RESTRICTED)
    call.holder.cancel(record, cancel_id)


def _cancel_id(call: Call) -> str:
    return call.params.client_id("newClientOrderId") or call.holder.numbers.client_id()


def _restriction(call: Call) -> str | None:
    error = Refused(
        -1145,
        "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.",
    )
    return call.params.choice("cancelRestrictions", _STATUS_BY_RESTRICTION, error)


def _both(first: Json | Refused, second: Json | Refused | None) -> Json:
    """The answer to a replacement, as an error where a half failed."""

    def said(half: Json | Refused | None) -> tuple[str, Any]:
        if half is None:
            return "NOT_ATTEMPTED", None
        return ("FAILURE", half.body()) if isinstance(half, Refused) else ("SUCCESS", half)

    results = said(first), said(second)
    data = {
        "cancelResult": results[0][0],
        "newOrderResult": results[1][0],
        "cancelResponse": results[0][1],
        "newOrderResponse": results[1][1],
    }
    good = sum(result == "SUCCESS" for result, _ in results)
    if good == 2:
        return data
    if good == 1:
        raise Refused(*REPLACE_HALF_FAILED, status=409, data=data)
    raise Refused(*REPLACE_FAILED, data=data)


ROUTES: Routes = {
    "POST order": Route(_place, 1, Auth.TRADES, 1),
    "POST order/test": Route(_test, 1, Auth.TRADES),
    "DELETE order": Route(_cancel, 1, Auth.TRADES),
    "DELETE openOrders": Route(_cancel_all, 1, Auth.TRADES),
    "POST order/cancelReplace": Route(_cancel_replace, 1, Auth.TRADES, 1),
    "PUT order/amend/keepPriority": Route(_amend, 4, Auth.TRADES),
}
