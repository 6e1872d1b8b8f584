"""One journey for every client: look, listen, place, cancel, read; what each step came to.

A client is an object with the methods that the steps call. Orders are told in the venue's own
words and answered in a few of ours, so that the steps are the same for all.
"""

import itertools
import json
import ssl
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

SYMBOL = "BTCUSDT"
STEPS: list[tuple[str, Callable[["Journey"], Awaitable[None]]]] = []
Step = Callable[["Journey"], Awaitable[None]]
D = Decimal


def step(name: str) -> Callable[[Step], Step]:
    """A step of the journey; they are taken in the order in which they stand here."""

    def listed(body: Step) -> Step:
        STEPS.append((name, body))
        return body

    return listed


class Sandbox:
    """What only a sandbox can be told: where the market stands."""

    def __init__(self, place: dict[str, str]) -> None:
        self._root = place["rest"] + "/sandbox/"
        self._tls = ssl.create_default_context(cafile=place["ca"]) if "ca" in place else None

    def hold(self) -> None:
        self._post("market", {"held": True})

    def quote(self, bid: str, size: str = "5") -> None:
        """The bid, and the ask a cent above."""
        quoted = {"symbol": SYMBOL, "bid": bid, "ask": str(D(bid) + D("0.01")), "quantity": size}
        self._post("quotes", quoted)

    def _post(self, path: str, said: dict[str, Any]) -> None:
        request = urllib.request.Request(self._root + path, json.dumps(said).encode())
        with urllib.request.urlopen(request, timeout=10, context=self._tls) as answer:
            assert answer.status == 200


class Journey:
    """A client on its way, and the orders that it has named so far."""

    def __init__(self, client: Any, sandbox: Sandbox) -> None:
        self.client = client
        self.sandbox = sandbox
        self._named = 0

    def name(self) -> str:
        self._named += 1
        return f"journey-{self._named}"

    async def place(self, side: str, kind: str, **words: str) -> str:
        """Place one order and see that it is known under the name that it was given."""
        order = {"id": self.name(), "side": side, "type": kind, **words}
        await self.client.place(order)
        return order["id"]

    async def stands(self, name: str, status: str) -> None:
        found = await self.client.query(name)
        assert found == status, f"{name} is {found}, not {status}"

    async def rests(self, side: str, kind: str, **words: str) -> None:
        """Place an order that waits; see it; cancel it; see it gone."""
        name = await self.place(side, kind, **words)
        await self.stands(name, "NEW")
        assert name in await self.client.open_orders(), f"{name} is not among the open orders"
        await self.client.cancel(name)
        await self.stands(name, "CANCELED")
        assert name not in await self.client.open_orders(), f"{name} is open after its cancel"

    async def filled(self, name: str, quantity: Decimal) -> None:
        """The order is filled, and its fills come to this quantity, each with a fee."""
        await self.stands(name, "FILLED")
        fills = await self.client.fills(name)
        told = sum((fill["quantity"] for fill in fills), D(0))
        assert told == quantity, f"fills of {told}, not {quantity}"
        assert all(fill["fee"] > 0 and fill["asset"] in ("BTC", "USDT") for fill in fills), fills


async def travel(client: Any, sandbox: Sandbox) -> dict[str, str]:
    """Take every step; of each what it failed with, or ""."""
    journey = Journey(client, sandbox)
    said = {}
    for name, body in STEPS:
        try:
            await body(journey)
            said[name] = ""
        except Exception as error:  # noqa: BLE001 - whatever a client throws is what it said
            said[name] = f"{type(error).__name__}: {error}"[:500]
    return said


@step("markets")
async def _markets(journey: Journey) -> None:
    names = await journey.client.markets()
    assert {"BTCUSDT", "ETHUSDT", "BNBUSDT"} <= set(names), names


@step("ticker")
async def _ticker(journey: Journey) -> None:
    assert 10_000 < await journey.client.ticker() < 1_000_000


@step("candles")
async def _candles(journey: Journey) -> None:
    rows = await journey.client.candles(100)
    assert len(rows) == 100
    times = [row[0] for row in rows]
    assert all(later - time == 60_000 for time, later in itertools.pairwise(times))
    assert all(low <= min(opened, closed) for _, opened, _, low, closed in rows)
    assert all(high >= max(opened, closed) for _, opened, high, _, closed in rows)


@step("depth")
async def _depth(journey: Journey) -> None:
    bids, asks = await journey.client.depth(20)
    assert len(bids) == len(asks) == 20
    _falls(bids)
    _falls(asks[::-1])
    assert bids[0] < asks[0]


def _falls(prices: Sequence[float]) -> None:
    assert all(one > other for one, other in itertools.pairwise(prices)), prices


@step("trades")
async def _trades(journey: Journey) -> None:
    prices = await journey.client.trades()
    assert prices
    assert all(price > 0 for price in prices)


@step("balance")
async def _balance(journey: Journey) -> None:
    assert (await journey.client.balances())["USDT"] == (100_000, 0)


@step("stream bookTicker")
async def _book_ticker(journey: Journey) -> None:
    for bid, ask in await journey.client.hear_quotes(3):
        assert 0 < bid < ask


@step("stream kline")
async def _kline(journey: Journey) -> None:
    ((time, low, high),) = await journey.client.hear_candles(1)
    assert time % 60_000 == 0
    assert 0 < low <= high


@step("stream trade")
async def _trade(journey: Journey) -> None:
    assert all(price > 0 for price in await journey.client.hear_trades(2))


@step("refusal")
async def _refusal(journey: Journey) -> None:
    """From here on the market stands still: 60000.00 / 60000.01, five coins on each side."""
    journey.sandbox.hold()
    journey.sandbox.quote("60000.00")
    try:
        await journey.place("BUY", "LIMIT", quantity="100", price="50000")
        said = "nothing: an order that nobody could pay for was taken"
    except Exception as error:  # noqa: BLE001 - every client has an error of its own
        said = f"{error!r} {error}"
    assert "insufficient balance" in said, said


@step("user data")
async def _user_data(journey: Journey) -> None:
    name = journey.name()

    async def act() -> None:
        await journey.client.place({"id": name, "side": "BUY", "type": "MARKET", "quantity": "0.1"})

    heard = await journey.client.hear_orders(act, name)
    assert heard[-1] == "FILLED", heard


@step("market by quantity")
async def _market(journey: Journey) -> None:
    name = await journey.place("BUY", "MARKET", quantity="0.2")
    await journey.filled(name, D("0.2"))


@step("market by amount")
async def _market_amount(journey: Journey) -> None:
    name = await journey.place("BUY", "MARKET", quoteOrderQty="6000.1")
    await journey.filled(name, D("0.1"))


@step("limit")
async def _limit(journey: Journey) -> None:
    await journey.rests("BUY", "LIMIT", quantity="0.1", price="59000")


@step("limit maker")
async def _limit_maker(journey: Journey) -> None:
    await journey.rests("SELL", "LIMIT_MAKER", quantity="0.1", price="61000")


@step("stop-loss")
async def _stop_loss(journey: Journey) -> None:
    await journey.rests("SELL", "STOP_LOSS", quantity="0.1", stopPrice="59000")


@step("stop-loss-limit")
async def _stop_loss_limit(journey: Journey) -> None:
    words = {"quantity": "0.1", "stopPrice": "59000", "price": "58900"}
    await journey.rests("SELL", "STOP_LOSS_LIMIT", **words)


@step("take-profit")
async def _take_profit(journey: Journey) -> None:
    await journey.rests("SELL", "TAKE_PROFIT", quantity="0.1", stopPrice="61000")


@step("take-profit-limit")
async def _take_profit_limit(journey: Journey) -> None:
    words = {"quantity": "0.1", "stopPrice": "61000", "price": "61100"}
    await journey.rests("SELL", "TAKE_PROFIT_LIMIT", **words)


@step("over the socket")
async def _over_the_socket(journey: Journey) -> None:
    """Placed, asked for and cancelled by the WebSocket API."""
    words = {"side": "BUY", "type": "LIMIT", "quantity": "0.1", "price": "59000"}
    said = await journey.client.over_the_socket({"id": journey.name(), **words})
    assert said == ["NEW", "NEW", "CANCELED"], said


@step("stop fires")
async def _stop_fires(journey: Journey) -> None:
    name = await journey.place("SELL", "STOP_LOSS", quantity="0.1", stopPrice="59900")
    journey.sandbox.quote("59890.00")
    await journey.filled(name, D("0.1"))


@step("oco")
async def _oco(journey: Journey) -> None:
    """The target is met: the stop expires."""
    target, stop = journey.name(), journey.name()
    legs = [
        {"id": target, "side": "SELL", "type": "LIMIT_MAKER", "quantity": "0.1", "price": "60100"},
        {"id": stop, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.1", "stopPrice": "59800"},
    ]
    await journey.client.place_list("oco", legs)
    for name in (target, stop):
        await journey.stands(name, "NEW")
    journey.sandbox.quote("60150.00")
    await journey.stands(target, "FILLED")
    await journey.stands(stop, "EXPIRED")


@step("oto")
async def _oto(journey: Journey) -> None:
    """The entry waits, and its stop with it; the list is cancelled."""
    entry, stop = journey.name(), journey.name()
    legs = [
        {"id": entry, "side": "BUY", "type": "LIMIT", "quantity": "0.1", "price": "59000"},
        {"id": stop, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.09", "stopPrice": "58000"},
    ]
    number = await journey.client.place_list("oto", legs)
    await journey.stands(entry, "NEW")
    await journey.stands(stop, "PENDING_NEW")
    await journey.client.cancel_list(number)
    assert not await journey.client.open_orders()


@step("otoco")
async def _otoco(journey: Journey) -> None:
    """The entry fills at once, its stop and its target begin; the list is cancelled."""
    entry, target, stop = journey.name(), journey.name(), journey.name()
    legs = [
        {"id": entry, "side": "BUY", "type": "LIMIT", "quantity": "0.1", "price": "60200"},
        {
            "id": target,
            "side": "SELL",
            "type": "LIMIT_MAKER",
            "quantity": "0.09",
            "price": "62000",
        },
        {"id": stop, "side": "SELL", "type": "STOP_LOSS", "quantity": "0.09", "stopPrice": "58000"},
    ]
    number = await journey.client.place_list("otoco", legs)
    await journey.stands(entry, "FILLED")
    for name in (target, stop):
        await journey.stands(name, "NEW")
    await journey.client.cancel_list(number)
    for name in (target, stop):
        await journey.stands(name, "CANCELED")


@step("nothing is left")
async def _nothing_left(journey: Journey) -> None:
    assert not await journey.client.open_orders()
    for asset, (_, locked) in (await journey.client.balances()).items():
        assert locked == 0, f"{locked} {asset} are locked"
