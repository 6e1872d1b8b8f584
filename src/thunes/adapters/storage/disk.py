"""The disk as the journal sees it: every call to the file system that writing it makes."""

import fcntl
import os
import sys
from pathlib import Path
from typing import BinaryIO

from thunes.core.domain.errors import ThunesError


class Disk:
    """The operating system's files. Every method raises OSError; a descriptor is a number."""

    def open(self, path: Path, *, new: bool) -> int:
        """A file to read and write: one that is not there yet, or one that is."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL if new else os.O_RDWR
        return os.open(path, flags, 0o644)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        """Write at `offset`; how many bytes were written, which may be fewer."""
        return os.pwrite(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Make the file's content and length durable."""
        if sys.platform == "darwin":  # its fsync leaves data in the drive's own memory
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def replace(self, path: Path, target: Path) -> None:
        """Give a file another name in its directory, in place of what had that name."""
        path.replace(target)

    def unlink(self, path: Path) -> None:
        """Remove a name; it is no error that it is not there."""
        path.unlink(missing_ok=True)

    def make_directory(self, path: Path) -> None:
        """One new directory, whose parent is there."""
        path.mkdir()

    def sync_path(self, path: Path) -> None:
        """Make a file, or the names in a directory, durable."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lock(self, directory: Path) -> int:
        """Lock a directory until the descriptor is closed; BlockingIOError if another has it."""
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def names(self, directory: Path) -> list[str]:
        """What is in a directory, sorted."""
        return sorted(entry.name for entry in directory.iterdir())

    def reader(self, path: Path) -> BinaryIO:
        """A file's content from its beginning."""
        return path.open("rb")


DISK = Disk()


class SyncFailed(ThunesError):
    """What the disk holds is not known any more: nothing may be written on.

    A second attempt could succeed although the first lost data: the system forgets.
    """

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(
            f"{path} could not be synced to disk ({cause.strerror}): what the disk holds "
            "is not known, and nothing more is recorded. Check the disk, run "
            "`thunes audit verify`, then start again"
        )
