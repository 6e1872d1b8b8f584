"""The horizon: the next row of the tape at which anything could happen.

Between two such rows no signal fires, no resting order is touched, no timer is due, no day begins
and no limit on equity is reached, so a step there would change nothing but the row that is known.
Every rule here errs towards looking: a row too many costs a step, a row too few would be a bug,
and a property test drives random markets both ways.
"""

import heapq

import numpy as np

from thunes.core.domain.market import Floats, Levels
from thunes.core.domain.units import NS_PER_DAY, Instant, Symbol
from thunes.core.engine import Engine
from thunes.core.market.tape import Tape, first_rows
from thunes.core.stats.kernel import kernel
from thunes.runtime.ports import BarVenue

_ROOM = 1e-9
"""Relative slack of float comparisons: far above their rounding, far below any limit."""

_SLICE_ROWS = 4_096


@kernel
def _first_touch(
    low: Floats, high: Floats, start: int, stop: int, below: float, above: float
) -> int:
    for row in range(start, stop):
        if low[row] <= below or high[row] >= above:
            return row
    return stop


class Timers:
    """Timers that the core has set, soonest first."""

    def __init__(self) -> None:
        self._heap: list[tuple[Instant, str]] = []

    def set(self, due: Instant, name: str) -> None:
        heapq.heappush(self._heap, (due, name))

    def due(self) -> Instant | None:
        return self._heap[0][0] if self._heap else None

    def pop(self, until: Instant) -> tuple[Instant, str] | None:
        """The soonest timer that is due by `until`, taken off, or None."""
        if not self._heap or self._heap[0][0] > until:
            return None
        return heapq.heappop(self._heap)


class Horizon:
    """Finds the next row to visit, given what rests at the venue and what the core waits for."""

    def __init__(
        self,
        engine: Engine,
        venue: BarVenue,
        tape: Tape,
        asked: np.ndarray[tuple[int], np.dtype[np.int64]],
    ) -> None:
        self._engine = engine
        self._venue = venue
        self._tape = tape
        last = np.array([len(tape) - 1], dtype=np.int64)
        days = first_rows(tape.times, NS_PER_DAY)
        self._fixed: list[int] = np.unique(np.concatenate([asked, days, last])).tolist()
        self._next_fixed = 0
        self._watches_equity = engine.risk.limits.watches_equity
        self._touches: dict[Symbol, tuple[Levels, int]] = {}

    def next_row(self, after: int, timers: Timers) -> int:
        """The next row above `after`; the length of the tape when there is none."""
        while self._next_fixed < len(self._fixed) and self._fixed[self._next_fixed] <= after:
            self._next_fixed += 1
        if self._next_fixed == len(self._fixed):
            return len(self._tape)
        row = self._fixed[self._next_fixed]
        if row == after + 1 or self._engine.state.restless:
            return after + 1
        due = timers.due()
        if due is not None:
            row = min(row, int(np.searchsorted(self._tape.times, due)))
        for symbol in self._venue.interested():
            row = min(row, self._touch(symbol, after, row))
        if row > after + 1 and self._watches_equity:
            row = min(row, self._limit(after, row))
        return max(row, after + 1)

    def _touch(self, symbol: Symbol, after: int, until: int) -> int:
        """The first row in (after, until) at which a resting order of the symbol could act."""
        levels = self._venue.levels(symbol)
        known = self._touches.get(symbol)
        if known is not None and known[0] is levels and known[1] > after:
            return known[1]
        bars = self._tape.bars[symbol]
        start = self._tape.row(symbol, after) + 1
        if levels.at_open:
            found = start
        else:
            # Searched to the end of the symbol's day at most, so that one look stays cheap; a
            # look that found nothing is remembered as far as it went.
            stop = min(len(bars), start + _SLICE_ROWS)
            low, high = bars.columns.low, bars.columns.high
            found = _first_touch(low, high, start, stop, levels.below, levels.above)
        row = len(self._tape) if found >= len(bars) else self._tape.sequence_of(symbol, found)
        self._touches[symbol] = (levels, row)
        return min(row, until)

    def _limit(self, after: int, until: int) -> int:
        """The first row in (after, until) at which equity could reach a limit or a new peak."""
        state = self._engine.state
        held = state.ledger.positions
        if not held:
            return until
        stop = min(until, after + 1 + _SLICE_ROWS)
        equity = _equity(self._engine, self._tape, after + 1, stop)
        low, high = equity_band(self._engine)
        hit = np.flatnonzero((equity <= low * (1.0 + _ROOM)) | (equity >= high * (1.0 - _ROOM)))
        return after + 1 + int(hit[0]) if hit.size else stop


def _equity(engine: Engine, tape: Tape, start: int, stop: int) -> Floats:
    """Equity at the closes of rows start..stop-1 with today's holdings, float64."""
    state = engine.state
    exact = state.view(Instant(0)).account.equity()
    moving = np.zeros(stop - start)
    standing = float(exact)
    for symbol, instrument in state.market.instruments.items():
        quantity = float(state.ledger.books.held(instrument.base))
        mark = state.market.mark(symbol)
        if quantity == 0.0 or mark is None:
            continue
        closes = tape.bars[symbol].close
        moving += quantity * closes[tape.rows(symbol, start, stop)]
        standing -= quantity * float(mark)
    return standing + moving


def equity_band(engine: Engine) -> tuple[float, float]:
    """Equity strictly inside (low, high) changes neither the mode nor the peak."""
    limits, memory = engine.risk.limits, engine.state.memory
    lows, peak, start = [0.0], memory.peak_equity, memory.day_start_equity
    high = float("inf") if peak is None else float(peak)
    if peak is not None:
        warning = limits.drawdown_warning
        if warning is not None:
            edge = float(peak) * (1.0 - float(warning))
            if memory.mode.value == "normal":
                lows.append(edge)
            else:
                high = min(high, edge)
        if limits.drawdown_limit is not None:
            lows.append(float(peak) * (1.0 - float(limits.drawdown_limit)))
    if start is not None:
        if limits.daily_loss is not None:
            lows.append(float(start - limits.daily_loss))
        if limits.daily_loss_share is not None:
            lows.append(float(start) * (1.0 - float(limits.daily_loss_share)))
    return max(lows), high
