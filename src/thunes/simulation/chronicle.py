"""The chronicle of one seed: its steps and what befell it, in the order in which they happened."""

import decimal
from collections.abc import Callable
from typing import NamedTuple

from thunes.core.domain.event import Event
from thunes.core.domain.line import Line, Outcome
from thunes.core.domain.units import EXACT, Instant
from thunes.simulation.case import Case
from thunes.simulation.faults import Fault
from thunes.simulation.process import Process
from thunes.simulation.setting import draw_setting
from thunes.simulation.world import BUGS, World, rest


class Moment(NamedTuple):
    """What happened at `at` (true time): a step of a process, or else what `text` says."""

    at: Instant
    line: Line | None
    text: str = ""


def chronicle(case: Case, told: Callable[[Moment], None]) -> None:
    """Run the world of `case` and tell each moment of it."""
    with decimal.localcontext(EXACT):
        world = World(draw_setting(case.seed, case.profile, case.minutes, case.without))
        _Onlooker(world, told).run()


class _Onlooker:
    """Notices what changes in a world without touching it."""

    def __init__(self, world: World, told: Callable[[Moment], None]) -> None:
        self._world = world
        self._told = told
        self._counts: dict[Fault, int] = {}
        self._causes: dict[str, int] = {}
        self._epoch = 0
        self._healed = False

    def run(self) -> None:
        self._world.watch(self._step)
        self._look()
        try:
            self._world.run(self._look)
            rest(self._world, self._look)
        except BUGS as error:
            self._say(f"the program gave up: {type(error).__name__}: {error}")

    def _step(self, _: Process, event: Event, outcome: Outcome) -> None:
        self._look()
        line = Line(event, outcome.commands, outcome.facts)
        self._told(Moment(self._world.agenda.now, line))

    def _look(self) -> None:
        world = self._world
        for fault, count in world.box.counts.items():
            if count > self._counts.get(fault, 0):
                self._counts[fault] = count
                self._say(f"FAULT: {fault.value}")
        for cause, count in world.causes.items():
            if count > self._causes.get(cause, 0):
                self._causes[cause] = count
                self._say(f"the process is dead: {cause}")
        if world.process is not None and world.process.epoch > self._epoch:
            self._epoch = world.process.epoch
            self._say(f"process {self._epoch} has started")
        if world.box.healed and not self._healed:
            self._healed = True
            self._say("from now on no fault strikes")

    def _say(self, text: str) -> None:
        self._told(Moment(self._world.agenda.now, None, text))
