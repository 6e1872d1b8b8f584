"""The screen: thousands of parameter sets under the engine's rules, in one sweep over the bars.

It is no second engine: what it shows is run through the engine before anybody believes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import Floats, Ints
from thunes.core.domain.units import Symbol
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.sweep import run
from thunes.research.sweep.events import events_of, means_of
from thunes.research.sweep.job import Job
from thunes.research.sweep.layout import FILL_PRICE, FILL_QUANTITY, FILL_ROW, FILL_SYMBOL, FILL_WHY
from thunes.research.sweep.market import Prices, prices_of
from thunes.research.sweep.signals import Signals, later_than
from thunes.research.sweep.terms import Terms

MEMORY = 1_000_000_000
"""Bytes that a screen may use for what it works on, unless told otherwise."""

_EVENT_BYTES = 16  # of one row of one set if every second bar were a signal, with what sorts them
_FILLS_KEPT = 4_096


class Fill(NamedTuple):
    """One fill, at a row of the tape; `why` is buy, sell, stop, trail, target or unprotected."""

    row: int
    symbol: Symbol
    why: str
    price: float
    quantity: float


_WHY = ("buy", "sell", "stop", "trail", "target", "unprotected")
_DOUBTS = ("", "the venue would refuse what protects a position", "the venue would refuse an exit")


@dataclass(frozen=True, slots=True)
class Screened:
    """Figures of parameter sets, one row per set; defined as in `research.result.Metrics`.

    NaN: cannot be measured. Where `doubts` has a text the engine's rules lead out of what is
    screened, and the figures of that set are NaN: only the engine can tell. `daily` (sets, days) is
    equity at the last close of each day that has one, if it was to be kept.
    """

    strategies: tuple[SignalStrategy, ...]
    final_equity: Floats
    total_return: Floats
    entries: Ints
    trades: Ints
    open_positions: Ints
    wins: Ints
    sharpe: Floats
    max_drawdown: Floats
    profit_factor: Floats
    exposure: Floats
    doubts: tuple[str, ...]
    daily: Floats | None = None


def screen(
    bars: Mapping[Symbol, Bars],
    strategies: Sequence[SignalStrategy],
    terms: Terms,
    memory: int = MEMORY,
    keep_daily: bool = False,
) -> Screened:
    """Run every strategy over all bars, as many at a time as `memory` bytes allow.

    UsageError: nothing to run, or more than fits in `memory`. DataError: a price that is none.
    """
    tape, prices, job = _prepared(bars, strategies, terms)
    at_once = _sets_at_once(prices, len(strategies), memory, keep_daily=keep_daily)
    figures: list[Floats] = []
    daily: list[Floats] = []
    for first in range(0, len(strategies), at_once):
        signals = _signals(strategies[first : first + at_once], tape, terms)
        outcome = job.run(signals, keep_daily=keep_daily)
        figures.append(outcome.figures)
        daily.append(outcome.daily)
    kept = np.concatenate(daily) if keep_daily else None
    return _screened(tuple(strategies), np.concatenate(figures), kept)


def trace(
    bars: Mapping[Symbol, Bars], strategy: SignalStrategy, terms: Terms
) -> tuple[Screened, list[Fill]]:
    """The same of one strategy, with every fill."""
    tape, prices, job = _prepared(bars, [strategy], terms)
    signals = _signals([strategy], tape, terms)
    outcome = job.run(signals, fills=_FILLS_KEPT)
    if outcome.count > _FILLS_KEPT:
        outcome = job.run(signals, fills=outcome.count)
    fills = [_fill(line, prices.symbols) for line in outcome.fills]
    return _screened((strategy,), outcome.figures, None), fills


def _signals(strategies: Sequence[SignalStrategy], tape: Tape, terms: Terms) -> Signals:
    signals = events_of(strategies, tape, terms.traded)
    if not terms.since:
        return signals
    first = int(np.searchsorted(tape.times - tape.timeframe, terms.since))
    return later_than(signals, first)


def _prepared(
    bars: Mapping[Symbol, Bars], strategies: Sequence[SignalStrategy], terms: Terms
) -> tuple[Tape, Prices, Job]:
    if not strategies:
        raise UsageError("there are no parameter sets to screen: give at least one")
    for symbol in terms.traded:
        if symbol not in bars:
            raise UsageError(f"{symbol} is to be traded, but there are no bars of it")
    tape = Tape(bars)
    means = means_of(strategies)
    symbols = (*terms.traded, *(each for each in bars if each not in terms.traded))
    levels = terms.exits.stop_distance is not None or bool(terms.exits.targets)
    prices = prices_of(tape, symbols, levels or means is None)
    return tape, prices, Job(prices, terms, tape)


def _sets_at_once(prices: Prices, sets: int, memory: int, *, keep_daily: bool) -> int:
    a_result = 8 * (run.FIGURES + (prices.ends.size if keep_daily else 0))
    a_set = _EVENT_BYTES * prices.close.size
    left = memory - sets * a_result
    if left >= a_set:
        return int(left // a_set)
    fits = max(0, (memory - a_set) // a_result)
    raise UsageError(
        f"{sets:,} parameter sets need {(sets * a_result + a_set) / 1e6:,.0f} MB, "
        f"{memory / 1e6:,.0f} MB are allowed: allow more, or screen at most {fits:,} at a time"
        + (", or do not keep daily equity" if keep_daily else "")
    )


def _screened(
    strategies: tuple[SignalStrategy, ...], figures: Floats, daily: Floats | None
) -> Screened:
    doubts = figures[:, run.DOUBTED].astype(np.int64)
    told = np.where((doubts == 0)[:, None], figures, np.nan)
    counts = figures[:, run.ENTERED : run.WON_OF_THEM + 1].astype(np.int64)
    entries, trades, opened, wins = counts.T * (doubts == 0)
    return Screened(
        strategies=strategies,
        final_equity=told[:, run.FINAL],
        total_return=told[:, run.GROWN],
        entries=entries,
        trades=trades,
        open_positions=opened,
        wins=wins,
        sharpe=told[:, run.SHARPE],
        max_drawdown=told[:, run.DRAWDOWN],
        profit_factor=told[:, run.PROFIT_FACTOR],
        exposure=told[:, run.EXPOSURE],
        doubts=tuple(_DOUBTS[each] for each in doubts),
        daily=daily,
    )


def _fill(line: Floats, symbols: tuple[Symbol, ...]) -> Fill:
    return Fill(
        row=int(line[FILL_ROW]),
        symbol=symbols[int(line[FILL_SYMBOL])],
        why=_WHY[int(line[FILL_WHY])],
        price=float(line[FILL_PRICE]),
        quantity=float(line[FILL_QUANTITY]),
    )
