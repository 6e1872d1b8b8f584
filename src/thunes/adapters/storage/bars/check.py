"""Examines a file of bars: what is wrong, what is odd, which rows import would leave out."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from thunes.adapters.storage.bars.faults import Fault, Mask, faults_of_rows, placed
from thunes.adapters.storage.bars.files import read_series
from thunes.adapters.storage.bars.findings import Finding, Kind, Severity, UnreadableFileError
from thunes.adapters.storage.bars.grid import (
    common_spacing,
    faults_of_gaps,
    faults_of_grid,
    faults_of_order,
)
from thunes.adapters.storage.bars.oddities import oddities
from thunes.adapters.storage.bars.series import Series, taken
from thunes.adapters.storage.bars.times import NO_TIME
from thunes.core.domain.errors import DataError
from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import NS_PER_SECOND

_LEFT_OUT_SHARE_MAX = 0.5
_DIFFERENCE_MAX = 0.005
_DIFFERENT_SHARE_MAX = 0.05


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read; `columns` names its columns in order, `timeframe` is in ns or inferred."""

    path: Path
    columns: tuple[str, ...] | None = None
    timeframe: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in a file; `series` (oldest first) is None where nothing could be read."""

    path: Path
    series: Series | None
    timeframe: int | None
    faults: tuple[Fault, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The gravest first, otherwise by row."""
        grave = list(Severity)
        found = (fault.finding for fault in self.faults)
        return tuple(sorted(found, key=lambda f: (grave.index(f.severity), f.row or 0)))

    @property
    def worst(self) -> Severity:
        """NOTE where the file may be used as it is."""
        return self.findings[0].severity if self.faults else Severity.NOTE

    def complaint(self) -> str:
        """Everything that stands against using the file as it is, in one line."""
        bad = [f.sentence() for f in self.findings if f.severity is not Severity.NOTE]
        return "; ".join(bad)

    def span(self) -> tuple[int, int] | None:
        """The first and the last usable open time in ns."""
        if self.series is None:
            return None
        usable = self.series.bars.open_time[self.series.bars.open_time != NO_TIME]
        return (int(usable.min()), int(usable.max())) if usable.size else None

    def left_out(self) -> Mask:
        """The rows of `series` that import leaves out."""
        rows = 0 if self.series is None else self.series.rows.size
        masks = [fault.out for fault in self.faults if fault.out is not None]
        out: Mask = np.logical_or.reduce([np.zeros(rows, np.bool_), *masks])
        return out


def check_file(source: Source, now: int | None = None) -> Report:
    """Everything that can be told about one file; `now` (ns UTC) finds bars that still form.

    Raises DataError where there is no such file and UsageError where `columns` does not fit it.
    """
    try:
        series = read_series(source.path, source.columns)
    except UnreadableFileError as error:
        return Report(source.path, None, None, (Fault(error.finding),))
    series, faults = _oldest_first(series)
    return _examined(series, source.timeframe or _inferred(series), faults, now)


def check_bars(bars: BarColumns, name: Path, timeframe: int) -> Report:
    """The same of bars that come from no file; `name` is what the report calls them."""
    series = Series(name, bars, np.arange(1, len(bars) + 1), "as they were fetched")
    return _examined(series, timeframe, [], None)


def read_bars(path: Path, timeframe: int | None = None) -> BarColumns:
    """The bars of a file that may be used as it is, oldest first, to the last digit.

    `timeframe` is in ns; without it the most common spacing is taken. Raises DataError, naming row
    and time, where the file is damaged or a row breaks a rule; gaps and oddities pass.
    """
    series, _ = _oldest_first(read_series(path))
    faults = _broken_rules(series, timeframe or _inferred(series))
    report = Report(path, series, timeframe, tuple(faults))
    if report.worst is Severity.NOTE:
        return series.bars
    remedy = ""
    if report.worst is Severity.QUARANTINE:
        remedy = ". `thunes data import` puts such rows aside and keeps the rest"
    raise DataError(f"{path}: {report.complaint()}{remedy}")


def compared(report: Report, other: Report) -> Report:
    """The report with what an independent source says of the closes at common close times.

    The timeframes may differ: a bar of either closes at open time + its own timeframe. Raises
    DataError where the other source cannot be read.
    """
    if other.series is None or other.timeframe is None:
        raise DataError(f"cannot compare with {other.path}: {other.findings[0].sentence()}")
    if report.series is None or report.timeframe is None:
        return report
    mine = report.series.bars.open_time + report.timeframe
    theirs = other.series.bars.open_time + other.timeframe
    _, here, there = np.intersect1d(mine, theirs, return_indices=True)
    finding = _disagreement(report.series, here, other, other.series.bars.close[there])
    return replace(report, faults=(*report.faults, Fault(finding)))


def _disagreement(series: Series, here: Ints, other: Report, closes: Floats) -> Finding:
    if here.size == 0:
        text = f"no bar closes when one of {other.path} does: nothing could be compared"
        return Finding(Kind.NOT_COMPARED, Severity.NOTE, text)
    difference = np.abs(series.bars.close[here] / closes - 1)
    different = difference > _DIFFERENCE_MAX
    count = int(np.count_nonzero(different))
    if count == 0:
        text = f"{here.size} common closes are those of {other.path} within {_DIFFERENCE_MAX:.1%}"
        return Finding(Kind.AGREES, Severity.NOTE, text, count=int(here.size))
    k = int(np.argmax(different))
    severity = Severity.REFUSE if count > _DIFFERENT_SHARE_MAX * here.size else Severity.NOTE
    text = (
        f"close {series.bars.close[here[k]]} here, {closes[k]} in {other.path}; {count} of "
        f"{here.size} common closes differ by more than {_DIFFERENCE_MAX:.1%}, at worst by "
        f"{difference.max():.1%}"
    )
    return placed(series, int(here[k]), Finding(Kind.DISAGREES, severity, text, count=count))


def _examined(
    series: Series, timeframe: int | None, faults: list[Fault], now: int | None
) -> Report:
    found = [*faults, *_broken_rules(series, timeframe)]
    report = Report(series.path, series, timeframe, tuple(found))
    if report.worst is Severity.REFUSE:
        return report
    return replace(report, faults=(*found, *_notes(report, now)))


def _oldest_first(series: Series) -> tuple[Series, list[Fault]]:
    stamps = series.bars.open_time
    if stamps.size < 2 or NO_TIME in (stamps[0], stamps[-1]) or not (np.diff(stamps) < 0).all():
        return series, []
    text = "the whole file is; it is turned round when read"
    note = placed(series, 0, Finding(Kind.NEWEST_FIRST, Severity.NOTE, text))
    return taken(series, np.arange(stamps.size - 1, -1, -1)), [Fault(note)]


def _inferred(series: Series) -> int | None:
    """The most common spacing, where it is a timeframe: a whole number of seconds."""
    spacing = common_spacing(series.bars.open_time)
    return None if spacing is None or spacing % NS_PER_SECOND else spacing


def _broken_rules(series: Series, timeframe: int | None) -> list[Fault]:
    faults = faults_of_rows(series) + faults_of_order(series)
    if not (series.bars.open_time != NO_TIME).any():
        text = "no row has a usable time; say which column holds it with --columns"
        return [*faults, Fault(Finding(Kind.UNUSABLE, Severity.REFUSE, text))]
    if timeframe is None:
        text = "the spacing of its rows does not tell the timeframe; say --timeframe"
        return [*faults, Fault(Finding(Kind.WRONG_TIMEFRAME, Severity.REFUSE, text))]
    return faults + faults_of_grid(series, timeframe) + faults_of_gaps(series, timeframe)


def _notes(report: Report, now: int | None) -> list[Fault]:
    """Notes on the rows that would be kept, or the refusal where too few of them are left."""
    assert report.series is not None and report.timeframe is not None
    out = report.left_out()
    if np.count_nonzero(out) > _LEFT_OUT_SHARE_MAX * out.size:
        text = f"only {np.count_nonzero(~out)} of {out.size} rows are sound; fetch it again"
        return [Fault(Finding(Kind.UNUSABLE, Severity.REFUSE, text))]
    kept = np.flatnonzero(~out)
    found = oddities(taken(report.series, kept), report.timeframe, now)
    return [replace(fault, out=_spread(fault.out, kept, out.size)) for fault in found]


def _spread(mask: Mask | None, kept: Ints, size: int) -> Mask | None:
    """A mask over the kept rows as one over all rows."""
    if mask is None:
        return None
    spread = np.zeros(size, np.bool_)
    spread[kept] = mask
    return spread
