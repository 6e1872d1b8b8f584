"""A quiet world that was lived in for a while, for tests to doctor."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.fact import Decided
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Mode
from thunes.core.domain.order import Order, OrderRole
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.view import OrderState
from thunes.core.ledger.orders import OrderRecord
from thunes.simulation.chance import Chance
from thunes.simulation.profiles import quiet
from thunes.simulation.scene import draw_scene
from thunes.simulation.setting import Setting
from thunes.simulation.sight import Sight, Step
from thunes.simulation.trial import Trial
from thunes.simulation.truth import Received
from thunes.simulation.world import World

D = Decimal
SEED = 6


class Enough(BaseException):
    """The world is where a test wants it."""


@dataclass
class Lived:
    """A quiet world, stopped where a position has just got its stop."""

    trial: Trial
    entry: Received
    stop: Order
    step: Step

    @property
    def sight(self) -> Sight:
        return self.trial.sight

    @property
    def state(self) -> Any:
        return self.sight.state

    def as_step(self, event: Any = None, **changed: Any) -> Step:
        """A step like the one that approved the entry, changed."""
        outcome = Outcome(
            changed.pop("commands", self.step.outcome.commands),
            changed.pop("facts", self.step.outcome.facts),
        )
        step = self.step._replace(event=event or self.step.event, outcome=outcome)
        return step._replace(**changed)

    def record(self, order_id: str) -> OrderRecord:
        found = self.state.ledger.orders.find(order_id)
        assert found is not None
        return found


def live_a_while() -> Lived:
    """A quiet world, up to the first stop of its first position."""
    chance = Chance(SEED)
    world = World(Setting(chance, draw_scene(chance, 60), quiet()))
    trial = Trial(world)
    steps: list[Step] = []
    world.watch(lambda _, e, o: steps.append(Step(e, o, Mode.NORMAL, None, -1, None)))

    def look() -> None:
        for true in world.exchange.truth.open.values():
            if true.order.role is OrderRole.STOP and trial.sight.state is not None:
                record = trial.sight.state.ledger.orders.find(true.order.id)
                if record is not None and record.state is OrderState.ACCEPTED:
                    raise Enough

    inner = trial._look

    def both() -> None:
        inner()
        look()

    with pytest.raises(Enough):
        world.run(both)
    truth = world.exchange.truth
    entry = next(r for r in truth.received if isinstance(r.command, PlaceOrders))
    stop = next(t.order for t in truth.open.values() if t.order.role is OrderRole.STOP)
    bought = next(s for s in steps if any(c == entry.command for c in s.outcome.commands))
    assert not trial.broken
    return Lived(trial, entry, stop, bought)


def order_of(lived: Lived) -> Order:
    command = lived.entry.command
    assert isinstance(command, PlaceOrders)
    return command.orders[0]


def decided_of(lived: Lived, **fields: Any) -> Decided:
    said = next(f for f in lived.step.outcome.facts if isinstance(f, Decided))
    fields = {"proposal": replace(said.proposal, **fields.pop("proposal", {})), **fields}
    return replace(said, **fields)


def said(found: Iterator[str]) -> list[str]:
    return list(found)


def later(lived: Lived, seconds: int) -> None:
    agenda = lived.trial.world.agenda
    agenda.now = Instant(agenda.now + seconds * NS_PER_SECOND)
