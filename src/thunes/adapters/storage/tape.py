"""The tape: the market columns that a journal refers to, kept beside it and known by digest."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.appender import sync_path
from thunes.adapters.storage.bars.duck import columns_of, duck, file_argument, reason, write_parquet
from thunes.adapters.storage.places import TAPE
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol

_COLUMNS = ("open_time", "open", "high", "low", "close", "volume")


def tape_digest(columns: BarColumns) -> str:
    """SHA-256 (hex) over the number of bars and the raw little-endian bytes of each column.

    Floats are taken by their bits, except that every NaN is the same one.
    """
    digest = sha256(len(columns).to_bytes(8, "little"))
    for name in _COLUMNS:
        values: NDArray[Any] = getattr(columns, name)
        if values.dtype.kind == "f":
            values = np.where(np.isnan(values), np.nan, values)
        digest.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def tape_file(symbol: str) -> str:
    """Where the tape of `symbol` stands below its journal; odd signs are percent-encoded."""
    return f"tape/{quote(symbol, safe='')}.parquet"


def save_tape(directory: Path, tapes: Mapping[Symbol, BarColumns]) -> None:
    """Keep the columns beside the journal in `directory`, each file whole or not at all.

    The journal's header holds `{"tape": {symbol: digest}}`, so that another market is noticed.
    """
    folder = directory / TAPE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for symbol, columns in tapes.items():
            target = directory / tape_file(symbol)
            temporary = target.with_suffix(".tmp")
            write_parquet(temporary, {name: getattr(columns, name) for name in _COLUMNS})
            sync_path(temporary)
            temporary.replace(target)
        sync_path(folder)
    except OSError as error:
        raise ThunesError(
            f"the tape {folder} cannot be written: {error.strerror}; "
            "choose a directory that can, or make room"
        ) from error


def load_tape(directory: Path, digests: Mapping[Symbol, str]) -> dict[Symbol, BarColumns]:
    """The columns by symbol, bit for bit as recorded; raises DataError where they are not."""
    return {symbol: _load(directory, symbol, digest) for symbol, digest in digests.items()}


def _load(directory: Path, symbol: Symbol, digest: str) -> BarColumns:
    import duckdb

    path = directory / tape_file(symbol)
    if not path.is_file():
        raise DataError(f"{path} is missing: without it the journal cannot be replayed")
    try:
        with duck() as connection:
            query = f"SELECT {', '.join(_COLUMNS)} FROM read_parquet(?)"
            columns = BarColumns(**columns_of(connection.execute(query, [file_argument(path)])))
    except duckdb.Error as error:
        raise DataError(f"{path} is damaged inside ({reason(error)}); restore it") from error
    if tape_digest(columns) != digest:
        raise DataError(
            f"{path} is not the market of this journal: its digest is {tape_digest(columns)}, "
            f"the journal was recorded with {digest}; restore the file"
        )
    return columns
