"""binance-connector: REST, synchronous, and streams on a thread of their own."""

import itertools
import json
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any

from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient
from journey import SYMBOL
from words import Order, fill_of, list_params, order_params

PATIENCE_S = 15


@asynccontextmanager
async def connected(place: dict[str, str]) -> AsyncIterator["Client"]:
    api = Spot(place["api_key"], place["api_secret"], base_url=place["rest"])
    yield Client(api, place)


class Client:
    def __init__(self, api: Any, place: dict[str, str]) -> None:
        self._api = api
        self._place = place

    async def markets(self) -> list[str]:
        return [each["symbol"] for each in self._api.exchange_info()["symbols"]]

    async def ticker(self) -> float:
        return float(self._api.ticker_24hr(SYMBOL)["lastPrice"])

    async def candles(self, count: int) -> list[tuple[float, ...]]:
        rows = self._api.klines(SYMBOL, "1m", limit=count)
        return [(row[0], *map(float, row[1:5])) for row in rows]

    async def depth(self, count: int) -> tuple[list[float], list[float]]:
        book = self._api.depth(SYMBOL, limit=count)
        bids, asks = ([float(price) for price, _ in book[side]] for side in ("bids", "asks"))
        return bids, asks

    async def trades(self) -> list[float]:
        return [float(row["price"]) for row in self._api.trades(SYMBOL)]

    async def balances(self) -> dict[str, tuple[float, float]]:
        rows = self._api.account()["balances"]
        return {row["asset"]: (float(row["free"]), float(row["locked"])) for row in rows}

    async def place(self, order: Order) -> None:
        self._api.new_order(**order_params(SYMBOL, order))

    async def place_list(self, kind: str, orders: Sequence[Order]) -> int:
        call = getattr(self._api, f"new_{kind}_order")
        return call(**list_params(SYMBOL, kind, orders))["orderListId"]

    async def cancel(self, name: str) -> None:
        self._api.cancel_order(SYMBOL, origClientOrderId=name)

    async def cancel_list(self, number: int) -> None:
        self._api.cancel_oco_order(SYMBOL, orderListId=number)

    async def over_the_socket(self, order: Order) -> list[str]:
        heard: queue.Queue[str] = queue.Queue()
        api = SpotWebsocketAPIClient(
            stream_url=self._place["ws_api"],
            api_key=self._place["api_key"],
            api_secret=self._place["api_secret"],
            on_message=lambda _, text: heard.put(text),
        )
        named = {"symbol": SYMBOL, "origClientOrderId": order["id"]}
        said = []
        try:
            for call, words in (
                (api.new_order, order_params(SYMBOL, order)),
                (api.get_order, named),
                (api.cancel_order, named),
            ):
                call(**words)
                said.append(json.loads(heard.get(timeout=PATIENCE_S))["result"]["status"])
        finally:
            api.stop()
        return said

    async def query(self, name: str) -> str:
        return self._api.get_order(SYMBOL, origClientOrderId=name)["status"]

    async def open_orders(self) -> list[str]:
        return [row["clientOrderId"] for row in self._api.get_open_orders(SYMBOL)]

    async def fills(self, name: str) -> list[dict[str, Any]]:
        order = self._api.get_order(SYMBOL, origClientOrderId=name)
        rows = self._api.my_trades(SYMBOL, orderId=order["orderId"])
        return [fill_of(row, Decimal) for row in rows]

    async def hear_quotes(self, count: int) -> list[tuple[float, float]]:
        said = self._hear(lambda stream: stream.book_ticker(SYMBOL), count)
        return [(float(each["b"]), float(each["a"])) for each in said]

    async def hear_candles(self, count: int) -> list[tuple[float, ...]]:
        said = self._hear(lambda stream: stream.kline(SYMBOL, "1m"), count)
        return [(each["k"]["t"], float(each["k"]["l"]), float(each["k"]["h"])) for each in said]

    async def hear_trades(self, count: int) -> list[float]:
        said = self._hear(lambda stream: stream.trade(SYMBOL), count)
        return [float(each["p"]) for each in said]

    async def hear_orders(self, act: Callable[[], Awaitable[None]], name: str) -> list[str]:
        """By a listen key: it knows no other way."""
        key = self._api.new_listen_key()["listenKey"]
        said: list[str] = []
        with self._subscribed(lambda stream: stream.user_data(key)) as heard:
            await act()
            while "FILLED" not in said:
                event = next(heard)
                if event["e"] == "executionReport" and event["c"] == name:
                    said.append(event["X"])
        return said

    def _hear(self, subscribe: Callable[[Any], object], count: int) -> list[Any]:
        with self._subscribed(subscribe) as heard:
            return [next(heard) for _ in range(count)]

    @contextmanager
    def _subscribed(self, subscribe: Callable[[Any], object]) -> Iterator[Iterator[Any]]:
        """What comes after the answer to the subscription."""
        heard: queue.Queue[str] = queue.Queue()
        stream = SpotWebsocketStreamClient(
            stream_url=self._place["stream"], on_message=lambda _, text: heard.put(text)
        )
        try:
            subscribe(stream)
            answer = json.loads(heard.get(timeout=PATIENCE_S))
            assert answer["result"] is None, answer
            yield (json.loads(heard.get(timeout=PATIENCE_S)) for _ in itertools.count())
        finally:
            stream.stop()
