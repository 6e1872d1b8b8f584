"""Trying: points of a space are run once, and what came of them is on record before it counts.

What the ledger of these data knows by the same terms and the same code is not run again. So a
search that was killed goes on by being asked for again, and comes to the same end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from thunes.core.domain.market import Floats
from thunes.research.search.space import Point, Space
from thunes.research.trials import Attempt, Trial, TrialLedger, Tried, trial_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a parameter set came to: a return for each day, the deepest drawdown, trades closed."""

    returns: Floats
    drawdown: float | None
    closed: int


Runs = Callable[[Sequence[Mapping[str, str]]], Sequence[Outcome]]
"""Runs sets of parameters (texts by name) over the bars of a search, one outcome each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What stands beside the parameters in the record of a trial. `config` is the hash of all else
    that decides what comes of them, strategy, costs, rules and window, but for the `code`."""

    config: str
    code: str
    study: str
    strategy: str
    seed: int

    def key(self, parameters: Mapping[str, str]) -> str:
        """The hash that stands for these parameters under these terms."""
        said = msgspec.json.encode(dict(sorted(parameters.items())))
        return sha256(self.config.encode() + said).hexdigest()


@dataclass(slots=True)
class Trying:
    """Tries points of a space; `now` tells the time, in ns UTC."""

    space: Space
    runs: Runs
    ledger: TrialLedger
    terms: Terms
    now: Callable[[], int]
    before: Tried = field(init=False)
    found: dict[Point, Trial] = field(default_factory=dict)
    refused: dict[Point, str] = field(default_factory=dict)
    ran: int = 0
    _known: dict[str, Trial] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.ledger.read()
        self._known = {
            each.attempt.config: each
            for each in self.before.trials
            if each.attempt.code == self.terms.code
        }

    def __call__(self, points: Sequence[Point]) -> None:
        """Try points and keep what came of them in `found`, or in `refused` why a strategy would
        not have one. `ran` counts those that were not known. ThunesError as from the ledger."""
        new: dict[Point, str] = {}
        for point in points:
            if point in self.found or point in self.refused or point in new:
                continue
            if (why := self.space.refusal(point)) is not None:
                self.refused[point] = why
                continue
            key = self.terms.key(self.space.whole(point))
            if key in self._known:
                self.found[point] = self._known[key]
            else:
                new[point] = key
        if new:
            outcomes = self.runs([self.space.whole(point) for point in new])
            trials = [
                self._trial(point, key, outcome)
                for (point, key), outcome in zip(new.items(), outcomes, strict=True)
            ]
            self.ledger.append(trials)
            self.found.update(zip(new, trials, strict=True))
            self.ran += len(new)

    def admit(self, trials: Sequence[Trial]) -> None:
        """Take over what others found under the same terms, and record what is new of it."""
        mine = {each.attempt.config for each in self.found.values()}
        unknown = [each for each in trials if each.attempt.config not in self._known]
        if fresh := [each for each in unknown if each.attempt.config not in mine]:
            self.ledger.append(fresh)
        self._known.update({each.attempt.config: each for each in unknown})
        self([self.space.point(each.attempt.parameters) for each in trials])

    @property
    def others(self) -> int:
        """How many distinct trials these data have seen beside those found here."""
        mine = {(each.attempt.config, each.digest) for each in self.found.values()}
        return sum((each.attempt.config, each.digest) not in mine for each in self.before.distinct)

    def _trial(self, point: Point, key: str, outcome: Outcome) -> Trial:
        attempt = Attempt(
            data=self.ledger.data,
            config=key,
            study=self.terms.study,
            strategy=self.terms.strategy,
            parameters=self.space.parameters(point),
            seed=self.terms.seed,
            at=self.now(),
            code=self.terms.code,
        )
        return trial_of(attempt, outcome.returns, outcome.drawdown, outcome.closed)
