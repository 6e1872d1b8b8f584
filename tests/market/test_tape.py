"""The tape: symbols of one run share one grid of time, or are refused by name."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Symbol, parse_instant
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape

MINUTE, HOUR, WEEK = 60 * NS_PER_SECOND, 3_600 * NS_PER_SECOND, 7 * NS_PER_DAY
START = parse_instant("2024-01-01T00:00:00Z")  # a Monday
A, B, C = Symbol("AAAUSDT"), Symbol("BBBUSDT"), Symbol("CCCUSDT")


def bars(symbol: Symbol, times: list[int], timeframe: int = HOUR) -> Bars:
    opened = np.array(times, dtype=np.int64)
    price = np.full(opened.size, 100.0)
    return Bars(symbol, timeframe, BarColumns(opened, price, price, price, price, price))


def every(timeframe: int, first: int, count: int = 4) -> list[int]:
    return [first + timeframe * k for k in range(count)]


def test_weeks_that_begin_on_different_days_are_refused() -> None:
    """Binance begins its weeks on Monday, Kraken on the weekday of the epoch, a Thursday."""
    monday, thursday = every(WEEK, START), every(WEEK, START + 3 * NS_PER_DAY)
    with pytest.raises(UsageError) as refused:
        Tape({A: bars(A, monday, WEEK), B: bars(B, monday, WEEK), C: bars(C, thursday, WEEK)})
    said = str(refused.value)
    assert "AAAUSDT opens at 2024-01-01T00:00:00Z, 4d into the 7d grid" in said
    assert "CCCUSDT opens at 2024-01-04T00:00:00Z, 0d into the 7d grid" in said
    assert "BBBUSDT" not in said
    assert "finer bars" in said
    assert "or run each by itself" in said


@pytest.mark.parametrize(
    ("offset", "told"), [(30 * MINUTE, "30m"), (NS_PER_SECOND, "1s"), (NS_PER_SECOND // 4, "0.25s")]
)
def test_the_offset_is_told(offset: int, told: str) -> None:
    with pytest.raises(UsageError, match=f"BBBUSDT opens at .*, {told} into the 1h grid"):
        Tape({A: bars(A, every(HOUR, START)), B: bars(B, every(HOUR, START + offset))})


def test_a_series_that_leaves_its_grid_on_the_way_is_refused_beside_another() -> None:
    moved = every(HOUR, START) + every(HOUR, START + 6 * HOUR + 15 * MINUTE)
    with pytest.raises(UsageError, match="BBBUSDT opens at 2024-01-01T06:15:00Z, 15m into the 1h"):
        Tape({A: bars(A, every(HOUR, START)), B: bars(B, moved)})


def test_one_grid_may_lie_anywhere() -> None:
    off = START + 7 * MINUTE
    tape = Tape({A: bars(A, every(HOUR, off)), B: bars(B, every(HOUR, off + 2 * HOUR))})
    assert len(tape) == 6


STAMPS = st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True).map(sorted)


@given(STAMPS, STAMPS, st.integers(0, 3), st.integers(0, 3))
def test_no_bar_of_a_tape_opens_before_the_last_row_has_closed(
    first: list[int], second: list[int], one: int, other: int
) -> None:
    """What the tape takes can be driven: time never runs backwards from one row to the next."""
    columns = {
        A: bars(A, [START + k * HOUR + one * 15 * MINUTE for k in first]),
        B: bars(B, [START + k * HOUR + other * 15 * MINUTE for k in second]),
    }
    try:
        tape = Tape(columns)
    except UsageError:
        assert one != other
        return
    assert one == other
    assert all(after - HOUR >= before for before, after in pairwise(tape.times.tolist()))
