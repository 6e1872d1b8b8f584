"""What else the same trades could have come to."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.drawdown import longest_under_water, max_drawdown
from thunes.core.stats.fortunes import _lived, resampled_fortunes, shuffled_drawdowns
from thunes.core.stats.series import BadSeries


@given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 1.0]), min_size=2, max_size=25))
def test_each_life_is_measured_as_an_equity_curve_is(returns: list[float]) -> None:
    equity = np.cumprod(np.concatenate(([1.0], 1 + np.array(returns))))
    growth, drawdown, longest = _lived(np.array([returns]))
    assert growth[0] == pytest.approx(equity[-1])
    assert drawdown[0] == pytest.approx(max_drawdown(equity))
    assert longest[0] == longest_under_water(np.arange(equity.size), equity)


def test_resamples_are_around_what_happened() -> None:
    returns = np.random.default_rng(1).standard_normal(500) * 0.01 + 0.001
    found = resampled_fortunes(returns, Sampling(1.0, 800, 2))
    logs = np.log(found.growth)
    assert logs.mean() == pytest.approx(
        np.log1p(returns).sum(), abs=4 * logs.std() / math.sqrt(800)
    )
    assert logs.std() == pytest.approx(np.log1p(returns).std() * math.sqrt(500), rel=0.15)
    assert 0 < found.ruin(0.1) <= 1
    assert found.ruin(0.1) >= found.ruin(0.2) >= found.ruin(0.99) == 0
    assert found.under_water.max() <= 500


def test_a_shuffle_keeps_every_return() -> None:
    returns = np.random.default_rng(2).standard_normal(200) * 0.02
    drawn = shuffled_drawdowns(returns, 300, seed=3)
    assert drawn.size == 300
    assert np.unique(drawn).size > 290
    # The worst order has every loss in a row: no shuffle is worse.
    worst = np.prod(1 + returns[returns < 0]) - 1
    assert (drawn >= worst - 1e-12).all()
    assert (drawn <= 0).all()


@given(st.integers(0, 99))
@settings(max_examples=20)
def test_the_same_seed_draws_the_same(seed: int) -> None:
    returns = np.random.default_rng(seed).standard_normal(30) * 0.1
    one = resampled_fortunes(returns, Sampling(3.0, 20, seed))
    other = resampled_fortunes(returns, Sampling(3.0, 20, seed))
    assert (one.growth == other.growth).all()
    assert (shuffled_drawdowns(returns, 9, seed) == shuffled_drawdowns(returns, 9, seed)).all()


def test_turns_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = np.random.default_rng(5).standard_normal(40) * 0.05
    whole = shuffled_drawdowns(returns, 50), resampled_fortunes(returns, Sampling(2.0, 50)).growth
    monkeypatch.setattr("thunes.core.stats.fortunes.CELLS_AT_ONCE", 40 * 7)
    monkeypatch.setattr("thunes.core.stats.bootstrap.CELLS_AT_ONCE", 40 * 7)
    assert (shuffled_drawdowns(returns, 50) == whole[0]).all()
    assert (resampled_fortunes(returns, Sampling(2.0, 50)).growth == whole[1]).all()


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        ([0.1], "1 rows of returns, 1 fewer than the 2"),
        ([0.1, math.nan], "row 1 of column 0 is nan"),
        ([0.1, -1.2], "row 1 is -1.2: more than all"),
    ],
)
def test_bad_input_says_what_is_wrong(returns: list[float], said: str) -> None:
    with pytest.raises(BadSeries, match=said):
        resampled_fortunes(returns, Sampling(1.0, 5))
    with pytest.raises(BadSeries, match=said):
        shuffled_drawdowns(returns, 5)
