"""Parts of a journal: its newest lines, or those that hold a mark; without checking all of it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from thunes.adapters.storage.chain import Kind, Link, take_apart
from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.segments import Segment, blocks, segments
from thunes.core.domain.errors import DataError


def newest(directory: Path, disk: Disk = DISK) -> Iterator[Link]:
    """Whole lines, newest first, of a journal that may be written to meanwhile: a line without an
    end is not one yet. Their hashes are not checked. DataError where one cannot be read."""
    for segment in reversed(segments(directory, disk)):
        data = b"".join(block.data or b"" for block in blocks(segment, disk))
        for line in reversed(data.split(b"\n")[:-1]):
            yield _whole(line, segment)


def marked(directory: Path, marks: Sequence[bytes], disk: Disk = DISK) -> Iterator[bytes]:
    """The steps that hold one of these marks, oldest first; the hashes of a journal that was just
    gone through need no second look. DataError where one cannot be read."""
    for segment in segments(directory, disk):
        for block in blocks(segment, disk):
            for line in (block.data or b"").split(b"\n")[:-1]:
                if any(mark in line for mark in marks):
                    link = _whole(line, segment)
                    if link.kind is Kind.STEP:
                        yield link.payload


def _whole(line: bytes, segment: Segment) -> Link:
    link = take_apart(line)
    if link.sequence is None or link.kind is None or link.seal is None:
        raise DataError(
            f"{segment.path} holds a line that is damaged; `thunes audit verify` says how"
        )
    return link
