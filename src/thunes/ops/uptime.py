"""Uptime: when nobody could trade, for how long, and how soon each blow was recovered from."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.faults import Fault
from thunes.simulation.notes import Happened, Note


class Gap(NamedTuple):
    """A time in which no process was ready to trade."""

    start: Instant
    end: Instant
    why: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / NS_PER_SECOND


_AFTER = {
    Fault.CRASH.value: Happened.READY,
    Fault.HANG.value: Happened.READY,
    Fault.STREAM_DISCONNECTED.value: Happened.RECONNECTED,
    Fault.STREAM_SHUTDOWN.value: Happened.RECONNECTED,
    Fault.OUTAGE.value: Happened.RECONNECTED,
    Fault.MAINTENANCE.value: Happened.RECONNECTED,
}
FORCED = (Fault.STREAM_DISCONNECTED.value, Fault.STREAM_SHUTDOWN.value)


def gaps(notes: Sequence[Note], start: Instant, end: Instant) -> list[Gap]:
    """Every gap from `start` to `end`: dead, hanging, or started and not yet reconciled."""
    found: list[Gap] = []
    since: Instant | None = start
    why, was_ready = "start", False
    for note in notes:
        down = note.what in (Happened.DIED, Happened.HUNG)
        if down and since is None:
            since, why = note.at, note.text or note.what.value
        if note.what is Happened.DIED:
            was_ready = False
        up = note.what is Happened.READY or (note.what is Happened.WOKE and was_ready)
        was_ready |= note.what is Happened.READY
        if up and since is not None:
            found.append(Gap(since, note.at, why))
            since = None
    if since is not None:
        found.append(Gap(since, end, why))
    return [Gap(g.start, min(g.end, end), g.why) for g in found if g.start < end]


def recoveries(notes: Sequence[Note], fault: str) -> Iterator[float | None]:
    """The seconds from each stroke of a fault until all was well again; None: not any more.

    Nothing for faults that leave nothing to be recovered from.
    """
    wanted = _AFTER.get(fault)
    if wanted is None:
        return
    for place, note in enumerate(notes):
        if note.what is Happened.STRUCK and note.text == fault:
            wells = (wanted, Happened.READY, Happened.WOKE)
            after = next((each for each in notes[place:] if each.what in wells), None)
            yield None if after is None else (after.at - note.at) / NS_PER_SECOND
