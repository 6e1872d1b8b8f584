"""ccxt.pro: streams by `watch_*`, and what it can do over the WebSocket API by `*_ws`.

By its own fault these send its unified words on beside the venue's (`clientOrderId`, `postOnly`),
and the venue refuses what it does not know with -1104: so they are told in the venue's words.
`fetch_balance_ws` finds no spot balances, and its tickers and books are for swaps only: REST.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
from ccxt_client import STATUS, UNIFIED, fill_of, point, settings, status_of
from journey import SYMBOL
from words import Order, list_params

PATIENCE_S = 15


@asynccontextmanager
async def connected(place: dict[str, str]) -> AsyncIterator["Client"]:
    exchange = ccxt.pro.binance(settings(place))
    point(exchange, place)
    exchange.urls["api"]["ws"]["spot"] = place["stream"] + "/stream/ws"
    exchange.urls["api"]["ws"]["ws-api"]["spot"] = place["ws_api"]
    try:
        await exchange.load_markets()
        yield Client(exchange)
    finally:
        await exchange.close()


def _params(order: Order) -> dict[str, str]:
    words = {"newClientOrderId": order["id"]}
    return words | {
        k: order[k] for k in ("stopPrice", "quoteOrderQty", "timeInForce") if k in order
    }


class Client:
    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    async def markets(self) -> list[str]:
        return [each["id"] for each in (await self._exchange.load_markets(True)).values()]

    async def ticker(self) -> float:
        return (await self._exchange.fetch_ticker(UNIFIED))["last"]

    async def candles(self, count: int) -> list[tuple[float, ...]]:
        rows = await self._exchange.fetch_ohlcv_ws(UNIFIED, "1m", limit=count)
        return [tuple(row[:5]) for row in rows]

    async def depth(self, count: int) -> tuple[list[float], list[float]]:
        book = await self._exchange.fetch_order_book(UNIFIED, count)
        bids, asks = ([row[0] for row in book[side]] for side in ("bids", "asks"))
        return bids, asks

    async def trades(self) -> list[float]:
        return [each["price"] for each in await self._exchange.fetch_trades_ws(UNIFIED)]

    async def balances(self) -> dict[str, tuple[float, float]]:
        held = await self._exchange.fetch_balance()
        return {asset: (held["free"][asset], held["used"][asset]) for asset in held["total"]}

    async def place(self, order: Order) -> None:
        await self._exchange.create_order_ws(
            UNIFIED,
            order["type"].lower(),
            order["side"].lower(),
            order.get("quantity", 0),
            order.get("price"),
            _params(order),
        )

    async def place_list(self, kind: str, orders: Sequence[Order]) -> int:
        """It has no list over the WebSocket API."""
        call = getattr(self._exchange, f"private_post_orderlist_{kind}")
        return (await call(list_params(SYMBOL, kind, orders)))["orderListId"]

    async def cancel(self, name: str) -> None:
        await self._exchange.cancel_order_ws("", UNIFIED, {"origClientOrderId": name})

    async def over_the_socket(self, order: Order) -> list[str]:
        await self.place(order)
        said = [await self.query(order["id"])]
        await self.cancel(order["id"])
        return ["NEW", *said, await self.query(order["id"])]

    async def cancel_list(self, number: int) -> None:
        await self._exchange.private_delete_orderlist({"symbol": SYMBOL, "orderListId": number})

    async def query(self, name: str) -> str:
        found = await self._exchange.fetch_order_ws("", UNIFIED, {"origClientOrderId": name})
        return status_of(found)

    async def open_orders(self) -> list[str]:
        return [
            each["clientOrderId"] for each in await self._exchange.fetch_open_orders_ws(UNIFIED)
        ]

    async def fills(self, name: str) -> list[dict[str, Any]]:
        order = await self._exchange.fetch_order_ws("", UNIFIED, {"origClientOrderId": name})
        words = {"orderId": int(order["id"])}
        return [
            fill_of(each) for each in await self._exchange.fetch_my_trades_ws(UNIFIED, params=words)
        ]

    async def hear_quotes(self, count: int) -> list[tuple[float, float]]:
        return [
            (each[UNIFIED]["bid"], each[UNIFIED]["ask"])
            for each in await self._hear(lambda: self._exchange.watch_bids_asks([UNIFIED]), count)
        ]

    async def hear_candles(self, count: int) -> list[tuple[float, ...]]:
        said = await self._hear(lambda: self._exchange.watch_ohlcv(UNIFIED, "1m"), count)
        return [(rows[-1][0], rows[-1][3], rows[-1][2]) for rows in said]

    async def hear_trades(self, count: int) -> list[float]:
        said = await self._hear(lambda: self._exchange.watch_trades(UNIFIED), count)
        return [rows[-1]["price"] for rows in said]

    async def hear_orders(self, act: Callable[[], Awaitable[None]], name: str) -> list[str]:
        await self._exchange.authenticate({"type": "spot"})
        watching = asyncio.create_task(self._exchange.watch_orders(UNIFIED))
        await asyncio.sleep(0.1)  # it has nothing more to ask, and only has to begin
        await act()
        await asyncio.wait_for(watching, PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            while "FILLED" not in (heard := self._known(name)):
                await asyncio.sleep(0.01)
        return heard

    def _known(self, name: str) -> list[str]:
        """From its cache: of several events at once `watch_orders` tells only one."""
        rows = [row for row in self._exchange.orders if row["clientOrderId"] == name]
        return [STATUS[row["status"]] for row in rows]

    async def _hear(self, watch: Callable[[], Awaitable[Any]], count: int) -> list[Any]:
        return [await asyncio.wait_for(watch(), PATIENCE_S) for _ in range(count)]
