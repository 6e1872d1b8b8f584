"""A tiny exchange behind the real wire: one symbol, one account, everything at one price."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.binance.scripted import D
from tests.binance.test_market_feed import INFO

PRICE = D(100)
RIGHTS = {"enableWithdrawals": False, "enableSpotAndMarginTrading": True}


class TinyExchange:
    """Runs on a thread of its own; while `deaf` it does what it is asked, and says so too late."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.trades: list[dict[str, Any]] = []
        self.balances = {"USDT": D(10_000), "BTC": D(0)}
        self.sockets: list[web.WebSocketResponse] = []
        self.subscribed: list[web.WebSocketResponse] = []
        self.dials: list[str] = []
        self.deaf = False
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "TinyExchange":
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def down(self) -> None:
        """Close every socket."""

        async def close() -> None:
            for socket in list(self.sockets):
                await socket.close(code=1001)

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        app = web.Application()
        routes: dict[str, Callable[[web.Request], Any]] = {
            "GET /time": lambda _: {"serverTime": time.time_ns() // 10**6},
            "GET /account": self._account,
            "GET /openOrders": lambda _: [o for o in self.orders.values() if o["status"] == "NEW"],
            "GET /order": self._order,
            "GET /myTrades": lambda r: self.trades if "fromId" not in r.query else [],
            "GET /klines": lambda _: [],
            "GET /ticker/bookTicker": lambda _: [self._ticker()],
            "GET /exchangeInfo": lambda _: INFO,
            "POST /order": self._place,
            "DELETE /order": self._cancel,
        }
        for name, answer in routes.items():
            method, path = name.split(" ")
            app.router.add_route(method, f"/api/v3{path}", self._answering(answer))
        app.router.add_get("/sapi/v1/account/apiRestrictions", self._answering(lambda _: RIGHTS))
        app.router.add_get("/ws-api/v3", self._api)
        app.router.add_get("/stream", self._stream)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            self._up.set()
            await self._stop.wait()
            for socket in list(self.sockets):
                await socket.close()

    def _answering(self, answer: Callable[[web.Request], Any]) -> Any:
        async def handler(request: web.Request) -> web.Response:
            said = answer(request)
            if self.deaf and request.method != "GET":
                await asyncio.sleep(1.0)
            status = 400 if isinstance(said, dict) and "code" in said else 200
            return web.json_response(said, status=status)

        return handler

    def _account(self, _: web.Request) -> Any:
        rows = [{"asset": a, "free": str(b), "locked": "0"} for a, b in self.balances.items()]
        return {"balances": rows}

    def _ticker(self) -> dict[str, str]:
        return {
            "symbol": "BTCUSDT", "bidPrice": str(PRICE), "bidQty": "1",
            "askPrice": str(PRICE + D("0.01")), "askQty": "1",
        }  # fmt: skip

    def _order(self, request: web.Request) -> Any:
        found = self.orders.get(request.query.get("origClientOrderId", ""))
        return found or {"code": -2013, "msg": "Order does not exist."}

    def _place(self, request: web.Request) -> Any:
        asked = request.query
        amount = asked.get("quoteOrderQty")
        quantity = D(amount) / PRICE if amount else D(asked["quantity"])
        number = len(self.orders) + 1
        order: dict[str, Any] = {
            "symbol": "BTCUSDT", "orderId": number, "orderListId": -1, "status": "NEW",
            "clientOrderId": asked["newClientOrderId"], "origQty": str(quantity),
            "executedQty": "0", "type": asked["type"], "side": asked["side"],
        }  # fmt: skip
        self.orders[order["clientOrderId"]] = order
        self._tell(order, "NEW")
        if asked["type"] != "MARKET":
            return order
        sign = 1 if asked["side"] == "BUY" else -1
        self.balances["BTC"] += sign * quantity
        self.balances["USDT"] -= sign * quantity * PRICE
        order |= {"status": "FILLED", "executedQty": str(quantity)}
        fill = {
            "price": str(PRICE), "qty": str(quantity), "commission": "0",
            "commissionAsset": "USDT",
        }  # fmt: skip
        self.trades.append(
            fill
            | {
                "symbol": "BTCUSDT", "id": number, "orderId": number,
                "time": time.time_ns() // 10**6, "isBuyer": sign > 0,
            }
        )  # fmt: skip
        self._tell(order, "TRADE", t=number, l=str(quantity), L=str(PRICE), N="USDT")
        return order | {"fills": [fill | {"tradeId": number}]}

    def _cancel(self, request: web.Request) -> Any:
        order = self.orders.get(request.query["origClientOrderId"])
        if order is None or order["status"] != "NEW":
            return {"code": -2011, "msg": "Unknown order sent."}
        order["status"] = "CANCELED"
        self._tell(order, "CANCELED", c="x", C=order["clientOrderId"])
        return order | {"origClientOrderId": order["clientOrderId"], "clientOrderId": "x"}

    def _tell(self, order: dict[str, Any], kind: str, **more: Any) -> None:
        event = {
            "e": "executionReport", "E": 1, "s": "BTCUSDT", "c": order["clientOrderId"],
            "S": order["side"], "x": kind, "X": order["status"], "i": order["orderId"], "l": "0",
            "z": order["executedQty"], "L": "0", "T": 1, "n": "0", "N": None, "t": -1, "C": "",
        } | more  # fmt: skip
        text = json.dumps({"subscriptionId": 0, "event": event})
        for socket in self.sockets:
            if socket in self.subscribed:
                self._loop.create_task(socket.send_str(text))

    async def _api(self, request: web.Request) -> web.WebSocketResponse:
        socket = await self._open(request)
        async for message in socket:
            if socket in self.subscribed:
                continue
            asked = json.loads(message.data)
            self.subscribed.append(socket)
            result = {"subscriptionId": 0}
            await socket.send_json({"id": asked["id"], "status": 200, "result": result})
        self.sockets.remove(socket)
        return socket

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = await self._open(request)
        update = 0
        while not socket.closed:
            update += 1
            data = {
                "u": update, "s": "BTCUSDT", "b": str(PRICE), "B": str(update),
                "a": str(PRICE + D("0.01")), "A": "1",
            }  # fmt: skip
            frame = {"stream": "btcusdt@bookTicker", "data": data}
            try:
                await socket.send_str(json.dumps(frame, separators=(",", ":")))
            except ConnectionError:
                break
            await asyncio.sleep(0.02)
        self.sockets.remove(socket)
        return socket

    async def _open(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        self.dials.append(request.path)
        return socket
