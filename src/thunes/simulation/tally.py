"""The tally: what many verdicts come to together."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from thunes.core.domain.units import NS_PER_DAY
from thunes.simulation.verdict import Verdict


class Spread(NamedTuple):
    """How a number is spread: how many there are, the middle, the 99th per cent, the worst."""

    times: int
    p50: float
    p99: float
    worst: float


class Tally:
    """Sums over the verdicts on seeds of one profile; `broken` keeps those that are not clean."""

    def __init__(self) -> None:
        self.seeds = self.steps = self.deaths = self.duplicates = 0
        self.simulated_ns = 0
        self.faults: Counter[str] = Counter()
        self.probes: Counter[str] = Counter()
        self.checks: Counter[str] = Counter()
        self.broken: list[Verdict] = []
        self._times: dict[str, list[float]] = {}
        self._traces = hashlib.sha256()

    def add(self, verdict: Verdict) -> None:
        self.seeds += 1
        self.simulated_ns += verdict.simulated_ns
        self.steps += verdict.steps
        self.deaths += verdict.deaths
        self.duplicates += verdict.duplicates
        self.faults.update(verdict.faults)
        self.probes.update(verdict.probes)
        self.checks.update(verdict.checks)
        for what, seconds in verdict.times.items():
            self._times.setdefault(what, []).extend(seconds)
        if not verdict.clean:
            self.broken.append(verdict)
        self._traces.update(verdict.trace.encode())

    @property
    def days(self) -> float:
        return self.simulated_ns / NS_PER_DAY

    @property
    def bound(self) -> float:
        """The share of seeds that may fail at most, with 95 % confidence, if none of these did."""
        return min(1.0, 3.0 / self.seeds) if self.seeds else 1.0

    @property
    def trace(self) -> str:
        """One hash of all that happened: equal wherever the same seeds are run in their order."""
        return self._traces.hexdigest()

    @property
    def first_broken(self) -> dict[str, list[int]]:
        """The seeds that broke something, by the invariant that each broke first."""
        found: dict[str, list[int]] = {}
        for verdict in self.broken:
            found.setdefault(verdict.broken[0].name, []).append(verdict.seed)
        return found

    @property
    def missed(self) -> list[str]:
        """Probes that no seed has hit."""
        return [name for name, count in self.probes.items() if not count]

    def spreads(self) -> dict[str, Spread]:
        """Seconds by what was waited for, where anything was."""
        found = {}
        for what, seconds in self._times.items():
            ordered = sorted(seconds)
            if ordered:
                middle, late = _rank(ordered, 50), _rank(ordered, 99)
                found[what] = Spread(len(ordered), middle, late, ordered[-1])
        return found


def _rank(ordered: Sequence[float], percent: int) -> float:
    """The least number that so many per cent do not exceed (nearest rank)."""
    return ordered[-(-percent * len(ordered) // 100) - 1]
