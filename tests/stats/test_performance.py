"""Returns, ratios, drawdowns and track records: properties, degenerate input, a second opinion."""

import json
import math

import empyrical
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from thunes.core.stats.drawdown import drawdown, longest_under_water, max_drawdown, ulcer_index
from thunes.core.stats.outcomes import profit_factor, volatility
from thunes.core.stats.overfitting import (
    deflated_sharpe,
    effective_rank,
    expected_maximum_sharpe,
    minimum_backtest_length,
)
from thunes.core.stats.performance import (
    NS_A_DAY,
    cagr,
    daily_equity,
    period_returns,
    sharpe,
    sortino,
    total_return,
)
from thunes.core.stats.sharpe import (
    TrackRecord,
    annualisation_factor,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_variance,
    track_record,
)

HOUR = NS_A_DAY // 24
returns_of = hnp.arrays(np.float64, st.integers(2, 60), elements=st.floats(-0.5, 0.5, width=32))
anything = hnp.arrays(np.float64, st.integers(0, 12), elements=st.floats(width=64))


def walk(seed: int, size: int = 400) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_t(4, size) * 0.02 + 0.0005


def curve(returns: np.ndarray) -> np.ndarray:
    return 10_000 * np.cumprod(np.concatenate(([1.0], 1 + returns)))


def days(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64) * NS_A_DAY


@pytest.mark.parametrize("seed", range(20))
def test_empyrical_agrees(seed: int) -> None:
    r = walk(seed)
    equity = curve(r)
    years = len(r) / 365.25
    assert sharpe(r, 365) == pytest.approx(empyrical.sharpe_ratio(r, annualization=365), rel=1e-12)
    assert sortino(r, 365) == pytest.approx(
        empyrical.sortino_ratio(r, annualization=365), rel=1e-12
    )
    assert max_drawdown(equity) == pytest.approx(empyrical.max_drawdown(r), rel=1e-12)
    assert volatility(r, 365) == pytest.approx(
        empyrical.annual_volatility(r, annualization=365), rel=1e-12
    )
    assert total_return(equity) == pytest.approx(empyrical.cum_returns_final(r), rel=1e-12)
    assert cagr(days(len(equity)), equity) == pytest.approx(
        empyrical.cagr(r, annualization=len(r) / years), rel=1e-9
    )


def test_sharpe_and_sortino_against_a_target() -> None:
    r = walk(3)
    assert sortino(r, target=0.001) == pytest.approx(
        empyrical.sortino_ratio(r, required_return=0.001, annualization=1), rel=1e-12
    )
    assert sharpe(r, benchmark=0.001) == pytest.approx(sharpe(r - 0.001), rel=1e-12)


@given(returns_of, st.floats(1e-3, 1e3))
def test_ratios_do_not_see_the_scale(r: np.ndarray, scale: float) -> None:
    for ratio in (sharpe, sortino):
        one, other = ratio(r), ratio(r * scale)
        if one is None or other is None:
            assert np.ptp(r) < 1e-9 or r.min() >= -1e-9
        else:
            assert other == pytest.approx(one, rel=1e-6, abs=1e-9)


@given(returns_of)
def test_sharpe_turns_with_the_side(r: np.ndarray) -> None:
    ratio = sharpe(r)
    assert sharpe(-r) == (None if ratio is None else pytest.approx(-ratio))


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(-1e3, 1e6)))
def test_drawdown_lies_between_minus_one_and_zero(equity: np.ndarray) -> None:
    fall = drawdown(equity)
    assert ((fall >= -1) & (fall <= 0)).all()
    assert -1 <= max_drawdown(equity) <= 0
    assert 0 <= ulcer_index(equity) <= 1
    assert ulcer_index(equity) <= -fall.min() + 1e-12


@given(hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(1, 9).map(float)))
def test_longest_under_water_by_walking(equity: np.ndarray) -> None:
    high, since, wet, longest = -math.inf, 0, False, 0
    for i, value in enumerate(equity):
        if value >= high:
            longest = max(longest, i - since if wet else 0)
            high, since, wet = value, i, False
        else:
            wet = True
    longest = max(longest, len(equity) - 1 - since if wet else 0)
    assert longest_under_water(days(equity.size), equity) == longest * NS_A_DAY


def test_under_water_ends_at_recovery_or_at_the_last_row() -> None:
    assert longest_under_water(days(5), np.array([5.0, 4, 3, 5, 6])) == 3 * NS_A_DAY
    assert longest_under_water(days(5), np.array([5.0, 6, 5, 5, 5])) == 3 * NS_A_DAY
    assert longest_under_water(days(4), np.array([1.0, 1, 2, 2])) == 0


def test_daily_equity_ends_each_day_at_midnight() -> None:
    at = np.arange(1, 73, dtype=np.int64) * HOUR
    equity = np.arange(1.0, 73)
    assert daily_equity(at, equity).tolist() == [24, 48, 72]
    assert daily_equity(at, equity, initial=0.5).tolist() == [0.5, 24, 48, 72]


def test_daily_equity_carries_days_without_rows() -> None:
    at = np.array([1, 2, 4 * 24 + 1], dtype=np.int64) * HOUR
    assert daily_equity(at, np.array([1.0, 2, 3])).tolist() == [2, 2, 2, 2, 3]
    assert daily_equity(at[:0], np.empty(0)).tolist() == []
    assert daily_equity(at[:0], np.empty(0), initial=7.0).tolist() == [7]


@given(
    st.lists(st.integers(1, 40 * 24), min_size=1, max_size=50, unique=True).map(sorted),
    st.integers(0, 1_000),
)
def test_daily_equity_by_looking_back(hours: list[int], seed: int) -> None:
    at = np.array(hours, dtype=np.int64) * HOUR
    equity = np.random.default_rng(seed).random(at.size)
    daily = daily_equity(at, equity)
    first = (hours[0] - 1) // 24
    assert daily.size == (hours[-1] - 1) // 24 - first + 1
    for i, value in enumerate(daily):
        assert value == equity[at <= (first + i + 1) * NS_A_DAY][-1]


def test_cagr_of_known_growth() -> None:
    at = np.array([0, int(365.25 * 2 * NS_A_DAY)], dtype=np.int64)
    assert cagr(at, np.array([100.0, 121])) == pytest.approx(0.10)
    assert cagr(at, np.array([100.0, 0])) == -1
    assert cagr(at, np.array([100.0, -50])) == -1
    assert cagr(at, np.array([-100.0, 50])) is None
    assert cagr(np.array([0, HOUR // 60]), np.array([1.0, 2])) is None


def test_returns_after_ruin_are_nothing() -> None:
    assert period_returns(np.array([100.0, 0, 50, 55])).tolist() == pytest.approx([-1, 0, 0.1])
    assert period_returns(np.array([100.0])).size == 0


def test_outcomes() -> None:
    gains = np.array([3.0, -1, 2, 0])
    assert profit_factor(gains) == 5
    assert profit_factor(gains[:1]) is None
    assert volatility(np.array([0.1, -0.1]), 365) == pytest.approx(math.sqrt(0.02 * 365))


@given(anything)
@settings(max_examples=300)
def test_whatever_comes_in_json_comes_out(x: np.ndarray) -> None:
    figures = [
        total_return(x),
        cagr(days(x.size), x),
        sharpe(x, 365),
        sortino(x, 365),
        max_drawdown(x),
        ulcer_index(x),
        longest_under_water(days(x.size), x),
        profit_factor(x),
        volatility(x, 365),
        sharpe(period_returns(x)),
    ]
    json.dumps(figures, allow_nan=False)


@pytest.mark.parametrize(
    "r", [[], [0.1], [0.1] * 5, [0.0] * 5, [0.1, math.nan], [0.1, math.inf], [0.3, 0.1 + 0.2]]
)
def test_what_cannot_be_measured_is_none(r: list[float]) -> None:
    series = np.array(r)
    assert sharpe(series) is None
    assert sortino(series) is None
    assert track_record(series) is None


def test_track_record_measures_moments() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(0.01, 1, 200_000)
    filtered = noise.copy()
    for i in range(1, noise.size):
        filtered[i] = 0.3 * filtered[i - 1] + noise[i]
    record = track_record(filtered)
    assert record.autocorrelation == pytest.approx(0.3, abs=0.01)
    assert record.skew == pytest.approx(0, abs=0.03)
    assert record.kurtosis == pytest.approx(3, abs=0.06)
    assert record.observations == 200_000


@pytest.mark.parametrize("rho", [-0.3, 0.0, 0.4])
def test_sharpe_variance_is_what_simulation_finds(rho: float) -> None:
    rng = np.random.default_rng(11)
    draws, size, ratio = 4_000, 250, 0.15
    x = rng.standard_normal((draws, size + 50))
    for i in range(1, x.shape[1]):
        x[:, i] = rho * x[:, i - 1] + math.sqrt(1 - rho * rho) * x[:, i]
    x = x[:, 50:] + ratio
    found = np.var(x.mean(axis=1) / x.std(axis=1, ddof=1))
    said = sharpe_variance(TrackRecord(ratio, size, autocorrelation=rho))
    assert said == pytest.approx(found, rel=0.1)


@given(st.floats(-0.5, 0.5), st.integers(2, 5_000), st.floats(-2, 2), st.floats(0, 20))
def test_probabilities_are_probabilities(
    ratio: float, size: int, skew: float, spread: float
) -> None:
    record = TrackRecord(ratio, size, skew, 1 + skew * skew + spread)
    for how in ("null", "estimate"):
        for chance in (
            probabilistic_sharpe(record, 0, how),
            deflated_sharpe(record, 20, 0.01, how),
        ):
            assert chance is None or 0 <= chance <= 1
    assert deflated_sharpe(record, 1, 0.01) == probabilistic_sharpe(record)


def test_a_record_as_long_as_the_minimum_is_just_enough() -> None:
    for how in ("null", "estimate"):
        needed = minimum_track_record(TrackRecord(0.1, 50, -1, 8), variance_at=how)
        proven = probabilistic_sharpe(TrackRecord(0.1, math.ceil(needed), -1, 8), 0, how)
        assert proven == pytest.approx(0.95, abs=0.001)


def test_degenerate_records() -> None:
    assert minimum_track_record(TrackRecord(-0.1, 50)) is None
    assert probabilistic_sharpe(TrackRecord(0.1, 1)) is None
    # A variance that the moments make negative is no variance.
    assert sharpe_variance(TrackRecord(0.5, 50, skew=9), variance_at="estimate") is None
    assert annualisation_factor(np.full(11, -0.9), 12) is None
    assert annualisation_factor(np.empty(0), 365) == pytest.approx(math.sqrt(365))
    assert minimum_backtest_length(10, 0) is None
    assert effective_rank(np.empty((0, 0))) is None
    assert effective_rank(np.full((2, 2), math.nan)) is None
    assert effective_rank(np.zeros((2, 2))) is None


@given(hnp.arrays(np.float64, (4, 4), elements=st.floats(-1, 1)))
def test_effective_rank_lies_between_one_and_n(x: np.ndarray) -> None:
    rank = effective_rank(x @ x.T)
    assert rank is None or 1 - 1e-9 <= rank <= 4 + 1e-9


@given(st.integers(1, 8))
def test_effective_rank_of_independent_and_equal_series(n: int) -> None:
    assert effective_rank(np.eye(n)) == pytest.approx(n)
    assert effective_rank(np.ones((n, n))) == pytest.approx(1)


@given(st.floats(1, 1e6), st.floats(1, 1e6))
def test_more_trials_promise_more(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= expected_maximum_sharpe(low) <= expected_maximum_sharpe(high) + 1e-12
