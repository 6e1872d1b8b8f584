"""What a series of outcomes looks like: how often it wins, by how much, how widely it swings."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def profit_factor(gains: Floats) -> float | None:
    """The sum of gains over the sum of losses; None without a loss or with a NaN or infinity."""
    if not np.isfinite(gains).all():
        return None
    with np.errstate(over="ignore"):
        won, lost = float(gains[gains > 0].sum()), -float(gains[gains < 0].sum())
    factor = won / lost if lost > 0 else math.inf
    return factor if math.isfinite(factor) else None


def volatility(returns: Floats, periods: float = 1.0) -> float | None:
    """Standard deviation (ddof 1) times the root of `periods`, the number of returns in a year.

    None for fewer than two returns or with a NaN or infinity.
    """
    if returns.size < 2 or not np.isfinite(returns).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        swing = float(returns.std(ddof=1)) * math.sqrt(periods)
    return swing if math.isfinite(swing) else None
