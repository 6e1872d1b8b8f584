"""Checks of gates: an entry passes all of them, and none lets it pass that knows nothing."""

from collections.abc import Iterator

from thunes.core.domain.decision import Gate, Purpose
from thunes.core.domain.fact import Decided
from thunes.core.domain.units import NS_PER_SECOND
from thunes.simulation.checker import Checker
from thunes.simulation.sight import Sight, Step


def _every_gate(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    for said in _entries(step):
        asked = [check.gate for check in said.checks]
        if asked != list(Gate):
            yield f"{len(asked)} of {len(list(Gate))} gates were asked about an entry"


def _closed_when_blind(sight: Sight, step: Step) -> Iterator[str]:
    """A gate that knows nothing of what it judges, or nothing new, lets no entry pass."""
    limit = sight.scene.limits.max_age_s
    age = (step.event.at - int(sight.scene.tape.times[sight.bar])) / NS_PER_SECOND
    for said in _entries(step):
        for check in said.checks:
            blind = check.limit is not None and check.actual is None
            stale = check.gate is Gate.STALE_DATA and limit is not None and age > limit
            if check.passed and (blind or stale):
                yield f"the gate {check.gate.value} passed {said.proposal.symbol} on nothing fresh"
            if not check.passed and said.refused_by is None:
                yield f"the gate {check.gate.value} did not pass {said.proposal.symbol}, which went"


def _entries(step: Step) -> list[Decided]:
    """What was decided about entries, for or against."""
    facts = step.outcome.facts
    said = [fact for fact in facts if isinstance(fact, Decided)]
    return [each for each in said if each.proposal.purpose is Purpose.ENTRY]


GATE_CHECKS: tuple[Checker[Step], ...] = (
    Checker("S22", "an entry passes every gate", _every_gate, acts=True),
    Checker("S23", "a gate without fresh input refuses", _closed_when_blind, acts=True),
)
