"""How many of the strategies that pass a test of their Sharpe ratio are worth nothing.

Source: Lopez de Prado, Lipton & Zoonekynd 2025 ("How to use the Sharpe ratio"). What a test says of
one strategy depends on how rare good ones are among all that are tested.
"""

import math
from statistics import NormalDist

from thunes.core.stats.sharpe import TrackRecord, probabilistic_sharpe, sharpe_variance

_NORMAL = NormalDist()


def missed(record: TrackRecord, real: float, size: float = 0.05) -> float | None:
    """The chance that a strategy with the true Sharpe ratio `real` (per period) fails the test.

    The test is of a true ratio of zero at `size`, on as many observations with the same moments as
    `record` has. None where `sharpe_variance` is None.
    """
    at_zero, at_real = sharpe_variance(record, 0.0), sharpe_variance(record, real)
    if at_zero is None or at_real is None:
        return None
    critical = _NORMAL.inv_cdf(1 - size) * math.sqrt(at_zero)
    return _NORMAL.cdf((critical - real) / math.sqrt(at_real))


def planned_false_discoveries(good: float, size: float, missed_share: float) -> float:
    """The share of worthless strategies among those that will pass.

    `good` is the share of good ones among all tested, `size` that of worthless ones that pass,
    `missed_share` that of good ones that do not.
    """
    false = (1 - good) * size
    true = good * (1 - missed_share)
    return false / (false + true) if false + true > 0 else 0.0


def observed_false_discovery(record: TrackRecord, real: float, good: float) -> float | None:
    """The chance that this very record, having come out as it did or better, is worth nothing.

    `real` is the true Sharpe ratio of good strategies (per period), `good` their share. None where
    `probabilistic_sharpe` is None.
    """
    under_null, under_real = (probabilistic_sharpe(record, at) for at in (0.0, real))
    if under_null is None or under_real is None:
        return None
    return planned_false_discoveries(good, 1 - under_null, under_real)
