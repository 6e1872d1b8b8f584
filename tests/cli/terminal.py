"""A terminal: a program and what a person reads and types there."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PATIENCE_S = 60


class Terminal:
    """A program as a person at a terminal meets it."""

    def __init__(
        self, folder: Path, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._master, slave = pty.openpty()
        self.seen = ""
        self.patience_s = PATIENCE_S
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, **(environment or {}), "TERM": "dumb", "COLUMNS": "200"},
            start_new_session=True,  # or secrets would be asked for at the terminal of the tests
        )
        os.close(slave)

    def answer(self, question: str, text: str = "") -> None:
        """Wait for the whole of a question, then type: what is typed while the terminal changes its
        mode may be lost."""
        begun = len(self.seen)
        asked = (": ", "> ")
        self._until(lambda: question in self.seen[begun:] and self.seen.endswith(asked))
        os.write(self._master, f"{text}\n".encode())

    def interrupt(self) -> int:
        """Ctrl-C; how it ends."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        self._until(lambda: self._process.poll() is not None)
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _until(self, true: object) -> None:
        assert callable(true)
        deadline = time.monotonic() + self.patience_s
        while not true():
            assert time.monotonic() < deadline, self.seen
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._master, 4_096).decode()
                except OSError:  # the other end is closed
                    self._process.wait(PATIENCE_S)
