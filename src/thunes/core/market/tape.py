"""The tape: closed bars of all symbols on one common line of time."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.market import Bar, Ints
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Instant,
    Symbol,
    format_instant,
    format_timeframe,
)
from thunes.core.market.bars import Bars
from thunes.core.market.growth import GrowingColumns


class Tape:
    """Bars of one timeframe by symbol; row `sequence` of the tape is one closing instant.

    `times` is int64 nanoseconds, the sorted union of all close times. A symbol without a bar
    at an instant keeps its last row, as live does: what was told late is of the row at which it
    was told.
    UsageError: bars of two symbols that never open together.
    """

    @classmethod
    def growing(cls, timeframe: int) -> "Tape":
        """A tape without any row, to be added to."""
        tape = cls.__new__(cls)
        tape.bars, tape.timeframe = {}, timeframe
        tape.times = np.empty(0, dtype=np.int64)
        tape._rows, tape._columns = {}, {}
        return tape

    def __init__(self, bars: Mapping[Symbol, Bars]) -> None:
        if not bars or any(len(each) == 0 for each in bars.values()):
            raise DataError("there are no bars to trade on: give at least one bar per symbol")
        self.bars = dict(bars)
        self._columns: dict[Symbol, GrowingColumns] = {}
        first = next(iter(self.bars.values()))
        self.timeframe = first.timeframe
        if any(each.timeframe != self.timeframe for each in self.bars.values()):
            raise DataError("all symbols of one run need bars of one timeframe")
        self.times: Ints = first.close_time
        if any(not np.array_equal(each.close_time, self.times) for each in self.bars.values()):
            _refuse_two_grids(self.bars)
            self.times = np.unique(np.concatenate([b.close_time for b in self.bars.values()]))
        self._rows: dict[Symbol, Ints] = {
            symbol: np.searchsorted(each.close_time, self.times, side="right") - 1
            for symbol, each in self.bars.items()
            if each.close_time.size != self.times.size
        }

    def append(self, bars: Mapping[Symbol, Sequence[Bar]]) -> None:
        """Add bars, each symbol's after those it has. At least one closes after all that is here;
        of several rows that come together all are known by their own times. DataError: out of
        order."""
        last = int(self.times[-1]) if len(self) else -1
        closes = [each.close_time for more in bars.values() for each in more]
        times = np.unique(np.array([time for time in closes if time > last], dtype=np.int64))
        if not times.size:
            raise DataError("nothing that closes now is among the bars to be added")
        for symbol, more in bars.items():
            columns = self._columns.setdefault(symbol, GrowingColumns()).add(more)
            self.bars[symbol] = Bars(symbol, self.timeframe, columns)
        for symbol, known in self.bars.items():
            before = self._rows.get(symbol)
            if before is None:
                before = np.full(len(self), -1, dtype=np.int64)
            rows = np.searchsorted(known.close_time, times, side="right") - 1
            self._rows[symbol] = np.concatenate([before, rows])
        self.times = np.concatenate([self.times, times])

    def extend(self, closings: Iterable[Mapping[Symbol, Sequence[Bar]]]) -> None:
        """Add one closing after the other. Those in a row that bring nothing late are added at
        once: it gives the same rows, at the cost of one."""
        together: dict[Symbol, list[Bar]] = {}
        last = int(self.times[-1]) if len(self) else -1
        for bars in closings:
            closes = [each.close_time for more in bars.values() for each in more]
            if together and min(closes) <= last:
                self.append(together)
                together = {}
            if min(closes) <= last:
                self.append(bars)
            else:
                for symbol, more in bars.items():
                    together.setdefault(symbol, []).extend(more)
            last = max(last, *closes)
        if together:
            self.append(together)

    def __len__(self) -> int:
        return int(self.times.size)

    def rows(self, symbol: Symbol, start: int, stop: int) -> Ints:
        """The symbol's rows for the tape's rows start..stop-1; -1 before its first bar."""
        rows = self._rows.get(symbol)
        return np.arange(start, stop) if rows is None else rows[start:stop]

    def row(self, symbol: Symbol, sequence: int) -> int:
        """The row of the symbol's last bar closed by then, or -1."""
        rows = self._rows.get(symbol)
        return sequence if rows is None else int(rows[sequence])

    def bar_closing(self, symbol: Symbol, sequence: int) -> Bar | None:
        """The symbol's bar that closes at exactly that instant, if there is one."""
        bars, rows = self.bars[symbol], self._rows.get(symbol)
        if rows is None:
            return bar_at(bars, sequence)
        row = int(rows[sequence])
        if row < 0 or int(bars.close_time[row]) != int(self.times[sequence]):
            return None
        return bar_at(bars, row)

    def sequence_of(self, symbol: Symbol, row: int) -> int:
        """The place on the tape where a symbol's own row came to be known."""
        rows = self._rows.get(symbol)
        return row if rows is None else int(np.searchsorted(rows, row))


def _refuse_two_grids(bars: Mapping[Symbol, Bars]) -> None:
    """A row begins where the one before it has closed: with a bar in between time ran backwards."""
    first = next(iter(bars.values()))
    for each in bars.values():
        beside = np.flatnonzero((each.open_time - first.open_time[0]) % each.timeframe)
        if beside.size:
            raise UsageError(
                "the bars of one run must open together, but "
                f"{_opening(first, 0)}, and {_opening(each, int(beside[0]))}: "
                "give finer bars to make these from, or run each by itself"
            )


def _opening(bars: Bars, row: int) -> str:
    opened = int(bars.open_time[row])
    offset = opened % bars.timeframe
    whole = offset % NS_PER_SECOND == 0
    told = format_timeframe(offset) if whole else f"{offset / NS_PER_SECOND:g}s"
    grid = format_timeframe(bars.timeframe)
    return f"{bars.symbol} opens at {format_instant(opened)}, {told} into the {grid} grid"


def first_rows(times: Ints, period: int) -> Ints:
    """The rows whose time is the first in its period (int64 nanoseconds since the epoch)."""
    periods = times // period
    return np.flatnonzero(np.concatenate([[True], periods[1:] != periods[:-1]]))


def bar_at(bars: Bars, row: int) -> Bar:
    """One row as a value."""
    columns = bars.columns
    opened = columns.open_time.item(row)
    return Bar(
        Instant(opened),
        Instant(opened + bars.timeframe),
        columns.open.item(row),
        columns.high.item(row),
        columns.low.item(row),
        columns.close.item(row),
        columns.volume.item(row),
    )
