"""Indicators: causal columns made of columns; row t is made of rows up to t only.

Inputs are float64 columns of n rows, oldest first; outputs have their shape, and NaN where there
are not yet rows enough. A row that is not finite makes every window over it NaN, and starts
the recursive ones (ema, rsi, atr) anew. All raise UsageError for a wrong type, shape, length or n.
"""

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.market.columns import column, same_length, window
from thunes.core.market.exact_mean import exact_mean
from thunes.core.market.recursive import smoothed, wilder
from thunes.core.market.rolling import rolling_max, rolling_min
from thunes.core.stats.kernel import kernel

_RSI_FLAT = 50.0


@np.errstate(over="ignore", invalid="ignore")
def sma(values: Floats, n: int) -> Floats:
    """The simple moving average of rows t-n+1..t; first row n-1.

    Averages of prices compare exactly: see `exact_mean`.
    """
    return exact_mean(column("values", values), window(n))


@np.errstate(over="ignore", invalid="ignore")
def ema(values: Floats, n: int) -> Floats:
    """The exponential moving average, weight 2/(n+1), seeded by the mean of the first n rows."""
    n = window(n)
    return smoothed(column("values", values), n, 2.0 / (n + 1))


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def rsi(close: Floats, n: int) -> Floats:
    """Wilder's relative strength index, 0 to 100 (Wilder 1978); first row n.

    Seeded by the mean of the first n changes. 50 where no change is remembered at all.
    """
    n = window(n)
    change = _changes(column("close", close))
    # Not np.maximum(change, 0): that would let NaN and infinities through as a gain or a loss.
    finite = np.isfinite(change)
    gain = wilder(column("gain", np.where(finite, np.maximum(change, 0.0), np.nan)), n)
    loss = wilder(column("loss", np.where(finite, np.maximum(-change, 0.0), np.nan)), n)
    both = gain + loss
    return np.where(both == 0.0, _RSI_FLAT, 100.0 * (gain / both))


@np.errstate(over="ignore", invalid="ignore")
def atr(high: Floats, low: Floats, close: Floats, n: int) -> Floats:
    """Wilder's average true range, in units of price (Wilder 1978); first row n.

    The first bar has no close before it and so no true range. Seeded by the mean of the first n.
    """
    same_length(high=high, low=low, close=close)
    ranges = _true_ranges(column("high", high), column("low", low), column("close", close))
    return wilder(column("ranges", ranges), window(n))


def donchian(high: Floats, low: Floats, n: int) -> tuple[Floats, Floats]:
    """(upper, lower): highest high and lowest low of rows t-n..t-1; first row n.

    The current bar is in neither, so that a close can break them.
    """
    same_length(high=high, low=low)
    return _one_later(rolling_max(high, n)), _one_later(rolling_min(low, n))


@np.errstate(over="ignore", invalid="ignore")
def bollinger(values: Floats, n: int, width: float = 2.0) -> tuple[Floats, Floats, Floats]:
    """(upper, middle, lower): the sma and `width` population standard deviations around it."""
    n, values = window(n), column("values", values)
    middle = exact_mean(values, n)
    spread = width * _deviation(values, column("middle", middle), n)
    return middle + spread, middle, middle - spread


def _changes(values: Floats) -> Floats:
    change = np.full(values.size, np.nan)
    change[1:] = values[1:] - values[:-1]
    return change


def _one_later(values: Floats) -> Floats:
    later = np.full(values.size, np.nan)
    later[1:] = values[:-1]
    return later


def _true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    ranges = np.full(close.size, np.nan)
    before = close[:-1]
    above, below = np.maximum(high[1:], before), np.minimum(low[1:], before)
    ranges[1:] = above - below
    return ranges


@kernel
def _deviation(values: Floats, means: Floats, n: int) -> Floats:
    """The population standard deviation of rows t-n+1..t around means[t]."""
    size = values.size
    out = np.full(size, np.nan)
    for t in range(n - 1, size):
        total = 0.0
        for j in range(t - n + 1, t + 1):
            off = values[j] - means[t]
            total += off * off
        out[t] = np.sqrt(total / n)
    return out
