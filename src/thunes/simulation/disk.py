"""A program's way to a simulated disk, on which calls fail and after which the power may fail."""

import errno
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from thunes.adapters.storage.disk import Disk
from thunes.simulation.chance import Chance
from thunes.simulation.platter import Node, Platter

_NEVER = 1 << 62
_ROOM = (errno.ENOSPC, errno.EDQUOT)
_REFUSALS = (*_ROOM, errno.EIO, errno.EROFS)
_GROWS = ("open_new", "write", "make_directory", "replace")
_CHANGES = (*_GROWS, "truncate", "unlink")
_SYNCS = ("sync", "sync_path")
_READS = ("reader", "names")


class Stopped(BaseException):
    """The program stops within this call: nothing that follows happens."""


@dataclass(frozen=True, slots=True)
class DiskFaults:
    """How many calls pass, in the mean, from one fault to the next; 0: none ever comes.

    `refuse`: a call that changes something fails (no room, quota, error, read-only), a write
    perhaps after a part of it. `short`: a write stops after a part, and says so. `sync`: a sync
    fails, and what it should have written is lost in part. `read`: a file or a directory cannot
    be read. `busy`: another program has the lock. `stop`: the program stops within any call.
    """

    refuse: float = 0.0
    short: float = 0.0
    sync: float = 0.0
    read: float = 0.0
    busy: float = 0.0
    stop: float = 0.0


_STRIKES = {
    "refuse": _CHANGES,
    "short": ("write",),
    "sync": _SYNCS,
    "read": _READS,
    "busy": ("lock",),
    "stop": (*_CHANGES, *_SYNCS, *_READS, "open", "close", "lock"),
}


class Trouble:
    """Which calls to a disk fail: by chance, because a test asks, or for as long as it is full.

    `calls` counts all calls, `struck` how often each fault of `DiskFaults` came.
    """

    def __init__(self, chance: Chance, faults: DiskFaults) -> None:
        self.calls = 0
        self.struck = dict.fromkeys(_STRIKES, 0)
        self._means: dict[str, float] = {kind: getattr(faults, kind) for kind in _STRIKES}
        self._gaps = {kind: chance.stream(f"disk.{kind}") for kind in _STRIKES}
        self._errors = chance.stream("disk.refuse.error")
        self._parts = chance.stream("disk.part")
        self._dues = {kind: self._due(kind) for kind in _STRIKES}
        self._asked: dict[int, int] = {}
        self._standing = 0
        self.stopped = False
        self.next = 0

    def fail(self, ahead: int, code: int) -> None:
        """Have the call that is so many ahead (1: the next) fail with `code`; 0: stop there."""
        self._asked[self.calls + ahead] = code
        self.next = 0

    def stand(self, code: int) -> None:
        """Have every call that it concerns fail with `code` from now on; 0: none any more."""
        self._standing = code
        self.next = 0

    def calm(self) -> None:
        """Let every call succeed from now on."""
        self._means = dict.fromkeys(_STRIKES, 0.0)
        self._dues = dict.fromkeys(_STRIKES, _NEVER)
        self._standing = 0
        self._look_ahead()

    def stop(self) -> None:
        """Let no further call happen."""
        self.stopped = True
        self.next = 0

    def part(self, size: int) -> int:
        """How many of `size` bytes get through, from 0 to all of them."""
        return int(self._parts.uniform() * (size + 1))

    def strike(self, call: str) -> bool:
        """Raise what is due at this call; whether a write is to be cut short."""
        if self.stopped:
            raise Stopped
        code = self._asked.pop(self.calls, None)
        if code is None and self._concerns(call):
            code = self._standing
        short = False
        for kind, calls in _STRIKES.items():
            if self._dues[kind] <= self.calls and call in calls and code is None:
                self._dues[kind] = self._due(kind)
                self.struck[kind] += 1
                short = kind == "short"
                code = None if short else self._code(kind)
        self._look_ahead()
        if code == 0:
            self.stop()
            raise Stopped
        if code is not None:
            raise OSError(code, os.strerror(code))
        return short

    def _concerns(self, call: str) -> bool:
        if self._standing in _ROOM:
            return call in _GROWS
        return self._standing != 0 and call in (*_CHANGES, *_SYNCS)

    def _due(self, kind: str) -> int:
        if not self._means[kind]:
            return _NEVER
        return self.calls + 1 + int(self._gaps[kind].exponential(self._means[kind]))

    def _code(self, kind: str) -> int:
        if kind == "refuse":
            return self._errors.pick(_REFUSALS)
        return {"stop": 0, "busy": errno.EAGAIN}.get(kind, errno.EIO)

    def _look_ahead(self) -> None:
        waits = self._standing or self.stopped
        self.next = 0 if waits else min(*self._dues.values(), *self._asked, _NEVER)


class _Files(Disk):
    """The calls that go to one file."""

    def __init__(
        self, platter: Platter, chance: Chance | None = None, faults: DiskFaults | None = None
    ) -> None:
        self.platter = platter
        self.trouble = Trouble(chance or Chance(0), faults or DiskFaults())
        self._nodes: dict[int, Node] = {}

    def open(self, path: Path, *, new: bool) -> int:
        self._enter("open_new" if new else "open")
        if not new:
            return self._opened(self.platter.node(path))
        if str(path) in self.platter.names:
            raise _error(errno.EEXIST)
        self.platter.node(path.parent)
        node = Node()
        self.platter.change(path.parent, {str(path): node})
        return self._opened(node)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        trouble, node = self.trouble, self._nodes[descriptor]
        trouble.calls += 1
        if trouble.calls >= trouble.next:
            stopped = trouble.stopped
            try:
                if trouble.strike("write"):
                    data = data[: max(trouble.part(len(data)), 1)]
            except (OSError, Stopped):
                if not stopped:
                    node.write(offset, data[: trouble.part(len(data))])
                raise
        node.write(offset, data)
        return len(data)

    def truncate(self, descriptor: int, size: int) -> None:
        self._enter("truncate")
        self._nodes[descriptor].truncate(size)

    def sync(self, descriptor: int) -> None:
        node = self._nodes[descriptor]
        try:
            self._enter("sync")
        except OSError:
            node.lose(self.trouble.part(node.pending_bytes))
            raise
        node.sync()

    def close(self, descriptor: int) -> None:
        try:
            self._enter("close")
        finally:  # a close that fails has closed
            node = self._nodes.pop(descriptor)
            if node.holder == descriptor:
                node.holder = 0

    def reader(self, path: Path) -> BinaryIO:
        self._enter("reader")
        return BytesIO(self.platter.node(path).data)

    def _enter(self, call: str) -> None:
        self.trouble.calls += 1
        if self.trouble.calls >= self.trouble.next:
            self.trouble.strike(call)

    def _opened(self, node: Node) -> int:
        descriptor = self.platter.new_descriptor()
        self._nodes[descriptor] = node
        return descriptor


class FaultyDisk(_Files):
    """The files of a `Platter` as one program has them, with its own trouble.

    A program that was stopped or killed does no more: the next one gets a new `FaultyDisk` on the
    same platter. What it wrote is there for that one; what of it is durable shows in a crash.
    """

    def replace(self, path: Path, target: Path) -> None:
        self._enter("replace")
        assert path.parent == target.parent, "a name changes within its directory"
        node = self.platter.node(path)
        self.platter.change(path.parent, {str(path): None, str(target): node})

    def unlink(self, path: Path) -> None:
        self._enter("unlink")
        if str(path) in self.platter.names:
            self.platter.change(path.parent, {str(path): None})

    def make_directory(self, path: Path) -> None:
        self._enter("make_directory")
        if str(path) in self.platter.names:
            raise _error(errno.EEXIST)
        if not self.platter.node(path.parent).folder:
            raise _error(errno.ENOTDIR)
        self.platter.change(path.parent, {str(path): Node(folder=True)})

    def sync_path(self, path: Path) -> None:
        """A directory whose sync failed is as it was: its names wait for the next."""
        self._enter("sync_path")
        node = self.platter.node(path)
        if node.folder:
            self.platter.sync_names(path)
        else:
            node.sync()

    def lock(self, directory: Path) -> int:
        self._enter("lock")
        node = self.platter.node(directory)
        if not node.folder:
            raise _error(errno.ENOTDIR)
        if node.holder:
            raise _error(errno.EAGAIN)
        node.holder = self._opened(node)
        return node.holder

    def names(self, directory: Path) -> list[str]:
        self._enter("names")
        self.platter.node(directory)
        return sorted(
            Path(path).name
            for path in self.platter.names
            if path != str(directory) and Path(path).parent == directory
        )

    def kill(self) -> None:
        """The program ends, as by kill -9: its locks are gone, what it wrote stays."""
        self.trouble.stop()
        for descriptor, node in self._nodes.items():
            if node.holder == descriptor:
                node.holder = 0


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))
