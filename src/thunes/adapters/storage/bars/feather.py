"""Reads freqtrade's Feather files through pyarrow, which is an optional extra."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.bars.findings import Kind, UnreadableFileError
from thunes.adapters.storage.bars.layout import HOUSE_COLUMNS, layout_of_names, layout_said
from thunes.adapters.storage.bars.series import Series, series_of
from thunes.adapters.storage.bars.times import NO_TIME, to_nanoseconds, unit_of
from thunes.core.domain.errors import UsageError


def read_feather(path: Path, columns: tuple[str, ...] | None) -> Series:
    """The bars of a Feather (Arrow IPC) file; UsageError where pyarrow is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import feather
    except ImportError:
        raise UsageError(
            f"{path} is a Feather file, and reading it needs pyarrow: "
            'pip install "thunes[feather]" (or uv sync --extra feather)'
        ) from None
    try:
        table = feather.read_table(path, memory_map=False)
        names = tuple(str(name) for name in table.column_names)
        layout = (
            layout_of_names(path, names, "Feather")
            if columns is None
            else layout_said(columns, len(names))
        )
        stamps, unit = _stamps(table.column(layout.at[0]), pa)
        found: dict[str, NDArray[Any]] = {"ts": to_nanoseconds(stamps)}
        for name, at in zip(HOUSE_COLUMNS[1:], layout.at[1:], strict=True):
            found[name] = np.array(table.column(at).cast(pa.float64()).to_numpy(), np.float64)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFileError.because(
            path, Kind.UNREADABLE, f"damaged inside ({error}); fetch it again"
        ) from error
    rows = np.arange(1, stamps.size + 1, dtype=np.int64)
    return series_of(path, found, rows, f"{layout.name}, times in {unit}")


def _stamps(column: Any, pa: Any) -> tuple[NDArray[np.int64], str]:
    """Arrow stamps in ns, or epoch numbers as they are; absent ones as `NO_TIME`."""
    dated = pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)
    whole = column.cast(pa.timestamp("ns")) if dated else column
    numbers = np.array(whole.cast(pa.int64()).fill_null(NO_TIME).to_numpy(), np.int64)
    if dated or numbers.size == 0:
        return numbers, str(column.type)
    return numbers, unit_of(float(numbers[0]))
