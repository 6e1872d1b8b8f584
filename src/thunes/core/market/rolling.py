"""The highest and the lowest of the last n rows."""

import math

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.market.columns import column, window
from thunes.core.stats.kernel import kernel


def rolling_max(values: Floats, n: int) -> Floats:
    """The highest of rows t-n+1..t, shape and unit of `values`; NaN while there are fewer than n.

    A NaN in the window makes it NaN. UsageError: not a float64 column, or n < 1.
    """
    return _rolling_max(column("values", values), window(n))


def rolling_min(values: Floats, n: int) -> Floats:
    """The lowest of rows t-n+1..t, shape and unit of `values`; NaN while there are fewer than n.

    A NaN in the window makes it NaN. UsageError: not a float64 column, or n < 1.
    """
    return -_rolling_max(column("values", -column("values", values)), window(n))


@kernel
def _rolling_max(values: Floats, n: int) -> Floats:
    size = values.size
    out = np.full(size, np.nan)
    # Rows that no later row has outdone, their values falling from `head` to `tail`.
    queue = np.empty(size, dtype=np.int64)
    head = 0
    tail = 0
    since = 0
    for t in range(size):
        x = values[t]
        if math.isnan(x):
            head = tail
            since = 0
            continue
        while tail > head and values[queue[tail - 1]] <= x:
            tail -= 1
        queue[tail] = t
        tail += 1
        if queue[head] <= t - n:
            head += 1
        since += 1
        if since >= n:
            out[t] = values[queue[head]]
    return out
