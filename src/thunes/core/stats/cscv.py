"""How often the trial that is best on one half of the past is below the median on the other half.

Source: Bailey, Borwein, Lopez de Prado & Zhu 2017 ("The probability of backtest overfitting"):
combinatorially symmetric cross-validation (CSCV). No trial is run again: sums and sums of squares
of each block of rows say all that a Sharpe ratio of any union of blocks needs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thunes.core.stats.series import BadSeries, Floats, checked_matrix, idle_columns

Ints = NDArray[np.int64]

BLOCKS_MAX = 16
"""12,870 splits; more blocks only make them shorter."""

_NOTHING = 1e-300
"""Added to sums of squares: 0 / 0 becomes 0, and every other quotient stays what it is."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What became of the best trial of each half, on the other half: one row a split.

    `winner` is its column, `rank` its place out of sample divided by columns + 1 (near 1: best;
    ties share their mean place), `in_sample` and `out_of_sample` its Sharpe ratios per period.
    """

    winner: Ints
    rank: Floats
    in_sample: Floats
    out_of_sample: Floats

    @property
    def probability(self) -> float:
        """PBO: the share of splits whose winner is not above the median out of sample.

        One half, not zero, is what a search among worthless trials comes to.
        """
        return float(np.mean(self.logits <= 0))

    @property
    def logits(self) -> Floats:
        """ln(rank / (1 - rank)) of each split."""
        return np.asarray(np.log(self.rank / (1 - self.rank)))

    @property
    def loss_probability(self) -> float:
        """The share of splits whose winner loses money out of sample."""
        return float(np.mean(self.out_of_sample < 0))

    @property
    def degradation(self) -> float | None:
        """The slope of the winners' Sharpe ratios out of sample over those in sample.

        None where all in-sample ratios are equal, or one of either is infinite.
        """
        if not np.isfinite((self.in_sample, self.out_of_sample)).all():
            return None
        x = self.in_sample - self.in_sample.mean()
        square = float(x @ x)
        return float(x @ self.out_of_sample) / square if square > 0 else None


def overfitting(returns: ArrayLike, blocks: int = BLOCKS_MAX) -> Overfitting:
    """Split `returns`, rows (periods, oldest first) x columns (trials, >= 2), in every such way.

    The rows are cut into `blocks` (even, 2 to 16) runs of equal length, or one row longer, of at
    least two rows; each choice of half of them is in sample once. Trials are ranked by the Sharpe
    ratio (ddof 1) of the pooled rows; one that is zero throughout a half has a ratio of 0 there.
    Raises BadSeries.
    """
    if blocks % 2 or not 2 <= blocks <= BLOCKS_MAX:
        raise BadSeries(f"{blocks} blocks: an even number from 2 to {BLOCKS_MAX} is needed")
    matrix = checked_matrix(returns, 2 * blocks, 2)
    idle_columns(matrix)
    half, mask = blocks // 2, 2 ** (blocks // 2) - 1
    edges = np.linspace(0, matrix.shape[0], blocks + 1).astype(np.int64)
    # A scale of its own for each column leaves its Sharpe ratio alone and its squares finite.
    scale = np.abs(matrix).max(axis=0)
    matrix = matrix / np.where(scale > 0, scale, 1.0)
    sums, squares = (np.add.reduceat(x, edges[:-1], axis=0) for x in (matrix, matrix * matrix))
    choices = np.array([m for m in range(2**blocks) if m.bit_count() == half], dtype=np.int64)
    # One of the two halves of each split, those with the same lower blocks together.
    choices = choices[choices < 2 ** (blocks - 1)]
    choices = choices[np.argsort(choices & mask, kind="stable")]
    parts = slice(half), slice(half, None)
    low, high = (_Unions(_unions(sums[part]), _unions(squares[part])) for part in parts)
    winner, below, equal = _contests(choices & mask, choices >> half, low, high)
    every = np.concatenate((choices, 2**blocks - 1 - choices))
    member = (every[:, np.newaxis] >> np.arange(blocks)) & 1
    moments = member, sums[:, winner], squares[:, winner], np.diff(edges)
    return Overfitting(
        winner,
        (below + (equal + 1) / 2) / (matrix.shape[1] + 1),
        _sharpe(*moments),
        _sharpe(1 - member, *moments[1:]),
    )


class _Unions(NamedTuple):
    """Sums and sums of squares over every subset of some blocks: row m has those of bits in m."""

    total: Floats
    square: Floats


def _unions(blocks: Floats) -> Floats:
    table = np.zeros((1, blocks.shape[1]))
    for block in blocks:
        table = np.concatenate((table, table + block))
    return table


def _contests(
    low: Ints, high: Ints, low_sums: _Unions, high_sums: _Unions
) -> tuple[Ints, Ints, Ints]:
    """For each half that is in sample: its best column, how many columns are below that one out of
    sample, and how many equal to it, itself among them.

    `low` and `high` are subsets of the two runs of blocks. Answers for their complements follow.
    """
    pairs, last = low.size, low_sums.total.shape[0] - 1
    low_sums.square[:] += _NOTHING
    found = np.zeros((3, 2 * pairs), dtype=np.int64)
    scores = np.empty((2, low_sums.total.shape[1]))
    square, beats = np.empty_like(scores[0]), np.empty(scores[0].size, dtype=np.bool_)
    for pair, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        for score, m, n in ((scores[0], a, b), (scores[1], last - a, last - b)):
            # A Sharpe ratio rises with s |s| / q, where s is the sum and q the sum of squares.
            np.add(low_sums.total[m], high_sums.total[n], out=score)
            np.add(low_sums.square[m], high_sums.square[n], out=square)
            np.divide(score, square, out=square)
            np.multiply(np.abs(score, out=score), square, out=score)
        for side, other in ((0, 1), (1, 0)):
            best = int(scores[side].argmax())
            rival = scores[other]
            below = np.count_nonzero(np.less(rival, rival[best], out=beats))
            equal = np.count_nonzero(np.equal(rival, rival[best], out=beats))
            found[:, pair + side * pairs] = best, below, equal
    return found[0], found[1], found[2]


def _sharpe(member: Ints, sums: Floats, squares: Floats, lengths: Ints) -> Floats:
    """The winners' ratios over the blocks whose `member` is 1, splits x blocks; the sums are blocks
    x splits. 0 without a return, infinite with the same return in every row."""
    n = member @ lengths
    total, square = ((member.T * x).sum(axis=0) for x in (sums, squares))
    variance = (square - total * total / n) / (n - 1)
    variance[variance <= 1e-14 * square / n] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = total / n / np.sqrt(variance)
    return np.asarray(np.nan_to_num(ratio, nan=0.0, posinf=np.inf, neginf=-np.inf))
