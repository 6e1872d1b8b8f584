"""A trial: one seed lived through under the eyes of all checkers."""

import decimal
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from thunes.core.domain.event import BarsClosed, Event, QuoteReceived, TimerFired
from thunes.core.domain.line import Outcome
from thunes.core.domain.units import EXACT
from thunes.simulation.audit import AUDITS
from thunes.simulation.checker import Checker
from thunes.simulation.checks_of_entries import ENTRY_CHECKS
from thunes.simulation.checks_of_requests import REQUEST_CHECKS
from thunes.simulation.checks_of_steps import STEP_CHECKS
from thunes.simulation.faults import Fault
from thunes.simulation.intents import Intents
from thunes.simulation.lives import Lives
from thunes.simulation.probes import Probes
from thunes.simulation.process import Process
from thunes.simulation.setting import draw_setting
from thunes.simulation.sight import Sight, Step
from thunes.simulation.spells import Spells
from thunes.simulation.verdict import Broken, Verdict
from thunes.simulation.world import BUGS, World, rest

_IDLE = (BarsClosed, QuoteReceived, TimerFired)
_EACH = 16  # idle steps are looked at closely once in so many
_STEP_CHECKS = (*STEP_CHECKS, *ENTRY_CHECKS)


def run_seed(
    seed: int, profile: str, minutes: int = 60, without: Collection[Fault] = ()
) -> Verdict:
    """The verdict on `seed`; `without` faults all others strike as ever."""
    with decimal.localcontext(EXACT):
        setting = draw_setting(seed, profile, minutes, without)
        trial = Trial(World(setting))
        trial.run()
        return trial.verdict(profile, without)


@dataclass(slots=True)
class Looked:
    """The checkers that steps of one kind concern, and how many such steps there were."""

    checkers: tuple[Checker[Step], ...]
    times: int = 0


class Trial:
    """Watches one world from its first action to its last, and keeps what broke first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sight = Sight(world)
        self.broken: dict[str, Broken] = {}
        self.checks: dict[str, int] = {}
        self._spells = Spells(self.sight)
        self._lives = Lives(self.sight)
        self._intents = Intents(self.sight)
        self._probes = Probes(self.sight)
        self._truth = world.exchange.truth
        self._news = self._deaths = 0
        self._stirred = self._waits = False
        self._steps: dict[tuple[type[Event], bool, bool], Looked] = {}
        self._idle = 0
        world.watch(self._step)
        world.box.when_healed(self._stir)

    def run(self) -> None:
        """Live through it all, let it come to rest, and audit what is left."""
        world = self.world
        start = world.agenda.now
        try:
            world.run(self._look)
            rest(world, self._look)
        except BUGS as error:
            self._note("S43", f"{type(error).__name__}: {error}")
        else:
            for audit in AUDITS:
                self._all(audit.name, audit.check(self.sight, start))

    def verdict(self, profile: str, without: Collection[Fault]) -> Verdict:
        world, sight = self.world, self.sight
        return Verdict(
            seed=world.chance.seed,
            profile=profile,
            minutes=world.scene.minutes,
            without=tuple(sorted(fault.value for fault in without)),
            broken=tuple(self.broken.values()),
            steps=world.steps,
            simulated_ns=world.agenda.now - world.scene.start,
            faults={fault.value: count for fault, count in sorted_counts(world)},
            deaths=world.deaths,
            duplicates=len(self._intents.doubled),
            probes=self._probes.finish(),
            checks=self._counted(),
            times={name: tuple(each) for name, each in self._spells.times.items()},
            trace=sight.trace,
        )

    def _step(self, process: Process, event: Event, outcome: Outcome) -> None:  # noqa: ARG002
        step = self.sight.see(event, outcome)
        self._stirred = True
        acts = bool(outcome.facts or outcome.commands)
        if not acts:
            self._idle += 1
        closely = acts or not self._idle % _EACH
        if not closely and isinstance(event, _IDLE):
            return
        self._probes.see(step)
        kind = type(event), acts, closely
        found = self._steps.get(kind)
        if found is None:
            concerned = tuple(each for each in _STEP_CHECKS if each.concerns(*kind))
            found = self._steps[kind] = Looked(concerned)
        found.times += 1
        for checker in found.checkers:
            for text in checker.check(self.sight, step):
                self._note(checker.name, text)

    def _stir(self) -> None:
        self._stirred = True

    def _look(self) -> None:
        world, truth = self.world, self._truth
        if truth.news != self._news or world.deaths != self._deaths:
            self._news, self._deaths = truth.news, world.deaths
            self._stirred = True
        if self._stirred or len(world.journal.lines) != self.sight.lines_read:
            self._stirred = False
            self._look_closely()
        if self._waits:
            for name, text in self._spells.too_long():
                self._note(name, text)

    def _look_closely(self) -> None:
        """Something has happened."""
        sight = self.sight
        sight.look()
        for name, text in (*sight.gone, *self._lives.look(), *self._intents.look()):
            self._note(name, text)
        sight.gone.clear()
        for received in sight.arrivals():
            for checker in REQUEST_CHECKS:
                self._all(checker.name, checker.check(sight, received))
        self._spells.update()
        self._probes.look(self._spells.naked)
        self._waits = self._spells.waits

    def _counted(self) -> dict[str, int]:
        """How often each invariant was looked at."""
        counted = dict(self.checks)
        for looked in self._steps.values():
            for checker in looked.checkers:
                counted[checker.name] = counted.get(checker.name, 0) + looked.times
        for name, times in (*self._lives.checks.items(), ("S2", self._intents.checks)):
            counted[name] = counted.get(name, 0) + times
        return counted

    def _all(self, name: str, said: Iterator[str]) -> None:
        self.checks[name] = self.checks.get(name, 0) + 1
        for text in said:
            self._note(name, text)

    def _note(self, name: str, text: str) -> None:
        if name not in self.broken:
            self.broken[name] = Broken(name, text, self.sight.now)


def sorted_counts(world: World) -> list[tuple[Fault, int]]:
    """The strokes of each fault, in the order in which faults are declared."""
    counts = world.box.counts
    return [(fault, counts[fault]) for fault in Fault if fault in counts]
