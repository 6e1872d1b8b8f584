"""Faults of the time axis: order, duplicates, the grid of the timeframe, gaps."""

import numpy as np

from thunes.adapters.storage.bars.faults import Fault, Mask, placed, quarantined
from thunes.adapters.storage.bars.findings import Finding, Kind, Severity
from thunes.adapters.storage.bars.series import Series
from thunes.adapters.storage.bars.times import NO_TIME
from thunes.core.domain.market import Ints
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, format_instant, format_timeframe

_TOLD_ONE_BY_ONE = 5
_REGULAR_GAPS_MIN = 5
_REGULAR_SHARE_MIN = 0.8


def common_spacing(open_time: Ints) -> int | None:
    """The most common positive distance of neighbouring stamps in ns; None below two stamps."""
    steps = np.diff(open_time[open_time != NO_TIME])
    steps = steps[steps > 0]
    if steps.size == 0:
        return None
    middle = int(np.partition(steps, steps.size // 2)[steps.size // 2])
    if np.count_nonzero(steps == middle) * 2 > steps.size:
        return middle
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def faults_of_order(series: Series) -> list[Fault]:
    """Rows out of order, and rows that share a stamp."""
    present = np.flatnonzero(series.bars.open_time != NO_TIME)
    stamps = series.bars.open_time[present]
    faults: list[Fault] = []
    back = np.flatnonzero(stamps[1:] < stamps[:-1])
    if back.size:
        k = int(present[back[0] + 1])
        text = (
            f"opens before the row above it ({back.size} such steps); sort the file by time, and "
            "look whether two downloads were glued together"
        )
        finding = Finding(Kind.UNSORTED, Severity.REFUSE, text, count=int(back.size))
        faults.append(Fault(placed(series, k, finding)))
        order = np.argsort(stamps, kind="stable")
        present, stamps = present[order], stamps[order]
    same = np.flatnonzero(stamps[1:] == stamps[:-1])
    return faults + _shared_stamps(series, present, same) if same.size else faults


def _shared_stamps(series: Series, present: Ints, same: Ints) -> list[Fault]:
    """`same[j]` and `same[j] + 1` index two entries of `present` with one stamp."""
    first, second = present[same], present[same + 1]
    bars = series.bars
    values = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    equal = np.logical_and.reduce([column[first] == column[second] for column in values])
    size = bars.open_time.size
    conflict, copies = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    disputed = np.unique(bars.open_time[first[~equal]])
    conflict[present] = np.isin(bars.open_time[present], disputed)
    copies[second] = True
    copies &= ~conflict
    faults: list[Fault] = []
    if copies.any():
        text = "the same bar again; one copy is kept"
        faults.append(quarantined(series, Kind.DUPLICATE, copies, text))
    if conflict.any():
        text = "rows with one open time and different values: which one is true cannot be told"
        faults.append(quarantined(series, Kind.CONFLICT, conflict, text))
    return faults


def faults_of_grid(series: Series, timeframe: int) -> list[Fault]:
    """Stamps that are no multiple of the timeframe, each offset told with its first row."""
    spacing = common_spacing(series.bars.open_time)
    if spacing is not None and spacing < timeframe:
        text = f"most bars are {_span(spacing)} apart, finer than {format_timeframe(timeframe)}"
        return [Fault(Finding(Kind.WRONG_TIMEFRAME, Severity.REFUSE, text))]
    stamps = series.bars.open_time
    offset = np.where(stamps == NO_TIME, 0, stamps % min(timeframe, NS_PER_DAY))
    if not offset.any():
        return []
    name = format_timeframe(timeframe)
    values = np.unique(offset[offset != 0])
    if values.size > _TOLD_ONE_BY_ONE:
        text = (
            f"{values.size} different offsets from the {name} grid; fetch it from the venue again"
        )
        return [quarantined(series, Kind.OFF_GRID, offset != 0, text)]
    return [_off_by(series, offset == value, int(value), name) for value in values]


def _off_by(series: Series, mask: Mask, offset: int, name: str) -> Fault:
    text = f"opens {_span(offset)} after the {name} grid"
    if mask.all() and offset % (NS_PER_DAY // 96) == 0:
        text += "; so does every row: stamps in another time zone, or close times?"
    return quarantined(series, Kind.OFF_GRID, mask, text)


def faults_of_gaps(series: Series, timeframe: int) -> list[Fault]:
    """Bars missing between neighbours: outages as notes, a pattern that eats most bars refused."""
    present = np.flatnonzero(series.bars.open_time != NO_TIME)
    stamps = np.sort(series.bars.open_time[present])
    missing = (np.diff(stamps) + timeframe // 2) // timeframe - 1
    gaps = np.flatnonzero(missing > 0)
    if gaps.size == 0:
        return []
    pattern = _pattern(gaps, missing[gaps])
    if pattern is not None and missing[gaps].sum() > stamps.size:
        kept, lost = pattern
        text = (
            f"{gaps.size} gaps, nearly all of {lost} bars after every {kept} bars: a download that "
            f"kept {kept} of each {kept + lost} bars; {int(missing[gaps].sum())} bars are missing, "
            f"{stamps.size} are there. Fetch it again in smaller pages"
        )
        finding = Finding(Kind.REGULAR_GAPS, Severity.REFUSE, text, count=int(gaps.size))
        return [Fault(placed(series, int(present[gaps[0] + 1]), finding))]
    told = gaps if gaps.size <= _TOLD_ONE_BY_ONE else gaps[np.argmax(missing[gaps])][None]
    faults: list[Fault] = []
    for gap in told:
        lost = int(missing[gap])
        text = (
            f"{lost} {'bar is' if lost == 1 else 'bars are'} missing ({_span(lost * timeframe)}), "
            f"from {format_instant(int(stamps[gap]) + timeframe)} on"
        )
        if gaps.size > _TOLD_ONE_BY_ONE:
            lost = int(missing[gaps].sum())
            text += f"; the longest of {gaps.size} gaps, {lost} bars are missing in all"
            if lost > stamps.size:
                text += " (some venues write no bar where nothing traded)"
        finding = Finding(Kind.GAP, Severity.NOTE, text, count=int(gaps.size / told.size))
        faults.append(Fault(placed(series, int(present[gap + 1]), finding)))
    return faults


def _pattern(gaps: Ints, missing: Ints) -> tuple[int, int] | None:
    """(bars kept, bars lost) where nearly all gaps are alike in size and distance; else None."""
    if gaps.size < _REGULAR_GAPS_MIN:
        return None
    found: list[int] = []
    for numbers in (np.diff(gaps), missing):
        values, counts = np.unique(numbers, return_counts=True)
        if counts.max() < _REGULAR_SHARE_MIN * numbers.size:
            return None
        found.append(int(values[np.argmax(counts)]))
    return found[0], found[1]


def _span(nanoseconds: int) -> str:
    """A duration as `1d 9h 30m`, seconds with their fraction."""
    seconds, rest = divmod(nanoseconds, NS_PER_SECOND)
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    if seconds or rest or not parts:
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        parts.append(f"{seconds}{fraction}s")
    return " ".join(parts)
