"""The market as a sweep sees it: the prices of all symbols on one line of time."""

from dataclasses import dataclass

import numpy as np

from thunes.core.domain.errors import DataError
from thunes.core.domain.market import Floats, Ints
from thunes.core.domain.units import NS_PER_DAY, Symbol, format_instant
from thunes.core.market.tape import Tape
from thunes.research.sweep.sharing import shared


@dataclass(frozen=True, slots=True)
class Prices:
    """Columns of shape (rows, symbols); `ends` and `skipped` say where days end: see `Sweep`."""

    symbols: tuple[Symbol, ...]
    times: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    ends: Ints
    skipped: Ints


def prices_of(tape: Tape, symbols: tuple[Symbol, ...], levels: bool) -> Prices:
    """The prices on the tape's rows; without `levels` nothing rests, and no range is asked for.

    DataError: a price that is no number above zero.
    """
    names = ("open", "close", "high", "low") if levels else ("open", "close")
    shared(lambda symbol: _refuse_no_price(tape, symbol), symbols)
    found = shared(lambda name: _column(tape, symbols, name), names)
    opens, closes, highs, lows = (*found, found[0], found[0])[:4]
    times = _fixed(np.asarray(tape.times))
    return Prices(symbols, times, opens, highs, lows, closes, *_days(times))


def _days(times: Ints) -> tuple[Ints, Ints]:
    """The last row of each day that has one, and how many days without any come before it."""
    first, last = (int(times[row] - 1) // NS_PER_DAY for row in (0, -1))
    days = np.arange(first, last + 1)
    until = np.searchsorted(times, (days + 1) * NS_PER_DAY, side="right")
    closed = np.diff(until, prepend=0) > 0
    return until[closed] - 1, np.diff(days[closed], prepend=first - 1) - 1


def _refuse_no_price(tape: Tape, symbol: Symbol) -> None:
    bars = tape.bars[symbol]
    for name in ("open", "high", "low", "close"):
        column = getattr(bars, name)
        if column.min() > 0.0 and column.max() < np.inf:  # neither if any row is NaN
            continue
        row = int(np.flatnonzero(~(np.isfinite(column) & (column > 0.0)))[0])
        raise DataError(
            f"{symbol}: {name} is {column[row]} in row {row}, "
            f"{format_instant(int(bars.open_time[row]))}: a price is a number above zero"
        )


def _column(tape: Tape, symbols: tuple[Symbol, ...], name: str) -> Floats:
    """One column of all symbols; NaN where a symbol has no bar, but closes carry on."""
    rows = len(tape)
    if len(symbols) == 1 and len(tape.bars[symbols[0]]) == rows:
        whole: Floats = getattr(tape.bars[symbols[0]], name).reshape(rows, 1)
        return whole
    table = np.empty((rows, len(symbols)))
    for s, symbol in enumerate(symbols):
        bars = tape.bars[symbol]
        if len(bars) == rows:
            table[:, s] = getattr(bars, name)
            continue
        places = tape.rows(symbol, 0, rows)
        table[:, s] = getattr(bars, name)[places]
        if name == "close":
            table[places < 0, s] = 0.0
        else:
            table[bars.close_time[places] != tape.times, s] = np.nan
    return _fixed(table)


def _fixed(values: np.ndarray) -> np.ndarray:
    """The same, not to be written to: compiled code knows one kind of column only."""
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view
