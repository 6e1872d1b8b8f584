"""Mode: the limits on equity as the risk room reads them, at every report and every close.

Causes are written as 1 (a drawdown's warning), 2 (its limit) and 3 (a daily loss); 0 is none.
"""

from thunes.core.domain.units import NS_PER_DAY
from thunes.research.sweep.layout import (
    BACK_FIRST,
    BACK_LAST,
    CAUSE,
    DAILY_LOSS,
    DAILY_SHARE,
    DAY,
    DAY_START,
    DEGRADED,
    DRAWDOWN_LIMIT,
    HALTED,
    LIFTED_BY_DAY,
    MODE,
    NORMAL,
    PEAK_EQUITY,
    TAKES_BACK,
    WARNING,
    WATCHES,
    Sweep,
    keep,
    own,
)
from thunes.research.sweep.money import equity
from thunes.research.sweep.twofold import Two, multiply, reaches, subtract

_WARNED, _LIMITED, _LOST = 1, 2, 3
_RECOVERIES_NS = NS_PER_DAY


def close_day(w: Sweep, row: int) -> None:
    """What the account remembers of a close: its peak, and what a new day begins with; then the
    mode."""
    if not w.choice[WATCHES]:
        return
    worth, day = equity(w, row), w.times[row] // NS_PER_DAY
    peak = own(w.purse, PEAK_EQUITY)
    if w.note[DAY] < 0 or subtract(worth, peak)[0] > 0.0:
        keep(w.purse, PEAK_EQUITY, worth)
    if day != w.note[DAY]:
        w.note[DAY] = day
        keep(w.purse, DAY_START, worth)
        if w.note[CAUSE] == _LOST and w.choice[LIFTED_BY_DAY]:
            w.note[MODE], w.note[CAUSE] = NORMAL, 0
    judge(w, w.times[row], worth)


def judge(w: Sweep, at: int, worth: Two) -> None:
    """Move the mode by what this equity reaches, gravest last."""
    if w.note[MODE] == HALTED or w.note[DAY] < 0:
        return
    was = w.note[MODE]
    peak, start = own(w.purse, PEAK_EQUITY), own(w.purse, DAY_START)
    fallen, lost = subtract(peak, worth), subtract(start, worth)
    warning, limit = own(w.rule, WARNING), own(w.rule, DRAWDOWN_LIMIT)
    if peak[0] > 0.0 and warning[0] == warning[0]:
        if reaches(fallen, multiply(warning, peak)):
            _begin(w, _WARNED, DEGRADED)
        elif _may_recover(w, at) and w.note[CAUSE] == _WARNED:
            w.note[MODE], w.note[CAUSE] = NORMAL, 0
            w.note[BACK_FIRST], w.note[BACK_LAST] = w.note[BACK_LAST], at
    if peak[0] > 0.0 and limit[0] == limit[0] and reaches(fallen, multiply(limit, peak)):
        _begin(w, _LIMITED, HALTED)
    daily, share = own(w.rule, DAILY_LOSS), own(w.rule, DAILY_SHARE)
    if daily[0] == daily[0] and reaches(lost, daily):
        _begin(w, _LOST, HALTED)
    if share[0] == share[0] and reaches(lost, multiply(share, start)):
        _begin(w, _LOST, HALTED)
    if w.note[MODE] == HALTED and was != HALTED:
        w.note[TAKES_BACK] = 1


def _begin(w: Sweep, cause: int, mode: int) -> None:
    """A limit is reached: it holds the mode unless a graver one does."""
    if w.note[MODE] < mode:
        w.note[MODE] = mode
        w.note[CAUSE] = cause


def _may_recover(w: Sweep, at: int) -> bool:
    lately = 0
    for back in (w.note[BACK_FIRST], w.note[BACK_LAST]):
        if at - back < _RECOVERIES_NS:
            lately += 1
    return lately < 2
