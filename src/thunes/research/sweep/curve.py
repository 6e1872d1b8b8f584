"""The curve: equity at every close, told as figures while it goes by and not kept."""

import math

from thunes.research.sweep.layout import (
    CASH,
    DAYS,
    EXPOSED,
    HIGH,
    LINE,
    LOW,
    TALLY,
    WALLET,
    WORST,
    Floats,
    Ints,
    Sweep,
)

DAYS_A_YEAR = 365.0
_ROUNDING = 1e-12


def start_curve(w: Sweep, initial: float) -> None:
    for place in range(TALLY):
        w.tally[place] = 0.0
    w.tally[HIGH] = w.tally[LOW] = initial


def draw(w: Sweep, first: int, until: int) -> None:
    """The closes of rows first..until-1, with what is held now."""
    holdings, only = 0, 0
    for s in range(w.book.shape[0]):
        if w.book[s, WALLET] != 0.0:
            holdings, only = holdings + 1, s
    while first < until:
        day = w.note[DAYS]
        stop = min(until, w.ends[day] + 1)
        if holdings == 0:
            worth = w.purse[CASH]
            _see(w.tally, worth)
        elif holdings == 1:
            worth = _draw_one(w.tally, w.close[only, first:stop], w.book[only, WALLET], w.purse[CASH])
        else:
            worth = _draw_many(w, first, stop)
        if stop == w.ends[day] + 1:
            w.daily[w.note[LINE], day] = worth
            w.note[DAYS] = day + 1
        first = stop


def _see(tally: Floats, worth: float) -> None:
    """One more point of the curve, for the deepest fall from its highest."""
    if worth > tally[HIGH]:
        tally[WORST] = min(tally[WORST], _fall(tally[HIGH], tally[LOW]))
        tally[HIGH] = tally[LOW] = worth
    elif worth < tally[LOW]:
        tally[LOW] = worth


def _fall(high: float, low: float) -> float:
    return low / high - 1.0 if low > 0.0 else -1.0


def _draw_one(tally: Floats, closes: Floats, quantity: float, cash: float) -> float:
    high, low, worst, exposed = tally[HIGH], tally[LOW], tally[WORST], 0.0
    worth = cash
    for close in closes:
        market = quantity * close
        worth = cash + market
        if worth > 0.0:
            exposed += market / worth
        if worth < low:
            low = worth
        elif worth > high:
            worst = min(worst, _fall(high, low))
            high = low = worth
    tally[HIGH], tally[LOW], tally[WORST] = high, low, worst
    tally[EXPOSED] += exposed
    return worth


def _draw_many(w: Sweep, first: int, until: int) -> float:
    worth = 0.0
    for row in range(first, until):
        market = 0.0
        for s in range(w.book.shape[0]):
            quantity = w.book[s, WALLET]
            if quantity != 0.0:
                market += quantity * w.close[s, row]
        worth = w.purse[CASH] + market
        if worth > 0.0:
            w.tally[EXPOSED] += market / worth
        _see(w.tally, worth)
    return worth


def deepest(tally: Floats) -> float:
    """The deepest drawdown, in [-1, 0]."""
    return min(tally[WORST], _fall(tally[HIGH], tally[LOW]))


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
