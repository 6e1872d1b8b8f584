"""Market frames as recorded in 2021 and 2024 are read without loss, and fast; bad ones by name."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest

from thunes.adapters.venues.binance.market_codec import Notice, decode_klines, decode_market
from thunes.adapters.venues.binance.market_frames import (
    BookTicker,
    Candle,
    CandleUpdate,
    DepthUpdate,
    Trade,
)
from thunes.adapters.venues.binance.unreadable import Unreadable

D = Decimal
KEPT = {
    BookTicker: ("u", "s", "b", "B", "a", "A"),
    DepthUpdate: ("E", "s", "U", "u", "b", "a"),
    Trade: ("E", "s", "p", "q", "T", "m", "t", "a"),
    CandleUpdate: ("E", "s"),
    Candle: ("t", "T", "i", "o", "h", "l", "c", "v", "x"),
}
KLINE = (
    b'[[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",'
    b'1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]]'
)


def recorded(real_data: Path) -> Iterator[bytes]:
    """The frames of every recording of Binance Spot."""
    for name in ("btcusdt", "ethusdt"):
        with gzip.open(real_data / f"tick/binance_spot/{name}_20240808.jsonl.gz") as lines:
            yield from (line.split(b" ", 1)[1] for line in lines if b'"stream"' in line)
    with gzip.open(real_data / "tick/recordings/BINANCE.ws.1.0.txt.gz") as lines:
        yield from (line.split(b": ", 1)[1] for line in lines if line.split(b": ")[0][:4].isdigit())


def again(value: object) -> dict[str, object]:
    """What was read, written again."""
    written: dict[str, object] = json.loads(msgspec.json.encode(value))
    return written


def exact(value: Any) -> Any:
    """Numbers in quotes with all their digits, however they are written."""
    if isinstance(value, list):
        return [exact(each) for each in value]
    try:
        return Decimal(value).as_tuple() if isinstance(value, str) else value
    except InvalidOperation:
        return value


@pytest.mark.real_data
def test_recorded_frames_lose_nothing_that_is_used(real_data: Path) -> None:
    kinds: Counter[str] = Counter()
    for frame in recorded(real_data):
        said = decode_market(frame)
        data = json.loads(frame)["data"]
        kinds[type(said).__name__] += 1
        assert not isinstance(said, Notice), frame
        pairs = [(said, data)]
        if isinstance(said, CandleUpdate):
            pairs.append((said.candle, data["k"]))
        for value, source in pairs:
            written = again(value)
            for field in KEPT[type(value)]:
                assert exact(written.get(field)) == exact(source.get(field)), (field, frame)
    assert kinds == {
        "BookTicker": 52_201,
        "DepthUpdate": 7_062,
        "Trade": 15_865,
        "CandleUpdate": 2,
    }


def test_a_ticker_becomes_a_quote() -> None:
    frame = (
        b'{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"61837.63000000",'
        b'"B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}'
    )
    said = decode_market(frame)
    assert isinstance(said, BookTicker)
    quote = said.quote(5)
    assert (quote.at, quote.symbol, quote.bid, quote.ask) == (
        5,
        "BTCUSDT",
        D("61837.63"),
        D("61837.64"),
    )
    assert (quote.bid_quantity, quote.ask_quantity) == (D("3.78826"), D("1.54698"))


def test_a_symbol_need_not_be_latin() -> None:
    data = '{"u":1,"s":"币安人生USDT","b":"1","B":"1","a":"2","A":"1"}'
    said = decode_market(f'{{"stream":"币安人生usdt@bookTicker","data":{data}}}'.encode())
    assert isinstance(said, BookTicker)
    assert said.symbol == "币安人生USDT"


def test_klines_are_bars_known_at_their_close() -> None:
    (bar,) = decode_klines(KLINE)
    assert (bar.open_time, bar.close_time) == (1499040000000 * 10**6, 1499644800000 * 10**6)
    assert (bar.open, bar.high, bar.low, bar.close) == (0.0163479, 0.8, 0.015758, 0.015771)
    assert bar.volume == 148976.11427815


@pytest.mark.parametrize(
    ("frame", "notice"),
    [
        (b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}', Notice.SHUTDOWN),
        (b'{"e":"serverShutdown","E":1}', Notice.SHUTDOWN),
        (b'{"result":null,"id":3}', Notice.ANSWER),
        (b'{"code":2,"msg":"Invalid request","id":3}', Notice.ANSWER),
        (b'{"stream":"btcusdt@somethingNew","data":{"e":"somethingNew"}}', Notice.UNKNOWN),
    ],
)
def test_what_is_no_market_data_is_told_apart(frame: bytes, notice: Notice) -> None:
    assert decode_market(frame) is notice


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b'{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT","b":"61837.6',
        b'{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"BTCUSDT"}}',
        b'{"stream":"btcusdt@bookTicker","data":{"u":7,"s":"B","b":"much","B":"1","a":"1","A":"1"}}',
        b'{"stream":"btcusdt@kline_1m","data":[]}',
        b"\xff\xfe",
        b"[1,2]",
    ],
)
def test_a_frame_that_cannot_be_read_says_so(frame: bytes) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        decode_market(frame)


@pytest.mark.parametrize("body", [b"{}", b"[[1]]", b'[[1,"x","1","1","1","1",2]]', b"<html>"])
def test_klines_that_cannot_be_read_say_so(body: bytes) -> None:
    with pytest.raises(Unreadable, match="klines"):
        decode_klines(body)


def test_a_long_message_is_shown_in_part() -> None:
    with pytest.raises(Unreadable) as caught:
        decode_market(b"x" * 1_000_000)
    assert len(str(caught.value)) < 400
    assert "1000000 bytes" in str(caught.value)
