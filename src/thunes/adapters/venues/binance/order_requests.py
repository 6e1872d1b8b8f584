"""Order requests: commands in the venue's own words and digits."""

from collections.abc import Sequence
from decimal import Decimal

from thunes.adapters.venues.binance.requests import Params, Request, Urgency
from thunes.adapters.venues.binance.states import KINDS
from thunes.core.domain.order import (
    CONTINGENT,
    LIMITED,
    STOPS,
    Order,
    OrderRole,
    OrderType,
    Side,
)
from thunes.core.domain.units import OrderId, Symbol


def place(orders: Sequence[Order]) -> Request:
    """One order; a stop and a target of which one cancels the other; or an entry that brings its
    protection along, which begins only once the whole entry is filled: so it fills at once and
    wholly, or not at all."""
    first = orders[0]
    urgency = urgency_of(orders)
    if len(orders) == 1:
        params = (*_order(first), ("newOrderRespType", "FULL"))
        return Request("POST", "/api/v3/order", params, 1, urgency, orders=1)
    listed: Params = (("symbol", first.symbol), ("newOrderRespType", "FULL"))
    if first.list_id is not None:
        listed = (*listed, ("listClientOrderId", first.list_id))
    if first.role is not OrderRole.ENTRY:
        path, legs = "oco", _pair("", orders)
    elif len(orders) == 2:
        path, legs = "oto", (*_working(first), *_pending(orders[1]))
    else:
        path, legs = "otoco", (*_working(first), *_pair("pending", orders[1:]))
    return Request("POST", f"/api/v3/orderList/{path}", (*listed, *legs), 1, urgency, len(orders))


def cancel(symbol: Symbol, order_id: OrderId) -> Request:
    params = (("symbol", symbol), ("origClientOrderId", order_id))
    return Request("DELETE", "/api/v3/order", params, 1, Urgency.PROTECTIVE)


def cancel_list(symbol: Symbol, list_id: int) -> Request:
    params = (("symbol", symbol), ("orderListId", str(list_id)))
    return Request("DELETE", "/api/v3/orderList", params, 1, Urgency.PROTECTIVE)


def cancel_replace(order_id: OrderId, order: Order) -> Request:
    """One act of the venue: the new order is tried only if the old one could be cancelled."""
    params = (
        *_order(order),
        ("cancelReplaceMode", "STOP_ON_FAILURE"),
        ("cancelOrigClientOrderId", order_id),
        ("newOrderRespType", "FULL"),
    )
    path = "/api/v3/order/cancelReplace"
    return Request("POST", path, params, 1, urgency_of((order,)), orders=1)


def urgency_of(orders: Sequence[Order]) -> Urgency:
    """Whatever adds exposure waits behind whatever takes it away."""
    adds = any(order.role is OrderRole.ENTRY for order in orders)
    return Urgency.ENTRY if adds else Urgency.PROTECTIVE


def _order(order: Order) -> Params:
    params = [
        ("symbol", order.symbol),
        ("side", order.side.name),
        ("type", KINDS[order.type]),
        ("newClientOrderId", order.id),
    ]
    if order.quote_amount is not None:
        params.append(("quoteOrderQty", _text(order.quote_amount)))
    else:
        params.append(("quantity", _text(order.quantity)))
    return (*params, *_prices("", order, KINDS[order.type]))


def _prices(prefix: str, order: Order, kind: str) -> Params:
    """What an order of this kind names beside its quantity, with the prefix of its leg."""
    rows: list[tuple[str, str]] = []
    if order.type in LIMITED:
        rows.append(("price", _text(order.limit_price)))
        if kind != "LIMIT_MAKER":
            rows.append(("timeInForce", "GTC"))
    if order.type in CONTINGENT:
        rows.append(("stopPrice", _text(order.stop_price)))
    return tuple((_prefixed(prefix, name), value) for name, value in rows)


def _pair(prefix: str, orders: Sequence[Order]) -> Params:
    """A stop and a target for the same coins: a sell's target lies above, a buy's below."""
    one, other = orders
    stop, target = (one, other) if one.type in STOPS else (other, one)
    above, below = (target, stop) if one.side is Side.SELL else (stop, target)
    rows: list[tuple[str, str]] = [
        (_prefixed(prefix, "side"), one.side.name),
        (_prefixed(prefix, "quantity"), _text(one.quantity)),
    ]
    for name, leg in (("above", above), ("below", below)):
        where = _prefixed(prefix, name)
        # In a list a limit order that would take is refused instead of taking.
        kind = "LIMIT_MAKER" if leg.type is OrderType.LIMIT else KINDS[leg.type]
        rows += [(f"{where}Type", kind), (f"{where}ClientOrderId", leg.id)]
        rows += _prices(where, leg, kind)
    return tuple(rows)


def _working(order: Order) -> Params:
    return (
        ("workingType", "LIMIT"),
        ("workingSide", order.side.name),
        ("workingClientOrderId", order.id),
        ("workingPrice", _text(order.limit_price)),
        ("workingQuantity", _text(order.quantity)),
        ("workingTimeInForce", "FOK"),
    )


def _pending(order: Order) -> Params:
    return (
        ("pendingType", KINDS[order.type]),
        ("pendingSide", order.side.name),
        ("pendingClientOrderId", order.id),
        ("pendingQuantity", _text(order.quantity)),
        *_prices("pending", order, KINDS[order.type]),
    )


def _prefixed(prefix: str, name: str) -> str:
    return prefix + name[0].upper() + name[1:] if prefix else name


def _text(value: Decimal | None) -> str:
    """Every digit and no more: the venue refuses zeros beyond its precision."""
    assert value is not None, "an order that passed the filters is whole"
    return f"{value.normalize():f}"
