"""The curve: equity at every close, told as figures while it goes by and not kept."""

import math

from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.research.sweep.layout import Curve, Floats, Ints, Record, Sweep

_ROUNDING = 1e-12


def draw(w: Sweep, curve: Curve, first: int, until: int) -> None:
    """The closes of rows first..until-1, with what is held now."""
    a, holdings, only = w.account[0], 0, 0
    for s in range(w.coins.size):
        if w.coins[s] != 0.0:
            holdings, only = holdings + 1, s
    while first < until:
        last = curve.ends[a.days]
        stop = min(until, last + 1)
        worth = a.cash[0]
        if holdings == 0:
            _see(a, worth)
        elif holdings == 1:
            worth = _draw_one(a, w.close[first:stop, only], w.coins[only])
        else:
            worth = _draw_many(w, first, stop)
        if stop == last + 1:
            curve.daily[a.line, a.days] = worth
            a.days += 1
        first = stop


def _see(a: Record, worth: float) -> None:
    """One more point of the curve, for the deepest fall from its highest."""
    if worth > a.high:
        a.worst = min(a.worst, _fall(a.high, a.low))
        a.high = a.low = worth
    elif worth < a.low:
        a.low = worth


def _fall(high: float, low: float) -> float:
    return low / high - 1.0 if low > 0.0 else -1.0


def _draw_one(a: Record, closes: Floats, quantity: float) -> float:
    high, low, worst, exposed, cash = a.high, a.low, a.worst, 0.0, a.cash[0]
    worth = cash
    for row in range(closes.size):
        market = quantity * closes[row]
        worth = cash + market
        if worth > 0.0:
            exposed += market / worth
        if worth < low:
            low = worth
        elif worth > high:
            worst = min(worst, _fall(high, low))
            high = low = worth
    a.high, a.low, a.worst = high, low, worst
    a.exposed += exposed
    return float(worth)


def _draw_many(w: Sweep, first: int, until: int) -> float:
    a, worth = w.account[0], 0.0
    for row in range(first, until):
        market = 0.0
        for s in range(w.coins.size):
            market += w.coins[s] * w.close[row, s]
        worth = a.cash[0] + market
        if worth > 0.0:
            a.exposed += market / worth
        _see(a, worth)
    return worth


def deepest(a: Record) -> float:
    """The deepest drawdown, in [-1, 0]."""
    return float(min(a.worst, _fall(a.high, a.low)))


def daily_sharpe(daily: Floats, skipped: Ints, initial: float) -> float:
    """The yearly Sharpe ratio of daily returns, the days without a close among them; NaN where it
    cannot be measured."""
    count = daily.size
    total, largest, before = 0.0, 0.0, initial
    for day in range(daily.size):
        count += skipped[day]
        change = _return(before, daily[day])
        total, largest, before = total + change, max(largest, abs(change)), daily[day]
    if count < 2:
        return math.nan
    mean, squares, before = total / count, 0.0, initial
    for day in range(daily.size):
        off = _return(before, daily[day]) - mean
        squares += off * off + skipped[day] * mean * mean
        before = daily[day]
    deviation = math.sqrt(squares / (count - 1))
    if not deviation > _ROUNDING * largest:
        return math.nan
    return mean / deviation * math.sqrt(DAYS_A_YEAR)


def _return(before: float, after: float) -> float:
    return after / before - 1.0 if before > 0.0 else 0.0
