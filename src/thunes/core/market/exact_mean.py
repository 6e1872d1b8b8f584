"""The moving average that compares exactly: equal averages of prices are equal floats.

Prices are decimals printed as floats. On a grid of 10^-k, k the fewest digits that every price so
far needs, a price is an integer, the sum of a window is an integer, and the average is one
correctly rounded division. So equal averages of different windows are equal floats, others keep
their order, and a finer grid changes nothing. Summed as floats, a tie would come out as a cross,
one way or the other.
"""

import math

import numpy as np

from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.kernel import kernel

_EXACT = 2.0**53
"""Integers up to here are exact as floats."""

_ROUNDS = 2.0**50
"""Up to here x * 10^k lies less than half a unit from the integer that x stands for."""

_FINEST = 1e12
_OFF_GRID = -(2**62)


def exact_mean(values: Floats, n: int) -> Floats:
    """The mean of the last n rows, NaN for the first n - 1 (n >= 1).

    A window with a value on no grid (more than 12 digits, not finite, or n times it above 2^53
    units) is summed as floats, oldest first; the windows without that value stay exact.
    """
    limit = unit_limit(n)
    units, scales = _grid(values, limit, min(_FINEST, _EXACT / n))
    return _window_mean(values, units, scales, n, limit)


def unit_limit(n: int) -> float:
    """How many units a price may have for `exact_mean` of n rows to stay on the grid."""
    return min(_ROUNDS, _EXACT / n)


def finer_grid(value: float, scale: float, n: int) -> float | None:
    """The next finer grid, as units per one, on which the value lies; None where `exact_mean` of n
    rows leaves the grid. On one grid for all rows the mean of any window of up to n rows is the sum
    of its units by (rows x units per one), in one division."""
    finer = scale * 10.0
    while finer <= min(_FINEST, _EXACT / n) and abs(value * finer) <= unit_limit(n):
        if math.floor(value * finer + 0.5) / finer == value:
            return finer
        finer *= 10.0
    return None


@kernel
def _grid(values: Floats, limit: float, finest: float) -> tuple[Ints, Floats]:
    """Each row as an integer, or _OFF_GRID, and the units per one, 10^k, of the rows so far."""
    size = values.size
    units = np.empty(size, dtype=np.int64)
    scales = np.empty(size)
    scale = 1.0
    for t in range(size):
        x = values[t]
        units[t] = _OFF_GRID
        finer = scale
        while finer <= finest:
            scaled = x * finer
            if not -limit <= scaled <= limit:
                break
            unit = math.floor(scaled + 0.5)
            if unit / finer == x:
                units[t] = unit
                scale = finer
                break
            finer *= 10.0
        scales[t] = scale
    return units, scales


@kernel
def _window_mean(values: Floats, units: Ints, scales: Floats, n: int, limit: float) -> Floats:
    size = values.size
    out = np.full(size, np.nan)
    total = 0
    off = 0
    for t in range(size):
        if t >= n:
            if units[t - n] == _OFF_GRID:
                off -= 1
            else:
                total -= units[t - n]
        if t > 0 and scales[t] > scales[t - 1]:
            ratio = scales[t] / scales[t - 1]
            total = 0
            off = 0
            for j in range(max(0, t - n + 1), t):
                if units[j] != _OFF_GRID and -limit <= units[j] * ratio <= limit:
                    units[j] *= int(ratio)
                    total += units[j]
                else:
                    units[j] = _OFF_GRID
                    off += 1
        if units[t] == _OFF_GRID:
            off += 1
        else:
            total += units[t]
        if t >= n - 1 and off == 0:
            out[t] = total / (n * scales[t])
        elif t >= n - 1:
            plain = 0.0
            for j in range(t - n + 1, t + 1):
                plain += values[j]
            out[t] = plain / n
    return out
