"""How many independent trials a search amounts to, when many of them are nearly the same.

Sources: Roy & Vetterli 2007 (effective rank); Lopez de Prado & Lewis 2019 ("Detection of false
investment strategies using unsupervised learning methods"): clusters by the correlation of the
trials' returns, as many as make the silhouettes most distinct. They form clusters by k-means from
random starts; here the nearest are joined, which leaves nothing to chance.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thunes.core.stats.overfitting import effective_rank
from thunes.core.stats.series import BadSeries, Floats, checked_matrix, idle_columns

Ints = NDArray[np.int64]

ROWS_MAX = 1_024
"""Longer returns are added up to this many rows before their correlation is measured."""

CLUSTERED_MAX = 512
"""Of more trials as many, evenly chosen, are clustered."""

CLUSTERS_MAX = 64


@dataclass(frozen=True, slots=True)
class EffectiveTrials:
    """A search's size: trials that traded, their effective rank, clusters of like trials.

    The rank of a correlation that is estimated from n rows is below n, however many trials are
    independent: with more trials than rows it understates.
    """

    raw: int
    rank: float
    clusters: int

    @property
    def strictest(self) -> float:
        """The larger of the two estimates."""
        return max(self.rank, float(self.clusters))


def effective_trials(returns: ArrayLike) -> EffectiveTrials:
    """Measure `returns`, rows (periods, >= 10) x columns (trials).

    Trials that never traded are left out: they could not have won. Raises BadSeries, also where no
    trial traded.
    """
    matrix = checked_matrix(returns, 10)
    matrix = matrix[:, ~idle_columns(matrix)]
    if matrix.shape[1] == 0:
        raise BadSeries("no trial ever traded: there is nothing to correlate")
    edges = np.linspace(0, len(matrix), min(len(matrix), ROWS_MAX) + 1)[:-1].astype(np.int64)
    shorter = np.add.reduceat(matrix, edges, axis=0)
    shorter = shorter - shorter.mean(axis=0)
    length = np.linalg.norm(shorter, axis=0)
    unit = shorter / np.where(length > 0, length, 1.0)
    # A matrix and its transpose have the same eigenvalues but for zeros, which count for nothing.
    gram = unit.T @ unit if unit.shape[1] <= unit.shape[0] else unit @ unit.T
    rank = effective_rank(gram)
    assert rank is not None, "a trial that traded has variance"
    chosen = np.linspace(0, unit.shape[1] - 1, min(unit.shape[1], CLUSTERED_MAX)).astype(np.int64)
    return EffectiveTrials(unit.shape[1], rank, cluster_count(unit[:, chosen].T @ unit[:, chosen]))


def cluster_count(correlation: Floats) -> int:
    """The number of clusters, 1 to 64, that a symmetric n x n correlation matrix falls into.

    The distance of two series is sqrt((1 - rho) / 2). The two clusters that are nearest on average
    become one, again and again; of all these partitions the best has the largest mean over
    standard deviation of its silhouettes. 1 where all series are alike, or n < 3.
    """
    distance = np.sqrt(np.clip((1 - correlation) / 2, 0.0, 1.0))
    n = len(distance)
    if n < 3 or distance.max() < 1e-6:
        return 1
    apart, total = distance.copy(), distance.copy()
    np.fill_diagonal(apart, math.inf)
    size, label = np.ones(n), np.arange(n)
    best, found = -math.inf, 1
    for count in range(n - 1, 1, -1):
        one, other = divmod(int(apart.argmin()), n)
        weight = size[one] / (size[one] + size[other])
        apart[one] = apart[:, one] = weight * apart[one] + (1 - weight) * apart[other]
        apart[one, one] = apart[other] = apart[:, other] = math.inf
        total[:, one] += total[:, other]
        size[one] += size[other]
        size[other] = 0
        label[label == other] = one
        if count <= CLUSTERS_MAX:
            quality = _quality(total, size, label)
            if quality > best + 1e-12:
                best, found = quality, count
    return found


def _quality(total: Floats, size: Floats, label: Ints) -> float:
    """Mean over standard deviation of the silhouettes.

    `total` has the sum of distances from each series to those of each cluster, series x clusters;
    a cluster without series has the size 0.
    """
    own = np.arange(label.size), label
    with np.errstate(divide="ignore", invalid="ignore"):
        others = np.where(size > 0, total / size, math.inf)
    others[own] = math.inf
    inside = total[own] / np.maximum(size[label] - 1, 1)
    outside = others.min(axis=1)
    silhouette = (outside - inside) / np.maximum(np.maximum(outside, inside), 1e-300)
    silhouette[size[label] == 1] = 0.0
    mean, spread = float(silhouette.mean()), float(silhouette.std())
    return mean / spread if spread > 1e-9 else math.copysign(math.inf, mean)
