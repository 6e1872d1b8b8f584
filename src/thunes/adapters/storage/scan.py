"""The examination of a journal: every line against its number and its chain, damage located."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.storage.chain import (
    CHAIN_START,
    SEAL_BYTES,
    Kind,
    Link,
    follows,
    forge,
    take_apart,
)
from thunes.adapters.storage.damage import Damage, Jump, Place, Problem, Runs, explain
from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.segments import Block, blocks, segment_path, segments

_PROBLEMS_MAX = 1_000


class Scan(NamedTuple):
    """A journal examined: `lines` found, `sequence` and `head` (hex) of the last of them.

    `closed` says whether the last line is the one that ends a journal.
    """

    lines: int
    sequence: int
    head: str
    closed: bool
    problems: tuple[Problem, ...]


def scan(directory: Path, disk: Disk = DISK) -> Scan:
    """Examine every byte of the journal in `directory`; only files that cannot be read raise."""
    row = _Row()
    expected = 1
    found = segments(directory, disk)
    for segment in found:
        for number in range(expected, segment.number):
            file = segment_path(directory, number).name
            text = f"the segment {file} (or {file}.zst) is missing"
            row.problems.append(Problem(Damage.MISSING, file, 0, row.expected, 0, text))
        expected = segment.number + 1
        for block in blocks(segment, disk):
            _read(row, block, torn=segment is found[-1] and not segment.compressed)
            if row.full:
                return row.result()
    return row.result()


def _read(row: "_Row", block: Block, *, torn: bool) -> None:
    place = Place(block.segment, block.line, block.offset)
    if block.trouble:
        row.report(Damage.CHANGED, place, block.trouble)
    if block.data is None:
        row.lose(block.lines)
        return
    pieces = block.data.split(b"\n")
    tail = pieces.pop()
    index = 0
    while index < len(pieces) and not row.full:
        good = row.walk(pieces, index)
        place = _forward(place, pieces[index:good])
        if good < len(pieces):
            row.examine(pieces[good], place)
            place = _forward(place, pieces[good : good + 1])
        index = good + 1
    if tail and torn and not _is_finished(tail):
        row.report(Damage.TORN, place, f"the last {len(tail)} bytes are not a whole line")
    elif tail:
        row.report(Damage.CHANGED, place, "its line end is gone")
        row.examine(tail, place)


def _is_finished(tail: bytes) -> bool:
    """Whether a tail was once a line with its line end: a write that was torn ends earlier."""
    return take_apart(tail[:-1]).seal is not None and tail[-1:] != b"\0"


def _forward(place: Place, pieces: list[bytes]) -> Place:
    read = 0 if place.segment.compressed else sum(map(len, pieces)) + len(pieces)
    return Place(place.segment, place.line + len(pieces), place.offset + read)


class _Row:
    """The lines read so far: what number comes next, and which digests it may follow."""

    def __init__(self) -> None:
        self.expected = 0
        self.problems: list[Problem] = []
        self._candidates: tuple[bytes, ...] = (CHAIN_START,)  # empty: not known, after damage
        self._lines = 0
        self._head = CHAIN_START
        self._closed = False
        self._fragment = False
        self._runs = Runs()
        self._jumps: list[Jump] = []

    @property
    def full(self) -> bool:
        return len(self.problems) + len(self._jumps) >= _PROBLEMS_MAX

    def result(self) -> Scan:
        found = [*(explain(jump, self._runs) for jump in self._jumps), *self.problems]
        found.sort(key=lambda problem: (problem.file, problem.line, problem.offset))
        if self.full:
            text = f"more than {_PROBLEMS_MAX} damages: the rest was not examined"
            found.append(found[-1]._replace(damage=Damage.TOO_MANY, text=text))
        return Scan(self._lines, self.expected - 1, self._head.hex(), self._closed, tuple(found))

    def report(self, damage: Damage, place: Place, text: str) -> None:
        name = place.segment.path.name
        self.problems.append(Problem(damage, name, place.line, self.expected, place.offset, text))

    def lose(self, lines: int) -> None:
        """Some lines cannot be read at all; that was reported."""
        if lines:
            self.expected += lines
            self._candidates = ()
            self._runs.extend(self.expected)

    def walk(self, pieces: list[bytes], start: int) -> int:
        """Pass whole steps in a row; the index of the first line that is none of them."""
        if len(self._candidates) != 1 or self._closed:
            return start
        sequence, digest, index = self.expected, self._candidates[0], start
        for piece in pieces[start:] if start else pieces:
            new = sha256(digest + piece[:-SEAL_BYTES]).digest()
            if not piece.endswith(b',"hash":"%b"}' % new.hex().encode()):
                break
            if not piece.startswith(b'{"seq":%d,"step":' % sequence):
                break
            digest = new
            sequence += 1
            index += 1
        if index > start:
            self.expected, self._candidates, self._head = sequence, (digest,), digest
            self._lines += index - start
            self._runs.extend(sequence)
        return index

    def examine(self, piece: bytes, place: Place) -> None:
        """A line that is not a whole step: the first, the last, or a damaged one."""
        if self._closed:
            self.report(Damage.AFTER_THE_END, place, "there is a line after the end")
            self._closed = False
        following = piece.find(b'{"seq":%d,"' % (self.expected + 1), 1)
        if following > 0:
            self.report(Damage.CHANGED, place, "its line end was changed")
            self._examine_one(piece[: following - 1], place)
            self._examine_one(piece[following:], place)
        else:
            self._examine_one(piece, place)

    def _examine_one(self, piece: bytes, place: Place) -> None:
        link = take_apart(piece)
        if link.sequence is None:
            self._examine_unnumbered(link, place)
            return
        kept: tuple[bytes, ...] = ()
        if link.sequence != self.expected:
            number = self._number_before_change(link)
            if number is None:
                kept = self._jump(link.sequence, place)
            else:
                self.report(Damage.CHANGED, place, f"its number was changed to {link.sequence}")
                link = number
        fault = _fault(link, self._candidates, self.expected)
        if fault:
            self.report(Damage.CHANGED, place, fault)
        self._accept(link)
        self._candidates += kept

    def _examine_unnumbered(self, link: Link, place: Place) -> None:
        if not self._fragment:  # else it is the rest of a line that was broken in two
            self.report(Damage.CHANGED, place, "its beginning was changed")
            self._accept(link)
        elif link.seal is not None:
            self._candidates = (link.seal,)
        self._fragment = link.seal is None

    def _number_before_change(self, link: Link) -> Link | None:
        """The expected line, if `link` is that with another number written into it."""
        if link.kind is None:
            return None
        for previous in self._candidates:
            line, digest = forge(previous, self.expected, link.kind, link.payload)
            if digest == link.seal:
                return take_apart(line[:-1])
        return None

    def _jump(self, found: int, place: Place) -> tuple[bytes, ...]:
        """Go on from another number; the digests that a line after an inserted one may follow."""
        repeated = found in self._runs
        kept = self._candidates if repeated else ()
        self._jumps.append(Jump(place, self.expected, found, repeated))
        self._runs.begin(found)
        self.expected, self._candidates = found, ()
        return kept

    def _accept(self, link: Link) -> None:
        """Go on after this line: if it is damaged, from what it says or from what it gives."""
        if link.seal is None:
            self._candidates = ()
        elif any(follows(digest, link) for digest in self._candidates):
            self._candidates = (link.seal,)
        else:
            given = (sha256(digest + link.body).digest() for digest in self._candidates)
            self._candidates = (link.seal, *given)
        self._head = link.seal or self._head
        self._fragment = link.seal is None
        self._closed = link.kind is Kind.CLOSED
        self.expected += 1
        self._lines += 1
        self._runs.extend(self.expected)


def _fault(link: Link, candidates: tuple[bytes, ...], expected: int) -> str:
    """What is wrong with a line whose number is the expected one; nothing if it is whole."""
    if link.seal is None:
        return "its end was changed"
    if candidates and not any(follows(digest, link) for digest in candidates):
        return "its text does not give its hash: it, or the line before, was changed"
    if (link.kind is Kind.SESSION) != (expected == 0):
        return "the first line, and no other, holds the session"
    if link.kind is Kind.CLOSED and link.payload != b'{"lines":%d}' % expected:
        return "the end of the journal counts other lines than there are"
    return ""
