"""Brings files into the catalog: checked, bad rows put aside, merged with what is there."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thunes.adapters.storage.bars.catalog import replace_file, save_bars, writing
from thunes.adapters.storage.bars.check import Report, read_bars
from thunes.adapters.storage.bars.findings import Severity
from thunes.adapters.storage.bars.layout import HOUSE_COLUMNS
from thunes.adapters.storage.bars.paths import Shelf
from thunes.adapters.storage.bars.series import taken
from thunes.adapters.storage.bars.times import NO_TIME
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.market import BarColumns, Floats
from thunes.core.domain.units import format_instant, format_timeframe


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: the file, its rows now, how many are new, and the files put aside."""

    path: Path
    shelf: Shelf
    rows: int
    new: int
    quarantine: tuple[Path, ...]


def import_reports(reports: Sequence[Report], root: Path, venue: str, symbol: str) -> Imported:
    """Merge the sound rows of checked files of one symbol into the catalog, all of them or none.

    Raises DataError where a file is refused or contradicts another or the catalog, UsageError where
    names or timeframes do not fit, ThunesError where the disk does not take it.
    """
    for report in reports:
        if report.worst is Severity.REFUSE:
            raise DataError(f"{report.path}: {report.complaint()}. Nothing was imported")
    shelf = Shelf(venue, symbol, _one_timeframe(reports))
    target = shelf.file(root)
    with writing(root):
        parts = [(report.path, _sound(report)) for report in reports]
        before = 0
        if target.exists():
            there = read_bars(target, shelf.timeframe)
            before = len(there)
            parts.insert(0, (target, there))
        _refuse_two_grids(parts, shelf.timeframe)
        merged = _merged(parts)
        aside = [_put_aside(report, shelf, root) for report in reports if report.left_out().any()]
        save_bars(target, merged)
    return Imported(target, shelf, len(merged), len(merged) - before, tuple(aside))


def _one_timeframe(reports: Sequence[Report]) -> int:
    timeframes = {report.timeframe for report in reports}
    if len(timeframes) != 1:
        names = ", ".join(f"{k.path} is {format_timeframe(k.timeframe or 0)}" for k in reports)
        raise UsageError(f"one import takes one timeframe: {names}")
    return timeframes.pop() or 0


def _sound(report: Report) -> BarColumns:
    assert report.series is not None
    return taken(report.series, np.flatnonzero(~report.left_out())).bars


def _refuse_two_grids(parts: Sequence[tuple[Path, BarColumns]], timeframe: int) -> None:
    """Bars of several days may begin on any day, but those of one series on the same."""
    path, bars = parts[0]
    for other, more in parts:
        beside = np.flatnonzero((more.open_time - bars.open_time[0]) % timeframe)
        if beside.size:
            raise DataError(
                f"{path} opens at {format_instant(int(bars.open_time[0]))}, "
                f"{other} at {format_instant(int(more.open_time[beside[0]]))}: no multiple of "
                f"{format_timeframe(timeframe)} apart, so they are not of one series. "
                "Nothing was imported. Import bars of 1d or finer: others are made from those"
            )


def _merged(parts: Sequence[tuple[Path, BarColumns]]) -> BarColumns:
    """All bars by time; a bar that two parts have alike is taken once."""
    stamps = np.concatenate([bars.open_time for _, bars in parts])
    values = np.concatenate([_values(bars) for _, bars in parts], axis=1)
    origin = np.repeat(np.arange(len(parts)), [len(bars) for _, bars in parts])
    order = np.argsort(stamps, kind="stable")
    stamps, values, origin = stamps[order], values[:, order], origin[order]
    again = np.concatenate(([False], stamps[1:] == stamps[:-1]))
    other = np.flatnonzero(again[1:] & (values[:, 1:] != values[:, :-1]).any(axis=0)) + 1
    if other.size:
        k = int(other[0])
        first, second = parts[origin[k - 1]][0], parts[origin[k]][0]
        column = int(np.argmax(values[:, k] != values[:, k - 1]))
        name = HOUSE_COLUMNS[1 + column]
        raise DataError(
            f"{second} contradicts {first} at {format_instant(int(stamps[k]))}: {name} "
            f"{values[column, k]} against {values[column, k - 1]} ({other.size} bars differ). "
            "Nothing was imported. Compare both with `thunes data check FILE --against FILE`, "
            "then remove one"
        )
    columns = [np.ascontiguousarray(row) for row in values[:, ~again]]
    return BarColumns(stamps[~again], *columns)


def _values(bars: BarColumns) -> Floats:
    return np.stack([bars.open, bars.high, bars.low, bars.close, bars.volume])


def _put_aside(report: Report, shelf: Shelf, root: Path) -> Path:
    """The rows left out, as CSV with their reasons, beside a note of the findings."""
    assert report.series is not None
    name = f"{format_timeframe(shelf.timeframe)}-{report.path.name}"
    target = shelf.quarantine(root) / f"{name}.csv"

    def write_rows(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["row", "time", *HOUSE_COLUMNS[1:], "reason"])
            table.writerows(_rows_aside(report))

    def write_note(path: Path) -> None:
        note = {
            "file": str(report.path),
            "rows_put_aside": int(report.left_out().sum()),
            "findings": [finding.as_json() for finding in report.findings],
        }
        path.write_text(json.dumps(note, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    replace_file(target, write_rows)
    replace_file(target.with_suffix(".json"), write_note)
    return target


def _rows_aside(report: Report) -> list[list[str]]:
    assert report.series is not None
    bars, rows = report.series.bars, report.series.rows
    values = _values(bars)
    lines: list[list[str]] = []
    for k in np.flatnonzero(report.left_out()):
        reasons = [f.finding.kind for f in report.faults if f.out is not None and f.out[k]]
        at = int(bars.open_time[k])
        numbers = [repr(float(value)) for value in values[:, k]]
        time = "" if at == NO_TIME else format_instant(at)
        lines.append([str(rows[k]), time, *numbers, "; ".join(reasons)])
    return lines
