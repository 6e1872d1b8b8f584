"""Signals: what parameter sets ask for, as whole numbers that ascend in the order of events."""

from typing import NamedTuple, TypeVar

import numpy as np

from thunes.research.sweep.layout import Floats, Ints

_BELOW_ROW = 0xFFFFFFFF
_Whole = TypeVar("_Whole", int, Ints)


class Signals(NamedTuple):
    """Signals of many parameter sets: those of set n are start[n]..start[n + 1], as keys that
    ascend by row, then in the order of the symbols. `distance` is the stop of an entry, or it has
    no rows."""

    start: Ints
    key: Ints
    distance: Floats


def key_of(row: _Whole, symbol: int, enters: _Whole) -> _Whole:
    """A signal at a row, to enter (1) or to exit (0)."""
    return (row << 32) + symbol * 2 + enters


def row_of(key: _Whole) -> _Whole:
    return key >> 32


def symbol_of(key: int) -> int:
    return (key & _BELOW_ROW) >> 1


def enters(key: int) -> bool:
    return key & 1 == 1


def later_than(signals: Signals, row: int) -> Signals:
    """The signals of rows from `row` on."""
    kept = row_of(signals.key) >= row
    before = np.concatenate(([0], np.cumsum(kept)))
    stops = signals.distance.size > 0
    distance = signals.distance[kept] if stops else signals.distance
    return Signals(before[signals.start], signals.key[kept], distance)
