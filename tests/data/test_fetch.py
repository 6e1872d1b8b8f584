"""`thunes data fetch`, and what is below it, against the sandbox: nothing is fetched twice, nothing
that was fetched is lost, and every trouble is said in one sentence."""

import asyncio
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.binance.arena import Arena
from tests.binance.scripted import NOW, Params, Said, Script, error, lost
from tests.data.made import saved
from tests.data.test_data_command import ask
from tests.sandbox.venue import START
from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.bars.paths import Shelf
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.history import PAGE, History, Unavailable, history_at
from thunes.cli import fetch as _registered  # noqa: F401
from thunes.compose.fetch import SAVE_EVERY, Fetched, Wanted, fetch
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Instant, format_instant
from thunes.sandbox.candles import Candle, Candles

MINUTE = 60 * 10**9
MINUTES = 5_500
FIRST = (START // 60_000 - MINUTES) * MINUTE
SINCE = format_instant(FIRST)


def candle(number: int) -> Candle:
    opened = 100 + 5 * math.sin(number / 50)
    closed = 100 + 5 * math.sin((number + 1) / 50)
    high, low = max(opened, closed) + 0.5, min(opened, closed) - 0.5
    return Candle(FIRST // 10**6 + number * 60_000, opened, high, low, closed, volume=number + 1.0)


@pytest.fixture(scope="module")
def past() -> Iterator[Arena]:
    """A sandbox with some days of minutes behind it."""
    with Arena() as arena:
        listing = arena.venue.market.find("BTCUSDT")
        arena.do(lambda: setattr(listing, "candles", Candles(map(candle, range(MINUTES)))))
        yield arena


@pytest.fixture
def arena(past: Arena) -> Iterator[Arena]:
    past.asked.clear()
    yield past
    past.heal()


def fetched(arena: Arena, catalog: Path, *more: str, symbol: str = "BTCUSDT") -> tuple[int, str]:
    where = ("--base-url", arena.url, "--catalog", catalog, "--timeframe", "1m")
    return ask("fetch", symbol, *where, *more)


def shelf_file(catalog: Path) -> Path:
    return catalog / "sandbox/BTCUSDT/1m.parquet"


def test_what_is_fetched_is_what_the_venue_has(arena: Arena, tmp_path: Path) -> None:
    code, text = fetched(arena, tmp_path, "--since", SINCE, "--json")
    assert code == 0, text
    (told,) = json.loads(text)
    bars = read_bars(shelf_file(tmp_path))
    assert told["rows"] == told["new_rows"] == len(bars) >= MINUTES
    assert told["rows_absent_at_venue"] == 0
    expected = [candle(number) for number in range(MINUTES)]
    for name in ("open", "high", "low", "close", "volume"):
        column = [round(getattr(one, name), 8) for one in expected]
        assert np.allclose(getattr(bars, name)[:MINUTES], column, atol=1e-7), name
    assert (np.diff(bars.open_time) == MINUTE).all()
    now = arena.now()
    assert int(bars.open_time[-1]) + MINUTE <= now < int(bars.open_time[-1]) + 2 * MINUTE
    # The pages, the first bar to find out where it begins, and the time.
    assert len(arena.asked) == -(-len(bars) // PAGE) + 2


def test_a_second_time_only_what_is_new_is_fetched(arena: Arena, tmp_path: Path) -> None:
    fetched(arena, tmp_path, "--since", SINCE)
    before = read_bars(shelf_file(tmp_path))
    arena.asked.clear()
    arena.pass_time(120)
    code, text = fetched(arena, tmp_path)
    assert code == 0
    assert "2 of them new" in text
    assert arena.asked.count("GET klines") == 2, "where it begins, and one page"
    after = read_bars(shelf_file(tmp_path))
    assert (after.close[: len(before)] == before.close).all()


@given(st.sets(st.integers(0, 2_500), max_size=30), st.sets(st.integers(0, 2_500), max_size=5))
@settings(max_examples=30)
def test_gaps_are_repaired_with_few_pages(holes: set[int], still: set[int]) -> None:
    """Whatever is missing in the catalog is there afterwards, unless the venue does not have it
    either; the rest is not asked for."""
    begin = (NOW // MINUTE - 2_501) * MINUTE
    asked: list[Params] = []

    def klines(params: Params) -> Any:
        asked.append(params)
        return rows(params, {begin // MINUTE + minute for minute in still})

    with tempfile.TemporaryDirectory() as folder:
        wanted = Wanted(Shelf("x", "BTCUSDT", MINUTE), Instant(begin))
        file = wanted.shelf.file(Path(folder))

        def once() -> Fetched:
            asked.clear()
            source = history(time=told_time, klines=klines)
            return asyncio.run(fetch(source, wanted, Path(folder), lambda *_: None))

        assert once().rows == 2_501 - len(still)
        whole = read_bars(file)
        known = [k for k, at in enumerate(whole.open_time) if (at - begin) // MINUTE not in holes]
        saved(file, picked(whole, known))
        done = once()
        mended = read_bars(file)
        assert (mended.open_time == whole.open_time).all()
        assert (mended.close == whole.close).all()
        assert done.new == len(whole) - len(known)
        listed = min(set(range(2_501)) - still)  # what is before it was never traded
        assert done.absent == sum(minute > listed for minute in still)
        assert len(asked) - 1 <= min(len(holes | still), 3)


def rows(params: Params, still: set[int]) -> list[Any]:
    """What a venue answers that stood still in some minutes."""
    first, count = -(-int(params["startTime"]) // 60_000), int(params["limit"])
    last = int(params.get("endTime", NOW // 10**6)) // 60_000
    minutes = [minute for minute in range(first, last + 1) if minute not in still]
    return [row(minute) for minute in minutes[:count]]


def row(minute: int, high: str = "99") -> list[Any]:
    opened = minute * 60_000
    return [opened, "98", high, "97", "98.5", "1", opened + 59_999, "1", 1, "1", "1", "0"]


def picked(bars: BarColumns, which: list[int]) -> BarColumns:
    names = ("open_time", "open", "high", "low", "close", "volume")
    return BarColumns(*[getattr(bars, name)[which] for name in names])


def test_what_was_fetched_before_the_trouble_is_kept(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thunes.compose.fetch.SAVE_EVERY", 2)

    def watch(done: int, pages: int) -> None:
        if done == 3:
            arena.fault("banned", on="GET /api/v3/klines", value=3_600)

    with pytest.raises(Unavailable, match="has banned this address until 20"):
        run(arena, tmp_path, watch)
    assert len(read_bars(shelf_file(tmp_path))) == 2 * PAGE
    arena.heal()
    done = run(arena, tmp_path, lambda *_: None)
    assert (done.new, done.rows) == (done.rows - 2 * PAGE, len(read_bars(shelf_file(tmp_path))))


def run(arena: Arena, catalog: Path, told: Callable[[int, int], object]) -> Fetched:
    """Fetch everything, one page at a time."""

    async def main() -> Fetched:
        async with history_at(arena.url, arena.now, 1) as history:
            wanted = Wanted(Shelf("sandbox", "BTCUSDT", MINUTE), Instant(FIRST))
            return await fetch(history, wanted, catalog, told)

    return asyncio.run(main())


def test_several_symbols_and_what_is_printed(arena: Arena, tmp_path: Path) -> None:
    where = ("--base-url", arena.url, "--catalog", tmp_path, "--timeframe", "5m", "--venue", "mine")
    code, text = ask("fetch", "BTCUSDT", "BNBUSDT", *where, "--since", SINCE)
    assert code == 0, text
    assert f"{tmp_path}/mine/BTCUSDT/5m.parquet: " in text
    assert f"{tmp_path}/mine/BNBUSDT/5m.parquet: " in text
    code, text = ask("list", "--catalog", tmp_path)
    assert text.count("mine") == 2


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--timeframe", "7m"), 2, "is not one of 1s, 1m"),
        (("--since", "yesterday"), 2, "is not an ISO 8601 time"),
        (("--since", "2100-01-01"), 2, "no bar of 1m opens and closes between"),
        (("--until", "2001-01-01", "--since", "2000-01-01"), 2, "Binance has no bars of BTCUSDT"),
        (("--base-url", "http://example.org"), 2, "is no place to trade at"),
        (("--venue", "Binance!"), 2, "must be lower-case letters"),
    ],
)
def test_what_is_asked_wrongly(
    arena: Arena, tmp_path: Path, more: tuple[str, ...], code: int, said: str
) -> None:
    found, text = fetched(arena, tmp_path, *more)
    assert (found, said in text) == (code, True), text
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_symbol_that_is_not_listed(arena: Arena, tmp_path: Path) -> None:
    code, text = fetched(arena, tmp_path, symbol="NOPEUSDT")
    assert code == 2
    assert "Binance does not list 'NOPEUSDT'; symbols are written like BTCUSDT" in text


def test_limits_are_waited_for(arena: Arena, tmp_path: Path) -> None:
    """429 with Retry-After is a wait, not an end."""
    arena.fault("rate_limited", on="GET /api/v3/klines", times=1, value=1)
    code, text = fetched(arena, tmp_path, "--since", SINCE)
    assert code == 0, text
    assert len(read_bars(shelf_file(tmp_path))) >= MINUTES


@pytest.mark.parametrize("fault", ["answer_cut", "answer_page", "answer_lost", "error_before"])
def test_an_answer_that_is_none_is_asked_for_again(
    arena: Arena, tmp_path: Path, fault: str
) -> None:
    arena.fault(fault, on="GET /api/v3/klines", times=2)
    code, text = fetched(arena, tmp_path, "--since", SINCE)
    assert code == 0, text
    assert len(read_bars(shelf_file(tmp_path))) >= MINUTES


def history(**replies: Any) -> History:
    """A history that a script tells, and that waits for nothing."""
    script = Script({f"GET {name}": reply for name, reply in replies.items()})
    client = Client("http://x", None, script, lambda: Instant(NOW), lambda _: None)
    return History(client, 3, pause_s=0.0)


def told_time(_: Params) -> Any:
    return {"serverTime": NOW // 10**6}


def test_bars_that_the_venue_does_not_have_are_told(tmp_path: Path) -> None:
    """It stood still for three minutes, and one bar contradicts itself."""
    begin = NOW // MINUTE - 60

    def klines(params: Params) -> Any:
        told = rows(params, {begin + minute for minute in (5, 6, 7)})
        return [row(begin + 9, "1") if one[0] == (begin + 9) * 60_000 else one for one in told]

    wanted = Wanted(Shelf("x", "BTCUSDT", MINUTE), Instant(begin * MINUTE))
    source = history(time=told_time, klines=klines)
    done = asyncio.run(fetch(source, wanted, tmp_path, lambda *_: None))
    assert (done.rows, done.new, done.absent) == (56, 56, 3)
    (aside,) = done.quarantine
    assert "OHLC violation" in aside.read_text()


def test_a_host_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    wanted = Wanted(Shelf("x", "BTCUSDT", MINUTE), Instant(NOW - 10 * MINUTE))
    with pytest.raises(
        Unavailable, match=r"gives no history: no answer within 10 s .*run it again"
    ):
        asyncio.run(fetch(history(time=lost), wanted, tmp_path, lambda *_: None))


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (error(-1121, "Invalid symbol."), UsageError, "does not list 'BTCUSDT'"),
        (error(-1120, "Invalid interval."), ThunesError, "refuses .* BTCUSDT 1m .*-1120"),
        (error(-1003, "Too much", 429), Unavailable, "limits leave no room"),
        (lambda _: Said(200, b"<html>"), Unavailable, "HTTP 200 without an error"),
    ],
)
def test_every_failure_is_typed(reply: Any, kind: type[ThunesError], said: str) -> None:
    source = history(time=told_time, klines=reply)
    with pytest.raises(kind, match=said):
        asyncio.run(source.first("BTCUSDT", "1m", Instant(NOW - MINUTE)))


def test_parts_are_written_long_before_a_year_is_there() -> None:
    assert SAVE_EVERY * PAGE < 365 * 1_440 / 5
