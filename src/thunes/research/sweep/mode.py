"""Mode: the limits on equity as the risk room reads them, at every report and every close.

Causes are written as 1 (a drawdown's warning), 2 (its limit) and 3 (a daily loss); 0 is none.
"""

from thunes.core.domain.units import NS_PER_DAY
from thunes.research.sweep.layout import DEGRADED, HALTED, NORMAL, Record, put, two
from thunes.research.sweep.twofold import Two, multiply, reaches, subtract

_WARNED, _LIMITED, _LOST = 1, 2, 3
_RECOVERIES_NS = NS_PER_DAY


def close_day(a: Record, worth: Two) -> None:
    """What the account remembers of a close: its peak, and what a new day begins with; then the
    mode."""
    day = a.at // NS_PER_DAY
    if a.day < 0 or subtract(worth, two(a.peak_equity))[0] > 0.0:
        put(a.peak_equity, worth)
    if day != a.day:
        a.day = day
        put(a.day_start, worth)
        if a.cause == _LOST and a.lifted_by_day:
            a.mode, a.cause = NORMAL, 0
    judge(a, worth)


def judge(a: Record, worth: Two) -> None:
    """Move the mode by what this equity reaches, gravest last."""
    if a.mode == HALTED or a.day < 0:
        return
    peak, start = two(a.peak_equity), two(a.day_start)
    fallen, lost = subtract(peak, worth), subtract(start, worth)
    warning, limit = two(a.warning), two(a.drawdown_limit)
    if peak[0] > 0.0 and warning[0] == warning[0]:
        if reaches(fallen, multiply(warning, peak)):
            _begin(a, _WARNED, DEGRADED)
        elif a.cause == _WARNED and _may_recover(a):
            a.mode, a.cause = NORMAL, 0
            a.back[0], a.back[1] = a.back[1], a.at
    if peak[0] > 0.0 and limit[0] == limit[0] and reaches(fallen, multiply(limit, peak)):
        _begin(a, _LIMITED, HALTED)
    daily, share = two(a.daily_loss), two(a.daily_share)
    if daily[0] == daily[0] and reaches(lost, daily):
        _begin(a, _LOST, HALTED)
    if share[0] == share[0] and reaches(lost, multiply(share, start)):
        _begin(a, _LOST, HALTED)
    if a.mode == HALTED:
        a.takes_back = 1


def _begin(a: Record, cause: int, mode: int) -> None:
    """A limit is reached: it holds the mode unless a graver one does."""
    if a.mode < mode:
        a.mode = mode
        a.cause = cause


def _may_recover(a: Record) -> bool:
    lately = 0
    for place in range(2):
        if a.at - a.back[place] < _RECOVERIES_NS:
            lately += 1
    return lately < 2
