"""Reads a journal from its first step to its last, and stops at the first damage."""

from collections.abc import Iterator
from pathlib import Path

from thunes.adapters.storage.chain import CHAIN_START, Kind, Link, follows, take_apart
from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.segments import Block, blocks, segments
from thunes.core.domain.errors import DataError


def read_header(directory: Path, disk: Disk = DISK) -> bytes:
    """The JSON header that the journal in `directory` was begun with; DataError if damaged."""
    for link in _links(directory, disk):
        return link.payload
    raise DataError(f"{directory} holds no journal")


def read_steps(directory: Path, disk: Disk = DISK) -> Iterator[tuple[int, bytes]]:
    """Each step's number and its encoded line, oldest first; a torn last line never was.

    Raises DataError at the first line that is damaged or not in its place.
    """
    for sequence, link in enumerate(_links(directory, disk)):
        if link.kind is Kind.STEP:
            yield sequence, link.payload


def _links(directory: Path, disk: Disk) -> Iterator[Link]:
    sequence, digest = 0, CHAIN_START
    found = segments(directory, disk)
    for segment in found:
        for block in blocks(segment, disk):
            if block.trouble or block.data is None:
                raise _damaged(block, 0, sequence)
            pieces = block.data.split(b"\n")
            for index, piece in enumerate(pieces[:-1]):
                link = take_apart(piece)
                right = (link.kind is Kind.SESSION) == (sequence == 0)
                if link.sequence != sequence or not right or not follows(digest, link):
                    raise _damaged(block, index, sequence)
                yield link
                sequence, digest = sequence + 1, link.seal or digest
            if pieces[-1] and segment is not found[-1]:
                raise _damaged(block, len(pieces) - 1, sequence)


def _damaged(block: Block, index: int, sequence: int) -> DataError:
    return DataError(
        f"the journal is damaged: {block.segment.path}, line {block.line + index} "
        f"(sequence {sequence}); `thunes audit verify` says how"
    )
