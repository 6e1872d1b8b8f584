"""DuckDB as the hand that reads and writes files: in memory, in UTC, offline."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.errors import ThunesError

if TYPE_CHECKING:
    import duckdb


@contextmanager
def duck() -> "Iterator[duckdb.DuckDBPyConnection]":
    """A connection of its own to an empty database in memory."""
    import duckdb

    # Nothing may be fetched from the network; Parquet, CSV and time zones are built in.
    offline: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=offline) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            yield connection
        except RuntimeError as error:
            # How the library says that a person pressed Ctrl-C while it worked.
            if "interrupted" in str(error):
                raise KeyboardInterrupt from error
            raise


def file_argument(path: Path) -> str:
    """The path as a table function wants it: its own brackets and stars are not patterns."""
    return glob.escape(str(path))


def columns_of(relation: "duckdb.DuckDBPyConnection") -> dict[str, NDArray[Any]]:
    """The result as C-contiguous columns; an absent float is NaN, an absent integer int64 min."""
    found: dict[str, NDArray[Any]] = {}
    for name, column in relation.fetchnumpy().items():
        values: NDArray[Any]
        if isinstance(column, np.ma.MaskedArray):
            absent = np.nan if column.dtype.kind == "f" else np.iinfo(np.int64).min
            values = column.filled(absent)
        else:
            values = np.asarray(column)
        found[name] = np.require(values, requirements=["C", "W"])
    return found


def write_parquet(path: Path, columns: dict[str, NDArray[Any]]) -> None:
    """Write equally long columns to `path` as Parquet (zstd), in the order given."""
    with _writing(path) as connection:
        connection.register("columns_to_write", columns)
        connection.execute(f"COPY (SELECT * FROM columns_to_write) TO {_parquet(path)}")


def merge_parquet(sources: Sequence[Path], path: Path) -> None:
    """Write the rows of Parquet files, which have the same columns, to one, in their order.

    It goes on beside other work: on one thread, and in little memory.
    """
    files = [file_argument(source) for source in sources]
    with _writing(path) as connection:
        connection.execute("SET threads = 1; SET memory_limit = '256MB'")
        connection.execute(f"COPY (SELECT * FROM read_parquet(?)) TO {_parquet(path)}", [files])


@contextmanager
def _writing(path: Path) -> "Iterator[duckdb.DuckDBPyConnection]":
    import duckdb

    try:
        with duck() as connection:
            yield connection
    except (duckdb.Error, OSError) as error:
        raise ThunesError(f"cannot write {path}: {reason(error)}") from error


def _parquet(path: Path) -> str:
    return _quoted(str(path)) + " (FORMAT parquet, COMPRESSION zstd)"


def reason(error: Exception) -> str:
    """The first sentence of what went wrong, without the library's advice."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "No space left" in str(error):
        return "the disk is full"
    return text.removeprefix("Invalid Input Error: ").removeprefix("IO Error: ")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
