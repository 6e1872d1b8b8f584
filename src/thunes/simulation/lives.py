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
        self._whole = False  # whether the last one died where its lines on disk end
        self._kept = 0
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
            yield from self._began(world.process)

    def _ended(self, end: End | None, dead: Process | None) -> Iterator[tuple[str, str]]:
        self.checks["S43"] += 1
        self.checks["S39"] += 1
        journal = self._sight.world.journal
        if end is not None and not _expected(end):
            yield "S43", f"a process died of {end.cause}: {end.text}"
        if journal.lost:
            yield "S39", f"{journal.lost} lines that were synced are gone"
        # Else it had gone on to where no line on disk leads.
        if dead is not None and self._ahead + dead.store.begun == len(journal.lines):
            self._sight.rebuilt.go_on(dead.live.engine, journal.lines)
            self._whole = True

    def _began(self, process: Process) -> Iterator[tuple[str, str]]:
        """The one that died, had it lived on, would be where this one is, which has read it all."""
        journal, rebuilt = self._sight.world.journal, self._sight.rebuilt
        lines, state = journal.lines, process.live.engine.state
        self._ahead = len(lines) - process.store.begun
        if self._whole or journal.kept_used != self._kept:
            self._whole, self._kept = False, journal.kept_used
            self.checks["S34"] += 1
            try:
                if rebuilt.digest(lines) != state.digest():
                    yield "S34", f"{len(lines)} lines lead to another state than the last one had"
            except DataError as error:
                yield "S34", f"the process that died had decided otherwise: {error}"
        rebuilt.go_on(state.snapshot(), lines)


def _expected(end: End) -> bool:
    """Whether the world did it: a crash, a watchdog, a lease that was over, a disk that failed."""
    return end.cause in KILLED or (end.cause in _BY_DISK and end.disk_failed)
