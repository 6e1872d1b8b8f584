"""A job: terms and prices put together, and run over signals on as many threads as there are."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from thunes.core.domain.errors import DataError
from thunes.core.domain.units import NS_PER_SECOND, format_instant
from thunes.core.market.tape import Tape
from thunes.core.portfolio.sizing import VOLATILITY_BARS, periods_a_year
from thunes.core.stats.kernel import compile_whole, with_constants
from thunes.research.sweep import layout
from thunes.research.sweep.layout import Curve, Floats, Ints, Sweep
from thunes.research.sweep.market import Prices
from thunes.research.sweep.run import FIGURES, Blank, run_sets
from thunes.research.sweep.sharing import THREADS, shared
from thunes.research.sweep.signals import Signals
from thunes.research.sweep.terms import Terms, blank_account, blank_books, bnb_place

COMPILE_FROM = 100_000
"""Rows times sets that are worth the compiler; both forms compute the same."""

_BLOCK_ROWS = 4_096
_PARTS = 8  # of the sets, for each thread

Runs = Callable[[Sweep, Curve, Blank, tuple[Signals, Ints], Floats], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures by set; daily equity by set if it was kept; fills of the last set, and how many there
    were."""

    figures: Floats
    daily: Floats
    fills: Floats
    count: int


class Job:
    """Everything about a screen but its signals, as tables."""

    def __init__(self, prices: Prices, terms: Terms, tape: Tape) -> None:
        self._prices = prices
        self._books = blank_books(terms, prices.symbols)
        initial = float(terms.balances.get(terms.quote, 0))
        if (place := bnb_place(terms, prices.symbols)) is not None:
            _refuse_holes(prices, place)
            initial += float(self._books[place].wallet[0] * prices.open[0, place])
        self._account = blank_account(terms, prices.symbols, tape.timeframe, initial)
        self._plain = _is_plain(terms)
        self._yearly = np.empty((0, 1))
        if terms.sizing.kind == "volatility":
            self._yearly = yearly_volatility(prices, tape)

    def run(self, signals: Signals, *, keep_daily: bool = False, fills: int = 0) -> Outcome:
        """Run every set of the signals; with room for `fills` those of the last set are kept."""
        count, p = signals.start.size - 1, self._prices
        figures = np.empty((count, FIGURES))
        daily = np.empty((count if keep_daily else 1, p.ends.size))
        # Each part is run in a room of its own; fills are kept of one set alone.
        rooms = [self._room(fills) for _ in range(1 if fills else THREADS)]
        parts = np.array_split(np.arange(count), min(count, 1 if fills else THREADS * _PARTS))
        plain = self._plain and not signals.distance.size
        run = form_of(plain, count * p.close.size >= COMPILE_FROM)

        def part(sets: Ints) -> None:
            room = rooms.pop()
            lines = daily if keep_daily else daily.copy()
            blank = (self._account, self._books)
            run(room, Curve(lines, p.ends, p.skipped), blank, (signals, sets), figures)
            rooms.append(room)

        shared(part, parts)
        last = rooms[-1]
        found = int(last.account[0].fills)
        return Outcome(figures, daily, last.fill[:found], found)

    def _room(self, fills: int) -> Sweep:
        p, count = self._prices, len(self._prices.symbols)
        return Sweep(
            open=p.open,
            high=p.high,
            low=p.low,
            close=p.close,
            times=p.times,
            account=self._account.copy(),
            books=self._books.copy(),
            fill=np.empty((fills, layout.FILL_COLUMNS)),
            next=np.empty(count, dtype=np.int64),
            coins=np.empty(count),
            due=np.empty(count + 1, dtype=np.int64),
            turns=np.zeros(count, dtype=np.int64),
            yearly=self._yearly,
        )


def _is_plain(terms: Terms) -> bool:
    """Whether nothing rests at the venue, and nobody looks at equity, a clock or BNB."""
    limits, exits = terms.limits, terms.exits
    watched = limits.watches_equity or terms.sizing.kind in ("equity", "risk", "volatility")
    asked = (
        *(limits.loss_per_trade, limits.symbol_exposure, limits.total_exposure),
        *(limits.loss_cool_down_s, limits.signal_cool_down_s, limits.max_positions),
        *(exits.stop_distance, exits.break_even_after, exits.trail_after, terms.entry_cap),
    )
    levels = exits.targets or any(each is not None for each in asked)
    return not (watched or levels or terms.fee_asset == "bnb")


def _refuse_holes(prices: Prices, place: int) -> None:
    holes = np.flatnonzero(np.isnan(prices.open[:, place]))
    if holes.size:
        at = format_instant(int(prices.times[holes[0]]))
        raise DataError(
            f"{prices.symbols[place]} tells what fees in BNB cost, but has no bar that closes at "
            f"{at}: give its bars for every one of the others, or charge fees in quote or received"
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
        table[:, s] = np.where(places < 0, np.nan, own[places])
    return table * math.sqrt(periods_a_year(tape.timeframe / NS_PER_SECOND))


@cache
def form_of(plain: bool, compiled: bool) -> Runs:
    """How sets are run: `plain` is for terms that ask for none of the rules that it leaves out."""
    run = with_constants(run_sets, EVERY_RULE=False) if plain else run_sets
    return compile_whole(run) if compiled else run
