"""Whether the best of many trials is better than the best that luck finds among as many.

Sources: White 2000 ("A reality check for data snooping"); Hansen 2005 ("A test for superior
predictive ability"); Romano & Wolf 2005 ("Stepwise multiple testing").

A resample is a row of counts: how often each period occurs in it. All its means are one product of
matrices. Gains are first rounded to `_LEVELS` steps of each column's largest: then every product
and sum is a whole number that float32 holds exactly, and the result is the same in whatever order
the processor adds, on any number of threads. The rounding adds at most rows / (12 * `_LEVELS` ** 2)
of a column's variance (1e-5 for 2,000 rows); the statistic itself is computed from unrounded gains.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thunes.core.stats.bootstrap import Ints, Sampling, resampled_rows
from thunes.core.stats.kernel import kernel
from thunes.core.stats.series import Floats, checked_matrix, idle_columns

Singles = NDArray[np.float32]

_LEVELS = 4096
_EXACT = 2**24 // _LEVELS
"""Counts that may be summed over: times `_LEVELS` they stay where float32 is exact."""

_COLUMNS_AT_ONCE = 512

_FORGOTTEN = 40.0
"""Minus the logarithm of a weight that is nothing beside 1 in float64."""


@dataclass(frozen=True, slots=True)
class Superiority:
    """How likely gains as large as the best trial's are if no trial is better than the benchmark.

    Three p-values, by which trials worse than the benchmark count: none of them (`lower`), those
    not significantly worse (`consistent`, the one to use), all (`upper`: White's reality check,
    studentised). lower <= consistent <= upper.
    """

    statistic: float
    best: int
    lower: float
    consistent: float
    upper: float


def superior_ability(gains: ArrayLike, sampling: Sampling) -> Superiority:
    """Test that no trial has a positive expected gain over the benchmark.

    `gains` is rows (periods, >= 20) x columns (trials): a trial's return less the benchmark's. A
    trial that is zero throughout is never the best. p = (1 + draws at least as extreme) / (1 +
    draws). Raises BadSeries.
    """
    matrix = checked_matrix(gains, 20)
    trials = _studentised(matrix, sampling)
    ratio = trials.ratio
    statistic = max(0.0, float(ratio.max()))
    worse = -math.sqrt(2 * math.log(math.log(matrix.shape[0])))
    added = [np.minimum(ratio, 0.0), np.where(ratio < worse, ratio, 0.0), np.zeros(ratio.size)]
    maxima = _maxima(trials, sampling, added)
    beyond = (maxima >= statistic).sum(axis=1)
    lower, consistent, upper = ((1 + beyond) / (1 + sampling.draws)).tolist()
    return Superiority(statistic, int(ratio.argmax()), lower, consistent, upper)


def superior_trials(gains: ArrayLike, sampling: Sampling, size: float = 0.05) -> Ints:
    """The columns whose gains are real, but for a chance of `size` that any of them is not: StepM.

    Stepwise: what exceeds the critical value of all remaining is taken out, until nothing does.
    Ascending; empty where none survives. Same input as `superior_ability`. Raises BadSeries.
    """
    matrix = checked_matrix(gains, 20)
    trials = _studentised(matrix, sampling)
    remaining = np.arange(matrix.shape[1])
    while remaining.size:
        left = _Studentised(
            trials.ratio[remaining], trials.steps[:, remaining], trials.unit[remaining]
        )
        maxima = _maxima(left, sampling, [np.zeros(remaining.size)])[0]
        beyond = left.ratio > np.quantile(maxima, 1 - size, method="higher")
        if not beyond.any():
            break
        remaining = remaining[~beyond]
    return np.setdiff1d(np.arange(matrix.shape[1]), remaining)


@dataclass(frozen=True, slots=True)
class _Studentised:
    """Per column: root(rows) * mean / deviation; the gains less their mean, rounded to whole steps
    of which none is beyond `_LEVELS`; what a sum of such steps is worth in deviations."""

    ratio: Floats
    steps: Singles
    unit: Floats


def _studentised(matrix: Floats, sampling: Sampling) -> _Studentised:
    rows, columns = matrix.shape
    sampling.check_against(rows)
    idle = idle_columns(matrix)
    ratio, unit = np.empty(columns), np.empty(columns)
    steps = np.empty((rows, columns), dtype=np.float32)
    for part in _columns(columns):
        mean = matrix[:, part].mean(axis=0)
        centred = matrix[:, part] - mean
        deviation = np.sqrt(_long_run_variance(centred, sampling.block))
        deviation[idle[part]] = np.inf
        largest = np.maximum(centred.max(axis=0), -centred.min(axis=0))
        step = np.where(largest > 0, largest, 1.0) / _LEVELS
        centred /= step
        steps[:, part] = np.rint(centred, centred)
        ratio[part] = math.sqrt(rows) * mean / deviation
        unit[part] = step / (math.sqrt(rows) * deviation)
    return _Studentised(ratio, steps, unit)


def _long_run_variance(centred: Floats, block: float) -> Floats:
    """The variance of root(rows) times a resample's mean, exactly, for each column.

    With c_k the circular autocovariance at lag k and q = 1 - 1 / block the chance that a block goes
    on, it is c_0 + 2 * sum over 0 < k < n of (1 - k / n) * q^k * c_k.
    """
    goes_on = 1 - 1 / block
    square = np.einsum("ij,ij->j", centred, centred)
    cross = np.zeros(square.size)
    if goes_on > 0:
        # Further back than this, what is left of a row is below the rounding of the others.
        memory = min(centred.shape[0], math.ceil(_FORGOTTEN / -math.log(goes_on)))
        cross = _weighted_products(centred, goes_on, memory)
    # Returns that cancel out in every block leave only the rounding of zero.
    return np.asarray(np.maximum(square + 2 * cross, 1e-12 * square) / centred.shape[0])


@kernel
def _weighted_products(x: Floats, goes_on: float, memory: int) -> Floats:
    """Sum over t of x[t] * sum over 0 < k < n of (1 - k / n) * goes_on^k * x[t - k], x periodic.

    Two recursions: near = sum of goes_on^k * x[t - k], far = sum of k * goes_on^k * x[t - k], over
    all k > 0. They begin `memory` rows before the first.
    """
    n, columns = x.shape
    lost = goes_on**n
    near, far = np.zeros(columns), np.zeros(columns)
    total, term = np.zeros(columns), np.zeros(columns)
    for t in range(-memory, n):
        if t == 0:  # what was gathered in one round comes again in every round before it
            near = near / (1 - lost)
            far = (far + n * lost * near) / (1 - lost)
        np.add(near, x[(t - 1) % n], near)
        np.add(far, near, far)
        np.multiply(near, goes_on, near)
        np.multiply(far, goes_on, far)
        if t >= 0:
            np.multiply(far, (1 - lost) / n, term)
            np.subtract(near, term, term)
            np.multiply(term, x[t], term)
            np.add(total, term, total)
    return total


def _maxima(trials: _Studentised, sampling: Sampling, added: list[Floats]) -> Floats:
    """len(added) x draws: the largest studentised, centred mean of each resample, or 0.

    Each of `added` is put on the columns' means before the largest is sought.
    """
    rows, columns = trials.steps.shape
    found = np.zeros((len(added), sampling.draws))
    for draws in sampling.batches(rows):
        counts = _counts(rows, sampling, draws)
        parts = list(_exact_parts(counts, slice(0, rows)))
        here = slice(draws.start, draws.stop)
        for part in _columns(columns):
            sums = _products(counts, trials.steps[:, part], parts)
            means = sums[:-1] - sums[-1]
            means *= trials.unit[part].astype(np.float32)
            for each, extra in zip(found, added, strict=True):
                moved = means + extra[part].astype(np.float32) if extra[part].any() else means
                np.maximum(each[here], moved.max(axis=1), out=each[here])
    return found


def _counts(rows: int, sampling: Sampling, draws: range) -> Singles:
    """How often each row occurs in each resample; in the last line once, as in the original."""
    picked = resampled_rows(rows, sampling, draws)
    picked += np.arange(len(draws))[:, np.newaxis] * rows
    counts = np.bincount(picked.ravel(), minlength=(len(draws) + 1) * rows)
    counts[-rows:] = 1
    return counts.reshape(-1, rows).astype(np.float32)


def _exact_parts(counts: Singles, rows: slice) -> Iterator[slice]:
    """The rows in parts so short that no resample counts more than `_EXACT` in any."""
    if counts[:, rows].sum(axis=1).max() <= _EXACT:
        yield rows
    else:
        middle = (rows.start + rows.stop) // 2
        yield from _exact_parts(counts, slice(rows.start, middle))
        yield from _exact_parts(counts, slice(middle, rows.stop))


def _products(counts: Singles, steps: Singles, parts: list[slice]) -> Singles | Floats:
    """`counts` @ `steps` in whole numbers: how the rows are parted makes no difference."""
    if len(parts) == 1:
        return np.asarray(counts @ steps)
    total = np.zeros((counts.shape[0], steps.shape[1]))
    for part in parts:
        total += counts[:, part] @ steps[part]
    return total


def _columns(count: int) -> Iterator[slice]:
    for first in range(0, count, _COLUMNS_AT_ONCE):
        yield slice(first, min(first + _COLUMNS_AT_ONCE, count))
