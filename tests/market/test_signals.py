"""Crosses: by the rule, on ties, on NaN, at the start, and in turns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.domain.errors import ThunesError
from thunes.core.market.signals import crossed_above, crossed_below

NAN = float("nan")
small = st.sampled_from([1.0, 2.0, 3.0, NAN])


def rows(flags: np.ndarray) -> list[int]:
    return np.flatnonzero(flags).tolist()


def test_a_tie_is_not_above() -> None:
    fast = np.array([1.0, 2.0, 3.0, 2.0, 3.0, 1.0])
    slow = np.full(6, 2.0)
    assert rows(crossed_above(fast, slow)) == [2, 4]
    assert rows(crossed_below(fast, slow)) == [3, 5]


def test_the_first_known_row_makes_no_cross() -> None:
    fast = np.array([NAN, 3.0, 3.0, 1.0])
    assert rows(crossed_above(fast, np.array([NAN, NAN, 2.0, 2.0]))) == []
    assert rows(crossed_below(fast, np.array([NAN, NAN, 2.0, 2.0]))) == [3]


def test_a_hole_is_passed_over() -> None:
    assert rows(crossed_above(np.array([1.0, NAN, 3.0]), 2.0)) == [2]
    assert rows(crossed_above(np.array([3.0, NAN, 3.0]), 2.0)) == []


def test_levels_stand_on_either_side() -> None:
    """RSI: in on the way up through 30, out on the way down through 70."""
    rsi = np.array([25.0, 30.0, 30.5, 71.0, 70.0, 69.0])
    assert rows(crossed_above(rsi, 30)) == [2]
    assert rows(crossed_below(rsi, 70.0)) == [4]
    assert rows(crossed_above(70.0, rsi)) == [5]


@given(st.lists(st.tuples(small, small), max_size=30))
def test_every_row_by_the_rule(pairs: list[tuple[float, float]]) -> None:
    fast = np.array([p[0] for p in pairs], dtype=np.float64)
    slow = np.array([p[1] for p in pairs], dtype=np.float64)
    state = None
    up, down = [], []
    for row, (a, b) in enumerate(pairs):
        if a != a or b != b:
            continue
        if state is not None and state != (a > b):
            (up if a > b else down).append(row)
        state = a > b
    assert rows(crossed_above(fast, slow)) == up
    assert rows(crossed_below(fast, slow)) == down


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (1.0, 2.0, "not two levels"),
        (np.zeros(2), np.zeros(3), "one length: a has 2, b has 3"),
        (np.zeros(2), [1.0, 2.0], "b must be a float64 array, not list"),
        (np.zeros(2, dtype=bool), 1.0, "a must be a float64 array, not bool"),
    ],
)
def test_what_cannot_cross_is_refused(a: object, b: object, says: str) -> None:
    with pytest.raises(ThunesError, match=says):
        crossed_above(a, b)
