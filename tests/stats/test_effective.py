"""How many independent trials a search amounts to."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.core.stats.effective import cluster_count, effective_trials
from thunes.core.stats.overfitting import effective_rank
from thunes.core.stats.series import BadSeries


def families(kinds: int, each: int, rho: float, seed: int = 0, rows: int = 400) -> np.ndarray:
    """`kinds` groups of `each` trials; within a group returns have the correlation `rho`."""
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.standard_normal((rows, kinds)), each, axis=1)
    own = rng.standard_normal((rows, kinds * each))
    return math.sqrt(rho) * shared + math.sqrt(1 - rho) * own


@pytest.mark.parametrize(("kinds", "each"), [(2, 10), (4, 25), (7, 6), (12, 12), (20, 5)])
def test_planted_families_are_counted(kinds: int, each: int) -> None:
    returns = families(kinds, each, 0.7, seed=kinds)
    found = effective_trials(returns)
    assert found.clusters == kinds
    assert found.raw == kinds * each
    assert kinds <= found.rank <= kinds * each
    assert found.strictest == max(found.rank, found.clusters)


def test_copies_of_one_trial_are_one() -> None:
    one = np.random.default_rng(1).standard_normal((100, 1))
    found = effective_trials(np.tile(one, 30) * np.arange(1, 31))
    assert found.clusters == 1
    assert found.rank == pytest.approx(1, abs=1e-6)


def test_the_rank_does_not_depend_on_which_side_is_longer() -> None:
    returns = families(5, 20, 0.5, rows=60)
    assert effective_trials(returns).rank == pytest.approx(
        effective_rank(np.corrcoef(returns.T)), rel=1e-9
    )


def test_independent_trials_count_nearly_in_full_where_rows_are_many() -> None:
    found = effective_trials(np.random.default_rng(3).standard_normal((1_000, 40)))
    assert found.rank > 38
    # With more trials than rows it cannot.
    short = effective_trials(np.random.default_rng(3).standard_normal((50, 400)))
    assert short.rank < 50


def test_trials_that_never_traded_do_not_count() -> None:
    returns = families(3, 5, 0.6)
    idle = np.hstack([returns, np.zeros((len(returns), 50))])
    assert effective_trials(idle) == effective_trials(returns)
    with pytest.raises(BadSeries, match="no trial ever traded"):
        effective_trials(np.zeros((20, 3)))
    with pytest.raises(BadSeries, match="9 rows of returns, 1 fewer than the 10"):
        effective_trials(np.zeros((9, 3)))


@given(st.integers(0, 999), st.data())
@settings(max_examples=15)
def test_neither_order_nor_scale_of_trials_matters(seed: int, data: st.DataObject) -> None:
    returns = families(3, 4, 0.6, seed, rows=60)
    order = data.draw(st.permutations(range(12)))
    one, other = effective_trials(returns), effective_trials(returns[:, order] * 3)
    assert other.rank == pytest.approx(one.rank, rel=1e-9)
    assert other.clusters == one.clusters


def test_few_trials_are_one_cluster() -> None:
    assert cluster_count(np.eye(2)) == 1
    assert cluster_count(np.ones((9, 9))) == 1


def test_long_returns_are_added_up() -> None:
    returns = families(4, 10, 0.7, rows=5_000)
    found = effective_trials(returns)
    assert found.clusters == 4
