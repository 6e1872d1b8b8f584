"""The engine: one event in, one outcome out."""

from collections.abc import Callable
from dataclasses import dataclass

from thunes.core.domain.errors import DataError
from thunes.core.domain.event import Event, RulesChanged
from thunes.core.domain.line import Outcome
from thunes.core.domain.terms import Terms
from thunes.core.execution.propose import Execution
from thunes.core.portfolio.allocate import Portfolio
from thunes.core.risk.review import Risk
from thunes.core.state import State
from thunes.core.strategy.protocol import Observer


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms that decide, as one set of rules has them, and the terms that the state goes by."""

    terms: Terms
    risk: Risk
    strategies: Observer
    portfolio: Portfolio
    execution: Execution


def _no_others(_: str) -> Rooms:
    raise DataError("a run over the past has one set of rules, and its journal tells of others")


@dataclass(slots=True)
class Engine:
    """All trading logic as one deterministic function of the events so far."""

    state: State
    rooms: Rooms
    made: Callable[[str], Rooms] = _no_others  # rules as an event tells of them
    told: str = ""  # the rules of the last such event

    def amend(self, rules: str) -> None:
        """Go by these rules from here on."""
        self.rooms, self.told = self.made(rules), rules
        self.state.go_by(self.rooms.terms)

    def step(self, event: Event) -> Outcome:
        """What to do about `event`, and what was found out."""
        if isinstance(event, RulesChanged):
            self.amend(event.rules)
        rooms = self.rooms
        self.state.apply(event)  # what is
        view = self.state.view(event.at)
        mode = rooms.risk.mode(view)  # what must hold
        budget = rooms.risk.budget(view)  # what may be risked
        signals = rooms.strategies.observe(event, view)  # what we think
        targets = rooms.portfolio.allocate(signals, budget, view)  # what we want
        proposals = rooms.execution.propose(targets, event, view)  # how to get there
        verdicts = rooms.risk.review(proposals, mode, view)  # what is allowed
        failures = rooms.strategies.failures
        return self.state.commit(verdicts, mode, failures)  # what we do, recorded as in flight
