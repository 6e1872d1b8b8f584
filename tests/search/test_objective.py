"""The objective: medians over the tests of purged folds, and what cannot be scored."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.domain.errors import UsageError
from thunes.core.stats.splits import BadSplit
from thunes.research.search.objective import DAYS_MIN, Objective

RETURNS = np.random.default_rng(3).normal(0.001, 0.02, (120, 6))


def by_hand(returns: np.ndarray, tests: list[np.ndarray]) -> float:
    ratios = [returns[rows].mean() / returns[rows].std(ddof=1) * math.sqrt(365) for rows in tests]
    return float(np.median(ratios))


@pytest.mark.parametrize("folds", ["combinatorial", "walk-forward", "none"])
def test_a_score_is_the_median_over_the_tests(folds: str) -> None:
    objective = Objective(folds=folds)
    scores = objective.scores(RETURNS)
    for column, score in zip(RETURNS.T, scores, strict=True):
        assert score == pytest.approx(by_hand(column, objective.tests(120)))


def test_the_return_a_year_of_a_steady_gain() -> None:
    steady = np.full((60, 2), 0.001)
    steady[0, 1] = 0.002
    assert Objective("return", "none").scores(steady)[1] == pytest.approx(
        (1.002 * 1.001**59) ** (365 / 60) - 1
    )


def test_a_set_that_never_won_nor_lost_has_no_score() -> None:
    idle = RETURNS.copy()
    idle[:, 2] = 0.0
    scores = Objective().scores(idle)
    assert np.isnan(scores).tolist() == [False, False, True, False, False, False]


def test_one_test_in_which_pennies_came_every_day_does_not_make_the_score() -> None:
    pennies = np.random.default_rng(5).normal(-0.001, 0.02, 120)
    pennies[50:75] = 0.0001
    pennies[60] = 0.00010001
    assert Objective().scores(pennies[:, None])[0] < 10


@given(st.integers(3, 12), st.integers(0, 3), st.integers(60, 200))
def test_no_purged_day_is_in_a_test(parts: int, purge: int, days: int) -> None:
    objective = Objective(folds="combinatorial", parts=parts, purge=purge)
    try:
        tests = objective.tests(days)
    except BadSplit:
        assert days // parts - purge < DAYS_MIN
        return
    begins = np.cumsum([0, *(len(run) for run in np.array_split(np.arange(days), parts))])[:-1]
    for rows in tests:
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        first = {int(run[0]) for run in runs}
        assert all(row == 0 or row - purge in begins for row in first)


def test_a_walk_scores_nothing_of_what_it_only_trains_on() -> None:
    assert min(rows.min() for rows in Objective(folds="walk-forward").tests(120)) >= 40


@pytest.mark.parametrize("folds", ["combinatorial", "walk-forward"])
def test_too_few_days_are_told_with_what_is_missing(folds: str) -> None:
    with pytest.raises(BadSplit, match=r"30 days in 10 parts leave .* fewer --parts"):
        Objective(folds=folds, purge=3).tests(30)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("luck",), "--objective 'luck' is none of sharpe, return"),
        (("sharpe", "k-fold"), "--folds 'k-fold' is none of combinatorial"),
        (("sharpe", "none", 2), "--parts 2: at least 3"),
        (("sharpe", "none", 10, -1), "--purge -1"),
    ],
)
def test_words_that_mean_nothing(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Objective(*words)  # type: ignore[arg-type]
