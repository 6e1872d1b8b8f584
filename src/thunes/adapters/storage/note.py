"""A note: a small file that is replaced whole, or not at all."""

import os
from pathlib import Path

from thunes.adapters.storage.disk import DISK, Disk
from thunes.core.domain.errors import ThunesError


class Note:
    """Raises ThunesError where the disk does not do what it should."""

    def __init__(self, path: Path, disk: Disk = DISK) -> None:
        self._path = path
        self._disk = disk

    def read(self) -> bytes | None:
        """What was written last; None where nothing was."""
        try:
            with self._disk.reader(self._path) as file:
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ThunesError(f"{self._path} cannot be read: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        """On disk, in place of what was there, when this returns."""
        disk, unfinished = self._disk, self._path.with_name(f"{self._path.name}.tmp")
        try:
            disk.unlink(unfinished)
            descriptor = disk.open(unfinished, new=True)
            try:
                if disk.write(descriptor, data, 0) != len(data):
                    raise OSError(28, os.strerror(28))
                disk.sync(descriptor)
            finally:
                disk.close(descriptor)
            disk.replace(unfinished, self._path)
            disk.sync_path(self._path.parent)
        except OSError as error:
            raise ThunesError(
                f"{self._path} cannot be written: {error.strerror}; make room or mend the disk"
            ) from error
