"""Reads a file of bars, whatever its shape, into columns."""

import shutil
import tempfile
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from thunes.adapters.storage.bars.csv_text import read_csv
from thunes.adapters.storage.bars.duck import columns_of, duck, file_argument, reason
from thunes.adapters.storage.bars.feather import read_feather
from thunes.adapters.storage.bars.findings import Kind, UnreadableFileError
from thunes.adapters.storage.bars.layout import HOUSE_COLUMNS, layout_of_names, layout_said
from thunes.adapters.storage.bars.series import Series, series_of
from thunes.adapters.storage.bars.times import to_nanoseconds, unit_of
from thunes.core.domain.errors import DataError

_LFS = b"version https://git-lfs"
_UNZIPPED_BYTES_MAX = 4 * 1024**3
_SUPPORTED = "Parquet, CSV, a ZIP with one CSV inside, and freqtrade's Feather"
_AGAIN = "the download or copy was cut short; fetch it again"


def read_series(path: Path, columns: tuple[str, ...] | None = None) -> Series:
    """The bars of `path` in file order; the kind of file is told by its content, not its name.

    `columns` names the file's columns in order where the file does not say (or says otherwise).
    Raises UnreadableFileError, and DataError where there is no such file.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
            size = file.seek(0, 2)
            file.seek(max(0, size - 8))
            tail = file.read()
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror})") from error
    if size == 0:
        raise UnreadableFileError.because(path, Kind.EMPTY_FILE, "0 bytes; fetch it again")
    if head.startswith(_LFS):
        raise UnreadableFileError.because(
            path, Kind.LFS_POINTER, "a text that points at the data; run `git lfs pull` there"
        )
    if head.startswith(b"PAR1"):
        return _read_parquet(path, columns, whole=tail.endswith(b"PAR1"))
    if head.startswith(b"ARROW1"):
        _refuse_cut(path, whole=tail.endswith(b"ARROW1"), mark="ARROW1")
        return read_feather(path, columns)
    if head.startswith(b"PK"):
        return _read_zip(path, columns)
    if b"\0" in head:
        raise UnreadableFileError.because(
            path, Kind.UNREADABLE, f"not a kind of file known here; known are {_SUPPORTED}"
        )
    return read_csv(path, columns)


def _refuse_cut(path: Path, *, whole: bool, mark: str) -> None:
    if not whole:
        raise UnreadableFileError.because(
            path, Kind.TRUNCATED, f"the closing mark {mark} is missing at the end: {_AGAIN}"
        )


def _read_parquet(path: Path, columns: tuple[str, ...] | None, *, whole: bool) -> Series:
    import duckdb

    _refuse_cut(path, whole=whole, mark="PAR1")
    try:
        with duck() as connection:
            table = connection.execute(
                "DESCRIBE SELECT * FROM read_parquet(?)", [file_argument(path)]
            ).fetchall()
            names, types = [str(row[0]) for row in table], [str(row[1]) for row in table]
            layout = (
                layout_of_names(path, tuple(names), "Parquet")
                if columns is None
                else layout_said(columns, len(names))
            )
            wanted = [f'"{names[at].replace(chr(34), chr(34) * 2)}"' for at in layout.at]
            query = f"SELECT {_time_cast(wanted[0], types[layout.at[0]])} AS ts"
            for name, column in zip(HOUSE_COLUMNS[1:], wanted[1:], strict=True):
                query += f", TRY_CAST({column} AS DOUBLE) AS {name}"
            query += " FROM read_parquet(?)"
            found = columns_of(connection.execute(query, [file_argument(path)]))
    except duckdb.Error as error:
        raise UnreadableFileError.because(
            path, Kind.UNREADABLE, f"damaged inside ({reason(error)}); fetch it again"
        ) from error
    unit = types[layout.at[0]]
    if "TIMESTAMP" not in unit and unit not in ("DATE", "VARCHAR") and found["ts"].size:
        unit = unit_of(float(found["ts"][0]))
    found["ts"] = to_nanoseconds(found["ts"])
    rows = np.arange(1, found["ts"].size + 1, dtype=np.int64)
    return series_of(path, found, rows, f"{layout.name}, times in {unit}")


def _time_cast(column: str, kind: str) -> str:
    """SQL for a stamp column of a type as a number whose size tells its unit."""
    if kind == "TIMESTAMP_NS":
        return f"epoch_ns({column})"
    if "TIMESTAMP" in kind or kind in ("DATE", "VARCHAR"):
        return f"epoch_us(TRY_CAST({column} AS TIMESTAMPTZ))"
    return column if kind == "DOUBLE" else f"TRY_CAST({column} AS BIGINT)"


def _read_zip(path: Path, columns: tuple[str, ...] | None) -> Series:
    """The one CSV inside a ZIP, unpacked to a temporary file for as long as it is read."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            inside = [k for k in archive.infolist() if not k.is_dir()]
            tables = [k for k in inside if k.filename.lower().endswith((".csv", ".txt"))]
            if len(tables) != 1:
                raise UnreadableFileError.because(
                    path,
                    Kind.UNREADABLE,
                    f"{len(tables)} CSV files inside, one is wanted; unpack it and pick one",
                )
            if tables[0].file_size > _UNZIPPED_BYTES_MAX:
                raise UnreadableFileError.because(
                    path, Kind.UNREADABLE, "more than 4 GiB when unpacked; unpack it in parts"
                )
            unpacked = Path(folder) / "table.csv"
            with archive.open(tables[0]) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target)
            return _renamed(path, unpacked, columns)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UnreadableFileError.because(
            path, Kind.TRUNCATED, f"the ZIP is damaged: {_AGAIN}"
        ) from error


def _renamed(path: Path, unpacked: Path, columns: tuple[str, ...] | None) -> Series:
    """The unpacked file's series, or its fault, under the name that the caller knows."""
    if unpacked.stat().st_size == 0:
        raise UnreadableFileError.because(path, Kind.EMPTY_FILE, "the CSV inside has 0 bytes")
    try:
        series = read_csv(unpacked, columns)
    except UnreadableFileError as error:
        raise UnreadableFileError(path, error.finding) from error
    return replace(series, path=path, layout=f"ZIP, {series.layout}")
