"""Whether a choice of parameters stands on a plateau or on a needle.

Parameters are given in steps: one step is the smallest change worth making of that parameter, and
two choices are neighbours if no parameter differs by more than one step.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thunes.core.stats.series import BadSeries, Floats

Ints = NDArray[np.int64]

LOW = 0.05
"""The quantile of the scores around a choice that it is judged by."""

PLATEAU = 0.20
"""A neighbour within this fraction of a score belongs to its plateau."""

_ONE_STEP = 1 + 1e-9
_PAIRS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What lies around one choice: `row` is its place among the trials.

    `score` is its own, `low` the 5 % quantile of it and its `neighbours`, `plateau` the share of
    them (None without any) that score at least 80 % of it, or for a score below zero lose at most
    20 % more. `slope` is the steepest change of score a step, `condition` the ratio of the largest
    to the smallest curvature, both of a fitted paraboloid; None where the neighbours are too few.
    """

    row: int
    score: float
    low: float
    neighbours: int
    plateau: float | None
    slope: float | None
    condition: float | None


def low_scores(steps: ArrayLike, scores: ArrayLike) -> Floats:
    """For each trial the 5 % quantile of the scores of itself and its neighbours.

    `steps` is trials x parameters, `scores` one number a trial. Raises BadSeries.
    """
    points, values = _checked(steps, scores)
    found = np.empty(values.size)
    size = max(1, _PAIRS_AT_ONCE // values.size)
    for first in range(0, values.size, size):
        here = points[first : first + size]
        near = np.ones((len(here), values.size), dtype=np.bool_)
        for own, column in zip(here.T, points.T, strict=True):
            near &= np.abs(own[:, np.newaxis] - column) <= _ONE_STEP
        for row, mask in enumerate(near, start=first):
            found[row] = np.quantile(values[mask], LOW)
    return found


def most_robust(steps: ArrayLike, scores: ArrayLike, among: Sequence[int] | None = None) -> int:
    """The trial whose surroundings score best at their 5 % quantile: not the peak.

    One of the rows `among`, if they are given. The first of equals with the higher score of its
    own. Raises BadSeries.
    """
    low, values = low_scores(steps, scores), np.asarray(scores, dtype=np.float64)
    rows = np.arange(low.size) if among is None else np.asarray(among, dtype=np.int64)
    return int(rows[np.lexsort((-values[rows], -low[rows]))[0]])


def surroundings(steps: ArrayLike, scores: ArrayLike, row: int) -> Surroundings:
    """Describe what lies around the trial at `row`. Raises BadSeries."""
    points, values = _checked(steps, scores)
    if not 0 <= row < values.size:
        raise BadSeries(f"trial {row} of {values.size}: there is no such trial")
    offset = points - points[row]
    near = (np.abs(offset) <= _ONE_STEP).all(axis=1)
    around = near.copy()
    around[row] = False
    score, count = float(values[row]), int(around.sum())
    holding = values[around] >= score - PLATEAU * abs(score)
    slope, condition = _shape(offset[near], values[near])
    return Surroundings(
        row=row,
        score=score,
        low=float(np.quantile(values[near], LOW)),
        neighbours=count,
        plateau=float(holding.mean()) if count else None,
        slope=slope,
        condition=condition,
    )


def _checked(steps: ArrayLike, scores: ArrayLike) -> tuple[Floats, Floats]:
    points = np.asarray(steps, dtype=np.float64)
    values = np.asarray(scores, dtype=np.float64)
    if points.ndim != 2 or values.shape != (len(points),) or values.size == 0:
        raise BadSeries(
            f"{points.shape} steps and {values.shape} scores: trials x parameters, trials"
        )
    for name, what in (("parameters", points.sum(axis=1)), ("score", values)):
        for row in np.flatnonzero(~np.isfinite(what))[:1]:
            raise BadSeries(f"the {name} of trial {row}: {what[row]} is not a number; leave it out")
    return points, values


def _shape(offset: Floats, values: Floats) -> tuple[float | None, float | None]:
    """Slope and condition of the paraboloid that fits best; None where it is not determined."""
    width = offset.shape[1]
    first, second = np.triu_indices(width)
    terms = np.hstack([np.ones((len(offset), 1)), offset, offset[:, first] * offset[:, second]])
    fitted, _, rank, _ = np.linalg.lstsq(terms, values, rcond=None)
    if rank < terms.shape[1]:
        return None, None
    curvature = np.zeros((width, width))
    curvature[first, second] = fitted[1 + width :]
    strength = np.abs(np.linalg.eigvalsh(curvature + curvature.T))
    flattest = float(strength.min())
    condition = float(strength.max()) / flattest if flattest > 1e-12 * strength.max() else math.inf
    slope = float(np.linalg.norm(fitted[1 : 1 + width]))
    return slope, condition if math.isfinite(condition) else None
