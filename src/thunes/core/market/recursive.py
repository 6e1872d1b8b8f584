"""Averages that remember: each row is made of the row before, from a seed of n rows.

A row that is not finite makes its output NaN and starts the warm-up anew.
"""

import math

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.stats.kernel import kernel


@kernel
def smoothed(values: Floats, n: int, weight: float) -> Floats:
    """e += weight * (x - e), seeded with the mean of the first n finite rows in a row."""
    size = values.size
    out = np.full(size, np.nan)
    seen = 0
    held = 0.0
    for t in range(size):
        x = values[t]
        if not math.isfinite(x):
            seen = 0
            held = 0.0
            continue
        seen += 1
        if seen < n:
            held += x
            continue
        held = (held + x) / n if seen == n else held + weight * (x - held)
        out[t] = held
    return out


@kernel
def wilder(values: Floats, n: int) -> Floats:
    """a = (a * (n - 1) + x) / n (Wilder 1978), seeded as `smoothed` is."""
    size = values.size
    out = np.full(size, np.nan)
    seen = 0
    held = 0.0
    for t in range(size):
        x = values[t]
        if not math.isfinite(x):
            seen = 0
            held = 0.0
            continue
        seen += 1
        if seen < n:
            held += x
            continue
        held = (held + x) / n if seen == n else (held * (n - 1) + x) / n
        out[t] = held
    return out
