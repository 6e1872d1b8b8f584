"""Reads a journal from its first step to its last, and stops at the first damage."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.storage.chain import CHAIN_START, Kind, Link, follows, step_after, take_apart
from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.segments import Block, Segment, blocks, segments
from thunes.core.domain.errors import DataError


class LineGone(DataError):
    """The journal does not have a line that was read before: it is another one, or a backup."""


class Spot(NamedTuple):
    """A place between two lines: the number and the digest of the line before it.

    Where it was come to by reading, also the segment and the byte at which the next line begins.
    """

    sequence: int
    digest: bytes
    segment: int = 0
    offset: int = 0


START = Spot(-1, CHAIN_START)
"""Before the first line."""


def read_header(directory: Path, disk: Disk = DISK) -> bytes:
    """The JSON header that the journal in `directory` was begun with; DataError if damaged."""
    for link, _ in walk(segments(directory, disk), START, disk):
        return link.payload
    raise DataError(f"{directory} holds no journal")


def read_steps(
    directory: Path, disk: Disk = DISK, after: Spot = START
) -> Iterator[tuple[int, bytes]]:
    """Each step's number and its encoded line, oldest first; a torn last line never was.

    Raises DataError at the first line that is damaged or not in its place, LineGone as `walk` does.
    """
    found = segments(directory, disk)
    for link, spot in walk(holding(found, after, disk), after, disk):
        if link.kind is Kind.STEP:
            yield spot.sequence, link.payload


def holding(found: list[Segment], spot: Spot, disk: Disk = DISK) -> list[Segment]:
    """The segments from the one on that holds the line before a spot."""
    if spot.segment or spot is START:
        return [segment for segment in found if segment.number >= spot.segment]
    for index in reversed(range(len(found))):
        first = _first(found[index], disk)
        if first is not None and first <= spot.sequence:
            return found[index:]
    return found


def _first(segment: Segment, disk: Disk) -> int | None:
    """The number of a segment's first whole line."""
    for block in blocks(segment, disk):
        line, end, _ = (block.data or b"").partition(b"\n")
        return take_apart(line).sequence if end else None
    return None


def walk(found: Sequence[Segment], spot: Spot, disk: Disk = DISK) -> Iterator[tuple[Link, Spot]]:
    """Each line of these segments after `spot`, with the spot behind it.

    The first of them holds the line before the spot. Raises LineGone where that line is another
    one or is not there, DataError at the first line after it that is damaged or not in its place.
    """
    sequence, digest = spot.sequence, spot.digest
    come_to, begun = bool(spot.segment) or spot is START, False
    for segment in found:
        start = spot.offset if segment.number == spot.segment else 0
        for block in blocks(segment, disk, start):
            if block.trouble or block.data is None:
                raise _damaged(block, 0, sequence + 1)
            offset = block.offset
            pieces = block.data.split(b"\n")
            for index, piece in enumerate(pieces[:-1]):
                offset += len(piece) + 1
                step = step_after(digest, sequence + 1, piece) if begun else None
                if step is not None:
                    sequence, digest = sequence + 1, step.seal or digest
                    yield step, Spot(sequence, digest, segment.number, offset)
                    continue
                link = take_apart(piece)
                if not begun and link.sequence is not None and link.sequence <= sequence:
                    come_to = link.sequence == sequence
                    if come_to and link.seal != digest:
                        raise _gone(segment, spot)
                    continue
                begun = True
                right = (link.kind is Kind.SESSION) == (sequence == -1)
                if link.sequence != sequence + 1 or not right or not follows(digest, link):
                    raise _damaged(block, index, sequence + 1)
                sequence, digest = sequence + 1, link.seal or digest
                yield link, Spot(sequence, digest, segment.number, offset)
            if pieces[-1] and segment is not found[-1]:
                raise _damaged(block, len(pieces) - 1, sequence + 1)
    if not come_to:
        raise _gone(found[-1], spot)


def _gone(segment: Segment, spot: Spot) -> LineGone:
    return LineGone(
        f"{segment.path.parent} does not have line {spot.sequence} as it was read before: it is "
        "another journal, or was restored from a backup"
    )


def _damaged(block: Block, index: int, sequence: int) -> DataError:
    return DataError(
        f"the journal is damaged: {block.segment.path}, line {block.line + index} "
        f"(sequence {sequence}); `thunes audit verify` says how"
    )
