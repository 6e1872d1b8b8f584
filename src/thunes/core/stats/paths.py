"""What choosing the best trial on training rows would have earned on the rows it had not seen."""

import numpy as np
from numpy.typing import ArrayLike

from thunes.core.stats.series import Floats, checked_matrix, idle_columns
from thunes.core.stats.splits import CombinatorialPurgedCV


def path_sharpes(returns: ArrayLike, splits: CombinatorialPurgedCV) -> Floats:
    """The Sharpe ratio per period of each path through the past, one number a path.

    `returns` is rows (periods) x columns (trials). For each split the trial with the best Sharpe
    ratio on the training rows is followed on the test rows; the tests make up whole paths. A path
    that never traded has a ratio of 0. Raises BadSeries, BadSplit.
    """
    matrix = checked_matrix(returns, 2 * splits.parts)
    idle_columns(matrix)
    rows = list(splits.split(matrix))
    member = np.zeros((len(rows), len(matrix)))
    for each, (train, _) in zip(member, rows, strict=True):
        each[train] = 1.0
    scale = np.abs(matrix).max(axis=0)
    scaled = matrix / np.where(scale > 0, scale, 1.0)
    total, square = member @ scaled, member @ (scaled * scaled)
    # Rises with the Sharpe ratio; see `cscv`.
    best = np.argmax(total * np.abs(total) / (square + 1e-300), axis=1)
    tested = [matrix[test, column] for (_, test), column in zip(rows, best, strict=True)]
    return column_sharpes(splits.recombined(tested).T)


def column_sharpes(returns: Floats) -> Floats:
    """The Sharpe ratio (ddof 1) per period of each column; 0 where all rows are equal."""
    varies = (returns != returns[0]).any(axis=0)
    spread = np.where(varies, returns.std(axis=0, ddof=1), 1.0)
    return np.asarray(np.where(varies, returns.mean(axis=0) / spread, 0.0))
