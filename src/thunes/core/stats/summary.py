"""Eight figures of an equity curve in one pass over it."""

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike

from thunes.core.stats.kernel import kernel
from thunes.core.stats.series import BadSeries, Floats, checked_series

# A deviation this small beside the largest return is the rounding of equal numbers, not a swing.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Summary:
    """Ratios and volatility are annualised; None where nothing can be divided by.

    `win_rate` is the share of returns above zero, `annual_return` the yearly growth rate,
    `calmar` that rate over the deepest drawdown.
    """

    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    win_rate: float
    total_return: float
    annual_return: float | None
    volatility: float
    calmar: float | None


def summarise(equity: ArrayLike, periods: float) -> Summary:
    """The figures of `equity`, n >= 3 rows above zero, of which `periods` make a year.

    Raises BadSeries for fewer rows, a NaN or infinity, or a row that is not above zero.
    """
    curve = checked_series(equity, 3)
    least = float(curve.min())
    if not least > 0:
        row = int(curve.argmin())
        raise BadSeries(f"row {row} of the equity is {least:g}: returns need equity above zero")
    first, moved, square, short, wins, depth, largest = _moments(curve)
    n, total = curve.size - 1, float(curve[-1] / curve[0]) - 1
    mean = first + moved / n
    deviation = math.sqrt(max(square - moved * moved / n, 0.0) / (n - 1))
    downside = math.sqrt(short / n)
    root, floor = math.sqrt(periods), _ROUNDING * largest
    growth = math.log1p(total) / n * periods
    annual = math.expm1(growth) if growth < 700 else None
    return Summary(
        sharpe=mean / deviation * root if deviation > floor else None,
        sortino=mean / downside * root if downside > floor else None,
        max_drawdown=depth,
        win_rate=wins / n,
        total_return=total,
        annual_return=annual,
        volatility=deviation * root,
        calmar=annual / -depth if annual is not None and depth < 0 else None,
    )


@kernel
def _moments(equity: Floats) -> tuple[float, float, float, float, int, float, float]:
    """The first return; sums of how far the returns lie from it and of that squared (equal returns
    then have no variance at all); of squared losses; wins; deepest drawdown; largest size."""
    first = equity[1] / equity[0] - 1.0
    moved, square, short, largest = 0.0, 0.0, 0.0, 0.0
    wins, peak, depth = 0, equity[0], 0.0
    for row in range(1, equity.size):
        here = equity[row]
        gain = here / equity[row - 1] - 1.0
        off = gain - first
        moved += off
        square += off * off
        loss = min(gain, 0.0)
        short += loss * loss
        wins += gain > 0.0
        largest = max(largest, abs(gain))
        peak = max(peak, here)
        depth = min(depth, here / peak - 1.0)
    return first, moved, square, short, wins, depth, largest
