"""Lives: what a process dies of, and whether the next one is what the last one was."""

from collections.abc import Iterator

from thunes.core.domain.errors import DataError
from thunes.simulation.process import Process
from thunes.simulation.sight import Sight
from thunes.simulation.supervisor import End

KILLED = ("Crash", "Stopped", "Fenced")
"""Deaths that need no further reason: the world drew them, or the lease was over."""

_BY_DISK = ("ThunesError", "SyncFailed")


class Lives:
    """Follows one process after the other, from its start to its death."""

    def __init__(self, sight: Sight) -> None:
        self.checks: dict[str, int] = {"S43": 0, "S39": 0, "S34": 0}
        self._sight = sight
        self._deaths = 0
        self._living: Process | None = None
        self._ahead = 0  # lines on disk at its start, less those that it had begun itself

    def look(self) -> Iterator[tuple[str, str]]:
        """Invariants that a death or a start has broken since the last look, with what happened."""
        world = self._sight.world
        if world.deaths != self._deaths:
            self._deaths = world.deaths
            dead, self._living = self._living, None
            yield from self._ended(world.last_end, dead)
        if world.process is not None and world.process is not self._living:
            self._living = world.process
            self._ahead = len(world.journal.lines) - world.process.store.begun
            yield from self._same("a process began", world.process)

    def _ended(self, end: End | None, dead: Process | None) -> Iterator[tuple[str, str]]:
        self.checks["S43"] += 1
        self.checks["S39"] += 1
        journal = self._sight.world.journal
        if end is not None and not _expected(end):
            yield "S43", f"a process died of {end.cause}: {end.text}"
        if journal.lost:
            yield "S39", f"{journal.lost} lines that were synced are gone"
        whole = dead is not None and self._ahead + dead.store.begun == len(journal.lines)
        if dead is not None and whole:  # else it had gone on to where no line on disk follows
            yield from self._same("a process died", dead)

    def _same(self, what: str, process: Process) -> Iterator[tuple[str, str]]:
        self.checks["S34"] += 1
        lines = self._sight.world.journal.lines
        try:
            rebuilt = self._sight.rebuilt.digest(lines)
        except DataError as error:
            yield "S34", f"{what}: {error}"
            return
        if rebuilt != process.live.engine.state.digest():
            yield "S34", f"{what} in another state than its {len(lines)} lines lead to"


def _expected(end: End) -> bool:
    """Whether the world did it: a crash, a watchdog, a lease that was over, a disk that failed."""
    return end.cause in KILLED or (end.cause in _BY_DISK and end.disk_failed)
