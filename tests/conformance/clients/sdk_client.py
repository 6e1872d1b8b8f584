"""binance-sdk-spot: generated REST calls, synchronous, and asynchronous streams."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot
from journey import SYMBOL
from words import Order, list_params, order_params

PATIENCE_S = 15
_NUMBERS = ("quantity", "price", "stop_price", "quote_order_qty")


@asynccontextmanager
async def connected(place: dict[str, str]) -> AsyncIterator["Client"]:
    keys = {"api_key": place["api_key"], "api_secret": place["api_secret"]}
    spot = Spot(
        config_rest_api=ConfigurationRestAPI(**keys, base_path=place["rest"], timeout=10_000),
        config_ws_api=ConfigurationWebSocketAPI(**keys, stream_url=place["ws_api"]),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=place["stream"]),
    )
    yield Client(spot)


def _snake(params: dict[str, str]) -> dict[str, Any]:
    """The venue's words as arguments: its numbers are floats here."""
    named = {re.sub("([A-Z])", r"_\1", name).lower(): value for name, value in params.items()}
    return {
        name: float(value) if name.endswith(_NUMBERS) else value for name, value in named.items()
    }


class Client:
    def __init__(self, spot: Any) -> None:
        self._spot = spot
        self._rest = spot.rest_api

    async def markets(self) -> list[str]:
        return [each.symbol for each in self._rest.exchange_info().data().symbols]

    async def ticker(self) -> float:
        return float(self._rest.ticker24hr(symbol=SYMBOL).data().actual_instance.last_price)

    async def candles(self, count: int) -> list[tuple[float, ...]]:
        rows = self._rest.klines(symbol=SYMBOL, interval="1m", limit=count).data()
        plain = [[getattr(cell, "actual_instance", cell) for cell in row] for row in rows]
        return [(row[0], *map(float, row[1:5])) for row in plain]

    async def depth(self, count: int) -> tuple[list[float], list[float]]:
        book = self._rest.depth(symbol=SYMBOL, limit=count).data()
        bids, asks = ([float(row[0]) for row in side] for side in (book.bids, book.asks))
        return bids, asks

    async def trades(self) -> list[float]:
        return [float(row.price) for row in self._rest.get_trades(symbol=SYMBOL).data()]

    async def balances(self) -> dict[str, tuple[float, float]]:
        rows = self._rest.get_account().data().balances
        return {row.asset: (float(row.free), float(row.locked)) for row in rows}

    async def place(self, order: Order) -> None:
        self._rest.new_order(**_snake(order_params(SYMBOL, order)))

    async def place_list(self, kind: str, orders: Sequence[Order]) -> int:
        call = getattr(self._rest, f"order_list_{kind}")
        return call(**_snake(list_params(SYMBOL, kind, orders))).data().order_list_id

    async def cancel(self, name: str) -> None:
        self._rest.delete_order(symbol=SYMBOL, orig_client_order_id=name)

    async def cancel_list(self, number: int) -> None:
        self._rest.delete_order_list(symbol=SYMBOL, order_list_id=number)

    async def over_the_socket(self, order: Order) -> list[str]:
        api = self._spot.websocket_api
        named = {"symbol": SYMBOL, "orig_client_order_id": order["id"]}
        await api.create_connection()
        try:
            said = [
                await api.order_place(**_snake(order_params(SYMBOL, order))),
                await api.order_status(**named),
                await api.order_cancel(**named),
            ]
            return [each.data().result.status for each in said]
        finally:
            await api.close_connection()

    async def query(self, name: str) -> str:
        return self._rest.get_order(symbol=SYMBOL, orig_client_order_id=name).data().status

    async def open_orders(self) -> list[str]:
        rows = self._rest.get_open_orders(symbol=SYMBOL).data()
        return [row.client_order_id for row in rows]

    async def fills(self, name: str) -> list[dict[str, Any]]:
        order = self._rest.get_order(symbol=SYMBOL, orig_client_order_id=name).data()
        rows = self._rest.my_trades(symbol=SYMBOL, order_id=order.order_id).data()
        return [
            {
                "quantity": Decimal(row.qty),
                "fee": Decimal(row.commission),
                "asset": row.commission_asset,
            }
            for row in rows
        ]

    async def hear_quotes(self, count: int) -> list[tuple[float, float]]:
        said = await self._hear(lambda streams: streams.book_ticker(symbol="btcusdt"), count)
        return [(float(each.b), float(each.a)) for each in said]

    async def hear_candles(self, count: int) -> list[tuple[float, ...]]:
        subscribe = lambda streams: streams.kline(symbol="btcusdt", interval="1m")  # noqa: E731
        said = await self._hear(subscribe, count)
        return [(each.k.t, float(each.k.l), float(each.k.h)) for each in said]

    async def hear_trades(self, count: int) -> list[float]:
        said = await self._hear(lambda streams: streams.trade(symbol="btcusdt"), count)
        return [float(each.p) for each in said]

    async def hear_orders(self, act: Callable[[], Awaitable[None]], name: str) -> list[str]:
        api, heard = self._spot.websocket_api, asyncio.Queue[Any]()
        await api.create_connection()
        try:
            stream = (await api.user_data_stream_subscribe_signature()).stream
            stream.on("message", heard.put_nowait)
            await act()
            said: list[str] = []
            while "FILLED" not in said:
                event = await asyncio.wait_for(heard.get(), PATIENCE_S)
                event = event.actual_instance
                if type(event).__name__ == "ExecutionReport" and event.c == name:
                    said.append(event.X)
            return said
        finally:
            await api.close_connection()

    async def _hear(self, subscribe: Callable[[Any], Awaitable[Any]], count: int) -> list[Any]:
        streams, heard = self._spot.websocket_streams, asyncio.Queue[Any]()
        await streams.create_connection()
        try:
            handle = await subscribe(streams)
            handle.on("message", heard.put_nowait)
            return [await asyncio.wait_for(heard.get(), PATIENCE_S) for _ in range(count)]
        finally:
            await streams.close_connection()
