"""Checks of days: each begins once, with an equity that stays, and ends what was halted for one."""

from collections.abc import Iterator

from thunes.core.domain.fact import DayRolled, Difference, Discrepancy, ModeChanged
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.units import NS_PER_DAY
from thunes.simulation.checker import Checker
from thunes.simulation.sight import Sight, Step


def _halted_by_loss(sight: Sight, step: Step) -> Iterator[str]:
    """The equity that a day began with stays as it is but for what was paid in or out."""
    state = sight.state
    if state is None or state.memory.day_start_equity == step.day_start:
        return
    rolled = any(isinstance(fact, DayRolled) for fact in step.outcome.facts)
    moved = any(
        isinstance(fact, Discrepancy) and fact.kind is Difference.BALANCE
        for fact in step.outcome.facts
    )
    if not rolled and not moved:
        yield f"the day began with {step.day_start}, now {state.memory.day_start_equity}"


def _one_roll_a_day(sight: Sight, step: Step) -> Iterator[str]:
    for fact in step.outcome.facts:
        if isinstance(fact, DayRolled):
            if fact.day <= step.day:
                yield f"day {fact.day} began after day {step.day}"
            if fact.day != int(sight.scene.tape.times[sight.bar]) // NS_PER_DAY:
                yield f"day {fact.day} began at row {sight.bar}"


def _lifted_by_day(sight: Sight, step: Step) -> Iterator[str]:
    """A new day ends a halt by daily loss, where the limits say so."""
    state = sight.state
    if state is None or sight.scene.limits.daily_loss_lifted_by != "day":
        return
    rolled = any(isinstance(fact, DayRolled) for fact in step.outcome.facts)
    still = state.memory.cause is Cause.DAILY_LOSS and step.mode is Mode.HALTED
    again = any(
        isinstance(fact, ModeChanged) and fact.cause is Cause.DAILY_LOSS
        for fact in step.outcome.facts
    )
    if rolled and still and not again:
        yield "a new day began, and the loss of the last one still halts"


DAY_CHECKS: tuple[Checker[Step], ...] = (
    Checker("S21", "the equity of a day's start is written once a day", _halted_by_loss),
    Checker(
        "L11", "a halt by daily loss ends with its day where it may", _lifted_by_day, acts=True
    ),
    Checker("L13", "a day begins once", _one_roll_a_day, acts=True),
)
