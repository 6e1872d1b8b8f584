"""Fewer points for the eye: long series made short without hiding their extremes."""

import numpy as np

from thunes.core.domain.market import BarColumns, Floats, Ints

Months = dict[int, list[float | None]]
"""Twelve returns by year; None where the curve has no rows."""


def extreme_rows(values: Floats, limit: int) -> Ints:
    """At most `limit` row numbers, ascending, that keep first, last and every bucket's range.

    Rows are cut into equal buckets, and the lowest and highest row of each is kept. NaN rows lose.
    `limit` is at least 4; all rows are kept if there are no more than that.
    """
    count = values.size
    if count <= limit:
        return np.arange(count, dtype=np.int64)
    buckets = (limit - 2) // 2
    starts = np.arange(buckets, dtype=np.int64) * count // buckets
    width = int(np.diff(np.append(starts, count)).max())
    # Buckets differ by one row at most: a shorter one looks at its last row twice.
    ends = np.append(starts[1:], count) - 1
    rows = np.minimum(starts[:, None] + np.arange(width), ends[:, None])
    seen = values[rows]
    line = np.arange(buckets)
    lowest = rows[line, np.where(np.isnan(seen), np.inf, seen).argmin(axis=1)]
    highest = rows[line, np.where(np.isnan(seen), -np.inf, seen).argmax(axis=1)]
    return np.unique(np.concatenate(([0, count - 1], lowest, highest))).astype(np.int64)


def even_rows(count: int, limit: int) -> Ints:
    """At most `limit` (>= 2) of `count` row numbers, ascending, evenly spread, with both ends."""
    return np.linspace(0, count - 1, min(count, limit)).round().astype(np.int64)


def merged_candles(bars: BarColumns, each: int) -> BarColumns:
    """Bars merged `each` at a time; the last one may hold fewer.

    A merged bar opens with its first, closes with its last, and keeps the range and the volume.
    """
    if each == 1 or not len(bars):
        return bars
    starts = np.arange(0, len(bars), each)
    ends = np.append(starts[1:], len(bars)) - 1
    return BarColumns(
        open_time=bars.open_time[starts],
        open=bars.open[starts],
        high=np.maximum.reduceat(bars.high, starts),
        low=np.minimum.reduceat(bars.low, starts),
        close=bars.close[ends],
        volume=np.add.reduceat(bars.volume, starts),
    )


def monthly_returns(at: Ints, equity: Floats, initial: float) -> tuple[Months, dict[int, float]]:
    """Returns by UTC month, and compounded by year, of a curve that begins with `initial`.

    `at` (ns) ascends; a row stamped exactly at midnight belongs to the day that it ends.
    """
    month = (at - 1).astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.append(np.diff(month) > 0, True)) if at.size else np.empty(0, int)
    months: Months = {}
    years: dict[int, float] = {}
    before = initial
    for row in last.tolist():
        year, number = divmod(int(month[row]), 12)
        growth = float(equity[row]) / before if before > 0 else 1.0
        months.setdefault(year + 1970, [None] * 12)[number] = growth - 1
        years[year + 1970] = (1 + years.get(year + 1970, 0.0)) * growth - 1
        before = float(equity[row])
    return months, years
