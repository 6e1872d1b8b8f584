"""Higher bars from base bars: opened by the clock, known at their close.

A bar covers [k * timeframe, (k + 1) * timeframe) since the epoch; whole weeks begin on Monday.
Research and live make their higher bars here, so both have the same ones.
"""

from dataclasses import dataclass

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import NS_PER_DAY, format_instant, format_timeframe
from thunes.core.market.columns import column
from thunes.core.stats.kernel import kernel

_WEEK = 7 * NS_PER_DAY
_FIRST_MONDAY = 4 * NS_PER_DAY
"""1970-01-05; the epoch was a Thursday."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Closed higher bars, and for each base row the last of them closed by then (-1: none)."""

    columns: BarColumns
    last_closed: Ints


def aggregate(columns: BarColumns, timeframe: int, higher: int) -> Aggregate:
    """Base bars of `timeframe` as bars of `higher` nanoseconds, a whole multiple of it.

    A bar without any base bar is absent; one that is still open at the last base close is not a
    bar yet; the first one begins with the first base bar, wherever in it that lies.
    UsageError: not a multiple, or a base bar that lies across two higher bars.
    """
    if higher % timeframe or higher < timeframe:
        raise UsageError(
            f"bars of {format_timeframe(higher)} cannot be made from bars of "
            f"{format_timeframe(timeframe)}: ask for a whole multiple"
        )
    times = columns.open_time
    opened = opened_at(times, higher)
    _refuse_straddling(times, opened, timeframe, higher)
    first = np.flatnonzero(np.diff(opened, prepend=opened[:1] - 1))
    closes = opened[first] + higher
    ends_at = times + timeframe
    closed = int(np.searchsorted(closes, ends_at[-1], side="right")) if times.size else 0
    last_closed = np.searchsorted(closes[:closed], ends_at, side="right") - 1
    bounds = np.append(first, times.size)[: closed + 1]
    return Aggregate(_fold(columns, opened, bounds), last_closed)


def opened_at(times: Ints, timeframe: int) -> Ints:
    """When the bars of `timeframe` that hold these instants opened (int64 nanoseconds UTC)."""
    return times - (times - (_FIRST_MONDAY if timeframe % _WEEK == 0 else 0)) % timeframe


def _refuse_straddling(times: Ints, opened: Ints, timeframe: int, higher: int) -> None:
    across = np.flatnonzero(times + timeframe > opened + higher)
    if across.size:
        raise UsageError(
            f"the {format_timeframe(timeframe)} bar at {format_instant(int(times[across[0]]))} "
            f"lies across two bars of {format_timeframe(higher)}: it opens off the clock's grid"
        )


def _fold(columns: BarColumns, opened: Ints, bounds: Ints) -> BarColumns:
    first, last = bounds[:-1], bounds[1:] - 1
    if first.size == 0:
        none = np.empty(0)
        return BarColumns(np.empty(0, dtype=np.int64), none, none, none, none, none)
    end = int(bounds[-1])
    return BarColumns(
        open_time=opened[first],
        open=columns.open[first],
        high=np.maximum.reduceat(columns.high[:end], first),
        low=np.minimum.reduceat(columns.low[:end], first),
        close=columns.close[last],
        volume=_sums(column("volume", columns.volume), bounds),
    )


@kernel
def _sums(values: Floats, bounds: Ints) -> Floats:
    """The sums of values[bounds[i]:bounds[i + 1]], oldest first, so always the same bits."""
    out = np.zeros(bounds.size - 1)
    for i in range(bounds.size - 1):
        total = 0.0
        for j in range(bounds[i], bounds[i + 1]):
            total += values[j]
        out[i] = total
    return out
