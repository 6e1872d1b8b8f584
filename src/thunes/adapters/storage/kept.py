"""The kept journal: a journal with the newest state beside it, as a live process writes both."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import read_steps
from thunes.adapters.storage.segments import segments
from thunes.adapters.storage.snapshots import Snapshot, load_snapshot, save_snapshot

_BARS = b'{"event":{"type":"bars_closed"'
_RULES = b'{"event":{"type":"rules_changed"'


class Found(NamedTuple):
    """What came before: the newest state that the journal vouches for, if any, the steps before it
    that told of what is in no state, and the steps after it."""

    state: bytes | None
    beside: list[bytes]
    after: Iterator[bytes]


class Record:
    """What a journal and the state kept beside it tell; nothing is written for it."""

    def __init__(self, directory: Path, disk: Disk = DISK) -> None:
        self.directory = directory
        self.disk = disk
        self.steps = 0  # read so far
        self.line = ""  # the digest of the last of them

    def recorded(self) -> Found:
        """What came before. `after` has to be read to its end before anything is appended."""
        kept = load_snapshot(self.directory, self.disk)
        steps = self._read()
        beside: list[bytes] = []
        while kept is not None and self.steps < kept.steps:
            line = next(steps, None)
            if line is None:
                break
            if in_no_state(line):
                beside.append(line)
            if self.steps == kept.steps and self.line == kept.line:
                return Found(kept.state, beside, steps)
        self.steps = 0
        return Found(None, [], self._read())

    def count(self, line: bytes) -> None:
        """One more step."""
        self.steps, self.line = self.steps + 1, line_digest(line)

    def _read(self) -> Iterator[bytes]:
        """Every step, counted as it is read."""
        for _, line in read_steps(self.directory, self.disk):
            self.count(line)
            yield line


class KeptJournal:
    """Satisfies the port of a store that keeps states; made by `open`."""

    def __init__(self, directory: Path, journal: Journal, disk: Disk) -> None:
        self.journal = journal
        self.fresh = False  # begun just now
        self._record = Record(directory, disk)

    @classmethod
    def open(cls, directory: Path, header: bytes, disk: Disk = DISK) -> "KeptJournal":
        """Go on with the journal in `directory`, or begin one with `header`. Raises ThunesError,
        DataError where it is damaged."""
        fresh = not (directory.is_dir() and segments(directory, disk))
        if fresh:
            journal = Journal.create(directory, header, disk=disk)
        else:
            journal = Journal.open(directory, disk=disk)
        kept = cls(directory, journal, disk)
        kept.fresh = fresh
        return kept

    def recorded(self) -> Found:
        """What came before. `after` has to be read to its end before anything is appended."""
        return self._record.recorded()

    def append(self, line: bytes, *, durable: bool) -> None:
        self.journal.append(line, durable=durable)
        self._record.count(line)

    def keep(self, state: bytes) -> None:
        self.journal.sync()  # a state must not outlast the lines that it was taken after
        record = self._record
        save_snapshot(record.directory, Snapshot(record.steps, record.line, state), record.disk)

    def release(self) -> None:
        """Let go, so that the next process can go on."""
        self.journal.release()


def in_no_state(line: bytes) -> bool:
    """Whether a step told of what no kept state holds: bars of a closing, or other rules."""
    return (line.startswith(_BARS) and b'"bars":' in line) or line.startswith(_RULES)


def line_digest(line: bytes) -> str:
    return sha256(line).hexdigest()
