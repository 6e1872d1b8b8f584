"""Tables: a process of their own keeps the SQL tables up with the journal of what trades.

In the process that trades it would take turns with the thread that acts: that one would wait for up
to five milliseconds each time.
"""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from thunes.compose.spell import Spell
from thunes.core.domain.errors import ThunesError
from thunes.ops.logs import Logs
from thunes.runtime.supervisor import Pulse

_NEEDED = ("sqlalchemy", "alembic")
_LOOK_S = 0.5
_LEAVE_S = 5.0
_PAUSE_S, _PAUSE_MAX_S = 1.0, 60.0


class Ended(ThunesError):
    """The process that keeps the tables has ended by itself."""


def can_be_kept() -> bool:
    """Whether the packages of the extra are there."""
    return all(find_spec(name) is not None for name in _NEEDED)


class TablesTask:
    """Runs the process, and another one where it ends; whatever it says is told."""

    def __init__(self, directory: Path, url: str, logs: Logs) -> None:
        self._directory, self._url, self._logs = directory, url, logs

    def run(self, pulse: Pulse) -> None:
        """Until the pulse says to end."""
        spell, pause = Spell("TABLES", self._logs), _PAUSE_S
        while pulse.beat():
            if not spell.act(lambda: self._follow(pulse)):
                pulse.wait(pause)
                pause = min(_PAUSE_MAX_S, 2 * pause)

    def _follow(self, pulse: Pulse) -> None:
        with _child(self._directory, self._url) as child:
            lines = _Lines(child)
            while pulse.beat():
                for line in lines.heard(_LOOK_S):
                    self._say(line)
                if lines.over:
                    raise Ended(lines.last or f"it has ended with code {child.wait()}")

    def _say(self, line: Mapping[str, object]) -> None:
        self._logs.say("warning", "TABLES", text=line.get("tables"))


class _Lines:
    """What a child says, line by line; what is no JSON is kept as its last word."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        assert child.stdout is not None, "it was asked for"
        self._descriptor = child.stdout.fileno()
        self._rest = b""
        self.last = ""
        self.over = False

    def heard(self, wait_s: float) -> Iterator[Mapping[str, object]]:
        if not select.select([self._descriptor], [], [], wait_s)[0]:
            return
        more = os.read(self._descriptor, 65_536)
        self.over = not more
        *lines, self._rest = (self._rest + more).split(b"\n")
        for line in lines:
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if isinstance(said, dict):
                yield said
            elif text := line.decode(errors="replace").strip():
                self.last = text


@contextmanager
def _child(directory: Path, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that ends with this one; ended in order it takes in what is on record by then."""
    command = [
        *(sys.executable, "-m", "thunes", "db", "follow", "--json"),
        *("--state", str(directory), "--child-of", str(os.getpid())),
    ]
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    if url:  # it may hold a password, and arguments can be seen by everybody
        environment["DATABASE_URL"] = url
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # Ctrl-C is for the one that trades, which tells this one
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        assert child.stdout is not None
        child.stdout.close()
