"""The recorder: the journal of one machine, as one process after another writes it."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.kept import in_no_state
from thunes.adapters.storage.reading import read_steps
from thunes.adapters.storage.snapshots import Snapshot, load_snapshot, save_snapshot
from thunes.core.domain.errors import ThunesError
from thunes.runtime.recovery import Recorded
from thunes.simulation.chance import Chance
from thunes.simulation.disk import DiskFaults, FaultyDisk
from thunes.simulation.platter import Platter

_FOLDER = Path("/journal")
_POWER_FAILS = 0.5  # of all deaths; by the others what was written stays


class Recorder:
    """The real journal over a simulated disk.

    `lines` are the steps that a process would find now, `synced` counts those that outlive a
    failure of the power.
    """

    def __init__(self, chance: Chance, header: bytes, faults: DiskFaults) -> None:
        self.lines: list[bytes] = []
        self.synced = 0
        self.torn = 0  # how often a start had to cut off the end of the journal
        self.power_failures = 0
        self.kept_used = 0  # how often a start went on from a state that was kept
        self.lost = 0  # lines that were synced, and are gone all the same
        self._chance = chance
        self._header = header
        self._faults = faults
        self._platter = Platter()
        self._disk: FaultyDisk | None = None
        self._journal: Journal | None = None

    def open(self) -> Recorded:
        """A process opens the journal, or begins it: what came before. Raises ThunesError."""
        disk = self._disk = FaultyDisk(self._platter, self._chance, self._faults)
        begun = any(path.endswith(".jsonl") for path in self._platter.names)
        if begun:
            self._journal = Journal.open(_FOLDER, disk=disk)
            self.torn += any("cut off" in note for note in self._journal.notes)
        else:
            self._journal = Journal.create(_FOLDER, self._header, disk=disk)
        self.lines = [payload for _, payload in read_steps(_FOLDER, disk)]
        self.synced = len(self.lines)
        kept = load_snapshot(_FOLDER, disk)
        if kept is None or not 0 < kept.steps <= len(self.lines):
            return Recorded(None, list(self.lines))
        if sha256(self.lines[kept.steps - 1]).hexdigest() != kept.line:
            return Recorded(None, list(self.lines))
        self.kept_used += 1
        closings = [line for line in self.lines[: kept.steps] if in_no_state(line)]
        return Recorded(kept.state, self.lines[kept.steps :], closings)

    def keep(self, state: bytes) -> None:
        assert self._disk is not None, "a process opens its journal before it keeps a state"
        line = sha256(self.lines[-1]).hexdigest()
        save_snapshot(_FOLDER, Snapshot(len(self.lines), line, state), self._disk)

    def append(self, line: bytes, *, durable: bool) -> None:
        assert self._journal is not None, "a process opens its journal before it writes"
        self._journal.append(line, durable=durable)
        self.lines.append(line)
        if durable:
            self.synced = len(self.lines)

    def crash(self) -> None:
        """The process dies; in half of all cases because the power fails."""
        if self._disk is not None:
            self._disk.kill()
        self._disk = self._journal = None
        if self._chance.stream("power").hits(_POWER_FAILS):
            self.power_failures += 1
            self._platter.crash(self._chance)
        self.lines = self._readable()
        self.lost += max(0, self.synced - len(self.lines))
        self.synced = min(self.synced, len(self.lines))

    def finish(self, target: Path) -> None:
        """End the journal and write it into a real directory. Raises OSError."""
        assert self._journal is not None, "only a living process ends its journal"
        self._journal.close()
        self._platter.write_out(_FOLDER, target)

    @property
    def disk_failed(self) -> bool:
        """Whether any call of the process to its disk has failed."""
        return self._disk is not None and any(self._disk.trouble.struck.values())

    def on_disk(self) -> list[bytes]:
        """The steps that are to be read now, with every link of their chain; raises DataError."""
        return [payload for _, payload in read_steps(_FOLDER, FaultyDisk(self._platter))]

    def heal(self) -> None:
        """From now on the disk does what it is told."""
        self._faults = DiskFaults()
        if self._disk is not None:
            self._disk.trouble.calm()

    def _readable(self) -> list[bytes]:
        """The steps up to the first damage; none where nothing was begun."""
        found: list[bytes] = []
        with suppress(ThunesError):
            for _, payload in read_steps(_FOLDER, FaultyDisk(self._platter)):
                found.append(payload)
        return found
