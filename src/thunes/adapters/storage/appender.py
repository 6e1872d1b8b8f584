"""Files that only grow, by whole pieces: what fails leaves nothing behind."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from thunes.adapters.storage.disk import DISK, Disk, SyncFailed
from thunes.core.domain.errors import ThunesError


class Appender:
    """Writes at the end of one open file; `size` is the length that counts."""

    def __init__(self, path: Path, descriptor: int, size: int, disk: Disk = DISK) -> None:
        self.path = path
        self.size = size
        self.disk = disk
        self._descriptor = descriptor
        self._ragged = False
        self._lost = ""

    @classmethod
    def create(cls, path: Path, disk: Disk = DISK) -> "Appender":
        """A new, empty file; raises OSError."""
        return cls(path, disk.open(path, new=True), 0, disk)

    @classmethod
    def resume(cls, path: Path, size: int | None, disk: Disk = DISK) -> "Appender":
        """An existing file, cut to `size` bytes (None: not cut), all of them durable.

        All is written once more: after a sync that failed in an earlier program, what is read
        here may be in memory only, and the system would not write it by itself. Raises OSError,
        SyncFailed.
        """
        with disk.reader(path) as file:
            data = file.read(-1 if size is None else size)
        descriptor = disk.open(path, new=False)
        try:
            disk.truncate(descriptor, len(data))
            _put(disk, descriptor, data, 0)
            _sync(disk, descriptor, path)
        except (OSError, SyncFailed):
            _let_go(disk, descriptor)
            raise
        return cls(path, descriptor, len(data), disk)

    def write(self, data: bytes) -> None:
        """Add all of `data` or nothing."""
        if self._lost:
            raise ThunesError(self._lost)
        try:
            if self._ragged:  # an interrupt, such as Ctrl-C, left part of an earlier piece
                self.disk.truncate(self._descriptor, self.size)
            self._ragged = True
            done = self.disk.write(self._descriptor, data, self.size)
            if done < len(data):
                _put(self.disk, self._descriptor, data[done:], self.size + done)
        except OSError as error:
            self._cut_back(error)
        self._ragged = False
        self.size += len(data)

    def sync(self) -> None:
        """Make all that was written durable; after one failure nothing is written any more."""
        if self._lost:
            raise ThunesError(self._lost)
        try:
            _sync(self.disk, self._descriptor, self.path)
        except SyncFailed as failure:
            self.stop(str(failure))
            raise

    def stop(self, why: str) -> None:
        """Take nothing more: every later piece is refused with `why`."""
        self._lost = why

    def close(self) -> None:
        """Let go of the file; what was written is as durable as it was. Raises OSError."""
        self._lost = self._lost or f"{self.path} was let go of; open it again to write on"
        try:
            if self._ragged:
                self.disk.truncate(self._descriptor, self.size)
        finally:
            self.disk.close(self._descriptor)

    def _cut_back(self, cause: OSError) -> None:
        try:
            self.disk.truncate(self._descriptor, self.size)
        except OSError as error:
            self._lost = (
                f"{self.path} could not be written ({cause.strerror}) nor cut back to its last "
                f"whole line at byte {self.size} ({error.strerror}); nothing more is recorded. "
                "Check the disk, then start again"
            )
            raise ThunesError(self._lost) from cause
        self._ragged = False
        raise ThunesError(
            f"{self.path} could not be written: {cause.strerror}; it ends with the last whole "
            f"line at byte {self.size}. Make room or mend the disk, then start again"
        ) from cause


def write_whole(path: Path, parts: Iterable[bytes], disk: Disk = DISK) -> None:
    """A durable file that stands whole or not at all; raises OSError, SyncFailed."""
    temporary = path.with_name(path.name + ".tmp")
    disk.unlink(temporary)
    descriptor = disk.open(temporary, new=True)
    try:
        try:
            size = 0
            for part in parts:
                _put(disk, descriptor, part, size)
                size += len(part)
            _sync(disk, descriptor, temporary)
        except (OSError, SyncFailed):
            _let_go(disk, descriptor)
            raise
        disk.close(descriptor)
        disk.replace(temporary, path)
    except (OSError, SyncFailed):
        with suppress(OSError):  # a scrap that stays is removed when the journal is opened
            disk.unlink(temporary)
        raise
    sync_path(path.parent, disk)


def sync_path(path: Path, disk: Disk = DISK) -> None:
    """Make a file's content, or the names in a directory, durable; raises SyncFailed."""
    try:
        disk.sync_path(path)
    except OSError as error:
        raise SyncFailed(path, error) from error


def _put(disk: Disk, descriptor: int, data: bytes, offset: int) -> None:
    done = disk.write(descriptor, data, offset)
    while done < len(data):
        done += disk.write(descriptor, data[done:], offset + done)


def _sync(disk: Disk, descriptor: int, path: Path) -> None:
    try:
        disk.sync(descriptor)
    except OSError as error:
        raise SyncFailed(path, error) from error


def _let_go(disk: Disk, descriptor: int) -> None:
    with suppress(OSError):  # of a file that failed already
        disk.close(descriptor)
