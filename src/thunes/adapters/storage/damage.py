"""What can be wrong with a journal, and where."""

from enum import Enum
from typing import NamedTuple

from thunes.adapters.storage.segments import Segment


class Damage(Enum):
    """The kinds of damage."""

    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"
    REPEATED = "repeated"
    TORN = "torn"
    NOT_CLOSED = "not_closed"
    AFTER_THE_END = "after_the_end"
    TAPE = "tape"
    TOO_MANY = "too_many"


class Problem(NamedTuple):
    """One damage and where it is.

    `line` counts from 1 within `file` (0: the file as a whole), `sequence` is the number that
    the line there should have, `offset` the byte in the file at which the line, or the
    compressed frame that holds it, begins.
    """

    damage: Damage
    file: str
    line: int
    sequence: int
    offset: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place} (sequence {self.sequence}, byte {self.offset}): {self.text}"


class Place(NamedTuple):
    """Where a line stands."""

    segment: Segment
    line: int
    offset: int


class Jump(NamedTuple):
    """The numbering broke: `found` stood where `expected` belonged."""

    at: Place
    expected: int
    found: int
    repeated: bool


class Runs:
    """The numbers seen, as runs [first, end) in the order of reading. Few, for few breaks."""

    def __init__(self) -> None:
        self._runs: list[list[int]] = [[0, 0]]

    def extend(self, end: int) -> None:
        self._runs[-1][1] = end

    def begin(self, first: int) -> None:
        self._runs.append([first, first])

    def __contains__(self, number: int) -> bool:
        return any(first <= number < end for first, end in self._runs)

    def absent(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The ranges (first, last) within [start, stop) that were never seen."""
        gaps = []
        for first, end in sorted(self._runs):
            if start < min(first, stop):
                gaps.append((start, min(first, stop) - 1))
            start = max(start, end)
        if start < stop:
            gaps.append((start, stop - 1))
        return gaps


def explain(jump: Jump, runs: Runs) -> Problem:
    """What a break in the numbering means, now that every line was seen."""
    gaps = runs.absent(jump.expected, jump.found)
    if gaps:
        names = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in gaps)
        damage, text = Damage.MISSING, f"before line {jump.found}, missing: {names}"
    elif jump.repeated:
        damage, text = Damage.REPEATED, f"line {jump.found} stands here once more"
    else:
        damage = Damage.OUT_OF_ORDER
        text = f"line {jump.found} stands where line {jump.expected} belongs"
    place = jump.at
    return Problem(damage, place.segment.path.name, place.line, jump.expected, place.offset, text)
