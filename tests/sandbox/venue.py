"""A small sandbox for tests: one symbol, a clock and a market that move when told to."""

import hashlib
import hmac
import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from tests.venues import pit
from thunes.sandbox.candles import Candle
from thunes.sandbox.clock import Clock
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.ladder import Level, Shape
from thunes.sandbox.limits import UNLIMITED, Allowance
from thunes.sandbox.market import Listed, Market, Print, Tick
from thunes.sandbox.rest import Answer, Request, Rest

D = Decimal
START = 1_700_000_000_000  # ms
BTC = replace(
    pit.BTC,
    max_quantity=D(1_000),
    market_max_quantity=D(100),
    min_price=D("0.01"),
    max_price=D(1_000_000),
    percent_down=D("0.2"),
    percent_up=D(5),
    max_orders=200,
    max_stop_orders=5,
)
CASH = {"USDT": D(100_000), "BTC": D(10), "BNB": D(0)}


class Venue:
    """Bid 100.00, ask 100.01 with 5 BTC at each, and levels every 1.00 behind them."""

    def __init__(
        self, allowance: Allowance = UNLIMITED, balances: Mapping[str, Decimal] = CASH
    ) -> None:
        self.now = START * 1_000_000
        self.clock = Clock(lambda: self.now)
        past = [Candle(START - START % 60_000 - 60_000, 100.0, 100.0, 100.0, 100.0)]
        shape = Shape(D(1), D("0.001"))
        bnb = msgspec.structs.replace(BTC, symbol="BNBUSDT", base="BNB")
        listed = [Listed(one, shape, past) for one in (BTC, bnb)]
        self.market = Market(listed, self.clock)
        self.exchange = Exchange(self.market, allowance)
        self.holder = self.exchange.open_account(balances)
        self.key, self.secret = self.exchange.add_key(self.holder)
        self.rest = Rest(self.exchange)
        self.events: list[dict[str, Any]] = []
        self.holder.listeners.append(lambda event: self.events.append(msgspec.json.decode(event)))
        self.ids = itertools.count(1)
        self.quote("100.00", "100.01")

    def quote(self, bid: str, ask: str, size: str = "5", prints: tuple[Print, ...] = ()) -> None:
        levels = [Level(D(price), D(size)) for price in (bid, ask)]
        self.market.tick(Tick("BTCUSDT", levels[0], levels[1], prints))

    def later(self, ms: int) -> None:
        self.now += ms * 1_000_000

    def sign(self, text: str) -> str:
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def raw(self, method: str, path: str, query: str = "", body: str = "") -> Answer:
        request = Request(method, f"/api/v3/{path}", query, body, self.key.name, "127.0.0.1")
        return self.rest.answer(request)

    def ask(self, method: str, path: str, **params: Any) -> Any:
        """A signed request: the answer, or a failed test."""
        status, body = self.try_(method, path, **params)
        assert status == 200, body
        return body

    def try_(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        """A signed request: status and answer."""
        query = urlencode({"timestamp": self.now // 1_000_000, **params})
        answer = self.raw(method, path, f"{query}&signature={self.sign(query)}")
        return answer.status, msgspec.json.decode(answer.body)

    def public(self, path: str, **params: Any) -> Any:
        answer = self.raw("GET", path, urlencode(params))
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    def order(self, side: str, kind: str, **params: Any) -> Any:
        return self.ask("POST", "order", symbol="BTCUSDT", side=side, type=kind, **params)

    def limit(self, side: str, price: Any, quantity: Any = 1, **params: Any) -> Any:
        asked = {"timeInForce": "GTC", "price": price, "quantity": quantity, **params}
        return self.order(side, "LIMIT", **asked)

    def refused(self, side: str, kind: str, **params: Any) -> tuple[int, str]:
        """What a placement is refused with."""
        status, body = self.try_("POST", "order", symbol="BTCUSDT", side=side, type=kind, **params)
        assert status == 400, body
        return body["code"], body["msg"]

    def query(self, order_id: int) -> Any:
        return self.ask("GET", "order", symbol="BTCUSDT", orderId=order_id)

    def balance(self, asset: str) -> tuple[Decimal, Decimal]:
        account = self.ask("GET", "account")
        row = next(row for row in account["balances"] if row["asset"] == asset)
        return D(row["free"]), D(row["locked"])
