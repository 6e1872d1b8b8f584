"""Resampling that keeps what one return has to do with the next: the stationary bootstrap.

Sources: Politis & Romano 1994; Politis & White 2004 with the correction of Patton, Politis & White
2009 for the length of the blocks.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thunes.core.stats.chance import words
from thunes.core.stats.series import BadSeries, Floats, checked_series

Ints = NDArray[np.int64]

CELLS_AT_ONCE = 8_000_000
"""Numbers drawn at a time: what bounds the memory of a bootstrap (64 MB in float64)."""

_HALF_WORD, _LOW_WORD = np.uint64(32), np.uint64(2**32 - 1)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to resample: mean length of the blocks in rows (>= 1), how often, from which seed."""

    block: float
    draws: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1.0 <= self.block < math.inf:
            raise BadSeries(f"blocks of {self.block} rows: a block has at least one row")
        if self.draws < 1:
            raise BadSeries(f"{self.draws} draws: at least one is needed")

    def check_against(self, rows: int) -> None:
        """BadSeries where a block would be longer than all `rows`."""
        if self.block > rows:
            raise BadSeries(f"blocks of {self.block:g} rows, but there are only {rows}")

    def batches(self, rows: int) -> Iterator[range]:
        """The draws in turns that fit into memory; what is drawn does not depend on the turns."""
        size = max(1, CELLS_AT_ONCE // rows)
        for first in range(0, self.draws, size):
            yield range(first, min(first + size, self.draws))


def resampled_rows(rows: int, sampling: Sampling, draws: range) -> Ints:
    """Which row stands where in each resample, len(draws) x `rows`.

    A new block begins with probability 1 / block at a row that any is equally likely to be; within
    a block rows follow each other, the first after the last.
    """
    word = words(sampling.seed, draws, rows)
    begins = (word >> _HALF_WORD) < np.uint64(round(2**32 / sampling.block))
    begins[:, 0] = True
    here = np.arange(rows, dtype=np.int32)
    since = np.maximum.accumulate(np.where(begins, here, np.int32(0)), axis=1)
    start = ((word & _LOW_WORD) * np.uint64(rows) >> _HALF_WORD).astype(np.int64)
    picked = np.take_along_axis(start, since, axis=1)
    picked += here - since
    picked[picked >= rows] -= rows
    return picked


def resampled(
    returns: ArrayLike, statistic: Callable[[Floats], Floats], sampling: Sampling
) -> Floats:
    """`statistic` of every resample, one number a draw.

    `returns` has n >= 2 rows; `statistic` is given k x n resamples and answers with k numbers.
    Raises BadSeries.
    """
    series = checked_series(returns, 2)
    sampling.check_against(series.size)
    found = [
        statistic(series[resampled_rows(series.size, sampling, draws)])
        for draws in sampling.batches(series.size)
    ]
    return np.concatenate(found)


def interval(drawn: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """The middle `confidence` of what was drawn: the percentile interval."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def automatic_block(returns: ArrayLike) -> float:
    """The mean block length, in rows, that suits the dependence of `returns` (n >= 10 of them).

    The flat-top estimate of Politis & White: autocovariances count up to twice the lag after which
    five in a row are insignificant. Between 1 (independent) and min(3 sqrt(n), n / 3). Raises
    BadSeries, also for a constant series.
    """
    series = checked_series(returns, 10)
    n = series.size
    if np.ptp(series) == 0:
        raise BadSeries(f"all {n} returns are {series[0]:g}: they have no dependence to measure")
    centred = series - series.mean()
    longest = math.ceil(math.sqrt(n)) + _CLEAR
    longest = min(longest, n - 1)
    power = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    covariance = np.fft.irfft(power, 2 * n)[: longest + 1] / n
    m = _bandwidth(np.abs(covariance / covariance[0]), n)
    lags = np.arange(1, m + 1)
    weight = np.minimum(1.0, 2 * (1 - lags / m)) if m > 1 else np.zeros(1)
    slope = 2 * float(np.sum(weight * lags * covariance[1 : m + 1]))
    level = float(covariance[0] + 2 * np.sum(weight * covariance[1 : m + 1]))
    if level <= 0:
        return 1.0
    best = (n * slope * slope / (level * level)) ** (1 / 3)
    return float(min(max(best, 1.0), math.ceil(min(3 * math.sqrt(n), n / 3))))


_CLEAR = 5
"""Insignificant autocorrelations in a row that end the dependence, for up to 10^25 rows."""


def _bandwidth(correlation: Floats, n: int) -> int:
    """Twice the last lag before `_CLEAR` insignificant ones; all there are if there is none."""
    clear = correlation[1:] < 2 * math.sqrt(math.log10(n) / n)
    for lag in range(clear.size - _CLEAR + 1):
        if clear[lag : lag + _CLEAR].all():
            return min(2 * max(lag, 1), correlation.size - 1)
    return int(correlation.size - 1)
