"""Files that only grow, by whole pieces: what fails leaves nothing behind."""

import os
from pathlib import Path

from thunes.core.domain.errors import ThunesError


class Appender:
    """Writes at the end of one open file; `size` is the length that counts."""

    def __init__(self, path: Path, descriptor: int, size: int) -> None:
        self.path = path
        self.size = size
        self._descriptor = descriptor
        self._ragged = False
        self._lost = ""

    @classmethod
    def create(cls, path: Path) -> "Appender":
        """A new, empty file; raises OSError."""
        return cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), 0)

    @classmethod
    def resume(cls, path: Path, size: int) -> "Appender":
        """An existing file, cut to `size` bytes; raises OSError."""
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        return cls(path, descriptor, size)

    def write(self, data: bytes) -> None:
        """Add all of `data` or nothing."""
        if self._lost:
            raise ThunesError(self._lost)
        try:
            if self._ragged:  # an interrupt, such as Ctrl-C, left part of an earlier piece
                os.ftruncate(self._descriptor, self.size)
            self._ragged = True
            done = 0
            while done < len(data):
                done += os.pwrite(self._descriptor, data[done:], self.size + done)
        except OSError as error:
            self._cut_back(error)
        self._ragged = False
        self.size += len(data)

    def sync(self) -> None:
        """Make all that was written durable; after one failure nothing is written any more.

        A second attempt could succeed although the first lost data: the system forgets.
        """
        if self._lost:
            raise ThunesError(self._lost)
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self._lost = (
                f"{self.path} could not be synced to disk ({error.strerror}): what the disk holds "
                "is not known, and nothing more is recorded. Check the disk, run "
                "`thunes audit verify`, then start again"
            )
            raise ThunesError(self._lost) from error

    def close(self) -> None:
        """Let go of the file; what was written is as durable as it was. Raises OSError."""
        try:
            if self._ragged:
                os.ftruncate(self._descriptor, self.size)
        finally:
            os.close(self._descriptor)

    def _cut_back(self, cause: OSError) -> None:
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError as error:
            self._lost = (
                f"{self.path} could not be written ({cause.strerror}) nor cut back to its last "
                f"whole line at byte {self.size} ({error.strerror}); nothing more is recorded"
            )
            raise ThunesError(self._lost) from cause
        self._ragged = False
        raise ThunesError(
            f"{self.path} could not be written: {cause.strerror}; it ends with the last whole "
            f"line at byte {self.size}. Make room or mend the disk, then start again"
        ) from cause


def sync_path(path: Path) -> None:
    """Make a file's content, or the names in a directory, durable; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
