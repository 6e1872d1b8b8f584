"""python-binance, asynchronous: REST, streams, and user data over the WebSocket API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from binance import AsyncClient, BinanceSocketManager
from journey import SYMBOL
from words import Order, fill_of, list_params, order_params

PATIENCE_S = 15


@asynccontextmanager
async def connected(place: dict[str, str]) -> AsyncIterator["Client"]:
    AsyncClient.API_URL = place["rest"] + "/api"
    AsyncClient.MARGIN_API_URL = place["rest"] + "/sapi"
    AsyncClient.WS_API_URL = place["ws_api"]
    BinanceSocketManager.STREAM_URL = place["stream"] + "/"
    api = await AsyncClient.create(place["api_key"], place["api_secret"])
    try:
        yield Client(api)
    finally:
        # Its `close_connection` waits ten seconds more for an event of the account.
        await api.session.close()


class Client:
    def __init__(self, api: Any) -> None:
        self._api = api
        self._sockets = BinanceSocketManager(api)

    async def markets(self) -> list[str]:
        return [each["symbol"] for each in (await self._api.get_exchange_info())["symbols"]]

    async def ticker(self) -> float:
        return float((await self._api.get_ticker(symbol=SYMBOL))["lastPrice"])

    async def candles(self, count: int) -> list[tuple[float, ...]]:
        rows = await self._api.get_klines(symbol=SYMBOL, interval="1m", limit=count)
        return [(row[0], *map(float, row[1:5])) for row in rows]

    async def depth(self, count: int) -> tuple[list[float], list[float]]:
        book = await self._api.get_order_book(symbol=SYMBOL, limit=count)
        bids, asks = ([float(price) for price, _ in book[side]] for side in ("bids", "asks"))
        return bids, asks

    async def trades(self) -> list[float]:
        return [float(row["price"]) for row in await self._api.get_recent_trades(symbol=SYMBOL)]

    async def balances(self) -> dict[str, tuple[float, float]]:
        rows = (await self._api.get_account())["balances"]
        return {row["asset"]: (float(row["free"]), float(row["locked"])) for row in rows}

    async def place(self, order: Order) -> None:
        await self._api.create_order(**order_params(SYMBOL, order))

    async def place_list(self, kind: str, orders: Sequence[Order]) -> int:
        call = getattr(self._api, f"v3_post_order_list_{kind}")
        return (await call(**list_params(SYMBOL, kind, orders)))["orderListId"]

    async def cancel(self, name: str) -> None:
        await self._api.cancel_order(symbol=SYMBOL, origClientOrderId=name)

    async def cancel_list(self, number: int) -> None:
        await self._api.v3_delete_order_list(symbol=SYMBOL, orderListId=number)

    async def replace(self, name: str, order: Order) -> None:
        params = order_params(SYMBOL, order)
        params |= {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": name}
        await self._api.v3_post_order_cancel_replace(**params)

    async def over_the_socket(self, order: Order) -> list[str]:
        named = {"symbol": SYMBOL, "origClientOrderId": order["id"]}
        placed = await self._api.ws_create_order(**order_params(SYMBOL, order))
        found = await self._api.ws_get_order(**named)
        gone = await self._api.ws_cancel_order(**named)
        return [each["status"] for each in (placed, found, gone)]

    async def query(self, name: str) -> str:
        return (await self._api.get_order(symbol=SYMBOL, origClientOrderId=name))["status"]

    async def open_orders(self) -> list[str]:
        return [row["clientOrderId"] for row in await self._api.get_open_orders(symbol=SYMBOL)]

    async def fills(self, name: str) -> list[dict[str, Any]]:
        order = await self._api.get_order(symbol=SYMBOL, origClientOrderId=name)
        rows = await self._api.get_my_trades(symbol=SYMBOL, orderId=order["orderId"])
        return [fill_of(row, Decimal) for row in rows]

    async def hear_quotes(self, count: int) -> list[tuple[float, float]]:
        said = await self._hear(self._sockets.symbol_book_ticker_socket(SYMBOL), count)
        return [(float(each["b"]), float(each["a"])) for each in said]

    async def hear_candles(self, count: int) -> list[tuple[float, ...]]:
        said = await self._hear(self._sockets.kline_socket(SYMBOL, "1m"), count)
        return [(each["k"]["t"], float(each["k"]["l"]), float(each["k"]["h"])) for each in said]

    async def hear_trades(self, count: int) -> list[float]:
        said = await self._hear(self._sockets.trade_socket(SYMBOL), count)
        return [float(each["p"]) for each in said]

    async def hear_orders(self, act: Callable[[], Awaitable[None]], name: str) -> list[str]:
        heard: list[str] = []
        async with self._sockets.user_socket() as stream:
            await act()
            while "FILLED" not in heard:
                event = await asyncio.wait_for(stream.recv(), PATIENCE_S)
                event = event.get("event", event)
                if event["e"] == "executionReport" and event["c"] == name:
                    heard.append(event["X"])
        return heard

    async def _hear(self, socket: Any, count: int) -> list[Any]:
        async with socket as stream:
            return [await asyncio.wait_for(stream.recv(), PATIENCE_S) for _ in range(count)]
