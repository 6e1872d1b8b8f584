"""The decay alarm: its false alarms come as often as it says, and it hears a lost edge."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.decay import DecayWatch, watch_decay
from thunes.core.stats.series import BadSeries


def past(annual_sharpe: float, days: int = 4_000, seed: int = 1) -> np.ndarray:
    """Fat-tailed daily returns with exactly this Sharpe ratio."""
    x = np.random.default_rng(seed).standard_t(4, days)
    x = (x - x.mean()) / x.std(ddof=1)
    return 0.02 * (x + annual_sharpe / math.sqrt(365))


def runs(watch: DecayWatch, sharpe: float, lives: int, seed: int) -> float:
    """Days lived over alarms, in lives drawn from the model itself and not from its past."""
    rng = np.random.default_rng(seed)
    days, alarms = 0, 0
    deviation = math.sqrt(2)  # of Student's t with four degrees of freedom
    for _ in range(lives):
        x = 0.02 * (rng.standard_t(4, 3_000) / deviation + sharpe / math.sqrt(365))
        first = watch.alarm(x)
        days += 3_000 if first is None else first + 1
        alarms += first is not None
    return days / alarms


def test_false_alarms_come_once_in_two_years_and_a_lost_edge_is_heard_sooner() -> None:
    watch = watch_decay(past(2.0), Sampling(1.0, 600, 3))
    assert watch.days_between_false_alarms == pytest.approx(730, rel=0.01)
    assert runs(watch, 2.0, 500, seed=7) == pytest.approx(730, rel=0.15)
    assert runs(watch, 0.0, 300, seed=8) == pytest.approx(watch.days_to_detect, rel=0.15)
    assert watch.days_to_detect < 250


def test_a_stated_rate_is_kept_where_days_depend_on_each_other() -> None:
    rng = np.random.default_rng(4)

    def dependent(days: int) -> np.ndarray:
        x = rng.standard_normal(days)
        for i in range(1, days):
            x[i] += 0.3 * x[i - 1]
        return 0.01 * (x + 0.15)

    returns = dependent(6_000)
    blocks = watch_decay(returns, Sampling(12.0, 400, 5), days_between=365)
    single = watch_decay(returns, Sampling(1.0, 400, 5), days_between=365)
    # Days taken one by one hide that bad days follow bad ones: alarms twice as often as stated.
    assert blocks.threshold > 1.3 * single.threshold
    lived = [blocks.alarm(dependent(1_500)) for _ in range(300)]
    total = sum(1_500 if day is None else day + 1 for day in lived)
    rate = total / sum(day is not None for day in lived)
    assert rate == pytest.approx(365, rel=0.25)


def test_a_better_strategy_is_heard_sooner() -> None:
    delays = [watch_decay(past(s), Sampling(1.0, 200)).days_to_detect for s in (1.0, 2.0, 4.0)]
    assert delays[0] > delays[1] > delays[2]


@given(st.lists(st.floats(-0.1, 0.1), min_size=1, max_size=60))
def test_levels_are_pages_recursion(returns: list[float]) -> None:
    watch = DecayWatch(0.001, 0.02, 0.05, 2.0, 730, 100)
    level, expected = 0.0, []
    for x in returns:
        level = max(0.0, level + (0.001 - x) / 0.02 - 0.05)
        expected.append(level)
    assert watch.levels(returns) == pytest.approx(expected, abs=1e-9)
    first = next((day for day, value in enumerate(expected) if value >= 2.0 + 1e-9), None)
    alarm = watch.alarm(returns)
    assert alarm == first or abs(expected[alarm] - 2.0) < 1e-8


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (np.zeros(29), "29 rows of returns, 1 fewer than the 30"),
        (np.full(50, -0.01), "a mean of -0.01 a day: only an edge above zero"),
        (np.full(64, 0.5), "a mean of 0.5"),
        (np.append(np.zeros(40), math.nan), "row 40 of column 0 is nan"),
    ],
)
def test_bad_input_says_what_is_wrong(returns: np.ndarray, said: str) -> None:
    with pytest.raises(BadSeries, match=said):
        watch_decay(returns, Sampling(1.0, 10))
