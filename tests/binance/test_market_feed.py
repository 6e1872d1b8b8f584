"""The market feed: bars without gaps, quotes that are alive, and filters that are up to date."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.binance.scripted import BTC, NOW, D, Params, Reply, Table, lost
from thunes.adapters.venues.binance.budget import Counted, Limit
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.market_feed import LATE_NS, QUIET_NS, SILENT_NS, MarketFeed
from thunes.adapters.venues.binance.session import Broken
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.errors import DataError
from thunes.core.domain.market import Bar, PublicTrade, Quote

SECOND = 10**9
MINUTE = 60 * SECOND
START = (NOW // MINUTE + 1) * MINUTE


async def nobody(_: bytes) -> None:
    raise AssertionError("the address says all that is wanted")


class Market:
    """A feed of one symbol, what it told, and a venue that has bars of one minute."""

    def __init__(self, since: int = START, **replies: Reply | list[Reply]) -> None:
        self.quotes: list[Quote] = []
        self.trades: list[PublicTrade] = []
        self.bars: list[Bar] = []
        self.missing: set[int] = set()  # minutes in which the venue stood still
        named: dict[str, Reply | list[Reply]] = {
            "GET__klines": self.klines,
            "GET__ticker_bookTicker": lambda _: [ticker()],
        }
        self.table = Table(**(named | replies))
        self.table.now = START
        wanted = (Listing({"BTCUSDT": BTC}), "1m", since)
        client = self.table.client
        self.feed = MarketFeed("ws://x", wanted, client, (self.table.prices, self))
        asyncio.run(self.feed.greet(nobody))

    def quoted(self, quote: Quote) -> None:
        self.quotes.append(quote)

    def traded(self, trade: PublicTrade) -> None:
        self.trades.append(trade)

    def closed(self, symbol: str, bar: Bar) -> None:
        assert symbol == "BTCUSDT"
        self.bars.append(bar)

    def klines(self, params: Params) -> Any:
        """What the venue knows now, the open bar included."""
        first = -((-int(params["startTime"]) * 10**6) // MINUTE)
        last = self.table.now // MINUTE
        kept = [m for m in range(first, last + 1) if m not in self.missing]
        return [kline(m) for m in kept[: int(params["limit"])]]

    def hear(self, kind: str, data: dict[str, Any]) -> None:
        frame = {"stream": f"btcusdt@{kind}", "data": data}
        self.feed.hear(json.dumps(frame, separators=(",", ":")).encode())

    def close_bar(self, minute: int) -> None:
        """The stream says that the bar of this minute (from the start on) has closed."""
        opened = START // 10**6 + minute * 60_000
        self.table.now = START + (minute + 1) * MINUTE
        candle = {
            "t": opened, "T": opened + 59_999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 2,
            "o": "100", "c": "101", "h": "102", "l": "99", "v": "5", "n": 2, "x": True,
            "q": "500", "V": "1", "Q": "100", "B": "0",
        }  # fmt: skip
        self.hear("kline_1m", {"e": "kline", "E": opened, "s": "BTCUSDT", "k": candle})

    def settle(self) -> None:
        """Let the feed fetch what it wants, and end."""

        async def run() -> None:
            task = asyncio.create_task(self.feed.run())
            for _ in range(200):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(run())

    def minutes(self) -> list[int]:
        return [(bar.open_time - START) // MINUTE for bar in self.bars]


def kline(minute: int) -> list[Any]:
    opened = minute * 60_000
    return [opened, "100", "102", "99", "101", "5", opened + 59_999, "500", 2, "1", "100", "0"]


def ticker(bid: str = "100.00", ask: str = "100.01") -> dict[str, str]:
    return {"symbol": "BTCUSDT", "bidPrice": bid, "bidQty": "1", "askPrice": ask, "askQty": "2"}


def book(update: int, bid: str = "100.00") -> dict[str, Any]:
    return {"u": update, "s": "BTCUSDT", "b": bid, "B": "1", "a": "100.01", "A": "2"}


def test_the_address_asks_for_everything() -> None:
    assert Market().feed.address() == (
        "ws://x/stream?streams=btcusdt@bookTicker/btcusdt@trade/btcusdt@kline_1m"
    )


def test_quotes_are_told_once_and_in_order() -> None:
    market = Market()
    for update in (5, 6, 6, 4, 7):
        market.hear("bookTicker", book(update))
    assert len(market.quotes) == 3
    market.feed.up(True)
    market.hear("bookTicker", book(1))
    assert len(market.quotes) == 4, "a new connection may count anew"
    assert market.quotes[0] == Quote(START, "BTCUSDT", D("100.00"), D(1), D("100.01"), D(2))


def test_trades_are_told_in_venue_time() -> None:
    market = Market()
    data = {"e": "trade", "E": 9, "s": "BTCUSDT", "t": 1, "p": "1.5", "q": "2", "T": 8, "m": True}
    market.hear("trade", data | {"M": True})
    assert market.trades == [PublicTrade(8_000_000, "BTCUSDT", D("1.5"), D(2))]


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.sets(st.integers(0, 29), max_size=8))
def test_bars_join_whatever_the_stream_leaves_out(told: list[bool], still: set[int]) -> None:
    """Bars that the stream did not tell of are fetched; the venue's own holes stay holes."""
    market = Market()
    market.missing = {START // MINUTE + minute for minute in still}
    for minute, is_told in enumerate(told):
        if is_told and minute not in still:
            market.close_bar(minute)
            market.settle()
    market.table.now = START + len(told) * MINUTE
    market.feed.up(True)
    market.settle()
    assert market.minutes() == [m for m in range(len(told)) if m not in still]


def test_a_bar_that_is_told_again_is_told_once() -> None:
    market = Market()
    for minute in (0, 1, 0, 1, 2):
        market.close_bar(minute)
    assert market.minutes() == [0, 1, 2]


def test_a_long_gap_is_fetched_page_by_page() -> None:
    market = Market()
    market.table.now = START + 2_500 * MINUTE
    market.feed.up(True)
    market.settle()
    assert market.minutes() == list(range(2_500))
    assert market.table.script.names().count("GET klines") == 3


def test_without_a_history_bars_begin_with_the_first_that_closes() -> None:
    market = Market(since=0)
    market.feed.up(True)
    market.settle()
    assert "GET klines" not in market.table.script.names()
    market.close_bar(3)
    market.close_bar(4)
    assert market.minutes() == [3, 4]


def test_a_bar_that_the_stream_never_closes_is_fetched_when_it_is_overdue() -> None:
    market = Market()
    market.table.now = START + MINUTE + LATE_NS - 1
    market.settle()
    assert market.minutes() == []
    market.table.now += 1
    market.settle()
    assert market.minutes() == [0]


def test_a_venue_that_stands_still_is_not_asked_all_the_time() -> None:
    market = Market()
    market.missing = set(range(START // MINUTE, START // MINUTE + 100))
    market.table.now = START + 2 * MINUTE
    for _ in range(60):
        market.settle()
        market.table.now += SECOND
    assert market.minutes() == []
    assert market.table.script.names().count("GET klines") == 4


def test_a_gap_that_cannot_be_fetched_is_tried_again() -> None:
    market = Market(GET__klines=[lost, lambda _: b"<html>", lost])
    market.close_bar(2)
    assert market.minutes() == []
    market.settle()
    assert market.minutes() == []
    market.table.script.replies["GET klines"] = [market.klines]
    market.feed.up(True)
    market.settle()
    assert market.minutes() == [0, 1, 2]


def test_a_bar_that_contradicts_itself_is_not_told() -> None:
    market = Market()
    opened = START // 10**6
    candle = {
        "t": opened, "T": opened + 59_999, "i": "1m", "x": True,
        "o": "100", "c": "101", "h": "50", "l": "99", "v": "5",
    }  # fmt: skip
    with pytest.raises(Unreadable, match="contradict"):
        market.hear("kline_1m", {"e": "kline", "E": 1, "s": "BTCUSDT", "k": candle})
    assert market.bars == []


def test_a_silent_connection_is_left() -> None:
    market = Market()
    market.table.now += SILENT_NS
    asyncio.run(market.feed.check(nobody))
    market.table.now += 1
    with pytest.raises(Broken, match="no frame"):
        asyncio.run(market.feed.check(nobody))


def test_a_quiet_symbol_whose_price_stands_still_is_alive() -> None:
    market = Market()
    market.hear("bookTicker", book(1))
    for _ in range(10):
        market.table.now += QUIET_NS + 1
        market.hear(
            "trade", {"E": 9, "s": "BTCUSDT", "t": 1, "p": "1", "q": "2", "T": 8, "m": True}
        )
        market.settle()
        asyncio.run(market.feed.check(nobody))
    assert market.quotes[-1].at == market.table.now, "and its price is known to be of now"
    assert market.table.prices.doubt("BTCUSDT", market.table.now) == ""


def test_a_stream_that_says_nothing_while_the_price_moves_is_dead() -> None:
    prices = iter(range(100, 200))
    market = Market(GET__ticker_bookTicker=lambda _: [ticker(str(next(prices)), "300")])
    market.hear("bookTicker", book(1))
    for _ in range(3):
        market.table.now += QUIET_NS + 1
        market.hear(
            "trade", {"E": 9, "s": "BTCUSDT", "t": 1, "p": "1", "q": "2", "T": 8, "m": True}
        )
        market.settle()
    with pytest.raises(Broken, match="moves and its stream does not tell"):
        asyncio.run(market.feed.check(nobody))


def test_an_announced_end_is_taken_at_its_word() -> None:
    market = Market()
    with pytest.raises(Broken, match="announced"):
        market.feed.hear(b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}')
    market.feed.hear(b'{"stream":"btcusdt@new","data":{}}')
    assert market.feed.unknown == 1


INFO: dict[str, Any] = {
    "symbols": [
        {
            "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
            "filters": [
                {
                    "filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0",
                    "tickSize": "0.01",
                },
                {
                    "filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "0",
                    "stepSize": "0.00001",
                },
                {"filterType": "NOTIONAL", "minNotional": "5"},
                {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 20},
                {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
            ],
        }
    ]
}  # fmt: skip


def test_what_has_changed_in_the_listing_is_told_once() -> None:
    listing = Listing({"BTCUSDT": BTC})
    body = json.dumps(INFO)
    assert listing.refresh(body.encode()) == []
    changed = body.replace('"tickSize": "0.01"', '"tickSize": "0.1"').replace("TRADING", "HALT")
    first, second = listing.refresh(changed.encode())
    assert "tick 0.01 -> 0.1" in first
    assert "HALT of BTCUSDT" in second
    assert listing.instruments["BTCUSDT"].tick == D("0.1")
    assert "HALT" in listing.doubt("BTCUSDT")
    assert listing.refresh(changed.encode()) == []
    assert dict(listing.request(listing.listed()).params) == {"symbols": '["BTCUSDT"]'}


def test_the_limits_of_the_venue_are_those_that_it_tells() -> None:
    rates = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
        {"rateLimitType": "ORDERS", "interval": "FORTNIGHT", "intervalNum": 1, "limit": 50},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61000},
    ]
    listing = Listing({"BTCUSDT": BTC})
    assert listing.limits == ()
    listing.refresh(json.dumps(INFO | {"rateLimits": rates}).encode())
    assert listing.limits == (
        Limit(Counted.WEIGHT, MINUTE, 1200),
        Limit(Counted.ORDERS, 10 * SECOND, 50),
    )


def test_a_listing_that_is_none_changes_nothing() -> None:
    listing = Listing({"BTCUSDT": BTC})
    for body in (b"<html>", b"{}", b'{"symbols":[]}', b'{"symbols":[{"symbol":"X","status":"Y"}]}'):
        with pytest.raises((Unreadable, DataError)):
            listing.refresh(body)
    assert listing.instruments == {"BTCUSDT": BTC}
    assert listing.doubt("BTCUSDT") == ""
