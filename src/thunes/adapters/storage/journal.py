"""The journal: one line per step, chained, on disk before its commands leave."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from thunes.adapters.storage.appender import Appender, sync_path
from thunes.adapters.storage.chain import CHAIN_START, Kind, forge
from thunes.adapters.storage.damage import Damage
from thunes.adapters.storage.scan import Scan, scan
from thunes.adapters.storage.segments import compress, segment_path, segments
from thunes.core.domain.errors import DataError, ThunesError, UsageError

SEGMENT_BYTES = 16 << 20


class Head(NamedTuple):
    """The last line of a journal: its number and its digest (hex)."""

    sequence: int
    hash: str


class Journal:
    """An open journal. Use `create` or `open`; as a context it seals itself unless one raises.

    `notes` says in plain words what had to be mended when it was opened or rotated.
    """

    def __init__(self, lock: int, file: Appender, number: int, head: tuple[int, bytes]) -> None:
        self.notes: list[str] = []
        self._lock = lock
        self._file = file
        self._number = number
        self._sequence, self._digest = head
        self._segment_bytes = SEGMENT_BYTES

    @classmethod
    def create(
        cls, directory: Path, header: bytes, *, segment_bytes: int = SEGMENT_BYTES
    ) -> "Journal":
        """Begin a journal in `directory` (made if absent) with `header`, a JSON object.

        A segment that has `segment_bytes` is closed and compressed. Raises UsageError where a
        journal stands already, ThunesError where nothing can be written.
        """
        assert header[:1] == b"{" and b"\n" not in header, "the header is one line of JSON"
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(directory, error) from error
        lock = _lock(directory)
        try:
            if segments(directory):
                raise UsageError(
                    f"{directory} already holds a journal; name another directory, or move it away"
                )
            line, digest = forge(CHAIN_START, 0, Kind.SESSION, header)
            _begin(segment_path(directory, 1), line)
            file = Appender.resume(segment_path(directory, 1), len(line))
        except OSError as error:
            os.close(lock)
            raise _unwritable(directory, error) from error
        except ThunesError:
            os.close(lock)
            raise
        journal = cls(lock, file, 1, (0, digest))
        journal._segment_bytes = segment_bytes
        return journal

    @classmethod
    def open(cls, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> "Journal":
        """Go on with a journal that was not closed; a torn last line is cut and noted.

        Raises DataError for any other damage (file, line, sequence and what it is) and
        ThunesError where nothing can be written.
        """
        lock = _lock(directory)
        try:
            found = scan(directory)
            size, notes = _sound(directory, found)
            notes += _tidy(directory)
            last = segments(directory)[-1]
            file = Appender.resume(last.path, last.path.stat().st_size if size is None else size)
        except OSError as error:
            os.close(lock)
            raise _unwritable(directory, error) from error
        except ThunesError:
            os.close(lock)
            raise
        journal = cls(lock, file, last.number, (found.sequence, bytes.fromhex(found.head)))
        journal._segment_bytes = segment_bytes
        journal.notes = notes
        return journal

    @property
    def head(self) -> Head:
        """The last whole line."""
        return Head(self._sequence, self._digest.hex())

    def append(self, line: bytes, *, durable: bool) -> None:
        """Add an encoded step as the next line; with `durable` it is on disk on return.

        Raises ThunesError: then the line is not in the journal, except that after a failed sync
        nobody knows, and the journal takes no more.
        """
        if self._file.size >= self._segment_bytes:
            self._rotate()
        self._add(Kind.STEP, line)
        if durable:
            self._file.sync()

    def close(self) -> None:
        """End the journal with its last line, durably. It cannot be opened again."""
        self._add(Kind.CLOSED, b'{"lines":%d}' % (self._sequence + 1))
        self._file.sync()
        self.release()

    def release(self) -> None:
        """Let go without ending it, as after a failure: it can be opened again."""
        self._file.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.release()

    def _add(self, kind: Kind, payload: bytes) -> None:
        assert b"\n" not in payload, "a step is one line"
        line, digest = forge(self._digest, self._sequence + 1, kind, payload)
        self._file.write(line)
        self._sequence, self._digest = self._sequence + 1, digest

    def _rotate(self) -> None:
        """Go on in a new segment, then compress the full one: a crash between is mended later."""
        self._file.sync()
        full = self._file
        path = segment_path(full.path.parent, self._number + 1)
        try:
            fresh = Appender.create(path)
            sync_path(path.parent)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unwritable(path, error) from error
        self._file, self._number = fresh, self._number + 1
        full.close()
        self.notes += _compress(full.path)


def in_use(directory: Path) -> bool:
    """Whether some program is writing the journal in `directory` just now."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _begin(path: Path, line: bytes) -> None:
    """The first segment, whole or not at all; raises OSError."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_path(path.parent)


def _lock(directory: Path) -> int:
    """A lock on the directory itself, gone with the process that holds it."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _unwritable(directory, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ThunesError(
            f"another program is writing the journal {directory}; stop it, or name another one"
        ) from error
    return descriptor


def _sound(directory: Path, found: Scan) -> tuple[int | None, list[str]]:
    """How many bytes of the last segment count (None: all), and what to say about it."""
    if found.lines == 0 and not found.problems:
        raise DataError(f"{directory} holds no journal")
    torn = [problem for problem in found.problems if problem.damage is Damage.TORN]
    others = [problem for problem in found.problems if problem.damage is not Damage.TORN]
    if others:
        more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
        raise DataError(
            f"the journal {directory} is damaged: {others[0]}{more}. "
            "Nothing was changed; see `thunes audit verify`"
        )
    if found.closed:
        raise DataError(f"the journal {directory} was closed; begin a new one elsewhere")
    if not torn:
        return None, []
    return torn[0].offset, [f"cut off a torn last line: {torn[0]}"]


def _tidy(directory: Path) -> list[str]:
    """Finish what a crash during a rotation left; raises OSError."""
    for temporary in directory.glob("*.tmp"):
        temporary.unlink()
    notes = []
    for segment in segments(directory)[:-1]:
        if not segment.compressed:
            notes += _compress(segment.path)
    return notes


def _compress(path: Path) -> list[str]:
    """Compress a full segment. If that fails it stays as it is: the record outranks the room."""
    try:
        compress(path)
    except OSError as error:
        return [f"{path} could not be compressed ({error.strerror}) and stays as it is"]
    return []


def _unwritable(path: Path, error: OSError) -> ThunesError:
    return ThunesError(
        f"{path} cannot be written: {error.strerror}; choose a directory that can, or make room"
    )
