"""The end of a journal: its newest lines first, without reading those before them."""

from collections.abc import Iterator
from pathlib import Path

from thunes.adapters.storage.chain import Link, take_apart
from thunes.adapters.storage.disk import DISK, Disk
from thunes.adapters.storage.segments import blocks, segments
from thunes.core.domain.errors import DataError


def newest(directory: Path, disk: Disk = DISK) -> Iterator[Link]:
    """Whole lines, newest first, of a journal that may be written to meanwhile: a line without an
    end is not one yet. Their hashes are not checked. DataError where one cannot be read."""
    for segment in reversed(segments(directory, disk)):
        data = b"".join(block.data or b"" for block in blocks(segment, disk))
        for line in reversed(data.split(b"\n")[:-1]):
            link = take_apart(line)
            if link.sequence is None or link.kind is None or link.seal is None:
                raise DataError(
                    f"{segment.path} holds a line that is damaged; `thunes audit verify` says how"
                )
            yield link
