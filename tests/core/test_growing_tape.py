"""A tape that grows is, row for row, the tape of the past; strategies asked on it say the same."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.bench import START
from thunes.core.domain.decision import Signal
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.market import Bar, BarColumns
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.view import View
from thunes.core.market.bars import Bars
from thunes.core.market.market import Market
from thunes.core.market.tape import Tape, bar_at
from thunes.core.strategy.anchored import LATE_MAX_NS, Anchored
from thunes.core.strategy.feed import Strategies
from thunes.core.strategy.protocol import Desk, EventStrategy, Signals, SignalStrategy
from thunes.core.strategy.sma_cross import SmaCross

MINUTE = 60 * NS_PER_SECOND
A, B = "AAAUSDT", "BBBUSDT"


def made(symbol: str, minutes: Sequence[int], seed: int) -> Bars:
    rng = np.random.default_rng(seed)
    times = START + MINUTE * np.array(minutes, dtype=np.int64)
    close = 100 + rng.integers(-3, 4, times.size).cumsum().astype(np.float64)
    return Bars(
        symbol, MINUTE, BarColumns(times, close, close + 1, close - 1, close, np.ones(times.size))
    )


def closings(bars: dict[str, Bars]) -> list[dict[str, tuple[Bar, ...]]]:
    """What closes together, oldest first."""
    by_time: dict[int, dict[str, tuple[Bar, ...]]] = {}
    for symbol, each in bars.items():
        for row in range(len(each)):
            bar = bar_at(each, row)
            by_time.setdefault(bar.close_time, {})[symbol] = (bar,)
    return [by_time[time] for time in sorted(by_time)]


minutes = st.sets(st.integers(0, 60), min_size=1).map(sorted)


@settings(max_examples=60)
@given(minutes, minutes, st.integers(0, 9), st.data())
def test_it_is_the_tape_of_the_past(
    one: list[int], other: list[int], seed: int, data: st.DataObject
) -> None:
    bars = {A: made(A, one, seed), B: made(B, other, seed + 1)}
    past, grown = Tape(bars), Tape.growing(MINUTE)
    waiting = closings(bars)
    while waiting:
        count = data.draw(st.integers(1, len(waiting)))  # several rows may come together
        together: dict[str, tuple[Bar, ...]] = {}
        for closing in waiting[:count]:
            for symbol, more in closing.items():
                together[symbol] = together.get(symbol, ()) + more
        grown.append(together)
        del waiting[:count]
    assert np.array_equal(grown.times, past.times)
    for symbol in (A, B):
        assert np.array_equal(grown.bars[symbol].close, past.bars[symbol].close)
        assert np.array_equal(grown.rows(symbol, 0, len(grown)), past.rows(symbol, 0, len(past)))
        for row in range(len(bars[symbol])):
            assert grown.sequence_of(symbol, row) == past.sequence_of(symbol, row)


@settings(max_examples=60)
@given(minutes, minutes, st.data())
def test_many_closings_at_once_are_as_one_after_the_other(
    one: list[int], other: list[int], data: st.DataObject
) -> None:
    waiting = closings({A: made(A, one, 1), B: made(B, other, 2)})
    held: dict[str, tuple[Bar, ...]] = {}
    told: list[dict[str, tuple[Bar, ...]]] = []
    for closing in waiting:  # bars of one symbol may come a closing or more late
        if B in closing and A in closing and data.draw(st.booleans()):
            held[B] = held.get(B, ()) + closing.pop(B)
        elif B in closing and B in held:
            closing[B] = held.pop(B) + closing[B]
        told.append(closing)
    slow, swift = Tape.growing(MINUTE), Tape.growing(MINUTE)
    for closing in told:
        slow.append(closing)
    swift.extend(told)
    assert np.array_equal(slow.times, swift.times)
    assert set(slow.bars) == set(swift.bars)
    for symbol in slow.bars:
        assert np.array_equal(slow.bars[symbol].close, swift.bars[symbol].close)
        assert np.array_equal(slow.rows(symbol, 0, len(slow)), swift.rows(symbol, 0, len(swift)))


def test_what_was_told_late_is_of_the_row_at_which_it_was_told() -> None:
    bars = {A: made(A, range(4), 1), B: made(B, range(4), 2)}
    tape = Tape.growing(MINUTE)
    first, second, third, fourth = (
        {symbol: bar_at(bars[symbol], row) for symbol in (A, B)} for row in range(4)
    )
    tape.append({A: (first[A],), B: (first[B],)})
    tape.append({A: (second[A],)})
    tape.append({A: (third[A],), B: (second[B], third[B])})
    assert [tape.row(B, sequence) for sequence in range(3)] == [0, 0, 2]
    assert tape.sequence_of(B, 1) == tape.sequence_of(B, 2) == 2
    before = tape.bars[A]
    tape.append({A: (fourth[A],)})
    assert len(before) == 3, "whoever holds earlier bars keeps them"


def test_what_is_out_of_order_is_refused() -> None:
    bars = made(A, range(3), 1)
    tape = Tape.growing(MINUTE)
    tape.append({A: (bar_at(bars, 1),)})
    with pytest.raises(DataError, match="nothing that closes now"):
        tape.append({A: (bar_at(bars, 0),)})
    with pytest.raises(DataError, match="opens before bar 0 has closed"):
        tape.append({A: (bar_at(bars, 0), bar_at(bars, 2))})


# Strategies.


class Looking:
    """As much of a view as strategies of closed bars need."""

    def __init__(self, market: Market) -> None:
        self.market = market


def grown_signals(desk: Desk, strategy: SmaCross, bars: Bars, late: int = 0) -> list[int]:
    tape = Tape.growing(MINUTE)
    asked, found = Anchored({desk: strategy}, tape), []
    for row in range(len(bars)):
        bar = bar_at(bars, row)
        event = BarsClosed(Instant(bar.close_time + late), row, {bars.symbol: (bar,)})
        tape.append(event.bars)
        found += [(row, signal) for signal in asked.observe(event, None)]  # type: ignore[arg-type]
    assert not asked.failures
    return found  # type: ignore[return-value]


def test_signals_are_those_of_the_past() -> None:
    desk, strategy = Desk("cross", A), SmaCross(fast=3, slow=7)
    bars = made(A, range(200), 5)
    past = Strategies({desk: strategy}, Tape({A: bars}))
    known = [
        (row, signal)
        for row in range(len(bars))
        for signal in past.observe(BarsClosed(Instant(0), row), None)  # type: ignore[arg-type]
    ]
    assert known
    assert grown_signals(desk, strategy, bars) == known
    assert not grown_signals(desk, strategy, bars, late=LATE_MAX_NS + 1), "history decides nothing"


class Failing(SignalStrategy):
    def signals(self, bars: Bars) -> Signals:
        raise ZeroDivisionError("oh")


class Counting(EventStrategy):
    def period(self) -> int:
        return 5 * MINUTE

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:
        assert isinstance(event, BarsClosed)
        WOKEN.append(event.sequence)
        return ()


WOKEN: list[int] = []


def test_a_strategy_that_fails_is_told_of_and_stops_nobody() -> None:
    desks = {Desk("bad", A): Failing(), Desk("good", A): SmaCross(fast=2, slow=3)}
    tape = Tape.growing(MINUTE)
    asked, bars = Anchored(desks, tape), made(A, range(60), 5)
    found: list[Signal] = []
    for row in range(len(bars)):
        bar = bar_at(bars, row)
        event = BarsClosed(bar.close_time, row, {A: (bar,)})
        tape.append(event.bars)
        found += asked.observe(event, None)  # type: ignore[arg-type]
        assert list(asked.failures) == [
            "bad on AAAUSDT: strategy Failing raised ZeroDivisionError in signals(): oh"
        ]
    assert {signal.strategy for signal in found} == {"good"}


def test_an_event_strategy_wakes_with_its_symbol_and_with_its_period() -> None:
    """With a history of twelve bars it is the thirteenth row that it first hears of."""
    WOKEN.clear()
    bars = made(A, range(30), 1)
    tape = Tape.growing(MINUTE)
    market = Market(tape, {})
    asked = Anchored({Desk("count", A): Counting()}, tape)
    starts = [(0, 12), *((row, row + 1) for row in range(12, 30))]
    for begin, end in starts:
        more = tuple(bar_at(bars, row) for row in range(begin, end))
        event = BarsClosed(more[-1].close_time, end - 1, {A: more})
        tape.append(event.bars)
        market.sequence = event.sequence
        asked.observe(event, Looking(market))  # type: ignore[arg-type]
    first, *others = WOKEN
    assert first == 11
    assert all(
        int(tape.times[row]) // (5 * MINUTE) != int(tape.times[row - 1]) // (5 * MINUTE)
        for row in others
    )
    assert len(others) == 4 or len(others) == 3
