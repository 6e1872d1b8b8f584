"""A job: terms and prices put together, and run over signals on as many threads as there are."""

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.market.tape import Tape
from thunes.core.portfolio.sizing import VOLATILITY_BARS, periods_a_year
from thunes.core.stats.kernel import compile_whole
from thunes.research.sweep import layout
from thunes.research.sweep.layout import Floats, Ints, Signals, Sweep
from thunes.research.sweep.market import Prices
from thunes.research.sweep.run import FIGURES, run_sets
from thunes.research.sweep.terms import Terms, choice_table, grid_table, rule_table

THREADS = 2
COMPILE_FROM = 100_000
"""Rows times sets that are worth the compiler; both forms compute the same."""

_BLOCK_ROWS = 4_096

Runs = Callable[[Sweep, Signals, Ints, Floats], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures by set; daily equity by set, or of the last one; fills of the last one."""

    figures: Floats
    daily: Floats
    fills: Floats
    count: int


class Job:
    """Everything about a screen but its signals, as tables."""

    def __init__(self, prices: Prices, terms: Terms, tape: Tape) -> None:
        self._prices = prices
        self._grid = grid_table(terms, prices.symbols)
        self._rule = rule_table(terms)
        self._choice = choice_table(terms, prices.symbols, tape.timeframe)
        self._legs = len(terms.exits.targets) + 2
        self._yearly = np.empty((1, 1))
        if terms.sizing.kind == "volatility":
            self._yearly = yearly_volatility(prices, tape)

    def run(self, signals: Signals, *, keep_daily: bool = False, fills: int = 0) -> Outcome:
        """Run every set of the signals; with room for `fills` those of the last set are kept."""
        count = signals.start.size - 1
        figures = np.empty((count, FIGURES))
        daily = np.empty((count if keep_daily else 1, self._prices.ends.size))
        threads = min(THREADS, count)
        works = [self._work(daily if keep_daily else daily.copy(), fills) for _ in range(threads)]
        sets = [np.arange(n, count, threads) for n in range(threads)]
        worth = count * self._prices.close.size >= COMPILE_FROM
        run = _compiled() if worth else run_sets
        with ThreadPoolExecutor(threads) as pool:
            done = [
                pool.submit(run, work, signals, mine, figures)
                for work, mine in zip(works, sets, strict=True)
            ]
            for each in done:
                each.result()
        last = works[(count - 1) % threads]
        found = int(last.note[layout.FILLS])
        return Outcome(figures, daily if keep_daily else last.daily, last.fill[:found], found)

    def _work(self, daily: Floats, fills: int) -> Sweep:
        p, count = self._prices, len(self._prices.symbols)
        return Sweep(
            open=p.open,
            high=p.high,
            low=p.low,
            close=p.close,
            times=p.times,
            grid=self._grid,
            rule=self._rule,
            choice=self._choice,
            book=np.zeros((count, layout.LEG + 3 * self._legs)),
            slot=np.zeros((count, layout.SLOTS), dtype=np.int64),
            purse=np.zeros(layout.PURSE),
            note=np.zeros(layout.NOTES, dtype=np.int64),
            fill=np.empty((fills, layout.FILL_COLUMNS)),
            tally=np.empty(layout.TALLY),
            daily=daily,
            ends=p.ends,
            skipped=p.skipped,
            turns=np.zeros(count, dtype=np.int64),
            yearly=self._yearly,
        )


def yearly_volatility(prices: Prices, tape: Tape) -> Floats:
    """What `portfolio.sizing` finds at each close, on the rows of the tape; NaN before."""
    table = np.full(prices.close.shape, np.nan)
    for s, symbol in enumerate(prices.symbols):
        closes = tape.bars[symbol].close
        own = np.full(closes.size, np.nan)
        if closes.size > VOLATILITY_BARS:
            changes = np.diff(np.log(closes))
            windows = sliding_window_view(changes, VOLATILITY_BARS)
            for first in range(0, len(windows), _BLOCK_ROWS):
                block = np.ascontiguousarray(windows[first : first + _BLOCK_ROWS])
                begin = VOLATILITY_BARS + first
                own[begin : begin + len(block)] = block.std(axis=1, ddof=1)
        places = tape.rows(symbol, 0, len(tape))
        table[s] = np.where(places < 0, np.nan, own[places])
    return table * math.sqrt(periods_a_year(tape.timeframe / NS_PER_SECOND))


@cache
def _compiled() -> Runs:
    return compile_whole(run_sets)
