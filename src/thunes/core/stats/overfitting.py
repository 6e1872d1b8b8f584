"""What remains of the best of many trials once the search for it is counted.

Sources: Bailey & Lopez de Prado 2014 ("The deflated Sharpe ratio"); Bailey, Borwein, Lopez de
Prado & Zhu, Notices of the AMS 2014; Roy & Vetterli 2007 ("The effective rank").
"""

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from thunes.core.stats.sharpe import TrackRecord, VarianceAt, probabilistic_sharpe

Floats = NDArray[np.float64]

_EULER_MASCHERONI = 0.577_215_664_901_532_9
_NORMAL = NormalDist()


def expected_maximum_sharpe(trials: float, variance: float = 1.0) -> float:
    """The Sharpe ratio that the best of `trials` worthless, independent trials is expected to show.

    `variance` is that of the trials' Sharpe ratios, per period. `trials` may be an effective number
    with a fraction; at most one trial is no search: 0.0, and never less.
    """
    if trials <= 1:
        return 0.0
    best = (1 - _EULER_MASCHERONI) * _NORMAL.inv_cdf(1 - 1 / trials)
    best += _EULER_MASCHERONI * _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return max(0.0, math.sqrt(variance) * best)


def deflated_sharpe(
    record: TrackRecord, trials: float, variance: float, variance_at: VarianceAt = "null"
) -> float | None:
    """The confidence, in [0, 1], that the best of `trials` beats what luck alone would have found.

    `record` is the chosen trial; `variance` that of all trials' Sharpe ratios, per period. None
    where `probabilistic_sharpe` is None.
    """
    return probabilistic_sharpe(record, expected_maximum_sharpe(trials, variance), variance_at)


def minimum_backtest_length(trials: float, sharpe: float) -> float | None:
    """Years of data below which the best of `trials` shows `sharpe` (annualised) by luck alone.

    None for a ratio that is not positive.
    """
    return (expected_maximum_sharpe(trials) / sharpe) ** 2 if sharpe > 0 else None


def effective_rank(correlation: Floats) -> float | None:
    """How many independent series a symmetric n x n correlation matrix amounts to, in [1, n].

    The exponential of the entropy of its normalised eigenvalues. None for an empty matrix, one with
    a NaN, or one without a positive eigenvalue.
    """
    if correlation.size == 0 or not np.isfinite(correlation).all():
        return None
    eigenvalues = np.maximum(np.linalg.eigvalsh(correlation), 0.0)
    total = float(eigenvalues.sum())
    if total == 0:
        return None
    share = eigenvalues / total
    share = share[share > 0]
    return math.exp(-float(np.sum(share * np.log(share))))
