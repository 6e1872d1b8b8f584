"""Eight figures in one pass: those of the single functions, of another library, and bad input."""

import math

import empyrical
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thunes.core.stats.drawdown import max_drawdown
from thunes.core.stats.outcomes import volatility
from thunes.core.stats.performance import period_returns, sharpe, sortino, total_return
from thunes.core.stats.series import BadSeries
from thunes.core.stats.summary import _moments, summarise


@given(hnp.arrays(np.float64, st.integers(3, 80), elements=st.floats(0.5, 2.0)))
def test_one_pass_says_what_the_single_functions_say(equity: np.ndarray) -> None:
    found = summarise(equity, 365)
    r = period_returns(equity)
    # Near a threshold where a figure is None one form may still see the rounding of zero.
    if np.ptp(r) < 1e-9:
        return
    assert found.sharpe == pytest.approx(sharpe(r, 365), rel=1e-6, abs=1e-9)
    assert found.volatility == pytest.approx(volatility(r, 365), rel=1e-6)
    assert found.max_drawdown == pytest.approx(max_drawdown(equity), abs=1e-12)
    assert found.total_return == total_return(equity)
    assert found.win_rate == np.mean(r > 0)
    downward = sortino(r, 365)
    assert found.sortino == (None if downward is None else pytest.approx(downward, rel=1e-9))


@pytest.mark.parametrize("seed", range(5))
def test_empyrical_agrees(seed: int) -> None:
    r = np.random.default_rng(seed).standard_t(4, 2_000) * 0.01
    found = summarise(np.cumprod(np.concatenate(([1.0], 1 + r))), 365)
    theirs = {
        "sharpe": empyrical.sharpe_ratio(r, annualization=365),
        "sortino": empyrical.sortino_ratio(r, annualization=365),
        "max_drawdown": empyrical.max_drawdown(r),
        "total_return": empyrical.cum_returns_final(r),
        "annual_return": empyrical.annual_return(r, annualization=365),
        "volatility": empyrical.annual_volatility(r, annualization=365),
        "calmar": empyrical.calmar_ratio(r, annualization=365),
    }
    for name, value in theirs.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-9), name


def test_a_straight_line_has_no_ratios() -> None:
    found = summarise(2.0 ** np.arange(5), 365)
    assert (found.sharpe, found.sortino, found.calmar) == (None, None, None)
    assert found.volatility == 0
    assert found.win_rate == 1
    assert found.annual_return == pytest.approx(2.0**365)
    assert summarise(10.0 ** np.arange(5), 1_000_000).annual_return is None


def test_compiled_and_plain_give_the_same_bits() -> None:
    from thunes.core.stats.kernel import compile_kernel

    equity = np.cumprod(1 + np.random.default_rng(1).standard_t(3, 3_000) * 0.01)
    plain = _moments.__wrapped__
    assert compile_kernel(plain)(equity) == plain(equity)


@pytest.mark.parametrize(
    ("equity", "said"),
    [
        ([1.0, 2.0], "2 rows of returns, 1 fewer than the 3"),
        ([1.0, 0.0, 2.0], "row 1 of the equity is 0"),
        ([1.0, math.nan, 2.0], "row 1 of column 0 is nan"),
    ],
)
def test_bad_input_says_what_is_wrong(equity: list[float], said: str) -> None:
    with pytest.raises(BadSeries, match=said):
        summarise(equity, 365)
