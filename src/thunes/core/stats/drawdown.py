"""How far and for how long an equity curve lay below its own highest point.

Equity is a one-dimensional float64 array, oldest first. Figures of a curve with a NaN are None.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def drawdown(equity: Floats) -> Floats:
    """The fraction below the highest row so far, in [-1, 0]; -1 wherever equity is not positive."""
    peak = np.maximum.accumulate(equity)
    alive = ~(equity <= 0)
    with np.errstate(invalid="ignore"):
        fall = np.where(alive, equity / np.where(alive, peak, 1.0) - 1, -1.0)
    return np.asarray(fall, dtype=np.float64)


def max_drawdown(equity: Floats) -> float | None:
    """The deepest drawdown, in [-1, 0]; 0.0 for fewer than two rows."""
    if not np.isfinite(equity).all():
        return None
    return float(drawdown(equity).min()) if equity.size > 1 else 0.0


def longest_under_water(at_ns: Ints, equity: Floats) -> int:
    """Nanoseconds of the longest stretch from a high to the row that reaches it again.

    A stretch that never recovers ends at the last row. 0 if equity never falls. `at_ns` ascends.
    """
    if equity.size < 2:
        return 0
    highs = np.flatnonzero(equity >= np.maximum.accumulate(equity))
    if highs.size == 0:  # A NaN in the first row: no high is known.
        return 0
    ends = np.append(highs[1:], equity.size - 1)
    length = at_ns[ends] - at_ns[highs]
    # Two highs next to each other have no water between them.
    wet = ends - highs > 1
    wet[-1] = highs[-1] < equity.size - 1
    return int(np.where(wet, length, 0).max())


def ulcer_index(equity: Floats) -> float | None:
    """The root mean square of the drawdown (Martin & McCann 1989), a fraction; 0.0 without rows."""
    if not np.isfinite(equity).all():
        return None
    return math.sqrt(float(np.mean(drawdown(equity) ** 2))) if equity.size else 0.0
