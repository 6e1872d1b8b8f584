"""The probability of backtest overfitting: the exact vector, a slow second form, noise, an edge."""

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.core.stats.cscv import overfitting
from thunes.core.stats.performance import sharpe
from thunes.core.stats.series import BadSeries

VECTOR = np.array([(1, 2), (3, 2), (2, 0), (4, 1), (-1, 3), (0, 5), (1, 1), (-2, 2.5)])


def test_the_exact_vector() -> None:
    found = overfitting(VECTOR, 4)
    assert found.probability == pytest.approx(1 / 3, abs=1e-15)
    assert found.loss_probability == pytest.approx(1 / 6, abs=1e-15)


def by_hand(returns: np.ndarray, blocks: int) -> dict[tuple[int, ...], tuple[float, ...]]:
    """Every split computed from its rows: winner, rank, both ratios."""
    edges = np.linspace(0, len(returns), blocks + 1).astype(int)
    rows = [list(range(a, b)) for a, b in pairwise(edges)]
    found = {}
    for chosen in combinations(range(blocks), blocks // 2):
        inside = [r for b in chosen for r in rows[b]]
        outside = [r for b in range(blocks) if b not in chosen for r in rows[b]]
        ins = [sharpe(returns[inside, j]) or 0.0 for j in range(returns.shape[1])]
        outs = np.array([sharpe(returns[outside, j]) or 0.0 for j in range(returns.shape[1])])
        best = int(np.argmax(ins))
        rank = (outs < outs[best] - 1e-12).sum()
        rank += ((np.abs(outs - outs[best]) <= 1e-12).sum() + 1) / 2
        found[chosen] = (best, rank / (returns.shape[1] + 1), ins[best], outs[best])
    return found


@pytest.mark.parametrize(("rows", "trials", "blocks"), [(24, 5, 6), (37, 9, 8), (16, 3, 2)])
def test_block_sums_say_what_the_rows_say(rows: int, trials: int, blocks: int) -> None:
    returns = np.random.default_rng(rows).standard_normal((rows, trials)) * 0.01 + 0.001
    returns[:, 0] = returns[:, 1]  # equal trials share their places
    returns[: rows // 2, 2] = 0.0  # one that did not trade for a long time
    found = overfitting(returns, blocks)
    expected = by_hand(returns, blocks)
    assert sorted(found.rank) == pytest.approx(sorted(row[1] for row in expected.values()))
    both = sorted(zip(found.in_sample, found.out_of_sample, strict=True))
    assert np.array(both) == pytest.approx(np.array(sorted(row[2:] for row in expected.values())))
    logits = [math.log(row[1] / (1 - row[1])) for row in expected.values()]
    assert found.probability == np.mean(np.array(logits) <= 0)
    slope = np.polyfit(found.in_sample, found.out_of_sample, 1)[0]
    assert found.degradation == pytest.approx(slope)


def test_noise_comes_to_one_half() -> None:
    rng = np.random.default_rng(1)
    found = [overfitting(rng.standard_normal((200, 50)), 10).probability for _ in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=4 * np.std(found) / math.sqrt(60))
    assert np.std(found) > 0.05  # one matrix says little


def test_a_planted_edge_comes_to_nothing() -> None:
    returns = np.random.default_rng(2).standard_normal((1_000, 200)) * 0.01
    returns[:, 3] += 0.003
    found = overfitting(returns)
    assert found.probability <= 0.001
    assert found.loss_probability <= 0.001
    assert (found.winner == 3).mean() > 0.99
    assert found.rank.size == 12_870


def test_a_field_of_losers_is_told_by_the_losses() -> None:
    returns = np.random.default_rng(3).standard_normal((600, 20)) * 0.01 - 0.003
    returns[:, 0] += 0.0015
    found = overfitting(returns, 10)
    assert found.probability < 0.3
    assert found.loss_probability > 0.9


@given(st.integers(0, 9_999), st.data())
@settings(max_examples=40)
def test_neither_order_nor_scale_of_trials_matters(seed: int, data: st.DataObject) -> None:
    returns = np.random.default_rng(seed).standard_normal((20, 5))
    order = data.draw(st.permutations(range(5)))
    one = overfitting(returns, 4)
    other = overfitting(returns[:, order] * 2.0 ** data.draw(st.integers(-300, 300)), 4)
    assert (other.rank == one.rank).all()
    assert (np.array(order)[other.winner] == one.winner).all()
    # Blocks change places: the same splits in another order.
    moved = returns.reshape(4, 5, 5)[data.draw(st.permutations(range(4)))].reshape(20, 5)
    assert overfitting(moved, 4).probability == one.probability


def test_trials_without_variance_in_a_half_have_their_place() -> None:
    returns = np.random.default_rng(4).standard_normal((16, 3))
    returns[:8, 0], returns[8:, 0] = 0.5, -0.5
    found = overfitting(returns, 2)
    assert found.in_sample.max() == math.inf
    assert found.out_of_sample.min() == -math.inf
    assert found.degradation is None
    assert overfitting(np.array([[0.0, 0.0]] * 8), 2).probability == 1.0


@pytest.mark.parametrize(
    ("returns", "blocks", "said"),
    [
        (VECTOR, 3, "3 blocks: an even number from 2 to 16"),
        (VECTOR, 0, "0 blocks"),
        (VECTOR, 18, "18 blocks"),
        (VECTOR, 6, "8 rows of returns, 4 fewer than the 12 needed"),
        (VECTOR[:, :1], 4, "1 trials, 1 fewer than the 2"),
        (np.where(VECTOR == 5, math.nan, VECTOR), 4, "row 5 of column 1 is nan"),
        (np.full((8, 2), 0.25), 4, "column 0 is 0.25 in every row"),
    ],
)
def test_bad_input_says_what_is_wrong(returns: np.ndarray, blocks: int, said: str) -> None:
    with pytest.raises(BadSeries, match=said):
        overfitting(returns, blocks)
