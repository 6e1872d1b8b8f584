"""Market data over REST, and the made-up market behind it."""

import itertools
from typing import Any

import pytest

from tests.sandbox.venue import BTC, START, D, Venue
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.core.domain.units import Instant
from thunes.sandbox.candles import INTERVALS, Candle, Candles, Trade, window
from thunes.sandbox.instruments import LISTED, symbol_entry
from thunes.sandbox.market import Print
from thunes.sandbox.walk import Walk, steps


@pytest.fixture
def venue() -> Venue:
    return Venue()


def test_exchange_info_is_what_our_own_reader_reads(venue: Venue) -> None:
    info = venue.public("exchangeInfo")
    assert parse_exchange_info(info)["BTCUSDT"] == BTC
    one = venue.public("exchangeInfo", symbol="BNBUSDT")
    assert [entry["symbol"] for entry in one["symbols"]] == ["BNBUSDT"]
    for instrument, _ in LISTED.values():
        read = parse_exchange_info({"symbols": [symbol_entry(instrument, "TRADING")]})
        assert read[instrument.symbol] == instrument


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("exchangeInfo", "symbol=NOPE", -1121),
        ("exchangeInfo", "symbols=NOPE", -1135),
        ("exchangeInfo", "symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D", -1128),
        ("klines", "symbol=BTCUSDT&interval=7m", -1120),
        ("klines", "symbol=BTCUSDT", -1102),
        ("klines", "symbol=BTCUSDT&interval=1m&limit=x", -1100),
        ("depth", "symbol=BTCUSDT&limit=0", -1130),
        ("referencePrice", "symbol=BTCUSDT", -2043),
        ("ticker/24hr", "type=HALF", -1139),
        ("time", "x=1", -1104),
    ],
)
def test_refusals(venue: Venue, path: str, query: str, code: int) -> None:
    answer = venue.raw("GET", path, query)
    assert answer.status == 400
    assert f'"code":{code}'.encode() in answer.body


def test_trades_make_candles(venue: Venue) -> None:
    prints = (Print(D(101), D(2), False), Print(D(99), D(1), True))
    venue.quote("100.00", "100.01", prints=prints)
    venue.later(60_000)
    venue.quote("100.00", "100.01", prints=(Print(D(103), D(1), False),))
    rows = venue.public("klines", symbol="BTCUSDT", interval="1m", limit=2)
    start = START - START % 60_000
    assert rows[0][:6] == [
        start,
        "101.00000000",
        "101.00000000",
        "99.00000000",
        "99.00000000",
        "3.00000000",
    ]
    assert (rows[0][6], rows[0][8], rows[0][9]) == (start + 59_999, 2, "2.00000000")
    assert rows[1][0] == start + 60_000
    five = venue.public("klines", symbol="BTCUSDT", interval="5m", limit=1)[0]
    assert (five[2], five[3], five[8]) == ("103.00000000", "99.00000000", 3)
    trades = venue.public("aggTrades", symbol="BTCUSDT")
    assert [(t["p"], t["m"]) for t in trades[-3:]] == [
        ("101.00000000", False),
        ("99.00000000", True),
        ("103.00000000", False),
    ]
    day = venue.public("ticker/24hr", symbol="BTCUSDT")
    assert (day["highPrice"], day["count"], day["lastPrice"]) == ("103.00000000", 3, "103.00000000")


def test_our_trades_are_public(venue: Venue) -> None:
    said = venue.order("BUY", "MARKET", quantity=1)
    last = venue.public("trades", symbol="BTCUSDT", limit=1)[0]
    assert last["id"] == said["fills"][0]["tradeId"]
    assert last["isBuyerMaker"] is False


def test_windows_of_candles() -> None:
    monday, first = 1_704_067_200_000, 1_704_067_200_000  # 1 January 2024 was a Monday
    assert window("1w", monday + 6 * 86_400_000) == monday
    assert window("1M", first + 30 * 86_400_000) == first
    assert window("1m", first + 59_999) == first


def test_candles_stay_flat_while_nothing_trades() -> None:
    candles = Candles([Candle(0, 1.0, 1.0, 1.0, 1.0)])
    candles.add(Trade(1, 30_000, 2.0, 1.0, True))
    candles.roll(200_000)
    rows = candles.between("1m", None, 200_000, 10)
    assert [row.start for row in rows] == [0, 60_000, 120_000, 180_000]
    assert [(row.close, row.volume) for row in rows[1:]] == [(2.0, 0.0)] * 3
    assert [row.start for row in candles.between("1m", 60_000, 119_999, 10)] == [60_000]
    assert candles.current("1s", 200_000).start == 200_000
    late = Candles([Candle(600_000, 1.0, 1.0, 1.0, 1.0)])
    assert [row.start for row in late.between("1m", 0, 700_000, 1)] == [600_000]


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("into", [0, 1, 32_500, 59_999])
def test_candles_are_there_from_the_first_moment(interval: str, into: int) -> None:
    """Whenever in a minute the market begins, the last of its past is the one in progress."""
    now = START - START % 60_000 + into
    walk = Walk(BTC, D(60_000), 7)
    candles = Candles(walk.listed(Instant(now * 1_000_000), 10).history)
    before = candles.last
    candles.roll(now)
    assert candles.current(interval, now).close == before
    candles.add(Trade(1, now, 50.0, 1.0, True))
    current = candles.current(interval, now)
    assert (current.start, current.close) == (window(interval, now), 50.0)
    assert candles.between(interval, None, now, 1) == [current]


def walked(seed: int) -> list[Any]:
    walks = [Walk(one, price, seed) for one, price in LISTED.values()]
    listed = [walk.listed(Instant(START * 1_000_000), 10) for walk in walks]
    return [listed, [tick for _, ticks in itertools.islice(steps(walks), 200) for tick in ticks]]


def test_one_seed_is_one_market() -> None:
    assert walked(7) == walked(7)
    assert walked(7) != walked(8)


def test_made_up_quotes_are_on_the_grid() -> None:
    for tick in walked(7)[1]:
        instrument = LISTED[tick.symbol][0]
        assert tick.ask.price - tick.bid.price == instrument.tick
        assert tick.bid.price % instrument.tick == 0
        for price, quantity in (tick.bid, tick.ask):
            assert price > 0
            assert quantity > 0
            assert quantity % instrument.step == 0
        for trade in tick.prints:
            assert trade.quantity % instrument.step == 0
            assert trade.price == (tick.bid if trade.maker_bought else tick.ask).price
