"""The examination: every gate asked of one signal strategy, each with its answer in a sentence."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import numpy as np

from thunes.core.market.bars import Bars
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import Signals, SignalStrategy
from thunes.research.delay import Delay, delay
from thunes.research.diagnosis import Case
from thunes.research.gates import check_taint
from thunes.research.lookahead import LookAhead, examine, named
from thunes.research.null_market import SECONDS, Fortune, null_fortune
from thunes.research.probe import Gate, signals_of

FEW_ROWS = 600
"""The gates ask some hundreds of times: so many rows are answered at once, without a compiler."""

_GROWTH = 4
_SPEAKS = 3
_TAINT_SECONDS = 10.0
_ASKS_AT_EACH_BAR = 3

_PER_GATE = 100
_IN_ALL = 8 * _PER_GATE

Progress = Callable[[int, int], object]


class Verdict(StrEnum):
    """What a gate says. Only NOT_PASSED is held against a strategy."""

    PASSED = "passed"
    NOT_PASSED = "not passed"
    WARNED = "warning"
    UNTOLD = "cannot tell"


@dataclass(frozen=True, slots=True)
class Answer:
    """One gate's answer: how often the strategy was asked for it, and a sentence.

    `finding` is what was found, with row and column where a row shows it.
    """

    gate: Gate
    asked: int
    verdict: Verdict
    text: str
    finding: LookAhead | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A strategy, the bars that it is meant for, and those of them that it is asked of again and
    again. Best it has been shown none of them: what it remembers would answer for it."""

    strategy: SignalStrategy
    bars: Bars
    sample: Bars


def gates_hold(strategy: SignalStrategy, bars: Bars, seconds: float = SECONDS) -> list[LookAhead]:
    """What speaks against believing this strategy's figures: nothing if all gates hold.

    The gates of look-ahead on a sample of the bars, and the null market, for at most so many
    seconds. A level of prices and a dependence on one bar are no findings here. StrategyError: it
    raised, or gave something else than signals.
    """
    subject = Subject(strategy, bars, sample_of(strategy, bars))
    answers = examination(subject, seconds)
    held = [each.finding for each in answers if each.verdict is Verdict.NOT_PASSED]
    return [each for each in held if each is not None]


def sample_of(strategy: SignalStrategy, bars: Bars) -> Bars:
    """The first 600 bars, or four times as many again and again until some signals are seen."""
    rows = min(FEW_ROWS, len(bars))
    while rows < len(bars):
        found = signals_of(strategy, bars.prefix(rows))
        if np.count_nonzero(found["enter"]) >= _SPEAKS and found["exit"].any():
            break
        rows = min(rows * _GROWTH, len(bars))
    return bars.prefix(rows)


def examination(
    subject: Subject, seconds: float = SECONDS, progress: Progress = lambda *_: None
) -> list[Answer]:
    """Every gate that can be asked of signals: G1 to G7, and whether asking twice gives the same.

    G4 makes its own markets, for at most so many seconds; G6 takes all bars, the others the
    sample. StrategyError: it raised, or gave something else than signals.
    """
    counted = _Counting(subject.strategy)
    asks = counted.disguised()
    counts: dict[Gate, int] = {}

    def told(gate: Gate) -> None:
        counts[gate] = counted.taken()
        progress(_PER_GATE * len(counts), _IN_ALL)

    def walked(done: int, total: int) -> None:
        progress(_PER_GATE * len(counts) + _PER_GATE * done // total, _IN_ALL)

    found = {each.gate: each for each in examine(asks, subject.sample, told)}
    if Gate.REPEAT not in found:
        tainted = _tainted(asks, subject.sample, counted, next(iter(found.values()), None))
        found |= {each.gate: each for each in tainted}
        told(Gate.TAINT)
    rows = len(subject.sample)
    said = [_of_rows(gate, found.get(gate), counts.get(gate, 0), rows) for gate in _OF_ROWS]
    if Gate.REPEAT not in found:
        fortune = null_fortune(asks, subject.bars, seconds, walked)
        told(Gate.NULL)
        late = delay(evaluate(asks, subject.bars), subject.bars)
        told(Gate.DELAY)
        said += [_of_null(fortune, counts[Gate.NULL]), _of_delay(late, fortune)]
    return sorted(said, key=lambda each: list(Gate).index(each.gate))


class _Counting:
    """A strategy that counts how often it is asked, and knows how long the last time took."""

    def __init__(self, strategy: SignalStrategy) -> None:
        self._strategy = strategy
        self._asked = 0
        self.took_s = 0.0

    def disguised(self) -> SignalStrategy:
        """What answers as the strategy does, under the strategy's name."""
        kind = type(type(self._strategy).__name__, (), {"signals": lambda _, bars: self._ask(bars)})
        return cast(SignalStrategy, kind())

    def taken(self) -> int:
        """How often it was asked since this was asked last."""
        asked, self._asked = self._asked, 0
        return asked

    def _ask(self, bars: Bars) -> Signals:
        self._asked += 1
        began = time.perf_counter()
        try:
            return self._strategy.signals(bars)
        finally:
            self.took_s = time.perf_counter() - began


def _tainted(
    asks: SignalStrategy, sample: Bars, counted: _Counting, before: LookAhead | None
) -> tuple[LookAhead, ...]:
    """G7 at every row, or at fewer where the strategy is slow."""
    full = signals_of(asks, sample)
    whole = _ASKS_AT_EACH_BAR * len(sample) * counted.took_s
    every = max(1, math.ceil(whole / _TAINT_SECONDS))
    breaches = check_taint(asks, sample, every)
    cheats = before is not None and before.gate is not Gate.SCALE
    return named(Case(asks, sample, full), breaches, before if cheats else None)


def _of_rows(gate: Gate, found: LookAhead | None, asked: int, rows: int) -> Answer:
    if found is not None:
        verdict = Verdict.WARNED if gate is Gate.SCALE else Verdict.NOT_PASSED
        return Answer(gate, asked, verdict, found.text, found)
    if not asked:
        return Answer(gate, 0, Verdict.UNTOLD, "not asked of what does not pass the others")
    return Answer(gate, asked, Verdict.PASSED, f"{_OF_ROWS[gate]}, in {rows:,} bars")


_OF_ROWS = {
    Gate.REPEAT: "asked twice it says the same",
    Gate.PREFIX: "a history that ends earlier changes no row",
    Gate.POISON: "whatever replaces later bars changes no row",
    Gate.CHUNKS: "read as bars close, the way of live, it says the same",
    Gate.SCALE: "prices times a power of two change no decision",
    Gate.TAINT: "at each bar, what comes after it may be cut off, NaN or absurd",
}


def _of_null(fortune: Fortune, asked: int) -> Answer:
    made = (
        f"{fortune.trades:,} trades on {fortune.markets} random walks earn {fortune.mean:+.4%} on "
        f"average, {fortune.errors:+.1f} standard errors from nothing"
    )
    if not fortune.tells:
        few = f"only {fortune.trades:,} trades on {fortune.markets} random walks: too few to tell"
        return Answer(Gate.NULL, asked, Verdict.UNTOLD, few)
    if fortune.fair:
        return Answer(Gate.NULL, asked, Verdict.PASSED, made)
    text = (
        f"{Gate.NULL.value}: {made} ({fortune.won:.1%} of them win): where nothing can be earned, "
        "whoever does knows what comes, or is paid twice."
    )
    finding = LookAhead(Gate.NULL, "null market", None, text)
    return Answer(Gate.NULL, asked, Verdict.NOT_PASSED, text, finding)


def _of_delay(late: Delay, fortune: Fortune) -> Answer:
    figures = f"Sharpe ratio without costs {late.sharpe:.2f}, one bar later {late.later:.2f}"
    if not late.tells:
        return Answer(Gate.DELAY, 1, Verdict.UNTOLD, f"only {late.trades} trades on these bars")
    if not (late.raises or late.collapses):
        return Answer(Gate.DELAY, 1, Verdict.PASSED, f"{figures} ({late.trades:,} trades)")
    what = (
        f"later signals are better, by {late.gained:.1f} standard errors"
        if late.raises
        else "all hangs on one bar"
    )
    text = f"{Gate.DELAY.value}: {figures}: {what}. Few honest strategies do so."
    finding = LookAhead(Gate.DELAY, "one bar", None, text)
    if fortune.fair:
        return Answer(Gate.DELAY, 1, Verdict.WARNED, text, finding)
    return Answer(Gate.DELAY, 1, Verdict.NOT_PASSED, text, finding)
