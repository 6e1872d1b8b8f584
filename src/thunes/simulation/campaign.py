"""A campaign: many seeds of one profile, each judged on its own, told in their order."""

import signal
from collections.abc import Generator
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

import msgspec

from thunes.core.domain.errors import ThunesError
from thunes.simulation.case import Case
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault
from thunes.simulation.profiles import faults_of
from thunes.simulation.verdict import Verdict

_PROCESSES = get_context("spawn")


@dataclass(frozen=True, slots=True)
class Campaign:
    """Which seeds, on which profile, for how long; raises UsageError for an unknown profile."""

    seeds: range
    profile: str
    minutes: int = 60
    jobs: int = 1
    without: frozenset[Fault] = frozenset()

    def __post_init__(self) -> None:
        faults_of(self.profile, Chance(0))

    def judge(self, seed: int) -> Verdict:
        return self.case(seed).run()

    def case(self, seed: int) -> Case:
        return Case(seed, self.profile, self.minutes, self.without)


def verdicts(campaign: Campaign) -> Generator[Verdict]:
    """The verdict on each seed, in the order of the seeds; closing it ends all that still runs.

    Raises ThunesError where a process that judges seeds is gone before it has.
    """
    if min(campaign.jobs, len(campaign.seeds)) == 1:
        yield from map(campaign.judge, campaign.seeds)
        return
    crew = _hire(campaign)
    try:
        yield from _from_crew(crew, campaign)
    finally:
        for worker in crew:
            worker.dismiss()


class _Worker:
    """A process that judges one seed after the other, and the line to it."""

    def __init__(self, campaign: Campaign) -> None:
        self.line, theirs = _PROCESSES.Pipe()
        self._campaign = campaign
        self._seed: int | None = None
        self._process = _PROCESSES.Process(target=_work, args=(theirs, campaign), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def busy(self) -> bool:
        return self._seed is not None

    def give(self, seed: int | None) -> None:
        """Have it judge `seed`; None: nothing is left to do."""
        self._seed = seed
        if seed is not None:
            try:
                self.line.send(seed)
            except OSError:
                raise self._lost() from None

    def take(self) -> Verdict:
        """Its verdict on the seed that it was given."""
        try:
            return msgspec.msgpack.decode(self.line.recv_bytes(), type=Verdict)
        except (EOFError, OSError):
            raise self._lost() from None

    def dismiss(self) -> None:
        self.line.close()
        self._process.terminate()
        self._process.join()

    def _lost(self) -> ThunesError:
        self._process.join(1.0)
        code, profile = self._process.exitcode, self._campaign.profile
        advice = "if memory ran out, give fewer --jobs; else " if (code or 0) < 0 else ""
        return ThunesError(
            f"the process that ran seed {self._seed} is gone (exit code {code}); {advice}"
            f"look at it alone: thunes simulate --seed {self._seed} --profile {profile}"
        )


def _hire(campaign: Campaign) -> list[_Worker]:
    """Workers that leave Ctrl-C to us: what is ignored at the start of a process stays ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return [_Worker(campaign) for _ in range(min(campaign.jobs, len(campaign.seeds)))]
    finally:
        signal.signal(signal.SIGINT, before)


def _from_crew(crew: list[_Worker], campaign: Campaign) -> Generator[Verdict]:
    left = iter(campaign.seeds)
    early: dict[int, Verdict] = {}
    for worker in crew:
        worker.give(next(left, None))
    for seed in campaign.seeds:
        while seed not in early:
            ready = wait([worker.line for worker in crew if worker.busy])
            for worker in crew:
                if worker.line in ready:
                    verdict = worker.take()
                    early[verdict.seed] = verdict
                    worker.give(next(left, None))
        yield early.pop(seed)


def _work(line: "Connection[bytes, int]", campaign: Campaign) -> None:
    """In a process of its own: judge what comes until the line is closed."""
    while True:
        try:
            seed = line.recv()
        except EOFError:
            return
        line.send_bytes(msgspec.msgpack.encode(campaign.judge(seed)))
