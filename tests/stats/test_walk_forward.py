"""Windows through time: order, purge, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.stats.splits import BadSplit, Spans
from thunes.core.stats.walk_forward import WalkForward


def windows(cv: WalkForward, rows: int) -> list[tuple[list[int], list[int]]]:
    return [(train.tolist(), test.tolist()) for train, test in cv.split(range(rows))]


def test_rolling_windows_move_and_anchored_ones_grow() -> None:
    assert windows(WalkForward(train=3, test=2), 8) == [
        ([0, 1, 2], [3, 4]),
        ([2, 3, 4], [5, 6]),
    ]
    assert windows(WalkForward(train=3, test=2, anchored=True), 8) == [
        ([0, 1, 2], [3, 4]),
        ([0, 1, 2, 3, 4], [5, 6]),
    ]
    assert windows(WalkForward(train=3, test=2, whole=False), 8)[-1] == ([4, 5, 6], [7])
    assert windows(WalkForward(train=3, test=2, step=4), 9) == [
        ([0, 1, 2], [3, 4]),
        ([4, 5, 6], [7, 8]),
    ]


def test_labels_that_reach_into_the_test_are_purged_and_the_embargo_goes_further() -> None:
    days = np.arange(8)
    spans = Spans(days, days + 2)
    assert windows(WalkForward(train=5, test=3, spans=spans), 8) == [([0, 1, 2], [5, 6, 7])]
    assert windows(WalkForward(train=5, test=3, spans=spans, embargo=2), 8) == [([0], [5, 6, 7])]


@given(
    st.integers(1, 12),
    st.integers(1, 6),
    st.integers(0, 4),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(0, 9), min_size=20, max_size=50),
)
def test_training_is_settled_before_its_test_and_no_row_is_tested_twice(
    train: int, test: int, embargo: int, anchored: bool, whole: bool, lasts: list[int]
) -> None:
    start = np.arange(len(lasts)) * 2
    spans = Spans(start, start + np.array(lasts))
    cv = WalkForward(
        train=train,
        test=test,
        anchored=anchored,
        whole=whole,
        embargo=embargo,
        spans=spans,
        train_min=0,
    )
    tested: list[int] = []
    for rows, after in cv.split(lasts):
        assert (spans.end[rows] + embargo < spans.start[after[0]]).all()
        candidates = range(0 if anchored else after[0] - train, after[0])
        kept = [i for i in candidates if spans.end[i] + embargo < spans.start[after[0]]]
        assert rows.tolist() == kept
        tested.extend(after.tolist())
    assert tested == list(range(train, train + len(tested)))
    assert len(lasts) - train - len(tested) < (test if whole else 1)
    assert cv.get_n_splits(lasts) == len(list(cv.split(lasts)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: WalkForward(train=0, test=1), "train is 0 rows"),
        (lambda: WalkForward(train=1, test=0), "test is 0 rows"),
        (lambda: WalkForward(train=5, test=4, step=3), "tests 1 of 4 rows twice"),
        (lambda: WalkForward(train=5, test=4, embargo=-1), "embargo is -1"),
        (lambda: list(WalkForward(train=5, test=4).split(range(7))), "7 rows, 2 fewer"),
        (lambda: WalkForward(train=5, test=4).get_n_splits(), "give X"),
        (
            lambda: list(WalkForward(train=5, test=4, embargo=4, train_min=2).split(range(9))),
            "window 0: after purge and an embargo of 4, 1 of 5 rows .* 1 fewer than the 2",
        ),
        (
            lambda: list(WalkForward(train=5, test=4, spans=Spans.of_rows(3)).split(range(9))),
            "9 rows, but the spans of 3",
        ),
    ],
)
def test_bad_input_says_what_and_by_how_much(make: object, said: str) -> None:
    with pytest.raises(BadSplit, match=said):
        make()
