"""The run: one parameter set after the other over all rows, looking only where something can
happen."""

import math

import numpy as np

from thunes.research.sweep.bar import meet_bar
from thunes.research.sweep.closing import meet_close
from thunes.research.sweep.curve import daily_sharpe, deepest, draw, start_curve
from thunes.research.sweep.layout import (
    ASKED,
    BACK_FIRST,
    BACK_LAST,
    BEGIN_BNB,
    BEGIN_CASH,
    BNB_SYMBOL,
    BREAK_EVEN_AFTER,
    CASH,
    DAY,
    DAYS,
    DOUBT,
    DOUBT_ROW,
    ENTRIES,
    EXPOSED,
    HELD,
    KNOWN,
    LEG,
    LEGS,
    LOSS_AT,
    LINE,
    LOST,
    NEVER,
    NEXT,
    NO_ORDER,
    ORDER,
    STOP,
    TRADES,
    TRAIL_AFTER,
    WALLET,
    WATCHES,
    WINS,
    WON,
    Floats,
    Ints,
    Signals,
    Sweep,
    keep,
    own,
    put,
)
from thunes.research.sweep.money import equity
from thunes.research.sweep.twofold import Two

(
    FINAL,
    GROWN,
    ENTERED,
    CLOSED,
    OPENED,
    WON_OF_THEM,
    SHARPE,
    DRAWDOWN,
    PROFIT_FACTOR,
    EXPOSURE,
    DOUBTED,
    DOUBTED_ROW,
    FIGURES,
) = range(13)

_SCAN_MIN = 64


def run_sets(w: Sweep, signals: Signals, sets: Ints, out: Floats) -> None:
    """Run each of `sets` and write its figures into its row of `out`; its daily equity goes to its
    row of `w.daily` where there is one for each set, else to the only one."""
    for n in sets:
        w.note[LINE] = n if w.daily.shape[0] > 1 else 0
        initial = _reset(w)
        _run(w, signals, signals.start[n], signals.start[n + 1])
        _tell(w, initial, out[n])


def _reset(w: Sweep) -> float:
    """An account before its first bar; what it is worth then."""
    w.book[:] = 0.0
    w.slot[:] = 0
    w.purse[:] = 0.0
    w.note[:LINE] = 0
    w.slot[:, NEXT] = w.times.size
    w.slot[:, ASKED] = w.slot[:, KNOWN] = NEVER
    w.note[DAY] = -1
    w.note[LOSS_AT] = w.note[BACK_FIRST] = w.note[BACK_LAST] = NEVER
    cash, b = own(w.rule, BEGIN_CASH), w.choice[BNB_SYMBOL]
    keep(w.purse, CASH, cash)
    initial = cash[0]
    if b >= 0:
        put(w.book, b, WALLET, own(w.rule, BEGIN_BNB))
        initial += w.book[b, WALLET] * w.open[b, 0]
    start_curve(w, initial)
    return initial


def _run(w: Sweep, signals: Signals, at: int, end: int) -> None:
    rows, row, drawn = w.times.size, 0, 0
    while w.note[DOUBT] == 0:
        touched = int(rows)
        for s in range(w.slot.shape[0]):
            touched = min(touched, w.slot[s, NEXT])
        asked = signals.row[at] if at < end else rows
        row = row if w.choice[WATCHES] else min(asked, touched)
        if row >= rows:
            break
        if touched == row:
            draw(w, drawn, row)
            drawn = row
            meet_bar(w, row)
        begin = at
        while at < end and signals.row[at] == row:
            at += 1
        meet_close(w, signals, begin, at, row)
        for each in range(begin, at):
            w.slot[signals.symbol[each], NEXT] = row
        until = signals.row[at] + 1 if at < end else rows
        until = min(max(until, row + _SCAN_MIN), rows)
        for s in range(w.slot.shape[0]):
            if w.slot[s, NEXT] == row:
                w.slot[s, NEXT] = _look(w, s, row + 1, until)
        row += 1
    draw(w, drawn, rows)


def _works(w: Sweep, s: int) -> bool:
    return w.slot[s, ORDER] != NO_ORDER or w.slot[s, LEGS] > 0


def _look(w: Sweep, s: int, row: int, until: int) -> int:
    """The first row from `row` on at which the symbol's orders may act or are to be moved; a look
    for a touch ends at `until` and goes on from there."""
    rows = w.times.size
    if not _works(w, s):
        return rows
    follows = w.choice[TRAIL_AFTER] >= 0 or w.choice[BREAK_EVEN_AFTER] >= 0
    if w.slot[s, ORDER] != NO_ORDER or follows:
        opens = w.open[s]
        while row < rows and math.isnan(opens[row]):
            row += 1
        return row
    stop, target = w.book[s, STOP], math.inf
    for leg in range(w.slot[s, LEGS]):
        aim = w.book[s, LEG + 3 * leg + 1]
        if 0.0 < aim < target:
            target = aim
    return _first_touch(w.low[s], w.high[s], (row, until), (stop, target))


def _first_touch(low: Floats, high: Floats, rows: tuple[int, int], levels: Two) -> int:
    stop, target = levels
    for row in range(rows[0], rows[1]):
        if low[row] <= stop or high[row] > target:
            return row
    return rows[1]


def _tell(w: Sweep, initial: float, out: Floats) -> None:
    """The figures of the set that was run; NaN where they cannot be measured."""
    final = equity(w, w.times.size - 1)[0]
    out[FINAL] = final
    out[GROWN] = final / initial - 1.0 if initial > 0.0 else math.nan
    out[ENTERED], out[CLOSED] = w.note[ENTRIES], w.note[TRADES]
    out[OPENED] = np.count_nonzero(w.book[:, HELD])
    out[WON_OF_THEM] = w.note[WINS]
    out[SHARPE] = daily_sharpe(w.daily[w.note[LINE]], w.skipped, initial)
    out[DRAWDOWN] = deepest(w.tally)
    out[PROFIT_FACTOR] = w.purse[WON] / w.purse[LOST] if w.purse[LOST] > 0.0 else math.nan
    out[EXPOSURE] = w.tally[EXPOSED] / w.times.size
    out[DOUBTED], out[DOUBTED_ROW] = w.note[DOUBT], w.note[DOUBT_ROW]
