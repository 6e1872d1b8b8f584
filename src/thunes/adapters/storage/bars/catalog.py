"""The catalog of series on disk: one Parquet file each, replaced whole or not at all."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.bars.duck import write_parquet
from thunes.adapters.storage.bars.paths import QUARANTINE, Shelf
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import parse_timeframe

_NS_PER_MS = 1_000_000
_UNFINISHED = ".thunes-unfinished"


@dataclass(frozen=True, slots=True)
class Entry:
    """One series of the list: open times in ns, and `missing` bars absent in `gaps` places."""

    shelf: Shelf
    rows: int
    first: int
    last: int
    gaps: int
    missing: int


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Hold the catalog against other writers; what an interrupted one left behind is removed.

    Raises ThunesError where the directory cannot be written or another import is at work.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("w")
    except OSError as error:
        raise ThunesError(f"cannot write the catalog {root}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ThunesError(f"another import is writing to {root}; wait for it") from error
        for depth in ("*/*", f"{QUARANTINE}/*/*"):
            for leftover in root.glob(f"{depth}/*{_UNFINISHED}"):
                leftover.unlink(missing_ok=True)
        yield


def save_bars(path: Path, bars: BarColumns) -> None:
    """Write bars as a house file (stamps in ms); whole, or the file before stays as it was.

    Raises ThunesError where the place cannot be written.
    """
    columns: dict[str, NDArray[Any]] = {"ts": bars.open_time // _NS_PER_MS}
    for name in ("open", "high", "low", "close", "volume"):
        columns[name] = getattr(bars, name)
    replace_file(path, lambda unfinished: write_parquet(unfinished, columns))


def replace_file(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, sync it, and give it the name `path` in one step."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(unfinished)
            _sync(unfinished)
            unfinished.replace(path)
            _sync(path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError as error:
        raise ThunesError(f"cannot write {path}: {path.parent} is not a directory") from error
    except OSError as error:
        raise ThunesError(f"cannot write {path}: {error.strerror or error}") from error


def entries(root: Path) -> list[Entry]:
    """Every series of the catalog by venue, symbol and timeframe.

    Raises UsageError where there is no such directory, DataError where a file in it is damaged.
    """
    if not root.is_dir():
        raise UsageError(f"there is no catalog at {root}; `thunes data import` makes one")
    found = [
        (Shelf(path.parts[-3], path.parts[-2], parse_timeframe(path.stem)), path)
        for path in root.glob("*/*/*.parquet")
        if path.parts[-3] != QUARANTINE
    ]
    found.sort(key=lambda k: (k[0].venue, k[0].symbol, k[0].timeframe))
    return [_entry(shelf, read_bars(path, shelf.timeframe)) for shelf, path in found]


def _entry(shelf: Shelf, bars: BarColumns) -> Entry:
    missing = np.diff(bars.open_time) // shelf.timeframe - 1
    return Entry(
        shelf=shelf,
        rows=len(bars),
        first=int(bars.open_time[0]),
        last=int(bars.open_time[-1]),
        gaps=int(np.count_nonzero(missing)),
        missing=int(missing.sum()),
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
