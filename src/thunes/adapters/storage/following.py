"""Follows a journal that somebody may be writing: what is new since a line that was read before."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.storage.chain import Kind, take_apart
from thunes.adapters.storage.reading import START, Spot, holding, walk
from thunes.adapters.storage.segments import Segment, blocks, segments
from thunes.core.domain.errors import DataError


class Entry(NamedTuple):
    """A line: its number, its digest, and the encoded step, or None if it is no step."""

    sequence: int
    digest: bytes
    payload: bytes | None


class Follower:
    """Reads one journal in turns; it remembers where it was, so that each turn costs what is new.

    It takes no lock and writes nothing.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._spot = START

    def after(self, sequence: int, digest: bytes) -> Iterator[Entry]:
        """Each whole line after that one; a torn last line never was.

        Raises LineGone where the journal does not have that line, DataError where it is damaged.
        """
        found = segments(self.directory)
        if not found:
            raise DataError(f"{self.directory} holds no journal")
        spot = self._spot
        if (spot.sequence, spot.digest) != (sequence, digest) or _is_moved(spot, found):
            spot = START if sequence == START.sequence else Spot(sequence, digest)
        for link, each in walk(holding(found, spot), spot):
            self._spot = each
            yield Entry(
                each.sequence, each.digest, link.payload if link.kind is Kind.STEP else None
            )

    def last(self) -> int:
        """The number of the last whole line; -1 where there is none."""
        for segment in reversed(segments(self.directory)):
            last = b""
            for block in blocks(segment):
                last = (last + (block.data or b""))[-_LINE_BYTES_MAX:]
            number = take_apart(b"\n".join(last.split(b"\n")[-2:-1])).sequence
            if number is not None:
                return number
        return START.sequence


_LINE_BYTES_MAX = 1 << 22


def _is_moved(spot: Spot, found: list[Segment]) -> bool:
    """Whether the spot's segment was compressed or cut since it was come to."""
    for segment in found:
        if segment.number == spot.segment and not segment.compressed:
            try:
                return segment.path.stat().st_size < spot.offset
            except FileNotFoundError:  # compressed just now
                return True
    return spot is not START
