"""The run: one parameter set after the other over all rows, looking only where something can
happen."""

import math
from typing import Any

from numpy.typing import NDArray

from thunes.research.sweep.bar import meet_bar
from thunes.research.sweep.closing import meet_close
from thunes.research.sweep.curve import daily_sharpe, deepest, draw
from thunes.research.sweep.layout import AIM, EVERY_RULE, NO_ORDER, Curve, Floats, Ints, Sweep
from thunes.research.sweep.money import equity
from thunes.research.sweep.signals import Signals, row_of, symbol_of
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
    FIGURES,
) = range(12)

_SCAN_MIN = 64
_FETCHED = 64

Blank = tuple[NDArray[Any], NDArray[Any]]
"""The account and the books before the first bar."""


def run_sets(w: Sweep, curve: Curve, blank: Blank, todo: tuple[Signals, Ints], out: Floats) -> None:
    """Run each set of `todo` and write its figures into its row of `out`; its daily equity goes to
    its row of `curve.daily` where there is one for each set, else to the only one."""
    signals, sets = todo
    for place in range(sets.size):
        n = sets[place]
        w.account[0] = blank[0][0]
        for s in range(w.books.size):
            w.books[s] = blank[1][s]
            w.coins[s], w.next[s] = w.books[s].wallet[0], w.times.size
        a = w.account[0]
        a.line = n if curve.daily.shape[0] > 1 else 0
        initial = a.high
        _run(w, curve, signals, n)
        _tell(w, curve, initial, out[n])


def _run(w: Sweep, curve: Curve, signals: Signals, n: int) -> None:
    a, rows, row, drawn = w.account[0], w.times.size, 0, 0
    at, end = signals.start[n], signals.start[n + 1]
    fetched = at
    while a.doubt == 0:
        if at >= fetched and at < end:
            fetched = _fetch(w, signals, at, end)
        touched = rows
        for s in range(w.next.size):
            touched = min(touched, w.next[s])
        asked = row_of(signals.key[at]) if at < end else rows
        row = row if EVERY_RULE and a.watches else min(asked, touched)
        if row >= rows:
            break
        due, begin = 0, at
        if touched == row:
            draw(w, curve, drawn, row)
            drawn = row
            due = _due(w, row)
            meet_bar(w, row, due)
        while at < end and row_of(signals.key[at]) == row:
            at += 1
        meet_close(w, signals, begin, at, row)
        for each in range(begin, at):
            s = symbol_of(signals.key[each])
            if w.next[s] != row:
                w.next[s], w.due[due], due = row, s, due + 1
        until = row_of(signals.key[at]) + 1 if at < end else rows
        until = min(max(until, row + _SCAN_MIN), rows)
        for place in range(due):
            w.next[w.due[place]] = _look(w, w.due[place], row + 1, until)
        row += 1
    draw(w, curve, drawn, rows)


def _fetch(w: Sweep, signals: Signals, at: int, end: int) -> int:
    """Read the prices around the next signals: of many at once memory is waited for once."""
    end, total = min(end, at + _FETCHED), 0.0
    for each in range(at, end):
        row, s = row_of(signals.key[each]), symbol_of(signals.key[each])
        after = min(row + 1, w.times.size - 1)
        total += w.close[row, s] + w.open[after, s]
        if EVERY_RULE:
            total += w.low[after, s] + w.high[after, s]
    w.account[0].fetched = total
    return end


def _due(w: Sweep, row: int) -> int:
    """Write down the symbols whose orders are looked at in this row, and count them."""
    count = 0
    for s in range(w.next.size):
        w.due[count] = s
        count += w.next[s] == row
    return count


def _look(w: Sweep, s: int, row: int, until: int) -> int:
    """The first row from `row` on at which the symbol's orders may act or are to be moved; a look
    for a touch ends at `until` and goes on from there."""
    a, b, rows = w.account[0], w.books[s], w.times.size
    if b.order == NO_ORDER and b.legs == 0:
        return rows
    if not EVERY_RULE or b.order != NO_ORDER or a.trail_after >= 0 or a.break_even_after >= 0:
        while row < rows and w.open[row, s] != w.open[row, s]:
            row += 1
        return row
    target = math.inf
    for leg in range(b.legs):
        if 0.0 < b.leg[leg, AIM] < target:
            target = b.leg[leg, AIM]
    return _first_touch(w.low[:, s], w.high[:, s], (row, until), (b.stop[0], target))


def _first_touch(low: Floats, high: Floats, rows: tuple[int, int], levels: Two) -> int:
    stop, target = levels
    for row in range(rows[0], rows[1]):
        if low[row] <= stop or high[row] > target:
            return row
    return rows[1]


def _tell(w: Sweep, curve: Curve, initial: float, out: Floats) -> None:
    """The figures of the set that was run; NaN where they cannot be measured."""
    a, opened = w.account[0], 0
    for s in range(w.books.size):
        w.books[s].mark = w.close[w.times.size - 1, s]
        opened += w.books[s].held[0] != 0.0
    final = equity(a, w.books)[0]
    out[FINAL] = final
    out[GROWN] = final / initial - 1.0 if initial > 0.0 else math.nan
    out[ENTERED], out[CLOSED], out[OPENED] = a.entries, a.trades, opened
    out[WON_OF_THEM] = a.wins
    out[SHARPE] = daily_sharpe(curve.daily[a.line], curve.skipped, initial)
    out[DRAWDOWN] = deepest(a)
    out[PROFIT_FACTOR] = a.won / a.lost if a.lost > 0.0 else math.nan
    out[EXPOSURE] = a.exposed / w.times.size
    out[DOUBTED] = a.doubt
