"""Small sound series made for these tests, and ways to write them in the shapes met in the wild."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from thunes.adapters.storage.bars.catalog import save_bars
from thunes.adapters.storage.bars.check import Report, Source, check_file
from thunes.adapters.storage.bars.findings import Finding, Kind
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_SECOND

MINUTE = 60 * NS_PER_SECOND
START = 1_704_067_200 * NS_PER_SECOND  # 2024-01-01
NAMES = ("open", "high", "low", "close", "volume")


def sound_bars(count: int = 60, step: int = MINUTE, start: int = START) -> BarColumns:
    """Bars that break no rule and have nothing odd."""
    k = np.arange(count, dtype=np.int64)
    opened = 100 + np.round(np.sin(k / 7), 2)
    closed = 100 + np.round(np.sin((k + 1) / 7), 2)
    high = np.round(np.maximum(opened, closed) + 0.05, 2)
    low = np.round(np.minimum(opened, closed) - 0.05, 2)
    return BarColumns(start + k * step, opened, high, low, closed, 5.0 + k % 3)


def with_value(bars: BarColumns, name: str, k: int, value: float) -> BarColumns:
    """The same bars with one value changed."""
    column = getattr(bars, name).copy()
    column[k] = value
    return replace(bars, **{name: column})


def picked(bars: BarColumns, which: Sequence[int]) -> BarColumns:
    """Bars by index, in the order given."""
    index = np.array(which, np.int64)
    return BarColumns(bars.open_time[index], *(getattr(bars, name)[index] for name in NAMES))


def csv_lines(bars: BarColumns, stamp: Callable[[int], str] | None = None) -> list[str]:
    """Rows of text with stamps in ms unless `stamp` says otherwise."""
    write = stamp or (lambda at: str(at // 10**6))
    return [
        ",".join([write(int(at)), *(repr(float(getattr(bars, name)[k])) for name in NAMES)])
        for k, at in enumerate(bars.open_time)
    ]


def write_csv(path: Path, lines: Sequence[str], header: str | None = None) -> Path:
    """A text file of lines."""
    path.write_text("\n".join([*([header] if header else []), *lines]) + "\n", encoding="utf-8")
    return path


def write_zip(path: Path, lines: Sequence[str], inside: str = "inside.csv") -> Path:
    """A ZIP with one text file."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(inside, "\n".join(lines) + "\n")
    return path


def saved(path: Path, bars: BarColumns) -> Path:
    """A house file."""
    save_bars(path, bars)
    return path


def checked(path: Path, now: int | None = None, timeframe: int | None = None) -> Report:
    """The report on one file."""
    return check_file(Source(path, None, timeframe), now)


def found(report: Report, kind: Kind) -> Finding:
    """The one finding of a kind."""
    matching = [finding for finding in report.findings if finding.kind is kind]
    assert len(matching) == 1, [finding.sentence() for finding in report.findings]
    return matching[0]


def same(a: BarColumns, b: BarColumns) -> bool:
    """Equal to the last bit."""
    return all(np.array_equal(getattr(a, k), getattr(b, k)) for k in ("open_time", *NAMES))


def refused(call: Callable[[], object]) -> str:
    """The message with which a call fails."""
    with pytest.raises(ThunesError) as caught:
        call()
    return str(caught.value)
