"""What else the same trades, or the same days, could have come to: resampled and shuffled.

Returns are fractions of the equity at that time, in order; `sampling` resamples them in blocks.
Shuffling keeps every return, so that the final equity is the same in all orders: only the way
there, its drawdown, differs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from thunes.core.stats.bootstrap import CELLS_AT_ONCE, Ints, Sampling, resampled_rows
from thunes.core.stats.chance import permutations
from thunes.core.stats.series import BadSeries, Floats, checked_series


@dataclass(frozen=True, slots=True)
class Fortunes:
    """One number a draw: final over initial equity, deepest drawdown in [-1, 0], and the longest
    stretch below an earlier high, in returns (one that never ends counts to the last)."""

    growth: Floats
    drawdown: Floats
    under_water: Ints

    def ruin(self, loss: float) -> float:
        """The share of draws in which `loss`, a fraction of the highest equity, was lost."""
        return float(np.mean(self.drawdown <= -loss))


def resampled_fortunes(returns: ArrayLike, sampling: Sampling) -> Fortunes:
    """Draw n of the n returns (at least 2), with replacement, in blocks. Raises BadSeries."""
    series = _survivable(returns)
    sampling.check_against(series.size)
    found = [
        _lived(series[resampled_rows(series.size, sampling, draws)])
        for draws in sampling.batches(series.size)
    ]
    return Fortunes(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def shuffled_drawdowns(returns: ArrayLike, draws: int = 1_000, seed: int = 0) -> Floats:
    """The deepest drawdown, in [-1, 0], of as many orders of all the returns. Raises BadSeries."""
    series = _survivable(returns)
    size = max(1, CELLS_AT_ONCE // series.size)
    turns = (range(first, min(first + size, draws)) for first in range(0, draws, size))
    found = [_lived(series[permutations(seed, turn, series.size)])[1] for turn in turns]
    return np.concatenate(found)


def _survivable(returns: ArrayLike) -> Floats:
    series = checked_series(returns, 2)
    for row in np.flatnonzero(series < -1)[:1]:
        raise BadSeries(f"row {row} is {series[row]:g}: more than all there is cannot be lost")
    return series


def _lived(returns: Floats) -> tuple[Floats, Floats, Ints]:
    """Growth, deepest drawdown and longest stretch under water of each row of `returns`."""
    start = np.ones((len(returns), 1))
    equity = np.concatenate((start, np.cumprod(1 + returns, axis=1)), axis=1)
    peak = np.maximum.accumulate(equity, axis=1)
    place = np.arange(equity.shape[1])
    high = np.maximum.accumulate(np.where(equity >= peak, place, 0), axis=1)
    # From a high to the row that reaches it again: one more than the rows between that lie below.
    since = place - high
    back = np.zeros_like(since)
    back[:, 1:] = np.where((since[:, 1:] == 0) & (since[:, :-1] > 0), since[:, :-1] + 1, 0)
    longest = np.maximum(since, back).max(axis=1)
    return equity[:, -1], (equity / peak - 1).min(axis=1), longest
