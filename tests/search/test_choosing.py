"""Choosing: plateaus before peaks, fronts that nobody beats, and what a parameter explains."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.research.searches import unjudged
from tests.search.tried import trying_with
from thunes.research.search.choosing import choose, front, importance, scores_of, surround
from thunes.research.search.objective import Objective

FLOATS = arrays(np.float64, 12, elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0, np.nan]))


def test_a_needle_is_not_chosen_over_a_plateau() -> None:
    scores = {(x, y): 1.0 for x in range(6) for y in range(6)}
    scores.update({(x, y): 0.0 for x in range(4, 6) for y in range(6)})
    scores[5, 5] = 9.0
    assert choose(list(scores), scores)[0] < 4
    assert choose([(5, 5), (4, 4), (1, 1)], scores) == (1, 1)


def test_sets_without_a_score_are_never_chosen() -> None:
    scores = {(0,): float("nan"), (1,): -1.0, (2,): float("nan")}
    assert choose([(1,)], scores) == (1,)


@given(FLOATS, FLOATS)
def test_nothing_beats_the_front_and_something_beats_the_rest(
    sharpes: np.ndarray, drawdowns: np.ndarray
) -> None:
    flags = front(sharpes, drawdowns)
    pairs = list(zip(sharpes.tolist(), drawdowns.tolist(), strict=True))

    def beaten(pair: tuple[float, float]) -> bool:
        return any(
            one >= pair[0] and two >= pair[1] and (one, two) != pair
            for one, two in pairs
            if one == one and two == two
        )

    told = [pair for pair in pairs if pair[0] == pair[0] and pair[1] == pair[1]]
    kept = {pair for pair, flag in zip(pairs, flags, strict=True) if flag}
    assert kept == {pair for pair in told if not beaten(pair)}


def test_what_a_parameter_explains() -> None:
    points = [(x, y) for x in range(4) for y in range(5)]
    assert importance(points, [float(x) for x, _ in points]) == pytest.approx([1.0, 0.0])
    both = importance(points, [float(x + y) for x, y in points])
    assert sum(both) == pytest.approx(1.0)
    assert both[1] > both[0] > 0
    assert importance(points, [3.0] * 20) == [0.0, 0.0]


def test_the_surroundings_of_the_best_are_tried(tmp_path: Path) -> None:
    trying = trying_with(tmp_path, lambda fast, slow: fast + slow / 100)
    trying([(3, 3), (0, 0)])
    best = surround(trying, Objective(folds="none"))
    scores = scores_of(trying.found, Objective(folds="none"))
    assert scores[best[0]] == max(scores.values())
    for point in best:
        assert all(
            near in trying.found or near in trying.refused for near in trying.space.around(point)
        )


@pytest.mark.parametrize(
    ("chosen", "edges"),
    [(("10", "a"), ()), (("5", "a"), ("fast",)), (("100", "b"), ("fast",))],
)
def test_a_choice_at_the_edge_of_what_was_tried_is_told(
    chosen: tuple[str, str], edges: tuple[str, ...]
) -> None:
    tried = [(fast, kind) for fast in ("5", "10", "100") for kind in ("a", "b")]
    trials = tuple(
        replace(unjudged().trials[0], parameters={"fast": fast, "kind": kind})
        for fast, kind in tried
    )
    searched = replace(unjudged(), names=("fast", "kind"), trials=trials)
    assert replace(searched, chosen=tried.index(chosen)).at_the_edge == edges
