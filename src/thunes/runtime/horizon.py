"""The horizon: the next row of the tape at which anything could happen.

Between two such rows no signal fires, no resting order is touched, no timer is due, no day begins
and no limit on equity is reached, so a step there would change nothing but the row that is known.
Every rule here errs towards looking: a row too many costs a step, a row too few would be a bug,
and a property test drives random markets both ways.
"""

import heapq
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import Floats, Ints, Levels
from thunes.core.domain.units import NS_PER_DAY, Instant, Symbol
from thunes.core.engine import Engine
from thunes.core.market.tape import Tape, first_rows
from thunes.core.stats.kernel import kernel
from thunes.core.strategy.feed import Strategies
from thunes.runtime.ports import BarVenue

_ROOM = 1e-9
"""Relative slack of float comparisons: far above their rounding, far below any limit."""

_SLICE_ROWS = 1_024


@kernel
def _first_touch(low: Floats, high: Floats, below: float, above: float) -> int:
    for row in range(low.size):
        if low[row] <= below or high[row] >= above:
            return row
    return int(low.size)


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


@dataclass(frozen=True, slots=True)
class Skipping:
    """What must be known to skip rows: who is asked at which of them, and whether somebody looks
    at prices when the venue reports (limits on equity, strategies that answer reports, fees in a
    third asset)."""

    strategies: Strategies
    prices_matter: bool


class Horizon:
    """Finds the next row to visit, given what rests at the venue and what the core waits for."""

    def __init__(self, engine: Engine, venue: BarVenue, tape: Tape, skipping: Skipping) -> None:
        self._engine = engine
        self._venue = venue
        self._tape = tape
        self._rows = len(tape)
        self._prices_matter = skipping.prices_matter
        kept = [first_rows(tape.times, NS_PER_DAY), np.array([len(tape) - 1], dtype=np.int64)]
        if skipping.prices_matter:
            kept += [_before_holes(tape, symbol) for symbol in tape.bars]
        always = np.concatenate(kept)
        fixed: list[int] = np.union1d(skipping.strategies.sequences(), always).tolist()
        self._is_fixed = set(fixed)
        self._fixed = [*fixed, self._rows]
        self._leaving: dict[int, list[Symbol]] = {}
        if not skipping.prices_matter:
            self._leaving = skipping.strategies.leaving()
            for row in always.tolist():
                self._leaving.pop(row, None)
        self._next_fixed = 0
        self._watches_equity = engine.rooms.risk.limits.watches_equity
        self._touches: dict[Symbol, tuple[Levels, int]] = {}

    def next_row(self, after: int, timers: Timers) -> int:
        """The next row above `after`; the length of the tape when there is none."""
        row = self._fixed_row(after)
        if row <= after + 1 or self._engine.state.restless:
            return min(after + 1, row)
        told, due = self._rows, timers.due()
        if due is not None:
            told = int(np.searchsorted(self._tape.times, due))
        for symbol in self._venue.interested():
            told = min(told, self._touch(symbol, after))
            if told <= after + 1:
                return after + 1
        # Whoever looks at prices when something is told must see those of the row before.
        if self._prices_matter and told > after + 1:
            told -= 1
        row = min(row, told)
        if row > after + 1 and self._watches_equity:
            row = min(row, self._limit(after, row))
        return max(row, after + 1)

    def closes(self, row: int) -> bool:
        """Whether the close of a visited row has to be a step: else it would change nothing."""
        return self._prices_matter or row in self._is_fixed or self._engine.state.restless

    def _fixed_row(self, after: int) -> int:
        fixed, place = self._fixed, self._next_fixed
        while (row := fixed[place]) <= after or self._is_idle(row):
            place += 1
        self._next_fixed = place
        return row

    def _is_idle(self, row: int) -> bool:
        """Whether at `row` there are only exits, of symbols that hold nothing and wait for
        nothing. Before that row nothing can change this, as entries are signalled at rows too."""
        symbols = self._leaving.get(row)
        if symbols is None:
            return False
        ledger = self._engine.state.ledger
        for symbol in symbols:
            if symbol in ledger.positions or ledger.orders.open.get(symbol):
                return False
        return True

    def _touch(self, symbol: Symbol, after: int) -> int:
        """The first row above `after` at which a resting order of the symbol could act."""
        levels = self._venue.levels(symbol)
        known = self._touches.get(symbol)
        if known is not None and known[0] is levels and known[1] > after:
            return known[1]
        tape = self._tape
        columns, found = tape.bars[symbol].columns, tape.row(symbol, after) + 1
        if not levels.at_open:
            # Searched so far at most that one look stays cheap; a look that found nothing is
            # remembered as far as it went.
            low = columns.low[found : found + _SLICE_ROWS]
            high = columns.high[found : found + _SLICE_ROWS]
            found += _first_touch(low, high, levels.below, levels.above)
        row = tape.sequence_of(symbol, found) if found < len(columns) else self._rows
        self._touches[symbol] = (levels, row)
        return row

    def _limit(self, after: int, until: int) -> int:
        """The first row in (after, until) at which equity could reach a limit or a new peak."""
        ledger, instruments = self._engine.state.ledger, self._tape.bars
        if not any(ledger.books.held(ledger.instruments[s].base) for s in instruments):
            return until
        stop = min(until, after + 1 + _SLICE_ROWS)
        equity = _equity(self._engine, self._tape, after + 1, stop)
        low, high = equity_band(self._engine)
        hit = np.flatnonzero((equity <= low * (1.0 + _ROOM)) | (equity >= high * (1.0 - _ROOM)))
        return after + 1 + int(hit[0]) if hit.size else stop


def _before_holes(tape: Tape, symbol: Symbol) -> Ints:
    """The rows after which the symbol lacks bars: its price stays what it was there."""
    rows = np.searchsorted(tape.times, tape.bars[symbol].close_time)
    return rows[:-1][np.diff(rows) > 1]


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
    limits, memory = engine.rooms.risk.limits, engine.state.memory
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
