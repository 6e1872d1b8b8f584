"""SPA and StepM: calibration, power, order of the p-values, the same bits on any threads."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.series import BadSeries
from thunes.core.stats.superior import (
    _exact_parts,
    _long_run_variance,
    _products,
    superior_ability,
    superior_trials,
)


def noise(seed: int, rows: int = 150, trials: int = 20, common: float = 0.5) -> np.ndarray:
    """Trials without an edge that resemble each other."""
    rng = np.random.default_rng(seed)
    own = rng.standard_t(5, (rows, trials))
    return 0.01 * (math.sqrt(common) * rng.standard_t(5, (rows, 1)) + math.sqrt(1 - common) * own)


def test_p_is_uniform_where_no_trial_is_better() -> None:
    # Kolmogorov-Smirnov over 500 markets; the upper p-value is the one that is exact at zero.
    p = np.sort([superior_ability(noise(s), Sampling(1.0, 199, s)).upper for s in range(500)])
    places = np.arange(1, 501) / 500
    distance = max((places - p).max(), (p - places + 1 / 500).max())
    assert distance < 1.63 / math.sqrt(500)  # 1 %
    assert (p <= 0.05).mean() < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 500)


def test_a_planted_edge_is_found_and_named() -> None:
    gains = noise(1, rows=500, trials=200)
    gains[:, 17] += 0.003
    found = superior_ability(gains, Sampling(5.0, 500, 1))
    assert found.best == 17
    assert found.consistent <= 0.01
    assert superior_trials(gains, Sampling(5.0, 500, 1)).tolist() == [17]


def test_stepwise_finds_what_one_step_overlooks() -> None:
    # A few great trials raise no bar for the good ones once they are taken out.
    rng = np.random.default_rng(3)
    steps = []
    for seed in range(30):
        gains = rng.standard_normal((400, 60)) * 0.01
        gains[:, :5] += 0.004
        gains[:, 5:10] += 0.0017
        steps.append(superior_trials(gains, Sampling(1.0, 300, seed)).size)
    assert np.mean(steps) > 5.5


def test_stepwise_names_a_false_one_no_more_often_than_it_says() -> None:
    false = [superior_trials(noise(s), Sampling(1.0, 199, s)).size > 0 for s in range(300)]
    assert np.mean(false) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


@given(st.integers(0, 10_000), st.integers(20, 60), st.integers(1, 12), st.floats(1, 20))
@settings(max_examples=60)
def test_the_three_p_values_are_ordered(seed: int, rows: int, trials: int, block: float) -> None:
    gains = np.random.default_rng(seed).standard_t(3, (rows, trials)) * 0.02 - 0.005
    found = superior_ability(gains, Sampling(block, 60, seed))
    assert 0 < found.lower <= found.consistent <= found.upper <= 1


@given(st.integers(0, 10_000), st.data())
@settings(max_examples=40)
def test_neither_order_nor_scale_of_trials_matters(seed: int, data: st.DataObject) -> None:
    gains = noise(seed, rows=40, trials=6)
    order = np.array(data.draw(st.permutations(range(6))))
    sampling = Sampling(3.0, 50, seed)
    one = superior_ability(gains, sampling)
    other = superior_ability(gains[:, order] * 4.0, sampling)
    assert (other.lower, other.consistent, other.upper) == (one.lower, one.consistent, one.upper)
    assert order[other.best] == one.best
    kept = superior_trials(gains, sampling, 0.3)
    assert sorted(order[superior_trials(gains[:, order], sampling, 0.3)]) == kept.tolist()


def test_a_trial_that_never_traded_changes_nothing() -> None:
    gains = noise(5, trials=4)
    idle = np.hstack([gains, np.zeros((len(gains), 2))])
    sampling = Sampling(2.0, 200)
    assert superior_ability(idle, sampling) == superior_ability(gains, sampling)
    assert superior_ability(np.zeros((30, 3)), sampling).consistent == 1
    assert superior_trials(np.zeros((30, 3)), sampling).size == 0


@pytest.mark.parametrize("block", [1.0, 1.5, 7.0, 40.0, 50.0])
def test_the_variance_is_that_of_the_resamples(block: float) -> None:
    """Against the double sum over lags that Hansen gives."""
    x = np.random.default_rng(2).standard_normal((50, 3)).cumsum(axis=0)
    x -= x.mean(axis=0)
    n, q = 50, 1 - 1 / block
    expected = (x * x).sum(axis=0) / n
    for lag in range(1, n):
        weight = (1 - lag / n) * q**lag + lag / n * q ** (n - lag)
        expected += 2 * weight * (x[: n - lag] * x[lag:]).sum(axis=0) / n
    assert _long_run_variance(x, block) == pytest.approx(expected, rel=1e-10)


@given(st.integers(1, 300), st.integers(0, 99))
@settings(max_examples=40)
def test_how_rows_are_parted_makes_no_difference(rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 90, (4, rows)).astype(np.float32)
    steps = rng.integers(-4096, 4097, (rows, 5)).astype(np.float32)
    parts = list(_exact_parts(counts, slice(0, rows)))
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(rows))
    exact = counts.astype(np.int64) @ steps.astype(np.int64)
    assert (_products(counts, steps, parts) == exact).all()


PROGRAM = """
import numpy as np
from thunes.core.stats.bootstrap import Sampling
from thunes.core.stats.superior import superior_ability, superior_trials
gains = np.random.default_rng(4).standard_t(3, (700, 1_100)) * 0.01 + 0.0003
print(superior_ability(gains, Sampling(1.0, 150, 9)))
print(superior_trials(gains, Sampling(1.0, 150, 9), 0.5).tolist())
"""


def test_the_same_bits_on_one_thread_and_on_four() -> None:
    def said(threads: int) -> str:
        count = str(threads)
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        return done.stdout

    alone = said(1)
    assert "Superiority(" in alone
    assert alone == said(4)


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        (np.zeros((19, 3)), "19 rows of returns, 1 fewer than the 20"),
        (np.full((30, 1), math.nan), "row 0 of column 0 is nan"),
        (np.full((30, 2), 0.1), "column 0 is 0.1 in every row"),
        (np.zeros((30, 0)), "0 trials"),
    ],
)
def test_bad_input_says_what_is_wrong(gains: np.ndarray, said: str) -> None:
    for test in (superior_ability, superior_trials):
        with pytest.raises(BadSeries, match=said):
            test(gains, Sampling(2.0, 20))
    with pytest.raises(BadSeries, match="blocks of 40 rows, but there are only 30"):
        superior_ability(noise(1, rows=30), Sampling(40.0))
