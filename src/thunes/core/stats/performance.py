"""What an equity curve earned, and how that compares with how much it swung.

Equity and returns are one-dimensional float64 arrays, oldest first; times are int64 ns UTC.
A figure that cannot be measured (too few rows, a NaN or infinity, nothing to divide by) is None:
never a warning, never an infinity, so that JSON can carry every answer.
"""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_A_YEAR = 365
"""Crypto trades every day: daily figures are annualised by 365."""

NS_A_DAY = 86_400_000_000_000
NS_A_YEAR = 365.25 * NS_A_DAY

# A deviation this small beside the largest value is the rounding of equal numbers, not a swing.
_ROUNDING = 1e-12


def total_return(equity: Floats) -> float | None:
    """Last over first, minus one; 0.0 for fewer than two rows, None for a first row <= 0."""
    if equity.size < 2:
        return 0.0
    first, last = float(equity[0]), float(equity[-1])
    if not first > 0:
        return None
    return _number(last / first - 1)


def cagr(at_ns: Ints, equity: Floats) -> float | None:
    """The yearly growth rate that leads from the first row to the last (years of 365.25 days).

    A loss of everything, or more, is -1.0. None if no time passes, if the first row is not
    positive, or if the rate is too large to write down (a doubling within the hour).
    """
    if equity.size < 2 or not equity[0] > 0 or not math.isfinite(equity[-1]):
        return None
    years = float(at_ns[-1] - at_ns[0]) / NS_A_YEAR
    if years <= 0:
        return None
    growth = float(equity[-1]) / float(equity[0])
    if growth <= 0:
        return -1.0
    try:
        return _number(math.expm1(math.log(growth) / years))
    except OverflowError:
        return None


def period_returns(equity: Floats) -> Floats:
    """Simple returns from row to row (n - 1 of them); 0.0 after a row <= 0: nothing is at stake."""
    before, after = equity[:-1], equity[1:]
    alive = ~(before <= 0)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(alive, after / np.where(alive, before, 1.0) - 1, 0.0)


def daily_equity(at_ns: Ints, equity: Floats, initial: float | None = None) -> Floats:
    """The last equity of each UTC day, one row per calendar day from the first to the last.

    `at_ns` ascends. A row stamped exactly at midnight ends the day before, as the close of that
    day's last bar does. A day without rows carries the day before. With `initial` (the equity
    before the first row) one row is put in front, so that the first day has a return too.
    """
    if equity.size == 0:
        return equity[:0] if initial is None else np.array([initial])
    day = (at_ns - 1) // NS_A_DAY
    days = np.arange(day[0], day[-1] + 1)
    daily = equity[np.searchsorted(day, days, side="right") - 1]
    return daily if initial is None else np.concatenate(([initial], daily))


def sharpe(returns: Floats, periods: float = 1.0, benchmark: float = 0.0) -> float | None:
    """Mean over standard deviation (ddof 1) of `returns - benchmark`, times the root of `periods`.

    `periods` is the number of returns in a year (365 for daily ones); 1 leaves it per period.
    `benchmark` is a return per period. None for fewer than two returns or without variance.
    """
    excess = returns - benchmark
    if excess.size < 2 or not np.isfinite(excess).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(excess.std(ddof=1))
        return _ratio(excess, deviation, _ROUNDING * float(np.abs(returns).max()), periods)


def sortino(returns: Floats, periods: float = 1.0, target: float = 0.0) -> float | None:
    """Mean excess over `target` by the target downside deviation, times the root of `periods`.

    The deviation is the root mean square, over *all* n returns, of the shortfalls below the target
    (Rollinger & Hoffman 2013). None for fewer than two returns or without a shortfall.
    """
    excess = returns - target
    if excess.size < 2 or not np.isfinite(excess).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
        return _ratio(excess, downside, _ROUNDING * float(np.abs(returns).max()), periods)


def _ratio(excess: Floats, deviation: float, rounding: float, periods: float) -> float | None:
    if deviation <= rounding:
        return None
    return _number(float(excess.mean()) / deviation * math.sqrt(periods))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
