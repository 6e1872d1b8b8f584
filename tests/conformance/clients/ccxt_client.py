"""ccxt, synchronous: REST by its unified methods; lists, which it has none for, by raw ones."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
from journey import SYMBOL
from words import Order, list_params, order_params

UNIFIED = "BTC/USDT"
STATUS = {"open": "NEW", "closed": "FILLED", "canceled": "CANCELED", "expired": "EXPIRED"}


def settings(place: dict[str, str]) -> dict[str, Any]:
    return {
        "apiKey": place["api_key"],
        "secret": place["api_secret"],
        "enableRateLimit": False,
        "options": {
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
    }


def point(exchange: Any, place: dict[str, str]) -> None:
    urls = exchange.urls["api"]
    urls["public"] = urls["private"] = place["rest"] + "/api/v3"
    for name in urls:
        if name.startswith("sapi"):
            urls[name] = place["rest"] + "/sapi/v1"


def unified(order: Order) -> tuple[Any, ...]:
    """An order as the arguments of `create_order`."""
    kind = order["type"]
    limited = kind.endswith("LIMIT") or kind == "LIMIT_MAKER"
    params: dict[str, Any] = {"clientOrderId": order["id"]}
    if kind == "LIMIT_MAKER":
        params["postOnly"] = True
    if "stopPrice" in order:
        name = "stopLossPrice" if kind.startswith("STOP_LOSS") else "takeProfitPrice"
        params[name] = order["stopPrice"]
    if "quoteOrderQty" in order:
        params["cost"] = order["quoteOrderQty"]
    if order.get("timeInForce"):
        params["timeInForce"] = order["timeInForce"]
    amount, price = order.get("quantity", 0), order.get("price")
    return UNIFIED, "limit" if limited else "market", order["side"].lower(), amount, price, params


def status_of(order: dict[str, Any]) -> str:
    """Its word for open covers several of the venue's: what waits for another order is one."""
    waits = order["info"]["status"] == "PENDING_NEW"
    return "PENDING_NEW" if waits else STATUS.get(order["status"], str(order["status"]))


def fill_of(trade: dict[str, Any]) -> dict[str, Any]:
    fee = trade["fee"]
    return {
        "quantity": Decimal(str(trade["amount"])),
        "fee": Decimal(str(fee["cost"])),
        "asset": fee["currency"],
    }


@asynccontextmanager
async def connected(place: dict[str, str]) -> AsyncIterator["Client"]:
    exchange = ccxt.binance(settings(place))
    point(exchange, place)
    exchange.load_markets()
    yield Client(exchange)


class Client:
    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    async def markets(self) -> list[str]:
        return [each["id"] for each in self._exchange.load_markets(True).values()]

    async def ticker(self) -> float:
        return self._exchange.fetch_ticker(UNIFIED)["last"]

    async def candles(self, count: int) -> list[tuple[float, ...]]:
        rows = self._exchange.fetch_ohlcv(UNIFIED, "1m", limit=count)
        return [tuple(row[:5]) for row in rows]

    async def depth(self, count: int) -> tuple[list[float], list[float]]:
        book = self._exchange.fetch_order_book(UNIFIED, count)
        bids, asks = ([row[0] for row in book[side]] for side in ("bids", "asks"))
        return bids, asks

    async def trades(self) -> list[float]:
        return [each["price"] for each in self._exchange.fetch_trades(UNIFIED)]

    async def balances(self) -> dict[str, tuple[float, float]]:
        held = self._exchange.fetch_balance()
        return {asset: (held["free"][asset], held["used"][asset]) for asset in held["total"]}

    async def place(self, order: Order) -> None:
        self._exchange.create_order(*unified(order))

    async def place_list(self, kind: str, orders: Sequence[Order]) -> int:
        call = getattr(self._exchange, f"private_post_orderlist_{kind}")
        return call(list_params(SYMBOL, kind, orders))["orderListId"]

    async def cancel(self, name: str) -> None:
        self._exchange.cancel_order("", UNIFIED, {"clientOrderId": name})

    async def cancel_list(self, number: int) -> None:
        self._exchange.private_delete_orderlist({"symbol": SYMBOL, "orderListId": number})

    async def replace(self, name: str, order: Order) -> None:
        params = order_params(SYMBOL, order)
        params |= {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": name}
        self._exchange.private_post_order_cancelreplace(params)

    async def query(self, name: str) -> str:
        return status_of(self._exchange.fetch_order("", UNIFIED, {"clientOrderId": name}))

    async def open_orders(self) -> list[str]:
        return [each["clientOrderId"] for each in self._exchange.fetch_open_orders(UNIFIED)]

    async def fills(self, name: str) -> list[dict[str, Any]]:
        order = self._exchange.fetch_order("", UNIFIED, {"clientOrderId": name})
        return [fill_of(each) for each in self._exchange.fetch_order_trades(order["id"], UNIFIED)]

    async def over_the_socket(self, order: Order) -> list[str]:
        raise NotImplementedError("ccxt without ccxt.pro has no streams")

    async def hear_quotes(self, count: int) -> list[Any]:
        raise NotImplementedError("ccxt without ccxt.pro has no streams")

    async def hear_candles(self, count: int) -> list[Any]:
        raise NotImplementedError("ccxt without ccxt.pro has no streams")

    async def hear_trades(self, count: int) -> list[Any]:
        raise NotImplementedError("ccxt without ccxt.pro has no streams")

    async def hear_orders(self, act: Callable[[], Awaitable[None]], name: str) -> list[str]:
        raise NotImplementedError("ccxt without ccxt.pro has no streams")
