"""A trial: one seed lived through under the eyes of all checkers."""

import decimal
from collections.abc import Collection, Iterator

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import BarsClosed, Event, QuoteReceived, TimerFired
from thunes.core.domain.line import Outcome
from thunes.core.domain.units import EXACT, NS_PER_SECOND, Instant
from thunes.simulation.audit import AUDITS
from thunes.simulation.checks_of_entries import ENTRY_CHECKS
from thunes.simulation.checks_of_requests import REQUEST_CHECKS
from thunes.simulation.checks_of_steps import STEP_CHECKS
from thunes.simulation.faults import Fault
from thunes.simulation.probes import Probes
from thunes.simulation.process import Process
from thunes.simulation.setting import draw_setting
from thunes.simulation.sight import Sight
from thunes.simulation.spells import Spells
from thunes.simulation.verdict import Broken, Verdict
from thunes.simulation.world import World

REST_NS = 90 * NS_PER_SECOND
_IDLE = (BarsClosed, QuoteReceived, TimerFired)
_EACH = 16  # idle steps are looked at once in so many
_STEP_CHECKS = (*STEP_CHECKS, *ENTRY_CHECKS)
_BUGS = (ThunesError, AssertionError, ArithmeticError, LookupError, TypeError, ValueError)


def run_seed(
    seed: int, profile: str, minutes: int = 60, without: Collection[Fault] = ()
) -> Verdict:
    """The verdict on `seed`; `without` faults all others strike as ever."""
    with decimal.localcontext(EXACT):
        setting = draw_setting(seed, profile, minutes, without)
        trial = Trial(World(setting))
        trial.run()
        return trial.verdict(profile, without)


class Trial:
    """Watches one world from its first action to its last, and keeps what broke first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sight = Sight(world)
        self.broken: dict[str, Broken] = {}
        self.checks: dict[str, int] = {}
        self._spells = Spells(self.sight)
        self._probes = Probes(self.sight)
        self._seen: tuple[int, ...] = ()
        self._stirred = False
        self._idle = 0
        world.watch(self._step)

    def run(self) -> None:
        """Live through it all, let it come to rest, and audit what is left."""
        world = self.world
        start = world.agenda.now
        try:
            world.run(self._look)
            self._rest()
        except _BUGS as error:
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
            duplicates=sum(1 for name in self.broken if name in ("S2", "S4", "S20")),
            probes=self._probes.finish(),
            checks=self.checks,
            times={name: tuple(each) for name, each in self._spells.times.items()},
            trace=sight.trace,
        )

    def _step(self, process: Process, event: Event, outcome: Outcome) -> None:  # noqa: ARG002
        step = self.sight.see(event, outcome)
        self._stirred = True
        if isinstance(event, _IDLE) and not outcome.facts and not outcome.commands:
            self._idle += 1
            if self._idle % _EACH:
                return
        self._probes.see(step)
        for checker in _STEP_CHECKS:
            self._all(checker.name, checker.check(self.sight, step))

    def _look(self) -> None:
        sight, truth = self.sight, self.sight.truth
        sight.look()
        for name, text in sight.gone:
            self._note(name, text)
        sight.gone.clear()
        size = (
            len(truth.received),
            len(truth.fills),
            len(truth.orders),
            len(truth.closed),
            len(truth.transfers),
            self.world.deaths,
        )
        if size != self._seen:
            self._seen = size
            self._stirred = True
            for received in sight.arrivals():
                for checker in REQUEST_CHECKS:
                    self._all(checker.name, checker.check(sight, received))
        if self._stirred:
            self._stirred = False
            self._spells.update()
            self._probes.look(self._spells.naked)
        if self._spells.waits:
            for name, text in self._spells.too_long():
                self._note(name, text)

    def _rest(self) -> None:
        """No tick comes any more: what is under way arrives, and nobody dies of it."""
        agenda, world = self.world.agenda, self.world
        world.effects.spare()
        until = Instant(agenda.now + REST_NS)
        while (due := agenda.next_due()) is not None and due <= until:
            agenda.run_one()
            self._look()

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
