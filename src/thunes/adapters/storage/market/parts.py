"""Parts: the rows of one kind by day, in Parquet files that are whole, merged as they add up."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any, NamedTuple

from numpy.typing import NDArray

from thunes.adapters.storage.bars.catalog import replace_file
from thunes.adapters.storage.bars.duck import merge_parquet, write_parquet
from thunes.core.domain.errors import ThunesError

MERGE_FROM = 360
"""So many parts of a day become one file: it is what an hour leaves."""

_NAME = re.compile(r"^(\d{6})(?:-(\d{6}))?\.parquet$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


class _Part(NamedTuple):
    """A file by the numbers of the parts that are in it."""

    first: int
    last: int
    path: Path


class Parts:
    """Written by one thread. Each method raises ThunesError where the disk does not take it."""

    def __init__(self, folder: Path, keep_days: int) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._day = ""
        self._number = 0

    def write(self, day: str, columns: Mapping[str, NDArray[Any]]) -> None:
        """One more part of a day: it is there as a whole, or not at all."""
        with _told(self._folder):
            if day != self._day:
                self._begin(day)
            path = self._folder / day / f"{self._number:06d}.parquet"
            replace_file(path, lambda unfinished: write_parquet(unfinished, dict(columns)))
            self._number += 1
            self._merge(day, MERGE_FROM)

    def _begin(self, day: str) -> None:
        """Clean up after whoever wrote here last, and let go of what is older than is kept.

        Days are counted as they are there, not by the calendar: a clock that is wrong once makes
        one day too many, and does not empty the folder.
        """
        days = days_in(self._folder)
        for each in days:
            _tidy(self._folder / each)
            self._merge(each, 2)
        for old in sorted({*days, day})[: -self._keep_days]:
            rmtree(self._folder / old)
        found = _parts(self._folder / day)
        self._day, self._number = day, max((part.last for part in found), default=-1) + 1

    def _merge(self, day: str, least: int) -> None:
        """Make one file of the parts that stand alone. Killed before they are removed, they are
        found to be in it by their numbers."""
        single = [part for part in _parts(self._folder / day) if part.first == part.last]
        if len(single) < least:
            return
        first, last = single[0].first, single[-1].last
        sources = [part.path for part in single]
        target = self._folder / day / f"{first:06d}-{last:06d}.parquet"
        replace_file(target, lambda unfinished: merge_parquet(sources, unfinished))
        for part in single:
            part.path.unlink(missing_ok=True)


def days_in(folder: Path) -> list[str]:
    """The days of which there are parts, oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if _DAY.match(path.name))


def files_of(folder: Path, day: str) -> list[Path]:
    """The files of a day, each row in one of them."""
    found = _parts(folder / day)
    return [part.path for part in found if not _covered(part, found)]


def _parts(folder: Path) -> list[_Part]:
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if match := _NAME.match(path.name):
            first, last = match.groups()
            found.append(_Part(int(first), int(last or first), path))
    return sorted(found)


def _covered(part: _Part, among: Sequence[_Part]) -> bool:
    return part.first == part.last and any(
        each.first <= part.first <= each.last for each in among if each.first < each.last
    )


def _tidy(folder: Path) -> None:
    """Remove what was being written when a process died, and what was merged already."""
    found = _parts(folder)
    known = {part.path for part in found}
    for path in folder.iterdir():
        if path not in known:
            path.unlink(missing_ok=True)
    for part in found:
        if _covered(part, found):
            part.path.unlink(missing_ok=True)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ThunesError(f"cannot write {folder}: {error.strerror or error}") from error
