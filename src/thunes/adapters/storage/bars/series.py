"""A file's bars as they were found: nothing sorted, nothing dropped."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.bars.findings import Kind, UnreadableFileError
from thunes.adapters.storage.bars.layout import HOUSE_COLUMNS
from thunes.core.domain.market import BarColumns, Ints


@dataclass(frozen=True, slots=True)
class Series:
    """The bars of `path` in file order; `open_time` is `NO_TIME` where there was no usable stamp.

    `rows[k]` is where bar k stands in the file: the line of a text, the 1-based record of others.
    `layout` says in words how the file was understood.
    """

    path: Path
    bars: BarColumns
    rows: Ints
    layout: str


def series_of(path: Path, columns: dict[str, NDArray[Any]], rows: Ints, layout: str) -> Series:
    """A series from house columns whose `ts` is already in ns; refuses a file without rows."""
    if rows.size == 0:
        raise UnreadableFileError.because(
            path, Kind.ZERO_ROWS, "the file is well-formed and holds no bar; download it again"
        )
    values = [
        np.require(columns[name], np.float64, ["C", "W"]) for name in HOUSE_COLUMNS if name != "ts"
    ]
    return Series(path, BarColumns(columns["ts"], *values), rows, layout)


def taken(series: Series, which: Ints) -> Series:
    """The bars at the indices `which`, in that order."""
    bars = series.bars
    prices = (bars.open[which], bars.high[which], bars.low[which], bars.close[which])
    columns = BarColumns(bars.open_time[which], *prices, bars.volume[which])
    return replace(series, bars=columns, rows=series.rows[which])
