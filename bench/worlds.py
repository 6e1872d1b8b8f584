"""Faulty worlds, timed: the core alone, days of operation with and without the eyes of checkers."""

import decimal
from collections.abc import Callable
from functools import partial

from bench.harness import CORE, DENSE, OURS, RUN_ONLY, SPARSE, WEEK, Result, Row, measure
from thunes.core.domain.event import Event
from thunes.core.domain.line import decode_line
from thunes.core.domain.units import EXACT
from thunes.simulation.scene import Scene
from thunes.simulation.setting import draw_setting
from thunes.simulation.trial import Trial
from thunes.simulation.world import World

HOUR = 60  # minutes
SEEDS = range(1, 9)
DAYS_7 = 7 * 24 * 60

Drawn = tuple[str, int, int]
"""Profile, minutes, symbols."""


def hours(runs: int) -> list[Row]:
    """The steps of dense worlds through fresh engines; dense and sparse hours."""
    decimal.setcontext(EXACT)
    found = [core(runs)]
    for work, drawn in ((DENSE, ("dense", HOUR, 3)), (SPARSE, ("sparse", HOUR, 3))):
        found += both(work, drawn, SEEDS, runs)
    return found


def week(_: int) -> list[Row]:
    """Seven sparse days of ten symbols, once: every start replays the journal so far."""
    decimal.setcontext(EXACT)
    return both(WEEK, ("sparse", DAYS_7, 10), range(1, 2), 1)


def world(seed: int, drawn: Drawn) -> World:
    profile, minutes, symbols = drawn
    return World(draw_setting(seed, profile, minutes, symbols=symbols))


def core(runs: int) -> Row:
    """Every event that the processes of dense worlds took, through the engine and nothing else."""
    recorded: list[tuple[Scene, list[Event]]] = []
    for seed in SEEDS:
        one = world(seed, ("dense", HOUR, 3))
        _judged(one)
        recorded.append((one.scene, [decode_line(line).event for line in one.journal.lines]))

    def run() -> Result:
        for scene, events in recorded:
            step = scene.engine().step
            for event in events:
                step(event)
        return 0.0, 0

    steps = sum(len(events) for _, events in recorded)
    row = measure(Row(work=CORE, who=OURS, times=[], units=steps, unit="steps/s"), run, runs)
    row.equity = row.entries = None
    return row


def both(work: str, drawn: Drawn, seeds: range, runs: int) -> list[Row]:
    """Simulated seconds a second: under the eyes of all checkers, and beside it the world alone."""
    found = []
    for who, call in ((OURS, _judged), (RUN_ONLY, _run)):
        row = Row(work=work, who=who, times=[], units=drawn[1] * 60 * len(seeds), unit="s/s")
        row = measure(row, partial(_all, call, drawn, seeds), runs, warmups=runs > 1)
        row.note = f"{row.entries or 0:,} steps"
        row.equity = row.entries = None
        found.append(row)
    return found


def _all(call: Callable[[World], None], drawn: Drawn, seeds: range) -> Result:
    steps = 0
    for seed in seeds:
        one = world(seed, drawn)
        call(one)
        steps += one.steps
    return 0.0, steps


def _judged(one: World) -> None:
    Trial(one).run()


def _run(one: World) -> None:
    one.run(_nothing)


def _nothing() -> None:
    """Nobody looks."""
