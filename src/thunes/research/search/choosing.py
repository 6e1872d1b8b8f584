"""Choosing: not the peak, but the set whose surroundings score best; the surroundings are tried."""

from collections.abc import Mapping, Sequence

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.stats.neighbourhood import most_robust
from thunes.research.search.objective import Objective
from thunes.research.search.space import Point
from thunes.research.search.trying import Trying
from thunes.research.trials import Trial

CANDIDATES = 5


def scores_of(found: Mapping[Point, Trial], objective: Objective) -> dict[Point, float]:
    """The score of every trial; NaN for one that never won nor lost. Raises BadSplit."""
    if not found:
        return {}
    matrix = np.array([trial.returns for trial in found.values()]).T
    return dict(zip(found, objective.scores(matrix).tolist(), strict=True))


def surround(trying: Trying, objective: Objective) -> list[Point]:
    """Try the neighbours of the best sets, then of those that are the best by then: once each.

    The best sets, best first.
    """
    done: set[Point] = set()
    while True:
        scores = scores_of(trying.found, objective)
        ranked = sorted((p for p in scores if scores[p] == scores[p]), key=lambda p: -scores[p])
        best = ranked[:CANDIDATES]
        new = [point for point in best if point not in done]
        if not new or len(done) >= 4 * CANDIDATES:
            return best
        done.update(new)
        trying([near for point in new for near in trying.space.around(point)])


def choose(best: Sequence[Point], scores: Mapping[Point, float]) -> Point:
    """Of the candidates the one whose surroundings have the best 5 % quantile of scores."""
    scored = [point for point in scores if scores[point] == scores[point]]
    place = {point: row for row, point in enumerate(scored)}
    values = [scores[point] for point in scored]
    return scored[most_robust(np.array(scored), values, [place[point] for point in best])]


def front(sharpes: Floats, drawdowns: Floats) -> Sequence[bool]:
    """Whether no other trial has a better Sharpe ratio and a smaller drawdown (in [-1, 0]) both,
    or is as good in one and better in the other. NaN is on no front."""
    told = np.isfinite(sharpes) & np.isfinite(drawdowns)
    order = np.lexsort((-drawdowns, -sharpes))
    flags = np.zeros(sharpes.size, dtype=np.bool_)
    deepest = -np.inf
    for row in order:
        if told[row] and drawdowns[row] > deepest:
            flags[row], deepest = True, drawdowns[row]
    return [bool(each) for each in flags]


def importance(points: Sequence[Point], scores: Sequence[float]) -> list[float]:
    """For each axis the share of the variance of scores that its value explains by itself.

    The main effects of an analysis of variance: between the means of the trials that share a value.
    Zero where all score alike.
    """
    places, values = np.array(points), np.asarray(scores, dtype=np.float64)
    total = float(((values - values.mean()) ** 2).sum())
    if not total > 0:
        return [0.0] * places.shape[1]
    shares = []
    for column in places.T:
        _, group, count = np.unique(column, return_inverse=True, return_counts=True)
        means = np.bincount(group, weights=values) / count
        shares.append(float((count * (means - values.mean()) ** 2).sum()) / total)
    return shares
