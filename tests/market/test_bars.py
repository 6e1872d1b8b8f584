"""Bars cannot be changed, and higher timeframes are known at their close and not before."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.sample import real_bars, same_bits, walk_bars
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Symbol, parse_instant
from thunes.core.market.bars import Bars, HigherBars

HOUR = 3_600 * NS_PER_SECOND
NAMES = ("open_time", "open", "high", "low", "close", "volume", "close_time")


def bars_at(times: list[int], timeframe: int = HOUR) -> Bars:
    opened = np.array(times, dtype=np.int64)
    price = np.arange(1.0, opened.size + 1)
    columns = BarColumns(opened, price, price + 0.5, price - 0.5, price + 0.25, price * 10)
    return Bars(Symbol("X"), timeframe, columns)


def slow_aggregate(bars: Bars, higher: int) -> list[tuple[float, ...]]:
    """Written row by row, as an independent statement of the rule."""
    shift = 4 * NS_PER_DAY if higher % (7 * NS_PER_DAY) == 0 else 0
    found: dict[int, list[float]] = {}
    for row in range(len(bars)):
        start = (int(bars.open_time[row]) - shift) // higher * higher + shift
        o, h, low, c, v = (
            float(getattr(bars, name)[row]) for name in ("open", "high", "low", "close", "volume")
        )
        if start not in found:
            found[start] = [o, h, low, c, v]
        else:
            at = found[start]
            found[start] = [at[0], max(at[1], h), min(at[2], low), c, at[4] + v]
    now = int(bars.close_time[-1]) if len(bars) else 0
    return [(start, *at) for start, at in found.items() if start + higher <= now]


def as_rows(bars: Bars) -> list[tuple[float, ...]]:
    columns = [getattr(bars, name).tolist() for name in NAMES[:-1]]
    return list(zip(*columns, strict=True))


def test_nothing_in_them_can_be_changed() -> None:
    bars = walk_bars(1, 10)
    for each in (bars, bars.prefix(5), bars.at("2h")):
        for name in NAMES:
            with pytest.raises(ValueError, match="read-only"):
                getattr(each, name)[0] = 1
        with pytest.raises(AttributeError):
            each.timeframe = 1
    assert bars.close_time.tolist() == (bars.open_time + HOUR).tolist()


def test_the_callers_arrays_stay_his() -> None:
    times, price = np.arange(3, dtype=np.int64) * HOUR, np.ones(3)
    Bars(Symbol("X"), HOUR, BarColumns(times, price, price, price, price, price))
    price[0] = 2.0


def test_a_prefix_is_what_was_known() -> None:
    bars = walk_bars(1, 10)
    for n in range(12):
        assert len(bars.prefix(n)) == min(n, 10)
        assert same_bits(bars.prefix(n).close, bars.close[:n])
    with pytest.raises(UsageError, match="not -1"):
        bars.prefix(-1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"close": np.ones(2)}, "column close has 2 rows, open_time has 3"),
        ({"volume": np.ones(3, dtype=np.float32)}, "column volume must be one-dimensional float64"),
        ({"open_time": np.arange(3.0)}, "column open_time must be one-dimensional int64"),
        ({"low": [1.0, 1.0, 1.0]}, "column low must be one-dimensional float64"),
        ({"open_time": np.array([0, HOUR, HOUR])}, "bar 2 opens before bar 1 has closed"),
        ({"open_time": np.array([0, HOUR, HOUR + 1])}, "bar 2 opens before bar 1 has closed"),
    ],
)
def test_what_is_not_bars_is_refused(change: dict[str, object], says: str) -> None:
    columns = {name: np.ones(3) for name in NAMES[:-1]}
    columns["open_time"] = np.arange(3, dtype=np.int64) * HOUR
    with pytest.raises(ThunesError, match=says):
        Bars(Symbol("X"), HOUR, BarColumns(**(columns | change)))


@pytest.mark.parametrize("timeframe", [0, -HOUR, 1_500_000_000])
def test_a_timeframe_is_whole_seconds(timeframe: int) -> None:
    with pytest.raises(ThunesError, match="whole number of seconds"):
        bars_at([0], timeframe)


@pytest.mark.parametrize("wrong", ["30m", "90m", "7m", "x"])
def test_only_whole_multiples_can_be_made(wrong: str) -> None:
    with pytest.raises(UsageError):
        walk_bars(1, 10).at(wrong)


def test_bars_off_the_grid_are_refused() -> None:
    with pytest.raises(UsageError, match="the 1h bar at 1970-01-01T03:30:00Z lies across two"):
        bars_at([HOUR // 2 + k * HOUR for k in range(5)]).at("4h")


@pytest.mark.parametrize(
    ("hour", "seen"),
    [
        ("2024-01-02T02:00:00Z", "2024-01-01T20:00:00Z"),
        ("2024-01-02T03:00:00Z", "2024-01-02T00:00:00Z"),
        ("2024-01-02T04:00:00Z", "2024-01-02T00:00:00Z"),
        ("2024-01-02T06:00:00Z", "2024-01-02T00:00:00Z"),
        ("2024-01-02T07:00:00Z", "2024-01-02T04:00:00Z"),
        ("2024-01-01T02:00:00Z", None),
        ("2024-01-01T03:00:00Z", "2024-01-01T00:00:00Z"),
    ],
)
def test_an_hour_sees_the_four_hours_that_have_closed(hour: str, seen: str | None) -> None:
    bars = walk_bars(1, 48)
    higher = bars.at("4h")
    row = int(np.flatnonzero(bars.open_time == parse_instant(hour))[0])
    at = higher.align(higher.open_time.astype(np.float64))[row]
    if seen is None:
        assert np.isnan(at)
        assert not higher.align(np.ones(len(higher), dtype=bool))[row]
    else:
        assert at == parse_instant(seen)
        assert higher.align(np.ones(len(higher), dtype=bool))[row]


def test_weeks_begin_on_monday() -> None:
    start = parse_instant("2024-01-04T00:00:00Z")  # a Thursday
    bars = bars_at([start + k * NS_PER_DAY for k in range(20)], NS_PER_DAY)
    mondays = [parse_instant(f"2024-01-{d:02d}T00:00:00Z") for d in (1, 8, 15)]
    assert bars.at("1w").open_time.tolist() == mondays
    assert bars.at("7d").open_time.tolist() == mondays
    assert bars.at("1w").volume.tolist()[0] == 10 + 20 + 30 + 40


def test_an_open_bar_is_not_a_bar() -> None:
    bars = bars_at([k * HOUR for k in range(8)])
    lengths = [len(bars.prefix(n).at("4h")) for n in range(9)]
    assert lengths == [0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_gaps_leave_short_bars_and_none() -> None:
    bars = bars_at([k * HOUR for k in (0, 1, 2, 13, 16)])
    higher = bars.at("4h")
    assert (higher.open_time // HOUR).tolist() == [0, 12]
    assert higher.last_closed.tolist() == [-1, -1, -1, 0, 1]
    assert higher.high.tolist() == [3.5, 4.5]
    assert higher.low.tolist() == [0.5, 3.5]


@given(
    st.lists(st.integers(0, 400), unique=True, max_size=80).map(sorted),
    st.sampled_from([1, 2, 3, 4, 12, 24, 5, 7, 168, 336]),
)
def test_any_bars_are_aggregated_by_the_rule(hours: list[int], multiple: int) -> None:
    bars = bars_at([h * HOUR for h in hours])
    higher = bars.at(f"{multiple}h")
    assert as_rows(higher) == slow_aggregate(bars, multiple * HOUR)
    closes = higher.close_time
    for row, at in enumerate(bars.close_time.tolist()):
        seen = [k for k, close in enumerate(closes.tolist()) if close <= at]
        assert higher.last_closed[row] == (seen[-1] if seen else -1)


@given(st.lists(st.integers(0, 200), unique=True, min_size=1, max_size=60).map(sorted))
def test_what_was_seen_stays_seen(hours: list[int]) -> None:
    bars = bars_at([h * HOUR for h in hours])
    full = bars.at("4h")
    for n in range(len(bars) + 1):
        part = bars.prefix(n).at("4h")
        assert as_rows(part) == as_rows(full)[: len(part)]
        assert same_bits(part.last_closed, full.last_closed[:n])
        if n:
            assert part.last_closed[-1] == len(part) - 1


def test_align_takes_columns_of_its_own_bars() -> None:
    higher = walk_bars(1, 48).at("4h")
    assert isinstance(higher, HigherBars)
    for wrong, says in [
        (np.zeros(48), "each of the 12 bars of 4h"),
        (np.zeros(12, dtype=np.int64), "float64 or bool array, not int64"),
        ([1.0] * 12, "float64 or bool array, not list"),
    ]:
        with pytest.raises(UsageError, match=says):
            higher.align(wrong)


@pytest.mark.real_data
@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_minutes_make_the_hours_of_the_venue(real_data: Path, symbol: str) -> None:
    spot = real_data / "binance_spot"
    minutes = real_bars(spot / f"1m/{symbol}_1m.parquet", "1m")
    for timeframe in ("15m", "1h", "4h", "1d"):
        folder = spot / f"universe_2024/{timeframe}"
        venue = real_bars(folder / f"{symbol}_{timeframe}.parquet", timeframe)
        made = minutes.at(timeframe)
        rows = np.searchsorted(made.open_time, venue.open_time)
        assert len(venue) > 200
        for name in ("open_time", "open", "high", "low", "close"):
            ours, wanted = getattr(made, name)[rows], getattr(venue, name)
            assert np.array_equal(ours, wanted), (timeframe, name)
        assert np.allclose(made.volume[rows], venue.volume, rtol=1e-9, atol=1e-6)
