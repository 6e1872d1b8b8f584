"""Snapshots: the newest state beside the journal, so that a start need not replay all of it.

A snapshot proves nothing by itself: it names the line that it was taken after, and counts only
where the journal has that very line.
"""

import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from thunes.adapters.storage.disk import DISK, Disk
from thunes.core.domain.errors import ThunesError

SNAPSHOT = "snapshot"


class Snapshot(NamedTuple):
    """A state, and how many steps it comes after; `line` is the SHA-256 (hex) of the last one."""

    steps: int
    line: str
    state: bytes


class _Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    steps: int
    line: str
    sha256: str


def save_snapshot(directory: Path, snapshot: Snapshot, disk: Disk = DISK) -> None:
    """Put `snapshot` in place of the one before, whole or not at all; raises ThunesError."""
    head = _Head(snapshot.steps, snapshot.line, sha256(snapshot.state).hexdigest())
    target = directory / SNAPSHOT
    temporary = directory / f"{SNAPSHOT}.tmp"
    try:
        disk.unlink(temporary)
        descriptor = disk.open(temporary, new=True)
        try:
            _write(descriptor, msgspec.json.encode(head) + b"\n" + snapshot.state, disk)
            disk.sync(descriptor)
        finally:
            disk.close(descriptor)
        disk.replace(temporary, target)
        disk.sync_path(directory)
    except OSError as error:
        raise ThunesError(
            f"{target} cannot be written: {error.strerror}; make room or mend the disk"
        ) from error


def load_snapshot(directory: Path, disk: Disk = DISK) -> Snapshot | None:
    """The snapshot in `directory`; None where there is none, or none that is whole."""
    try:
        with disk.reader(directory / SNAPSHOT) as file:
            first, _, state = file.read().partition(b"\n")
        head = msgspec.json.decode(first, type=_Head)
    except (OSError, msgspec.MsgspecError):
        return None  # the journal holds everything that it would have told
    if sha256(state).hexdigest() != head.sha256:
        return None
    return Snapshot(head.steps, head.line, state)


def _write(descriptor: int, data: bytes, disk: Disk) -> None:
    done = 0
    while done < len(data):
        written = disk.write(descriptor, data[done:], done)
        if not written:
            raise OSError(5, os.strerror(5))
        done += written
