"""What a simulated disk holds: what programs see of it, and what a power failure would leave."""

import errno
import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from thunes.simulation.chance import Chance, Stream

SECTOR_BYTES = 512


class Node:
    """A file, or a folder, which holds nothing itself: names stand in the platter.

    `data` is what programs see, `kept` what is durable; `pending` leads from the one to the
    other: writes (offset, bytes) and cuts (length, None), oldest first.
    """

    __slots__ = ("data", "folder", "holder", "kept", "pending")

    def __init__(self, kept: bytes = b"", *, folder: bool = False) -> None:
        self.data = bytearray(kept)
        self.kept = bytearray(kept)
        self.pending: list[tuple[int, bytes | None]] = []
        self.folder = folder
        self.holder = 0  # the descriptor that holds the lock on it; 0: none

    def write(self, offset: int, data: bytes) -> None:
        apply(self.data, offset, data)
        self.pending.append((offset, data))

    def truncate(self, size: int) -> None:
        apply(self.data, size, None)
        self.pending.append((size, None))

    def sync(self) -> None:
        for offset, data in self.pending:
            apply(self.kept, offset, data)
        self.pending.clear()

    def lose(self, reach: int) -> None:
        """A sync that failed: `reach` of the pending bytes are durable, the rest is lost.

        Programs still see it, but no later sync writes it.
        """
        self.kept = bytearray(self.torn(reach))
        self.pending.clear()

    @property
    def pending_bytes(self) -> int:
        """How many bytes wait to be written; a cut counts as one."""
        return sum(1 if data is None else len(data) for _, data in self.pending)

    def torn(self, reach: int) -> bytes:
        """What a power failure leaves that lets `reach` of the pending bytes through."""
        content = bytearray(self.kept)
        for offset, data in self.pending:
            size = 1 if data is None else len(data)
            if reach < size:
                apply(content, offset, data[:reach] if data else b"")
                break
            apply(content, offset, data)
            reach -= size
        return bytes(content)

    def holed(self, start: int, end: int) -> bytes:
        """All that was pending is left, except sectors of the new end, which read as zeros."""
        content = bytearray(self.torn(self.pending_bytes))
        first = max(start * SECTOR_BYTES, len(self.kept))
        last = min(end * SECTOR_BYTES, len(content))
        content[first:last] = bytes(max(last - first, 0))
        return bytes(content)

    @property
    def new_sectors(self) -> range:
        """The sectors that hold what was added at the end and is not durable."""
        size = len(self.torn(self.pending_bytes))
        return range(len(self.kept) // SECTOR_BYTES, -(-size // SECTOR_BYTES))

    def contents(self, grain: int) -> list[bytes]:
        """What a power failure may leave, each content once, torn at every `grain` bytes."""
        reaches = [*range(0, self.pending_bytes, grain), self.pending_bytes]
        found = dict.fromkeys(self.torn(reach) for reach in reaches)
        sectors = self.new_sectors
        for start in sectors:
            for end in range(start + 1, sectors.stop + 1):
                found[self.holed(start, end)] = None
        return list(found)


class Platter:
    """All nodes by path. Programs come to it through a `FaultyDisk` each."""

    def __init__(self, names: dict[str, Node] | None = None) -> None:
        self.names = names or {"/": Node(folder=True), ".": Node(folder=True)}
        self._kept = dict(self.names)
        self._pending: list[tuple[str, dict[str, Node | None]]] = []
        self._descriptors = 0

    def new_descriptor(self) -> int:
        """A number that no program had before."""
        self._descriptors += 1
        return self._descriptors

    def node(self, path: Path) -> Node:
        """What stands at `path`; raises FileNotFoundError."""
        node = self.names.get(str(path))
        if node is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return node

    def change(self, folder: Path, names: dict[str, Node | None]) -> None:
        """Give or take (None) names in one folder, all at once; durable when that is synced."""
        put(self.names, names)
        self._pending.append((str(folder), names))

    def sync_names(self, folder: Path) -> None:
        place = str(folder)
        for where, names in self._pending:
            if where == place:
                put(self._kept, names)
        self._pending = [change for change in self._pending if change[0] != place]

    def crash(self, chance: Chance, flip_new: float = 0.0, flip_kept: float = 0.0) -> None:
        """The power fails: what was not synced survives in part, as chance will have it.

        Programs that ran are to be killed before.

        `flip_new` and `flip_kept` are the probabilities, for each file, that a bit is flipped
        within what was not durable and within what was.
        """
        streams = [chance.stream(f"disk.crash.{what}") for what in ("names", "tail", "hole")]
        folders = dict.fromkeys(where for where, _ in self._pending)
        names = self._names_after({w: streams[0].between(0, self._changes(w)) for w in folders})
        left: dict[Node, Node] = {}
        for node in dict.fromkeys(names.values()):
            content = _left(node, streams[1], streams[2])
            content = _flipped(content, len(node.kept), chance, (flip_new, flip_kept))
            left[node] = Node(content, folder=node.folder)
        self.names = {path: left[node] for path, node in names.items()}
        self._kept, self._pending = dict(self.names), []

    def crash_states(self, grain: int = 1) -> Iterator["Platter"]:
        """Everything that a power failure may leave, torn at every `grain` bytes; for small ones.

        The changes in a folder survive in their order; files and folders have no order between
        them.
        """
        folders = list(dict.fromkeys(where for where, _ in self._pending))
        for counts in product(*(range(self._changes(where) + 1) for where in folders)):
            names = self._names_after(dict(zip(folders, counts, strict=True)))
            nodes = list(dict.fromkeys(names.values()))
            for contents in product(*(node.contents(grain) for node in nodes)):
                left = {
                    node: Node(content, folder=node.folder)
                    for node, content in zip(nodes, contents, strict=True)
                }
                yield Platter({path: left[node] for path, node in names.items()})

    def write_out(self, folder: Path, target: Path) -> None:
        """Copy the files of a folder, as programs see them, to a real directory."""
        target.mkdir(parents=True, exist_ok=True)
        for path, node in self.names.items():
            if Path(path).parent == folder and not node.folder:
                (target / Path(path).name).write_bytes(node.data)

    def _changes(self, folder: str) -> int:
        return sum(where == folder for where, _ in self._pending)

    def _names_after(self, counts: dict[str, int]) -> dict[str, Node]:
        """The durable names with the first so many pending changes of each folder."""
        found, counts = dict(self._kept), dict(counts)
        for where, names in self._pending:
            if counts[where] > 0:
                put(found, names)
                counts[where] -= 1
        reached: dict[str, Node] = {}
        for path in sorted(found):  # a folder comes before what is in it
            if path in ("/", ".") or str(Path(path).parent) in reached:
                reached[path] = found[path]
        return reached


def apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write `data` at `offset`, or cut to that length; a gap reads as zeros."""
    if data is None:
        del content[offset:]
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if data:
        content[offset : offset + len(data)] = data


def put(found: dict[str, Node], names: dict[str, Node | None]) -> None:
    for path, node in names.items():
        if node is None:
            found.pop(path, None)
        else:
            found[path] = node


def _left(node: Node, tail: Stream, hole: Stream) -> bytes:
    """Nothing, all, or a torn part of what was pending; or all but some sectors of it."""
    shape, share, start, end = tail.uniform(), tail.uniform(), hole.uniform(), hole.uniform()
    if shape < 0.15:
        return bytes(node.kept)
    if shape < 0.85:
        return node.torn(
            int(share * (node.pending_bytes + 1)) if shape < 0.7 else node.pending_bytes
        )
    sectors = node.new_sectors
    first = sectors.start + int(start * len(sectors))
    return node.holed(first, first + 1 + int(end * (sectors.stop - first)))


def _flipped(content: bytes, kept: int, chance: Chance, odds: tuple[float, float]) -> bytes:
    """The content with a bit flipped in its new end or in its durable part, or neither."""
    kept = min(kept, len(content))
    for what, low, high, odd in (
        ("new", kept, len(content), odds[0]),
        ("kept", 0, kept, odds[1]),
    ):
        stream = chance.stream(f"disk.crash.flip_{what}")
        hit, place, bit = stream.hits(odd), stream.uniform(), stream.between(0, 7)
        if hit and low < high:
            at = low + int(place * (high - low))
            content = content[:at] + bytes([content[at] ^ (1 << bit)]) + content[at + 1 :]
    return content
