"""The journal: one line per step, chained, on disk before its commands leave."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from thunes.adapters.storage.appender import Appender, sync_path, write_whole
from thunes.adapters.storage.chain import CHAIN_START, Kind, forge
from thunes.adapters.storage.disk import DISK, Disk, SyncFailed
from thunes.adapters.storage.mending import compress_full, sound, tidy
from thunes.adapters.storage.segments import segment_path, segments
from thunes.core.domain.errors import ThunesError, UsageError

SEGMENT_BYTES = 16 << 20
_LET_GO = -1


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
        self._loose = False  # lines that need not be on disk yet

    @classmethod
    def create(
        cls,
        directory: Path,
        header: bytes,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        disk: Disk = DISK,
    ) -> "Journal":
        """Begin a journal in `directory` (made if absent) with `header`, a JSON object.

        A segment that has `segment_bytes` is closed and compressed. Raises UsageError where a
        journal stands already, ThunesError where nothing can be written.
        """
        assert header[:1] == b"{" and b"\n" not in header, "the header is one line of JSON"
        try:
            _make(directory, disk)
        except OSError as error:
            raise _unwritable(directory, error) from error
        lock = _lock(directory, disk)
        with _given_back(lock, directory, disk):
            if segments(directory, disk):
                raise UsageError(
                    f"{directory} already holds a journal; name another directory, or move it away"
                )
            line, digest = forge(CHAIN_START, 0, Kind.SESSION, header)
            write_whole(segment_path(directory, 1), [line], disk)
            file = Appender.resume(segment_path(directory, 1), len(line), disk)
        journal = cls(lock, file, 1, (0, digest))
        journal._segment_bytes = segment_bytes
        return journal

    @classmethod
    def open(
        cls, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, disk: Disk = DISK
    ) -> "Journal":
        """Go on with a journal that was not closed; what a crash tore at its end is cut and noted.

        All that is left is durable, even if an earlier program could not sync it.
        Raises DataError for any other damage (file, line, sequence and what it is) and
        ThunesError where nothing can be written.
        """
        lock = _lock(directory, disk)
        with _given_back(lock, directory, disk):
            found, size, notes = sound(directory, disk)
            notes += tidy(directory, disk)
            last = segments(directory, disk)[-1]
            sync_path(directory, disk)
            file = Appender.resume(last.path, size, disk)
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
        (SyncFailed) nobody knows, and the journal takes no more.
        """
        if self._file.size >= self._segment_bytes:
            try:
                self._rotate()
            except SyncFailed as failure:
                self._file.stop(str(failure))
                raise
        self._add(Kind.STEP, line)
        self._loose = True
        if durable:
            self.sync()

    def sync(self) -> None:
        """Have every line on disk, those too that were not to be durable; raises SyncFailed."""
        if self._loose:
            self._file.sync()
            self._loose = False

    def close(self) -> None:
        """End the journal with its last line, durably. It cannot be opened again.

        Raises ThunesError; then it was let go of without that line.
        """
        try:
            self._add(Kind.CLOSED, b'{"lines":%d}' % (self._sequence + 1))
            self._file.sync()
        finally:
            self.release()

    def release(self) -> None:
        """Let go without ending it, as after a failure: it can be opened again."""
        lock, self._lock = self._lock, _LET_GO
        if lock == _LET_GO:
            return
        try:
            try:
                self._file.close()
            finally:
                self._file.disk.close(lock)
        except OSError as error:
            raise ThunesError(
                f"{self._file.path} could not be let go of cleanly ({error.strerror}); what was "
                "durable stays so. Check the disk, then start again"
            ) from error

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
        full, disk = self._file, self._file.disk
        path = segment_path(full.path.parent, self._number + 1)
        try:
            fresh = Appender.create(path, disk)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._file, self._number = fresh, self._number + 1
        try:
            full.close()
        except OSError as error:  # all of it was synced
            self.notes.append(f"{full.path} could not be closed cleanly ({error.strerror})")
        sync_path(path.parent, disk)
        self.notes += compress_full(full.path, disk)


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


def _make(directory: Path, disk: Disk) -> None:
    """The directory and those above it, so that a power failure leaves them; raises OSError."""
    there = False
    try:
        disk.make_directory(directory)
    except FileNotFoundError:
        _make(directory.parent, disk)
        disk.make_directory(directory)
    except FileExistsError:
        there = True
    try:
        disk.sync_path(directory.parent)
    except OSError as error:  # what another made may lie where only he can sync
        if not there or error.errno not in (errno.EACCES, errno.EPERM, errno.EINVAL):
            raise


def _lock(directory: Path, disk: Disk) -> int:
    """A lock on the directory itself, gone with the process that holds it."""
    try:
        return disk.lock(directory)
    except BlockingIOError as error:
        raise ThunesError(
            f"another program is writing the journal {directory}; stop it, or name another one"
        ) from error
    except OSError as error:
        raise _unwritable(directory, error) from error


@contextmanager
def _given_back(lock: int, directory: Path, disk: Disk) -> Iterator[None]:
    """Give the lock back if the journal cannot be begun; raises ThunesError."""
    try:
        yield
    except (OSError, ThunesError) as error:
        with suppress(OSError):
            disk.close(lock)
        if isinstance(error, OSError):
            raise _unwritable(directory, error) from error
        raise


def _unwritable(path: Path, error: OSError) -> ThunesError:
    return ThunesError(
        f"{path} cannot be written: {error.strerror}; choose a directory that can, or make room"
    )
