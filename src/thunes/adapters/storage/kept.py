"""The kept journal: a journal with the newest state beside it, as a live process writes both."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.storage.chain import Link, take_apart
from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import START, Spot, read_steps
from thunes.adapters.storage.segments import blocks, segments
from thunes.adapters.storage.snapshots import Snapshot, load_snapshot, save_snapshot

_BARS = b'{"event":{"type":"bars_closed"'
_RULES = b'{"event":{"type":"rules_changed"'
_TOLD = re.compile(
    rb'^\{"seq":[0-9]+,"step":(?:%b|%b)[^\n]*' % (re.escape(_BARS), re.escape(_RULES)),
    re.MULTILINE,
)


class Found(NamedTuple):
    """What came before: the newest state that the journal vouches for, if any, the steps before it
    that told of what is in no state, and the steps after it."""

    state: bytes | None
    beside: list[bytes]
    after: Iterator[bytes]


class Record:
    """What a journal and the state kept beside it tell; nothing is written for it.

    One that was `examined` already is not examined again as far as the state reaches.
    """

    def __init__(self, directory: Path, disk: Disk = DISK, *, examined: bool = False) -> None:
        self.directory = directory
        self.disk = disk
        self._examined = examined
        self.steps = 0  # read so far
        self._last = b""

    def recorded(self) -> Found:
        """What came before. `after` has to be read to its end before anything is appended."""
        kept = load_snapshot(self.directory, self.disk)
        if kept is not None and self._examined:
            found = self._skimmed(kept)
            if found is not None:
                return found
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

    @property
    def line(self) -> str:
        """The digest of the last of them."""
        return line_digest(self._last)

    def count(self, line: bytes) -> None:
        """One more step."""
        self.steps, self._last = self.steps + 1, line

    def _skimmed(self, kept: Snapshot) -> Found | None:
        """What came before, of lines that nobody looks at but what no state holds; None where the
        journal does not vouch for the state."""
        beside: list[bytes] = []
        last = b'{"seq":%d,"step":' % kept.steps
        for segment in segments(self.directory, self.disk):
            for block in blocks(segment, self.disk):
                data = block.data or b""
                start = 0 if data.startswith(last) else data.find(b"\n" + last) + 1
                here = start or data.startswith(last)
                end = data.index(b"\n", start) if here else len(data)
                rows = _TOLD.findall(data, 0, end)
                beside += [row for row in map(_payload, rows) if in_no_state(row)]
                if here:
                    return self._after(kept, beside, take_apart(data[start:end]))
        return None

    def _after(self, kept: Snapshot, beside: list[bytes], last: Link) -> Found | None:
        if last.sequence is None or last.seal is None or line_digest(last.payload) != kept.line:
            return None
        self.steps, self._last = kept.steps, last.payload
        return Found(kept.state, beside, self._read(Spot(last.sequence, last.seal)))

    def _read(self, after: Spot = START) -> Iterator[bytes]:
        """Every step after a spot, counted as it is read."""
        for _, line in read_steps(self.directory, self.disk, after):
            self.count(line)
            yield line


class KeptJournal:
    """Satisfies the port of a store that keeps states; made by `open`."""

    def __init__(self, directory: Path, journal: Journal, disk: Disk) -> None:
        self.journal = journal
        self.fresh = False  # begun just now
        self._record = Record(directory, disk, examined=True)

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


def _payload(line: bytes) -> bytes:
    return take_apart(line).payload


def line_digest(line: bytes) -> str:
    return sha256(line).hexdigest()
