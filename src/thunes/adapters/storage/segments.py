"""The files of a journal: plain segments, compressed segments, and how to read both."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import zstandard

from thunes.adapters.storage.appender import sync_path, write_whole
from thunes.adapters.storage.disk import DISK, Disk
from thunes.core.domain.errors import ThunesError

_NAME = re.compile(r"([0-9]{6,})\.jsonl(\.zst)?")
_FRAME_BYTES = 1 << 17
_READ_BYTES = 1 << 20

# A compressed segment is a row of zstd frames, each of whole lines, and then a skippable frame
# that lists them with their digests: `zstd -d` reads the file, and no byte of it is unwatched.
_SKIPPABLE = 0x184D2A50.to_bytes(4, "little")
_TABLE_END = 4 + 32


class Segment(NamedTuple):
    number: int
    path: Path
    compressed: bool


class Block(NamedTuple):
    """Some lines of a segment in a row, or the trouble of not getting at them.

    `offset` is the byte in the file (of a compressed one: of the frame); `line` counts from 1.
    `data` is None where nothing could be read; then `lines` says how many lines that lost.
    """

    segment: Segment
    line: int
    offset: int
    lines: int
    data: bytes | None
    trouble: str = ""


class _Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bytes: int
    lines: int
    sha256: str


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    frames: tuple[_Frame, ...]


def segment_path(directory: Path, number: int) -> Path:
    """Where the plain segment `number` (from 1) stands."""
    return directory / f"{number:06d}.jsonl"


def segments(directory: Path, disk: Disk = DISK) -> list[Segment]:
    """The journal's segments in order; of a segment that stands twice, the plain one.

    Both stand there after a crash between the compression and the removal of the plain file.
    """
    found: dict[int, Segment] = {}
    try:
        names = disk.names(directory)
    except OSError as error:
        raise ThunesError(
            f"the journal {directory} cannot be read: {error.strerror}; see that it is there and "
            "may be read"
        ) from error
    for name in names:
        match = _NAME.fullmatch(name)
        if match is not None:  # sorted: the plain name comes before its compressed one
            number = int(match[1])
            found.setdefault(number, Segment(number, directory / name, match[2] is not None))
    return [found[number] for number in sorted(found)]


def blocks(segment: Segment, disk: Disk = DISK, start: int = 0) -> Iterator[Block]:
    """The lines of a segment, some at a time; a block ends with a line end if its file does.

    Of a plain segment, those from byte `start` on: lines are counted from there.
    """
    try:
        try:
            file = disk.reader(segment.path)
        except FileNotFoundError:  # its writer has compressed it meanwhile
            packed = segment.path.with_name(segment.path.name + ".zst")
            segment, file = Segment(segment.number, packed, True), disk.reader(packed)
        with file:
            if segment.compressed:
                yield from _packed_blocks(segment, file)
            else:
                yield from _plain_blocks(segment, file, start)
    except OSError as error:
        raise ThunesError(
            f"{segment.path} cannot be read: {error.strerror}; check the disk and whose file it is"
        ) from error


def compress(path: Path, disk: Disk = DISK) -> Path:
    """Replace a plain segment by its compressed one; a crash anywhere leaves a whole one.

    Raises OSError, SyncFailed; then a whole one still stands.
    """
    target = path.with_name(path.name + ".zst")
    with disk.reader(path) as file:
        write_whole(target, _packed(file), disk)
    disk.unlink(path)
    sync_path(path.parent, disk)
    return target


def _packed(file: BinaryIO) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=False)
    frames = []
    for data in _whole_lines(file, _FRAME_BYTES):
        frame = compressor.compress(data)
        frames.append(_Frame(len(frame), data.count(b"\n"), sha256(frame).hexdigest()))
        yield frame
    table = msgspec.json.encode(_Table(tuple(frames)))
    size = (len(table) + _TABLE_END).to_bytes(4, "little")
    covered = _SKIPPABLE + size + table + len(table).to_bytes(4, "little")
    yield covered + sha256(covered).digest()


def _whole_lines(file: BinaryIO, size: int) -> Iterator[bytes]:
    rest = b""
    while data := file.read(size):
        rest += data
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _plain_blocks(segment: Segment, file: BinaryIO, start: int) -> Iterator[Block]:
    line, offset = 1, file.seek(start)
    for data in _whole_lines(file, _READ_BYTES):
        lines = data.count(b"\n")
        yield Block(segment, line, offset, lines, data)
        line += lines
        offset += len(data)


def _packed_blocks(segment: Segment, file: BinaryIO) -> Iterator[Block]:
    data = file.read()
    table = _table(data)
    if table is None:
        yield Block(segment, 1, 0, 0, None, "the table of its frames at the end is damaged")
        yield from _frames_without_table(segment, data)
        return
    line, offset = 1, 0
    for frame in table.frames:
        packed = data[offset : offset + frame.bytes]
        trouble = ""
        if sha256(packed).hexdigest() != frame.sha256:
            trouble = f"bytes {offset} to {offset + frame.bytes - 1} were changed"
        lines = _unpacked(packed)
        if lines is not None and trouble:
            yield Block(segment, line, offset, 0, None, trouble)
            trouble = ""
        yield Block(segment, line, offset, frame.lines, lines, trouble)
        line += frame.lines
        offset += frame.bytes


def _table(data: bytes) -> _Table | None:
    length = int.from_bytes(data[-_TABLE_END:-32], "little")
    start = len(data) - _TABLE_END - length - 8
    if start < 0 or sha256(data[start:-32]).digest() != data[-32:]:
        return None
    table = msgspec.json.decode(data[start + 8 : -_TABLE_END], type=_Table)
    return table if sum(frame.bytes for frame in table.frames) == start else None


def _unpacked(packed: bytes) -> bytes | None:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    except zstandard.ZstdError:
        return None


def _frames_without_table(segment: Segment, data: bytes) -> Iterator[Block]:
    line, offset = 1, 0
    while data[offset : offset + 4] not in (b"", _SKIPPABLE):
        reader = zstandard.ZstdDecompressor().decompressobj()
        try:
            lines = reader.decompress(data[offset:])
        except zstandard.ZstdError:
            return
        yield Block(segment, line, offset, lines.count(b"\n"), lines)
        line += lines.count(b"\n")
        offset = len(data) - len(reader.unused_data)
        if not reader.unused_data:
            return
