"""Plateaus and needles among parameters."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.core.stats.neighbourhood import low_scores, most_robust, surroundings
from thunes.core.stats.series import BadSeries

GRID = np.array([(i, j) for i in range(12) for j in range(12)], dtype=float)


def hill(points: np.ndarray) -> np.ndarray:
    """A broad plateau around (3, 3) and a needle at (9, 9)."""
    broad = 1.0 - 0.02 * ((points - 3) ** 2).sum(axis=1)
    return np.where((points == 9).all(axis=1), 3.0, broad)


def test_the_plateau_is_chosen_and_not_the_needle() -> None:
    scores = hill(GRID)
    assert GRID[scores.argmax()].tolist() == [9, 9]
    assert GRID[most_robust(GRID, scores)].tolist() == [3, 3]


def test_what_lies_around_a_plateau_and_a_needle() -> None:
    scores = hill(GRID)
    plateau = surroundings(GRID, scores, int(np.flatnonzero((GRID == 3).all(axis=1))[0]))
    assert plateau.neighbours == 8
    assert plateau.plateau == 1.0
    assert plateau.slope == pytest.approx(0, abs=1e-9)
    assert plateau.condition == pytest.approx(1)
    assert plateau.low == pytest.approx(np.quantile([1, *[0.98] * 4, *[0.96] * 4], 0.05))
    needle = surroundings(GRID, scores, int(scores.argmax()))
    assert needle.plateau == 0.0
    assert needle.low < 0.5 < needle.score


def test_slope_and_condition_are_those_of_the_surface() -> None:
    x, y = GRID.T
    scores = 2 * x - 0.5 * y - 0.3 * (x - 5) ** 2 - 0.1 * (y - 5) ** 2
    found = surroundings(GRID, scores, int(np.flatnonzero((GRID == 5).all(axis=1))[0]))
    assert found.slope == pytest.approx(math.hypot(2, 0.5))
    assert found.condition == pytest.approx(3)


def test_a_loser_keeps_its_plateau_if_neighbours_lose_little_more() -> None:
    points = np.array([[0.0], [1.0], [-1.0]])
    assert surroundings(points, [-1.0, -1.1, -1.5], 0).plateau == 0.5


def test_a_trial_alone_says_nothing_of_its_surroundings() -> None:
    found = surroundings([[0.0, 0.0], [5.0, 5.0]], [1.0, 2.0], 0)
    assert (found.neighbours, found.plateau, found.slope, found.condition) == (0, None, None, None)
    assert found.low == 1.0


@given(st.integers(0, 999), st.data())
@settings(max_examples=40)
def test_the_choice_does_not_depend_on_the_order_of_trials(seed: int, data: st.DataObject) -> None:
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 5, (30, 2)).astype(float)
    scores = rng.standard_normal(30)
    order = np.array(data.draw(st.permutations(range(30))))
    low = low_scores(points, scores)
    assert (low <= scores.max()).all()
    assert (low_scores(points[order], scores[order]) == low[order]).all()
    one, other = most_robust(points, scores), order[most_robust(points[order], scores[order])]
    assert (low[one], scores[one]) == (low[other], scores[other])


def test_turns_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = low_scores(GRID, hill(GRID))
    monkeypatch.setattr("thunes.core.stats.neighbourhood._PAIRS_AT_ONCE", 500)
    assert (low_scores(GRID, hill(GRID)) == whole).all()


@pytest.mark.parametrize(
    ("steps", "scores", "row", "said"),
    [
        ([[1.0], [2.0]], [1.0, math.nan], 0, "the score of trial 1: nan"),
        ([[1.0], [math.inf]], [1.0, 2.0], 0, "the parameters of trial 1"),
        ([[1.0], [2.0]], [1.0], 0, r"\(2, 1\) steps and \(1,\) scores"),
        ([1.0, 2.0], [1.0, 2.0], 0, "steps and"),
        (np.zeros((0, 2)), [], 0, "steps and"),
        ([[1.0]], [1.0], 1, "trial 1 of 1"),
    ],
)
def test_bad_input_says_what_is_wrong(steps: object, scores: object, row: int, said: str) -> None:
    with pytest.raises(BadSeries, match=said):
        surroundings(steps, scores, row)
