"""Probes: what a strategy says of bars other than the real ones, compared row by row."""

import warnings
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.errors import ThunesError
from thunes.core.market.bars import Bars
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import Signals, SignalStrategy

Columns = dict[str, NDArray[np.generic]]

_CANNOT_RUN = (
    ThunesError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What code raises on bars that it was not made for: too few of them, or no numbers."""


class Gate(StrEnum):
    """Which gate; the numbers are those of the methods."""

    REPEAT = "repeat"
    PREFIX = "G1 prefix"
    POISON = "G2 poisoning"
    CHUNKS = "G3 growing history"
    NULL = "G4 null market"
    SCALE = "G5 scale"
    DELAY = "G6 one bar later"
    TAINT = "G7 taint"
    FILLS = "G8 same-bar fill"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: which gate asks it, and what was done to the bars from row `cut` on.

    `how` finishes the sentence "the signal is different ...". Floats beside the signals may
    differ by the fraction `tolerance`.
    """

    gate: Gate
    cut: int
    how: str
    tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class Breach:
    """A probe changed what it must not: `row` is the first changed row of `column`."""

    probe: Probe
    row: int
    column: str
    was: object
    became: object


def signals_of(strategy: SignalStrategy, bars: Bars) -> Columns:
    """The columns of the strategy's signals. StrategyError: it raised, or gave something else."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return _columns(evaluate(strategy, bars))


def attempt(strategy: SignalStrategy, bars: Bars) -> Columns | str:
    """The columns of the strategy's signals, unchecked but for their length; or why there are none.

    Bars that were made up may lead to values that no order could carry: those are not its fault.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = _columns(strategy.signals(bars))
        except _CANNOT_RUN as error:
            return f"{type(error).__name__}: {error}"
    for name, values in found.items():
        if values.shape != (len(bars),):
            return f"{name} has shape {values.shape} for {len(bars)} bars"
    return found


def compare(probe: Probe, full: Columns, got: Columns, since: int = 0) -> tuple[Breach, ...]:
    """The first row of each column, from `since` to before the cut, that the probe changed."""
    found = []
    for name in {**full, **got}:
        rows = slice(since, min(probe.cut, len(got["enter"])))
        was, became = _rows(full, name, rows), _rows(got, name, rows)
        changed = np.flatnonzero(~_same(was, became, probe.tolerance))
        if changed.size:
            row = int(changed[0])
            found.append(Breach(probe, since + row, name, was[row].item(), became[row].item()))
    return tuple(found)


def _columns(signals: Signals) -> Columns:
    every = {each.name: getattr(signals, each.name) for each in fields(signals)}
    return {name: np.asarray(values) for name, values in every.items() if values is not None}


def _rows(columns: Columns, name: str, rows: slice) -> NDArray[np.generic]:
    """A column that was not given is NaN throughout."""
    values = columns.get(name)
    return np.full(rows.stop, np.nan)[rows] if values is None else values[rows]


def _same(a: NDArray[np.generic], b: NDArray[np.generic], tolerance: float) -> NDArray[np.bool_]:
    x, y = a.astype(np.float64), b.astype(np.float64)
    both_nan = np.isnan(x) & np.isnan(y)
    same: NDArray[np.bool_] = both_nan | (x == y) | (np.abs(x - y) <= tolerance * np.abs(x))
    return same
