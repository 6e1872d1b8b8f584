"""Bars: closed bars of one symbol, and higher timeframes as they were known at each of them."""

from dataclasses import dataclass, field, fields
from typing import overload

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import NS_PER_SECOND, Symbol, format_timeframe, parse_timeframe
from thunes.core.market.aggregate import aggregate

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed bars, oldest first, as read-only columns of equal length.

    `timeframe` is nanoseconds. `open_time` and `close_time` are int64 nanoseconds UTC; a bar is
    known at its close, `open_time + timeframe`. Prices are quote units, volume base units, float64.
    DataError: columns of another type, shape or length, or times that do not ascend.
    """

    symbol: Symbol
    timeframe: int
    columns: BarColumns
    close_time: Ints = field(init=False)

    def __post_init__(self) -> None:
        if self.timeframe <= 0 or self.timeframe % NS_PER_SECOND:
            raise DataError(f"{self.symbol}: a timeframe is a whole number of seconds, above zero")
        columns = _read_only(self.symbol, self.columns)
        _refuse_disorder(self.symbol, columns.open_time, self.timeframe)
        close_time = columns.open_time + self.timeframe
        close_time.flags.writeable = False
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "close_time", close_time)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def open_time(self) -> Ints:
        return self.columns.open_time

    @property
    def open(self) -> Floats:
        return self.columns.open

    @property
    def high(self) -> Floats:
        return self.columns.high

    @property
    def low(self) -> Floats:
        return self.columns.low

    @property
    def close(self) -> Floats:
        return self.columns.close

    @property
    def volume(self) -> Floats:
        return self.columns.volume

    def prefix(self, n: int) -> "Bars":
        """The first n bars: what was known when the n-th closed (all of them if n is larger)."""
        if n < 0:
            raise UsageError(f"a prefix has at least no bars, not {n}")
        return Bars(self.symbol, self.timeframe, _first(self.columns, n))

    def at(self, timeframe: str) -> "HigherBars":
        """The bars of a higher timeframe, such as `4h`, that had closed by the last close here.

        UsageError: not a timeframe, or not a whole multiple of this one.
        """
        higher = parse_timeframe(timeframe)
        made = aggregate(self.columns, self.timeframe, higher)
        return HigherBars(self.symbol, higher, made.columns, made.last_closed)


@dataclass(frozen=True, slots=True, eq=False)
class HigherBars(Bars):
    """Closed bars of a higher timeframe, with the way back to the rows of the base bars.

    `last_closed` is int64, one row per base bar: the last higher bar with `close_time` at or
    before the base bar's, or -1. At equal stamps the higher bar closes first.
    """

    last_closed: Ints

    @overload
    def align(self, values: Floats) -> Floats: ...

    @overload
    def align(self, values: Flags) -> Flags: ...

    def align(self, values: Floats | Flags) -> Floats | Flags:
        """A column of these bars as known at each base bar; NaN or False before the first close.

        UsageError: not a float64 or bool column with one row for each of these bars.
        """
        kind = getattr(values, "dtype", type(values).__name__)
        if kind not in (np.float64, np.bool_):
            raise UsageError(f"align() takes a float64 or bool array, not {kind}")
        if values.shape != (len(self),):
            raise UsageError(
                f"align() takes one row for each of the {len(self)} bars of "
                f"{format_timeframe(self.timeframe)}, not shape {values.shape}"
            )
        # Row -1 reads the last row here, which is the one that is put at the end.
        never = np.array([np.nan if values.dtype == np.float64 else False], dtype=values.dtype)
        return np.concatenate([values, never])[self.last_closed]


def _first(columns: BarColumns, n: int) -> BarColumns:
    return BarColumns(*(getattr(columns, each.name)[:n] for each in fields(columns)))


def _read_only(symbol: Symbol, columns: BarColumns) -> BarColumns:
    """The same columns as views that nobody can write through."""
    views = []
    for each in fields(columns):
        values = getattr(columns, each.name)
        wanted = np.dtype(np.int64 if each.name == "open_time" else np.float64)
        if not isinstance(values, np.ndarray) or values.dtype != wanted or values.ndim != 1:
            raise DataError(f"{symbol}: column {each.name} must be one-dimensional {wanted}")
        if values.size != columns.open_time.size:
            raise DataError(
                f"{symbol}: column {each.name} has {values.size} rows, "
                f"open_time has {columns.open_time.size}"
            )
        view = np.ascontiguousarray(values).view()
        view.flags.writeable = False
        views.append(view)
    return BarColumns(*views)


def _refuse_disorder(symbol: Symbol, times: Ints, timeframe: int) -> None:
    close = np.flatnonzero(np.diff(times) < timeframe)
    if close.size:
        row = int(close[0]) + 1
        raise DataError(
            f"{symbol}: bar {row} opens before bar {row - 1} has closed: "
            "bars must ascend in time without overlap or duplicates"
        )
