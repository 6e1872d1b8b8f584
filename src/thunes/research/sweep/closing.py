"""A close as the core lives through it: what is remembered, what is left, raised and entered."""

import numpy as np

from thunes.research.sweep.bar import take_back
from thunes.research.sweep.entry import consider, open_round
from thunes.research.sweep.layout import EVERY_RULE, NO_ORDER, SELL, Sweep, put
from thunes.research.sweep.mode import close_day
from thunes.research.sweep.money import equity
from thunes.research.sweep.prices import decimal_of
from thunes.research.sweep.protection import follow, leave
from thunes.research.sweep.signals import Signals, enters, symbol_of

_NAN = (float("nan"), 0.0)
_UNKNOWN = (0.0, 0.0)


def meet_close(w: Sweep, signals: Signals, begin: int, end: int, row: int) -> None:
    """The close of a row, with the signals begin..end that it brings: exits before entries."""
    a = w.account[0]
    a.row = row
    if EVERY_RULE and a.timed:
        a.at = w.times[row]
    _look(w, signals, begin, end, row)
    if EVERY_RULE and a.watches:
        close_day(a, equity(a, w.books))
        take_back(w)
    entering = False
    for each in range(begin, end):
        if enters(signals.key[each]):
            entering = True
        else:
            _exit(w, symbol_of(signals.key[each]))
    if EVERY_RULE and (a.trail_after >= 0 or a.break_even_after >= 0):
        _raise_stops(w, row)
    if entering:
        open_round(a, w.books)
        for each in range(begin, end):
            if enters(signals.key[each]):
                distance = _NAN
                if EVERY_RULE and signals.distance.size > 0:
                    distance = decimal_of(signals.distance[each], 1.0)
                consider(a, w.books, symbol_of(signals.key[each]), distance)


def _look(w: Sweep, signals: Signals, begin: int, end: int, row: int) -> None:
    """Take note of the closes that somebody will ask for."""
    a = w.account[0]
    if EVERY_RULE and (a.weighs or a.trail_after >= 0 or a.break_even_after >= 0):
        for s in range(w.books.size):
            b = w.books[s]
            b.mark = w.close[row, s]
            if a.trail_after >= 0 and b.held[0] != 0.0 and b.mark > b.peak[0]:
                put(b.peak, decimal_of(b.mark, b.scale))
    for each in range(begin, end):
        s = symbol_of(signals.key[each])
        b = w.books[s]
        b.mark = w.close[row, s]
        if EVERY_RULE and w.yearly.shape[0] == w.times.size:
            b.yearly = w.yearly[row, s]


def _exit(w: Sweep, s: int) -> None:
    a, b = w.account[0], w.books[s]
    if b.held[0] != 0.0 and b.order == NO_ORDER:
        known = b.legs > 0 or b.known == a.row
        leave(a, b, SELL, decimal_of(b.mark, b.scale) if known else _UNKNOWN)


def _raise_stops(w: Sweep, row: int) -> None:
    """In the order of the entries, for the orders of the venue begin anew in it."""
    done = np.int64(-1)
    while True:
        first = -1
        for s in range(w.books.size):
            b = w.books[s]
            fresh = b.legs > 0 and b.place > done and w.open[row, s] == w.open[row, s]
            if fresh and (first < 0 or b.place < w.books[first].place):
                first = s
        if first < 0:
            return
        done = w.books[first].place
        follow(w.account[0], w.books[first])
