"""Lines: a file of JSON lines, each with a checksum, to which many processes add and none takes.

Lines are added under a lock, and are on disk when they count; one that a crash cut short stays
where it is and is told.
"""

import fcntl
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from thunes.adapters.storage.disk import DISK
from thunes.core.domain.errors import DataError, ThunesError

T = TypeVar("T")

LINE_BYTES_MAX = 65_536
_HEAD, _END = b'{"crc32":"%08x","line":', b"}"
_HEAD_BYTES = len(_HEAD % 0)


@dataclass(frozen=True, slots=True)
class DamagedLine:
    """A line that says nothing any more: its number, from 1, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """What a file tells, oldest first, each by the number of its line; and its damaged lines."""

    entries: tuple[tuple[int, T], ...]
    damaged: tuple[DamagedLine, ...]


class LineFile:
    """One file; `of` is what its lines are called, more than one of them: "trials"."""

    def __init__(self, path: Path, of: str) -> None:
        self.path, self._of = path, of

    def append(self, bodies: Sequence[bytes]) -> None:
        """Add lines of JSON: on disk, all of them, when this returns.

        DataError for one that is too long, ThunesError where nothing can be written: then the file
        is as it was.
        """
        for body in bodies:
            if len(body) > LINE_BYTES_MAX:
                raise DataError(
                    f"{self.path}: one of the {self._of} has {len(body)} bytes, more than "
                    f"{LINE_BYTES_MAX}: shorten it"
                )
        lines = b"".join(_line(body) + b"\n" for body in bodies)
        try:
            with _locked(self.path, fcntl.LOCK_EX) as file:
                _add(file, lines)
        except OSError as error:
            raise ThunesError(
                f"{self.path} could not be written: {error.strerror}; {len(bodies)} {self._of} are "
                "not recorded. Make room or mend the disk, then do it again"
            ) from error

    def read(self, parse: Callable[[bytes], T]) -> Found[T]:
        """All that was added; nothing where there is no file. ThunesError if unreadable.

        `parse` makes of a body what it tells, and raises DataError for what is none of its own.
        """
        try:
            with _locked(self.path, fcntl.LOCK_SH) as file:
                data = _content(file)
        except FileNotFoundError:
            return Found((), ())
        except OSError as error:
            raise ThunesError(f"{self.path} cannot be read: {error.strerror}") from error
        *whole, rest = data.split(b"\n")
        entries: list[tuple[int, T]] = []
        damaged: list[DamagedLine] = []
        for number, line in enumerate(whole, start=1):
            try:
                entries.append((number, parse(_body(line))))
            except DataError as error:
                damaged.append(DamagedLine(number, str(error)))
        if rest:
            why = "it is cut short: a crash, or a full disk, while it was written"
            damaged.append(DamagedLine(len(whole) + 1, why))
        return Found(tuple(entries), tuple(damaged))


def _line(body: bytes) -> bytes:
    return _HEAD % zlib.crc32(body) + body + _END


def _body(line: bytes) -> bytes:
    body = line[_HEAD_BYTES : -len(_END)]
    if line != _line(body):
        raise DataError("its checksum does not fit: it was cut short or changed")
    return body


def _add(file: int, lines: bytes) -> None:
    """Write at the end, all or nothing. Raises OSError."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        lines = b"\n" + lines  # what a crash cut short stays a line of its own
    try:
        done = 0
        while done < len(lines):
            done += DISK.write(file, lines[done:], size + done)
        DISK.sync(file)
    except OSError:
        DISK.truncate(file, size)
        raise


def _content(file: int) -> bytes:
    """From beginning to end: one read may bring less than was asked for."""
    parts: list[bytes] = []
    done = 0
    while part := os.pread(file, 1 << 30, done):
        parts.append(part)
        done += len(part)
    return b"".join(parts)


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[int]:
    """The open file, locked until the end: whoever comes later waits. Raises OSError."""
    if kind == fcntl.LOCK_EX and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first
            DISK.close(DISK.open(path, new=True))
            DISK.sync_path(path.parent)
    descriptor = DISK.open(path, new=False)
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
    finally:
        DISK.close(descriptor)
