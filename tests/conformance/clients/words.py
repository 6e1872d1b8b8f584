"""The venue's words for order lists, and how an answer tells a name and a status."""

from collections.abc import Mapping, Sequence
from typing import Any

Order = Mapping[str, str]
_STOPS = ("STOP_LOSS", "STOP_LOSS_LIMIT")


def order_params(symbol: str, order: Order) -> dict[str, str]:
    """A single order."""
    params = {"symbol": symbol, "newClientOrderId": order["id"]}
    params |= {name: value for name, value in order.items() if name != "id"}
    if order["type"].endswith("LIMIT"):
        params.setdefault("timeInForce", "GTC")
    return params


def list_params(symbol: str, kind: str, orders: Sequence[Order]) -> dict[str, str]:
    """A pair, an entry with its stop, or an entry with its pair."""
    params = {"symbol": symbol}
    if kind == "oco":
        return params | _pair("", orders)
    params |= _leg("working", orders[0])
    if kind == "oto":
        return params | _leg("pending", orders[1])
    return params | _pair("pending", orders[1:])


def _pair(prefix: str, orders: Sequence[Order]) -> dict[str, str]:
    """Of a sale the target lies above, of a purchase the stop."""
    stop, target = sorted(orders, key=lambda order: order["type"] not in _STOPS)
    above, below = (target, stop) if stop["side"] == "SELL" else (stop, target)
    shared = {"side": stop["side"], "quantity": stop["quantity"]}
    params = {_prefixed(prefix, name): value for name, value in shared.items()}
    for where, leg in (("above", above), ("below", below)):
        own = {name: value for name, value in leg.items() if name not in shared}
        params |= _leg(_prefixed(prefix, where), own)
    return params


def _leg(prefix: str, order: Order) -> dict[str, str]:
    words = {("clientOrderId" if name == "id" else name): value for name, value in order.items()}
    if order["type"].endswith("LIMIT"):
        words.setdefault("timeInForce", "GTC")
    return {_prefixed(prefix, name): value for name, value in words.items()}


def _prefixed(prefix: str, name: str) -> str:
    return prefix + name[0].upper() + name[1:] if prefix else name


def fill_of(row: Mapping[str, Any], number: Any) -> dict[str, Any]:
    """A row of `myTrades`; `number` makes a quantity of its text."""
    return {
        "quantity": number(row["qty"]),
        "fee": number(row["commission"]),
        "asset": row["commissionAsset"],
    }
