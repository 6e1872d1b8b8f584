"""The engine: one event in, one outcome out."""

from dataclasses import dataclass

from thunes.core.domain.event import Event
from thunes.core.domain.line import Outcome
from thunes.core.execution.propose import Execution
from thunes.core.portfolio.allocate import Portfolio
from thunes.core.risk.review import Risk
from thunes.core.state import State
from thunes.core.strategy.protocol import Observer


@dataclass(frozen=True, slots=True)
class Engine:
    """All trading logic as one deterministic function of the events so far."""

    state: State
    risk: Risk
    strategies: Observer
    portfolio: Portfolio
    execution: Execution

    def step(self, event: Event) -> Outcome:
        """What to do about `event`, and what was found out."""
        self.state.apply(event)  # what is
        view = self.state.view(event.at)
        mode = self.risk.mode(view)  # what must hold
        budget = self.risk.budget(view)  # what may be risked
        signals = self.strategies.observe(event, view)  # what we think
        targets = self.portfolio.allocate(signals, budget, view)  # what we want
        proposals = self.execution.propose(targets, event, view)  # how to get there
        verdicts = self.risk.review(proposals, mode, view)  # what is allowed
        failures = self.strategies.failures
        return self.state.commit(verdicts, mode, failures)  # what we do, recorded as in flight
