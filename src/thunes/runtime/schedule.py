"""The schedule: what is done at set times, once for each of them, even if nothing ran just then.

A job is data: its name, when it is due, and what it does by name. What was done is kept on disk
before and after: `begun` before it is done, `covered` once it is. A process that is killed in
between leaves a job begun and not covered; the next one does it again and says so (`again`), for
what has left the process cannot be taken back. Several times that were missed are one run, which
is told since when it has to account. No job runs twice at once: one thread runs them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from apscheduler.triggers.base import BaseTrigger

from thunes.core.domain.errors import DataError, ThunesError, UsageError
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Instant
from thunes.runtime.process import Ending
from thunes.runtime.times import NEVER, next_time

AGAIN_NS = 60 * NS_PER_SECOND
"""After so long a job that failed is tried again."""


@dataclass(frozen=True, slots=True)
class Job:
    """`act` names what is done; whoever makes the schedule says what that is."""

    name: str
    when: BaseTrigger
    act: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a job, which accounts for all after `since` up to `until`."""

    job: Job
    since: Instant
    until: Instant
    again: bool  # an earlier attempt may have been done in part, or whole


Act = Callable[[Turn], object]


class Notes(Protocol):
    """Keeps a few bytes whatever happens to the process."""

    def read(self) -> bytes | None:
        """What was written last, or None."""

    def write(self, data: bytes) -> None:
        """On disk, whole, when this returns. Raises ThunesError."""


class _Noted(msgspec.Struct, forbid_unknown_fields=True):
    covered: Instant  # all times up to here are accounted for
    begun: Instant | None = None


class _Page(msgspec.Struct, forbid_unknown_fields=True):
    jobs: dict[str, _Noted]
    version: int = 1


class Schedule:
    """Runs what is due, when it is asked to; one thread asks."""

    def __init__(
        self,
        jobs: Sequence[Job],
        acts: Mapping[str, Act],
        notes: Notes,
        now: Callable[[], Instant],
        troubled: Callable[[str], object],
    ) -> None:
        """Raises UsageError for an act that there is not, DataError for notes that cannot be
        read."""
        strange = [job for job in jobs if job.act not in acts]
        if strange:
            raise UsageError(
                f"job {strange[0].name} is to do {strange[0].act!r}; there is {', '.join(acts)}"
            )
        assert len({job.name for job in jobs}) == len(jobs), "each job has a name of its own"
        self._jobs, self._acts = jobs, acts
        self._notes, self._now, self._troubled = notes, now, troubled
        self._not_before: dict[str, Instant] = {}
        self._noted = self._begin(_read(notes.read()))

    def due(self) -> Instant:
        """When something is to be run next; never for an empty schedule."""
        return min((self._due(job) for job in self._jobs), default=NEVER)

    def run_due(self) -> int:
        """Run each job that is due once; how many were done. One that fails with a ThunesError is
        told, stays due, and holds up no other."""
        done = 0
        for job in self._jobs:
            if self._due(job) <= self._now():
                done += self._run(job)
        return done

    def _run(self, job: Job) -> bool:
        noted = self._noted[job.name]
        turn = Turn(job, noted.covered, self._now(), noted.begun is not None)
        noted.begun = turn.until
        try:
            self._save()
            self._acts[job.act](turn)
            noted.covered, noted.begun = turn.until, None
            self._save()
        except Ending:
            return False  # it is begun and not covered: the next process does it
        except ThunesError as error:
            self._not_before[job.name] = Instant(self._now() + AGAIN_NS)
            self._troubled(f"job {job.name} failed and is tried again: {error}")
            return False
        return True

    def _due(self, job: Job) -> Instant:
        noted = self._noted[job.name]
        at = noted.covered if noted.begun is not None else next_time(job.when, noted.covered)
        return max(at, self._not_before.get(job.name, at))

    def _begin(self, found: Mapping[str, _Noted]) -> dict[str, _Noted]:
        """A job that is new begins now. So does one that is noted more than a day ahead: that was
        by a clock that was wrong, and it would wait for it."""
        now, noted = self._now(), dict[str, _Noted]()
        for job in self._jobs:
            known = found.get(job.name)
            if known is not None and known.covered > now + NS_PER_DAY:
                self._troubled(f"job {job.name} was last run in the future: it counts from now on")
                known = None
            noted[job.name] = known or _Noted(now)
        self._noted = noted
        self._save()
        return noted

    def _save(self) -> None:
        self._notes.write(msgspec.json.encode(_Page(self._noted)))


def _read(data: bytes | None) -> Mapping[str, _Noted]:
    if data is None:
        return {}
    try:
        page = msgspec.json.decode(data, type=_Page)
    except msgspec.MsgspecError as error:
        raise DataError(
            f"the notes of the schedule cannot be read ({error}): remove schedule.json, and each "
            "job counts from then on"
        ) from error
    if page.version != 1:
        raise DataError(
            f"the notes of the schedule have version {page.version}, this program reads 1: go on "
            "with the program that wrote them, or remove schedule.json"
        )
    return page.jobs
