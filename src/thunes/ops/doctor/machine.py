"""The machine: Python, libraries, room on the disk, and who may read and change our files."""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from thunes.adapters.storage.disk import DISK, Disk
from thunes.ops.doctor.finding import Finding, failed, ok, skipped, warned

_PYTHONS = ((3, 11), (3, 15))
_GIB = 1 << 30
_ROOM_LEAST, _ROOM_WANTED = 1 * _GIB, 10 * _GIB
"""A day of 50 symbols writes up to one."""

_PROBE = "doctor.tmp"


def python(running: tuple[int, ...] = sys.version_info[:2]) -> Finding:
    """Whether this Python is one that THUNES is made for."""
    least, above = _PYTHONS
    seen = f"Python {'.'.join(map(str, running))} on {platform.platform(terse=True)}"
    if least <= running[:2] < above:
        return ok("python", seen)
    wanted = f"{least[0]}.{least[1]} or later, before {above[0]}.{above[1]}"
    return failed("python", seen, f"run it with Python {wanted}")


def libraries(needed: Sequence[str], extra: str) -> Finding:
    """Whether what is needed is installed; `extra` brings it."""
    found, missing = [], []
    for name in needed:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return failed("libraries", f"not there: {', '.join(missing)}", f"pip install '{extra}'")
    return ok("libraries", ", ".join(found))


def room(state: Path) -> Finding:
    """Whether there is room to write for some days."""
    place = _standing(state)
    free = shutil.disk_usage(place).free
    seen = f"{free / _GIB:.1f} GiB free at {place}"
    if free < _ROOM_LEAST:
        return failed("disk", seen, "make room: a day of 50 symbols writes up to 1 GiB")
    if free < _ROOM_WANTED:
        return warned("disk", seen, "make room for more than a few days")
    return ok("disk", seen)


def writing(state: Path, disk: Disk = DISK) -> Finding:
    """Whether the state directory takes a file and syncs it to disk."""
    name, place = "state directory", _standing(state)
    if place != state:
        if place.is_dir() and os.access(place, os.W_OK):
            return ok(name, f"{state} is not there yet; it can be made in {place}")
        return failed(name, f"{state} is not there, and {place} takes none", "name another --state")
    if not state.is_dir():
        return failed(name, f"{state} is not a directory", "name another --state")
    try:
        _write(state / _PROBE, disk)
    except OSError as error:
        seen = f"{state} cannot be written and synced: {error.strerror}"
        return failed(name, seen, "mend rights or disk, or name another --state")
    mode = stat.S_IMODE(state.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return warned(name, f"others may write in {state} (mode {mode:04o})", f"chmod go-w {state}")
    return ok(name, f"{state} can be written and synced")


def config_file(path: Path) -> Finding:
    """Whether nobody else may change the configuration, and with it every limit."""
    name = "configuration file"
    if not path.exists():
        return skipped(name, f"there is no {path}")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return warned(name, f"others may change {path} (mode {mode:04o})", f"chmod go-w {path}")
    return ok(name, f"only its owner may change {path}")


def _standing(path: Path) -> Path:
    """The path, or the nearest one above it that is there."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())


def _write(path: Path, disk: Disk) -> None:
    disk.unlink(path)
    descriptor = disk.open(path, new=True)
    try:
        disk.write(descriptor, b"written by thunes doctor\n", 0)
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
        disk.unlink(path)
    disk.sync_path(path.parent)
