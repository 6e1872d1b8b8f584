"""Every canonical scenario, crashed before and after each of its effects, ends as if it had not.

An effect is a line written or a command sent. After each crash a new process recovers from the
journal (in half of the cases the power has failed as well, and what was not synced is gone), all
checkers of the faulty world watch, and at the end the account, the orders, the positions and the
mode are compared with those of the undisturbed run. They must be equal unless the entries or the
scripted faults that happened differ; and those may differ by one rule only:

- an entry that was signalled while nobody was ready, or recorded and never sent, is not made up
  for: whoever starts hears the newest bar again, and acts on it if its gates let him;
- a fault that is scripted for some seconds strikes whatever is under way in them.

Even then nothing is entered twice on one signal, and what is held is protected.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.simulation.scenarios import SCENARIOS
from tests.simulation.stage import Death, Run, Scenario, play
from thunes.core.domain.units import NS_PER_SECOND
from thunes.simulation.prices import MINUTE_NS

EVERY_PAIR = os.environ.get("THUNES_CRASHES") == "all"
SAMPLED = 1 if EVERY_PAIR else 13
"""Of the pairs of crashes one in so many is run; `make crashes` runs them all."""

CORE = [name for name, each in SCENARIOS.items() if each.core]
EQUAL_MIN = 0.8
"""The share of crashes after which nothing at all may differ, by scenario."""


def faults(scenario: Scenario, calm: Run, run: Run, deaths: Sequence[Death]) -> Iterator[str]:
    """What is wrong with a run that was crashed."""
    yield from run.broken
    if run.causes.get("Crash", 0) != len(deaths):
        yield f"died {run.causes}"
    if run.bare:
        yield f"without a stop at the end: {run.bare}"
    signalled = Counter((each.symbol, each.strategy, row) for row, each in scenario.signals)
    if unasked := run.entries - signalled:
        yield f"entered unasked, or twice: {unasked}"
    same_path = run.entries == calm.entries and run.strokes == calm.strokes
    if same_path and not same(calm, run):
        yield f"ends with {run.ending}, undisturbed with {calm.ending}"
    if run.entries != calm.entries and run.strokes == calm.strokes:
        rows = [row for row, _ in scenario.signals]
        start = scenario.scene().start
        if not any(missed(start, row, run) for row in rows):
            yield f"entered {run.entries}, undisturbed {calm.entries}, and heard every signal"


def same(calm: Run, run: Run) -> bool:
    return run.ending == calm.ending and run.entries == calm.entries


def missed(start: int, row: int, run: Run) -> bool:
    """Whether the signals of a row were heard late, again or never, because nobody was ready."""
    closes, next_closes = start + (row + 1) * MINUTE_NS, start + (row + 2) * MINUTE_NS
    return any(
        closes <= (down.until or next_closes) + NS_PER_SECOND and next_closes > down.since
        for down in run.downs
    )


def crash(scenario: Scenario, every: Sequence[tuple[Death, ...]]) -> int:
    """Crash a scenario in each of these ways; how often nothing differed."""
    calm, wrong, equal = play(scenario), [], 0
    for deaths in every:
        run = play(scenario, *deaths)
        equal += same(calm, run)
        wrong += [(deaths, each) for each in faults(scenario, calm, run, deaths)]
    said = "\n  ".join(f"{deaths}: {each}" for deaths, each in wrong[:5])
    assert not wrong, f"{len(wrong)} of {len(every)}:\n  {said}"
    return equal


def around(first: int, last: int) -> list[Death]:
    """Before and after each effect of a row."""
    return [(effect, after) for effect in range(first, last + 1) for after in (False, True)]


def test_there_are_enough_scenarios() -> None:
    assert len(SCENARIOS) >= 30
    assert len(CORE) >= 10


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_shows_what_its_name_says(name: str) -> None:
    scenario = SCENARIOS[name]
    run = play(scenario)
    assert not run.broken
    assert not run.bare
    assert not [each for each in scenario.sees if each not in run.seen], sorted(run.seen)


@pytest.mark.parametrize("name", SCENARIOS)
def test_crashed_at_each_effect_it_ends_as_if_it_had_not(name: str) -> None:
    scenario = SCENARIOS[name]
    every = [(death,) for death in around(1, play(scenario).effects)]
    assert crash(scenario, every) >= EQUAL_MIN * len(every)


@pytest.mark.parametrize("name", CORE)
def test_crashed_again_in_its_recovery_it_ends_as_if_it_had_not(name: str) -> None:
    """The second crash comes at each effect from the restart until two past being ready."""
    scenario = SCENARIOS[name]
    pairs: list[tuple[Death, ...]] = []
    for death in around(1, play(scenario).effects):
        once = play(scenario, death)
        first, last = once.downs[0].first + 1, min(once.downs[0].last + 2, once.effects)
        pairs += [(death, again) for again in around(first, last)]
    sampled = pairs[CORE.index(name) :: SAMPLED]
    assert crash(scenario, sampled) >= EQUAL_MIN * len(sampled)
