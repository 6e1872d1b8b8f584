"""A case: one seed of a profile, how long it is watched, and which faults are left out of it."""

from dataclasses import dataclass

from thunes.simulation.faults import Fault
from thunes.simulation.trial import run_seed
from thunes.simulation.verdict import Verdict

MINUTES_MIN, MINUTES_MAX = 6, 100_000
"""The last five minutes of a world are healed and quiet: one more, and something can go wrong."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a world is drawn from."""

    seed: int
    profile: str
    minutes: int
    without: frozenset[Fault] = frozenset()

    def run(self) -> Verdict:
        return run_seed(self.seed, self.profile, self.minutes, self.without)
