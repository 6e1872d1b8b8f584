"""A close as the core lives through it: what is remembered, what is left, raised and entered."""

import numpy as np

from thunes.research.sweep.bar import take_back
from thunes.research.sweep.entry import consider, open_round
from thunes.research.sweep.layout import (
    BREAK_EVEN_AFTER,
    HELD,
    KNOWN,
    LEGS,
    NO_ORDER,
    ORDER,
    PEAK,
    PLACE,
    SELL,
    TRAIL_AFTER,
    Signals,
    Sweep,
    put,
)
from thunes.research.sweep.mode import close_day
from thunes.research.sweep.prices import decimal_of, price_of
from thunes.research.sweep.protection import follow, leave

_NAN = (float("nan"), 0.0)
_UNKNOWN = (0.0, 0.0)


def meet_close(w: Sweep, signals: Signals, begin: int, end: int, row: int) -> None:
    """The close of a row, with the signals begin..end that it brings: exits before entries."""
    _remember(w, row)
    close_day(w, row)
    take_back(w)
    enters = False
    for each in range(begin, end):
        if signals.enter[each]:
            enters = True
        else:
            _exit(w, np.int64(signals.symbol[each]), row)
    if w.choice[TRAIL_AFTER] >= 0 or w.choice[BREAK_EVEN_AFTER] >= 0:
        _raise_stops(w, row)
    if enters:
        open_round(w)
        for each in range(begin, end):
            if signals.enter[each]:
                s, distance = np.int64(signals.symbol[each]), _NAN
                if signals.distance.size:
                    distance = decimal_of(signals.distance[each], 1.0)
                consider(w, s, row, distance)


def _remember(w: Sweep, row: int) -> None:
    """The highest close since each entry, where a stop is to follow it."""
    if w.choice[TRAIL_AFTER] < 0:
        return
    for s in range(w.book.shape[0]):
        if w.book[s, HELD] != 0.0 and w.close[s, row] > w.book[s, PEAK]:
            put(w.book, s, PEAK, price_of(w, s, w.close[s, row]))


def _exit(w: Sweep, s: int, row: int) -> None:
    if w.book[s, HELD] == 0.0 or w.slot[s, ORDER] != NO_ORDER:
        return
    known = w.slot[s, LEGS] > 0 or w.slot[s, KNOWN] == row
    leave(w, s, row, SELL, price_of(w, s, w.close[s, row]) if known else _UNKNOWN)


def _raise_stops(w: Sweep, row: int) -> None:
    """In the order of the entries, for the orders of the venue begin anew in it."""
    done = -1
    while True:
        first = -1
        for s in range(w.book.shape[0]):
            place = w.slot[s, PLACE]
            fresh = w.slot[s, LEGS] > 0 and place > done and w.open[s, row] == w.open[s, row]
            if fresh and (first < 0 or place < w.slot[first, PLACE]):
                first = s
        if first < 0:
            return
        done = w.slot[first, PLACE]
        follow(w, first, row)
