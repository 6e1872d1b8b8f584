"""The log file: one line per message, a new file when one is full, and no trouble for who logs."""

import os
import sys
import threading
from pathlib import Path

from thunes.core.domain.errors import ThunesError

SIZE_MAX = 10_000_000
KEPT = 5


class LogFile:
    """Any thread may write. The file is found anew for each line: whoever moves it away gets a new
    one, and whoever is out of disk loses lines and nothing else."""

    def __init__(self, path: Path, size_max: int = SIZE_MAX, kept: int = KEPT) -> None:
        """Raises ThunesError where nothing can be written."""
        self.path = path
        self.lost = 0  # lines that could not be written
        self._size_max, self._kept = size_max, kept
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(self._open())
        except OSError as error:
            raise ThunesError(
                f"{path} cannot be written: {error.strerror}; name another one in [logs] file"
            ) from error

    def write(self, line: str) -> None:
        """Add a line."""
        data = f"{line}\n".encode(errors="backslashreplace")
        with self._lock:
            try:
                self._append(data)
            except OSError as error:
                self.lost += 1
                if self.lost == 1:
                    sys.stderr.write(f"{self.path} cannot be written: {error.strerror}\n")

    def age_s(self, now_s: float) -> float:
        """Seconds since its last line, by the machine's clock; infinite where there is none."""
        try:
            return max(0.0, now_s - self.path.stat().st_mtime)
        except OSError:
            return float("inf")

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _append(self, data: bytes) -> None:
        descriptor = self._open()
        try:
            size = os.fstat(descriptor).st_size
            if size and size + len(data) > self._size_max:
                self._turn()
                os.close(descriptor)
                descriptor = self._open()
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def _turn(self) -> None:
        """The file gets the number 1, those before it the next one, and the oldest goes."""
        names = [self.path, *(Path(f"{self.path}.{n}") for n in range(1, self._kept + 1))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)
