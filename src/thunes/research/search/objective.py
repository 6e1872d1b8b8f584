"""The objective: what a parameter set scores on the tests of purged folds, from its daily returns.

A set has nothing to be fitted, so it is the choice among sets that folds keep honest: what a set
earned where a walk only trains is never scored, combined folds weigh each part of the past alike,
and no test is credited with a trade that was open before it began.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.paths import column_sharpes
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.core.stats.splits import BadSplit, CombinatorialPurgedCV
from thunes.core.stats.walk_forward import WalkForward

FOLDS = ("combinatorial", "walk-forward", "none")
MEASURES = ("sharpe", "return")
DAYS_MIN = 5
"""Of one test: of fewer a Sharpe ratio says nothing."""


@dataclass(frozen=True, slots=True)
class Objective:
    """The median of a measure, a year, over the tests of the folds: the mean would be ruled by one
    test in which the same small gain came every day, as it does until the loss that ends it.

    `parts` are the runs that days are cut into: of combined folds each two are a test; a walk
    trains on the first third of the days, and the runs of the rest are its tests. The first `purge`
    days of a run, into which what was held before it reaches, belong to no test.
    """

    measure: str = "sharpe"
    folds: str = "combinatorial"
    parts: int = 10
    purge: int = 1

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise UsageError(f"--objective {self.measure!r} is none of {', '.join(MEASURES)}")
        if self.folds not in FOLDS:
            raise UsageError(f"--folds {self.folds!r} is none of {', '.join(FOLDS)}")
        if self.parts < 3:
            raise UsageError(f"--parts {self.parts}: at least 3 are needed")
        if self.purge < 0:
            raise UsageError(f"--purge {self.purge}: days cannot be below zero")

    def tests(self, days: int) -> list[Ints]:
        """The rows of each test. Raises BadSplit where so few days cannot be cut like that."""
        if self.folds == "none":
            return [np.arange(days)]
        tests = [self._purged(rows) for rows in self._tests(days)]
        shortest = min(rows.size for rows in tests)
        if shortest < DAYS_MIN:
            raise BadSplit(
                f"{days} days in {self.parts} parts leave {shortest} days to a test after a purge "
                f"of {self.purge}, and {DAYS_MIN} are the least that can be scored: give more "
                "bars, or fewer --parts"
            )
        return tests

    def _purged(self, rows: Ints) -> Ints:
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        return np.concatenate([run[self.purge if run[0] else 0 :] for run in runs])

    def scores(self, returns: Floats) -> Floats:
        """One score a column of `returns`, days x sets; NaN for a set that never won nor lost.

        Raises BadSplit.
        """
        idle = (returns == returns[:1]).all(axis=0)
        tested = [self._measured(returns[rows]) for rows in self.tests(len(returns))]
        return np.asarray(np.where(idle, np.nan, np.median(tested, axis=0)))

    def _measured(self, returns: Floats) -> Floats:
        if self.measure == "sharpe":
            return np.asarray(column_sharpes(returns) * math.sqrt(DAYS_A_YEAR))
        grown = np.log1p(np.maximum(returns, -1 + 1e-12)).sum(axis=0)
        return np.asarray(np.expm1(np.minimum(grown * DAYS_A_YEAR / len(returns), 700.0)))

    def _tests(self, days: int) -> Iterator[Ints]:
        rows = np.arange(days)
        if self.folds == "combinatorial":
            folds = CombinatorialPurgedCV(parts=self.parts)
            yield from (test for _, test in folds.split(rows))
            return
        train = max(days // 3, 1)
        walk = WalkForward(train=train, test=max((days - train) // self.parts, 1))
        yield from (test for _, test in walk.split(rows))
