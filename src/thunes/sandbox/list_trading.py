"""Requests that place, cancel and tell of order lists: OCO, OTO and OTOCO."""

from collections.abc import Sequence
from decimal import Decimal

from thunes.adapters.venues.simulated.admission import DUPLICATE, NO_SUCH_ORDER, UNKNOWN_ORDER
from thunes.core.domain.units import ZERO
from thunes.sandbox import events
from thunes.sandbox.call import Auth, Call, Route, Routes
from thunes.sandbox.holder import forget
from thunes.sandbox.lists import OrderList
from thunes.sandbox.market import Listing
from thunes.sandbox.orders import Ticket
from thunes.sandbox.params import Params
from thunes.sandbox.refused import BAD_FORCE, BAD_TYPE, Refused, invalid, missing, neither
from thunes.sandbox.tickets import (
    Leg,
    read_form,
    read_leg,
    read_self_trade,
    read_side,
)
from thunes.sandbox.wire import Json

_ABOVE, _BELOW = "above", "below"
_STOPS, _PROFITS = ("STOP_LOSS", "STOP_LOSS_LIMIT"), ("TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
_PAIRED = ("LIMIT_MAKER", *_STOPS, *_PROFITS)
"""What a leg of an OCO can be."""


def _place_oco(call: Call) -> Json:
    """POST orderList/oco."""
    params = call.params
    listing = call.exchange.market.find(params.required("symbol"))
    side, mode = read_side(params, "side"), read_self_trade(params)
    quantity = _required(params, "quantity")
    kinds = _pair(params, side, (_ABOVE, _BELOW))
    legs = [_leg(call, listing, (prefix, side, quantity, mode), kind) for prefix, kind in kinds]
    return _place(call, listing, legs, "OCO")


def _place_oto(call: Call) -> Json:
    """POST orderList/oto."""
    params, listing, mode, first = _working(call)
    side, quantity = read_side(params, "pendingSide"), _required(params, "pendingQuantity")
    known = ("pending", side, quantity, mode)
    return _place(
        call, listing, [first, _leg(call, listing, known, params.required("pendingType"))]
    )


def _place_otoco(call: Call) -> Json:
    """POST orderList/otoco."""
    params, listing, mode, first = _working(call)
    side, quantity = read_side(params, "pendingSide"), _required(params, "pendingQuantity")
    kinds = _pair(params, side, ("pendingAbove", "pendingBelow"))
    legs = [_leg(call, listing, (prefix, side, quantity, mode), kind) for prefix, kind in kinds]
    return _place(call, listing, [first, *legs])


def _place_old_oco(call: Call) -> Json:
    """POST order/oco, the form of before: a limit order and a stop."""
    params = call.params
    listing = call.exchange.market.find(params.required("symbol"))
    side, mode = read_side(params, "side"), read_self_trade(params)
    quantity = _required(params, "quantity")
    numbers = call.holder.numbers
    stop_limit = params.decimal("stopLimitPrice")
    forces = Refused(*BAD_FORCE)
    force = params.choice("stopLimitTimeInForce", ("GTC", "IOC", "FOK"), forces)
    limit = Ticket(
        listing=listing,
        side=side,
        type="LIMIT_MAKER",
        client_id=params.client_id("limitClientOrderId") or numbers.client_id(),
        quantity=quantity,
        price=_required(params, "price"),
        self_trade=mode,
    )
    stop = Ticket(
        listing=listing,
        side=side,
        type="STOP_LOSS" if stop_limit is None else "STOP_LOSS_LIMIT",
        client_id=params.client_id("stopClientOrderId") or numbers.client_id(),
        time_in_force=force or "GTC",
        quantity=quantity,
        price=stop_limit,
        stop=_required(params, "stopPrice"),
        self_trade=mode,
    )
    return _place(call, listing, [stop, limit], "OCO")


def _cancel_list(call: Call) -> Json:
    """DELETE orderList."""
    call.exchange.market.find(call.params.required("symbol"))
    group = _named(call, UNKNOWN_ORDER, "listClientOrderId")
    cancel_id = call.params.client_id("newClientOrderId") or call.holder.numbers.client_id()
    call.params.finish()
    alive = [record for record in group.records if not record.over]
    if not alive:
        raise Refused(*UNKNOWN_ORDER)
    call.holder.cancel(alive[0], cancel_id)
    return group.answered("RESULT")


def _query_list(call: Call) -> Json:
    """GET orderList."""
    group = _named(call, NO_SUCH_ORDER, "origClientOrderId")
    call.params.finish()
    return group.described()


def _all_lists(call: Call) -> list[Json]:
    """GET allOrderList."""
    params = call.params
    first, limit = params.integer("fromId"), params.between("limit", 500, 1, 1_000)
    start, end = params.integer("startTime", 0), params.integer("endTime", call.exchange.clock.ms)
    params.finish()
    found = [
        group.described()
        for group in call.holder.lists.values()
        if (group.id >= first if first is not None else (start or 0) <= group.created <= (end or 0))
    ]
    return found[:limit] if first is not None else found[-limit:]


def _open_lists(call: Call) -> list[Json]:
    """GET openOrderList."""
    call.params.finish()
    return [group.described() for group in call.holder.lists.values() if not group.over]


def _working(call: Call) -> tuple[Params, Listing, str, Ticket]:
    params = call.params
    listing = call.exchange.market.find(params.required("symbol"))
    mode = read_self_trade(params)
    kind = params.required("workingType")
    if kind not in ("LIMIT", "LIMIT_MAKER"):
        raise Refused(*BAD_TYPE)
    known = (
        "working",
        read_side(params, "workingSide"),
        _required(params, "workingQuantity"),
        mode,
    )
    return params, listing, mode, _leg(call, listing, known, kind)


def _leg(call: Call, listing: Listing, known: tuple[str, str, Decimal, str], kind: str) -> Ticket:
    prefix, side, quantity, mode = known
    leg = Leg(
        listing=listing,
        side=side,
        type=kind,
        default_id=call.holder.numbers.client_id(),
        self_trade=mode,
        prefix=prefix,
        quantity=quantity,
    )
    return read_leg(call.params, leg)


def _place(call: Call, listing: Listing, legs: Sequence[Ticket], kind: str = "OTO") -> Json:
    params, holder = call.params, call.holder
    client_id = params.client_id("listClientOrderId") or holder.numbers.client_id()
    form = read_form(params, "LIMIT")
    params.finish()
    listing.require_trading()
    if len({leg.client_id for leg in legs}) != len(legs):
        raise Refused(*DUPLICATE)
    if any(not g.over and g.client_id == client_id for g in holder.lists.values()):
        raise Refused(*DUPLICATE)
    number, now = next(holder.numbers.list), call.exchange.clock.ms
    group = OrderList(number, listing.symbol, kind, client_id, now)
    group.records = [holder.enter(leg, group) for leg in legs]
    for record in group.records:
        if record.refusal is not None:
            raise Refused(*record.refusal)
    holder.lists[number] = group
    now_in = group.records if kind == "OCO" else group.records[:1]
    for record in group.records[len(now_in) :]:
        holder.wait(record)
    holder.open(now_in)
    _take_back_if_refused(call, group)
    if holder.listeners and not group.over:
        holder.emit(events.list_status(group, now))
    return group.answered(form)


def _take_back_if_refused(call: Call, group: OrderList) -> None:
    """A list whose first orders were refused was never there."""
    refusal = next((r.refusal for r in group.records if r.refusal is not None), None)
    if refusal is not None:
        for record in group.records:
            forget(call.holder, record)
        del call.holder.lists[group.id]
        raise Refused(*refusal)


def _named(call: Call, error: tuple[int, str], word: str) -> OrderList:
    params = call.params
    number, name = params.integer("orderListId"), params.text(word)
    if number is None and name is None:
        raise neither("orderListId", word)
    for group in reversed(call.holder.lists.values()):
        if group.id == number or (number is None and group.client_id == name):
            return group
    raise Refused(*error)


def _pair(params: Params, side: str, prefixes: tuple[str, str]) -> list[tuple[str, str]]:
    """The prefixes and types of the leg above and the leg below.

    One is a limit or a take-profit, the other a stop, each on its own side of the market.
    """
    kinds = [params.required(f"{prefix}Type") for prefix in prefixes]
    if any(kind not in _PAIRED for kind in kinds):
        raise Refused(-1158, "Order type not supported in OCO.")
    if kinds == ["LIMIT_MAKER", "LIMIT_MAKER"]:
        raise Refused(-1168, "At least one OCO order must be contingent.")
    gain, loss = kinds if side == "SELL" else reversed(kinds)
    gainward, lossward = (_ABOVE, _BELOW) if side == "SELL" else (_BELOW, _ABOVE)
    if loss == "LIMIT_MAKER":
        raise _misplaced(side, "limit", gainward)
    if loss in _PROFITS:
        raise _misplaced(side, "take profit", gainward)
    if gain in _STOPS:
        raise _misplaced(side, "stop loss", lossward)
    return list(zip(prefixes, kinds, strict=True))


_MISPLACED = {
    ("BUY", "limit"): -1165,
    ("SELL", "limit"): -1166,
    ("BUY", "stop loss"): -1196,
    ("SELL", "stop loss"): -1197,
    ("BUY", "take profit"): -1198,
    ("SELL", "take profit"): -1199,
}


def _misplaced(side: str, kind: str, where: str) -> Refused:
    code = _MISPLACED[side, kind]
    return Refused(code, f"A {kind} order in a {side.lower()} OCO must be {where}.")


def _required(params: Params, name: str) -> Decimal:
    value = params.decimal(name)
    if value is None:
        raise missing(name)
    if value <= ZERO:
        raise invalid(name)
    return value


ROUTES: Routes = {
    "POST orderList/oco": Route(_place_oco, 1, Auth.TRADES, 2),
    "POST orderList/oto": Route(_place_oto, 1, Auth.TRADES, 2),
    "POST orderList/otoco": Route(_place_otoco, 1, Auth.TRADES, 3),
    "POST order/oco": Route(_place_old_oco, 1, Auth.TRADES, 2),
    "DELETE orderList": Route(_cancel_list, 1, Auth.TRADES),
    "GET orderList": Route(_query_list, 4, Auth.SIGNED),
    "GET allOrderList": Route(_all_lists, 20, Auth.SIGNED),
    "GET openOrderList": Route(_open_lists, 6, Auth.SIGNED),
}
