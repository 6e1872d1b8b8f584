"""Reads bars from text: CSV with or without header, stamps in any unit or ISO 8601."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.bars.duck import columns_of, duck, file_argument, reason
from thunes.adapters.storage.bars.findings import Kind, UnreadableFileError
from thunes.adapters.storage.bars.layout import (
    HOUSE_COLUMNS,
    Layout,
    is_header,
    layout_of_names,
    layout_said,
    layout_without_header,
)
from thunes.adapters.storage.bars.series import Series, series_of
from thunes.adapters.storage.bars.times import to_nanoseconds, unit_of
from thunes.core.domain.market import Ints

_PEEK_BYTES = 64 * 1024
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class _Shape:
    first: list[str]
    second: list[str]
    delimiter: str
    header: bool


def read_csv(path: Path, columns: tuple[str, ...] | None) -> Series:
    """The bars of a CSV file; `columns` names its columns in order where the file does not.

    Raises UnreadableFileError, and UsageError where `columns` does not fit the file.
    """
    shape = _shape(path)
    if columns is not None:
        layout = layout_said(columns, len(shape.first))
    elif shape.header:
        layout = layout_of_names(path, tuple(shape.first), "header")
    else:
        layout = layout_without_header(path, shape.first)
    sample = shape.second if shape.header else shape.first
    stamp = sample[layout.at[0]].strip() if layout.at[0] < len(sample) else ""
    expression, unit = _time_expression(f"trim(c{layout.at[0]})", stamp)
    found = _select(path, shape, layout, expression)
    found["ts"] = to_nanoseconds(found["ts"])
    rows = _line_numbers(path, shape.header, found["ts"].size)
    return series_of(path, found, rows, f"CSV, {layout.name}, times in {unit}")


def _shape(path: Path) -> _Shape:
    with path.open("rb") as file:
        start = file.read(_PEEK_BYTES)
    try:
        # The last character may be cut in two by the end of the peek.
        text = start.decode("utf-8-sig", "strict" if len(start) < _PEEK_BYTES else "ignore")
    except UnicodeDecodeError as error:
        line = start[: error.start].count(b"\n") + 1
        raise UnreadableFileError.because(
            path, Kind.UNREADABLE, "the text is not UTF-8; save it as UTF-8 CSV", row=line
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise UnreadableFileError.because(path, Kind.ZERO_ROWS, "the file holds blank lines only")
    delimiter = max(_DELIMITERS, key=lines[0].count)
    if delimiter not in lines[0]:
        raise UnreadableFileError.because(
            path,
            Kind.UNREADABLE,
            f"the first line {lines[0][:60]!r} is not a row of a table; "
            "delete it if a table follows",
            row=1,
        )
    first, second = (
        [field.strip().strip('"') for field in line.split(delimiter)]
        for line in (lines[0], lines[1] if len(lines) > 1 else "")
    )
    return _Shape(first, second, delimiter, is_header(first))


def _time_expression(column: str, sample: str) -> tuple[str, str]:
    """SQL for the stamps of a text column and the unit of its result, judged by one sample."""
    try:
        number = float(sample)
    except ValueError:
        return f"epoch_us(try_cast({column} AS TIMESTAMPTZ))", "ISO 8601"
    whole = sample.lstrip("+-").isdecimal()
    return f"try_cast({column} AS {'BIGINT' if whole else 'DOUBLE'})", unit_of(number)


def _select(path: Path, shape: _Shape, layout: Layout, expression: str) -> dict[str, NDArray[Any]]:
    import duckdb

    # A bare cast of a column is moved into the reader, where a word among numbers stops everything;
    # after trim it stays a TRY_CAST, and the word becomes an absent value with a row to name.
    prices = [
        f"try_cast(trim(c{at}) AS DOUBLE) AS {name}"
        for name, at in zip(HOUSE_COLUMNS[1:], layout.at[1:], strict=True)
    ]
    query = (
        f"SELECT {expression} AS ts, {', '.join(prices)} FROM read_csv(?, auto_detect=false, "
        "header=false, skip=?, delim=?, quote='\"', escape='\"', null_padding=true, columns=?)"
    )
    texts = {f"c{k}": "VARCHAR" for k in range(len(shape.first))}
    try:
        with duck() as connection:
            argument = [file_argument(path), int(shape.header), shape.delimiter, texts]
            return columns_of(connection.execute(query, argument))
    except duckdb.Error as error:
        raise _located(path, error) from error


def _located(path: Path, error: Exception) -> UnreadableFileError:
    """The reader's complaint, with the line that it names."""
    said = str(error)
    _, _, after = said.partition("CSV Error on Line: ")
    digits = after.split("\n", 1)[0].strip()
    row = int(digits) if digits.isdecimal() else None
    original = next((k for k in said.splitlines() if k.startswith("Expected Number")), "")
    text = f"this line cannot be split into columns. {original}".strip()
    if row is None:
        return UnreadableFileError.because(path, Kind.UNREADABLE, reason(error))
    if "unicode" in said:
        text = "this line is not UTF-8 text; save the file as UTF-8 CSV"
    return UnreadableFileError.because(path, Kind.UNREADABLE, text, row)


def _line_numbers(path: Path, header: bool, count: int) -> Ints:
    """The line on which each bar stands; blank lines are counted though they hold no bar."""
    content = path.read_bytes().replace(b"\r\n", b"\n")
    if b"\n\n" not in content and not content.startswith(b"\n"):
        return np.arange(1, count + 1, dtype=np.int64) + int(header)
    filled = [k for k, line in enumerate(content.split(b"\n"), 1) if line.strip()][int(header) :]
    # A line break inside quotes makes the two counts differ; then counting bars is the best.
    lines = filled if len(filled) == count else range(1, count + 1)
    return np.array(lines, np.int64)
