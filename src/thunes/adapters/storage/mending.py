"""What a crash may leave of a journal, mended before it goes on; other damage stops the start."""

import re
from pathlib import Path

from thunes.adapters.storage.appender import Appender, write_whole
from thunes.adapters.storage.damage import Damage, Problem
from thunes.adapters.storage.disk import Disk
from thunes.adapters.storage.scan import Scan, scan
from thunes.adapters.storage.segments import compress, segments
from thunes.core.domain.errors import DataError

# A disk writes whole sectors, in any order: of what was not synced, a power failure may keep a
# later one and lose an earlier one, which then reads as zeros. No line holds a zero.
_SECTOR_BYTES = 512
_ZEROS = re.compile(rb"^\0+|\0{8,}")  # no single flipped bit makes either
_UNSYNCED_BYTES_MAX = 1 << 20


def sound(directory: Path, disk: Disk) -> tuple[Scan, int | None, list[str]]:
    """The journal examined, how many bytes of its last segment count (None: all), and notes.

    Raises DataError for damage that is no crash's; OSError, SyncFailed where what lies behind a
    hole cannot be set aside and cut off.
    """
    found, notes = scan(directory, disk), []
    behind = _behind_hole(directory, found, disk)
    if behind:
        notes.append(_set_aside(directory, found.problems[0], behind, disk))
        found = scan(directory, disk)
    if found.lines == 0 and not found.problems:
        raise DataError(f"{directory} holds no journal")
    others = [problem for problem in found.problems if problem.damage is not Damage.TORN]
    if others:
        more = f" (and {len(others) - 1} more)" if len(others) > 1 else ""
        raise DataError(
            f"the journal {directory} is damaged: {others[0]}{more}. "
            "Nothing was changed; see `thunes audit verify`"
        )
    if found.closed:
        raise DataError(f"the journal {directory} was closed; begin a new one elsewhere")
    if not found.problems:
        return found, None, notes
    torn = found.problems[0]
    return found, torn.offset, [*notes, f"cut off a torn last line: {torn}"]


def tidy(directory: Path, disk: Disk) -> list[str]:
    """Finish what a crash during a rotation left; raises OSError, SyncFailed."""
    for name in disk.names(directory):
        if name.endswith(".tmp"):
            disk.unlink(directory / name)
    notes = []
    for segment in segments(directory, disk)[:-1]:
        if not segment.compressed:
            notes += compress_full(segment.path, disk)
    return notes


def compress_full(path: Path, disk: Disk) -> list[str]:
    """Compress a full segment. If that fails it stays as it is: the record outranks the room.

    Raises SyncFailed.
    """
    try:
        compress(path, disk)
    except OSError as error:
        return [f"{path} could not be compressed ({error.strerror}) and stays as it is"]
    return []


def _behind_hole(directory: Path, found: Scan, disk: Disk) -> bytes:
    """The end of the last segment from the line that a lost sector broke; empty if none did.

    Only near the end: what lies further back was on disk long ago, and zeros there are damage.
    """
    if all(problem.damage is Damage.TORN for problem in found.problems):
        return b""
    last, first = segments(directory, disk)[-1], found.problems[0]
    if last.compressed or first.file != last.path.name or not first.line:
        return b""
    with disk.reader(last.path) as file:
        file.seek(first.offset)
        behind = file.read()
    line = behind.partition(b"\n")[0]
    ends = [run.end() for run in _ZEROS.finditer(line)]
    whole = any((first.offset + end) % _SECTOR_BYTES == 0 for end in ends)
    return behind if whole and len(behind) <= _UNSYNCED_BYTES_MAX else b""


def _set_aside(directory: Path, hole: Problem, behind: bytes, disk: Disk) -> str:
    """Cut the last segment at a hole, after what lies behind that is safe in a file of its own."""
    path = segments(directory, disk)[-1].path
    aside = path.with_name(f"{path.name}.{hole.offset}.cut")
    write_whole(aside, [behind], disk)
    Appender.resume(path, hole.offset, disk).close()
    return f"cut off lines that a power failure left incomplete: {hole}; they are kept in {aside}"
