"""A venue that answers from a script: what a test wants said, and what was asked."""

import asyncio
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec.structs import replace

from tests.core import bench
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.placing import Placing
from thunes.adapters.venues.binance.prices import Prices
from thunes.adapters.venues.binance.rights import Rights
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import Raw, Unanswered
from thunes.core.domain.market import Quote
from thunes.core.domain.order import Order, OrderRole, OrderType, Side

D = Decimal
NOW = 1_700_000_000 * 10**9
BTC = replace(bench.BTC, max_orders=20, max_stop_orders=5)

Params = dict[str, str]
Reply = Callable[[Params], Any]


class Said:
    """An answer that is not HTTP 200."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers or {}


def error(code: int, msg: str, status: int = 400) -> Reply:
    return lambda _: Said(status, {"code": code, "msg": msg})


def lost(_: Params) -> Any:
    raise Unanswered("no answer within 10 s (test)")


class Script:
    """Answers by method and path; what nobody scripted fails the test."""

    def __init__(self, replies: Mapping[str, Reply | list[Reply]]) -> None:
        self.replies = {
            name: each if isinstance(each, list) else [each] for name, each in replies.items()
        }
        self.asked: list[tuple[str, Params]] = []

    async def exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Raw:
        await asyncio.sleep(0)
        parts = urlsplit(url)
        name = f"{method} {parts.path.removeprefix('/api/v3/')}"
        params = dict(parse_qsl(parts.query))
        self.asked.append((name, params))
        left = self.replies[name]
        said = (left.pop(0) if len(left) > 1 else left[0])(params)
        if not isinstance(said, Said):
            said = Said(200, said)
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        return Raw(said.status, said.headers, body)

    async def close(self) -> None: ...

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


class Table:
    """The parts that place orders, around a script."""

    def __init__(self, **replies: Reply | list[Reply]) -> None:
        named = {
            name.replace("__", " ").replace("_", "/"): reply for name, reply in replies.items()
        }
        self.script = Script(named)
        self.now = NOW
        self.troubles: list[str] = []
        keys = Keys("canary-key", "canary-secret")
        self.client = Client("http://x", keys, self.script, lambda: self.now, self.troubles.append)
        self.client.gauges.clock.measured(NOW, NOW, NOW // 10**6)
        self.client.gauges.clock.offset_ns = 0
        self.known, self.prices = KnownOrders(), Prices()
        self.listing = Listing({"BTCUSDT": BTC})
        self.placing = Placing(self.client, self.known, self.listing, self.prices, Rights())
        self.quote(D(100), D("100.01"))

    def quote(self, bid: Decimal, ask: Decimal) -> None:
        self.prices.heard(Quote(self.now, "BTCUSDT", bid, D(1), ask, D(1)))


def entry(name: str = "thunes-1-1", **more: Any) -> Order:
    more = {"quote_amount": D(1000)} | more
    kind = OrderType.LIMIT if "limit_price" in more else OrderType.MARKET
    return Order(name, "BTCUSDT", Side.BUY, kind, OrderRole.ENTRY, "s", **more)


def stop(name: str = "thunes-1-2", **more: Any) -> Order:
    more = {"quantity": D(1), "stop_price": D(90)} | more
    return Order(name, "BTCUSDT", Side.SELL, OrderType.STOP_MARKET, OrderRole.STOP, "s", **more)


def target(name: str = "thunes-1-3", **more: Any) -> Order:
    more = {"quantity": D(1), "limit_price": D(110)} | more
    return Order(name, "BTCUSDT", Side.SELL, OrderType.LIMIT, OrderRole.TARGET, "s", **more)


def sale(name: str = "thunes-1-4", **more: Any) -> Order:
    more = {"quantity": D(1)} | more
    return Order(name, "BTCUSDT", Side.SELL, OrderType.MARKET, OrderRole.EXIT, "s", **more)


def row(name: str, number: int, status: str = "NEW", **more: Any) -> dict[str, Any]:
    """An order as an answer shows it."""
    return {
        "symbol": "BTCUSDT",
        "orderId": number,
        "orderListId": -1,
        "clientOrderId": name,
        "transactTime": NOW // 10**6,
        "price": "0.00000000",
        "origQty": "1.00000000",
        "executedQty": "0.00000000",
        "status": status,
        "type": "STOP_LOSS",
        "side": "SELL",
    } | more


def canceled(name: str, number: int, **more: Any) -> dict[str, Any]:
    """An order as the answer to its cancel shows it."""
    return row("cancel-of-" + name, number, "CANCELED", origClientOrderId=name, **more)


def fill(number: int, price: str = "100.00", quantity: str = "1.00000000") -> dict[str, Any]:
    return {
        "price": price,
        "qty": quantity,
        "commission": "0.00100000",
        "commissionAsset": "BTC",
        "tradeId": number,
    }
