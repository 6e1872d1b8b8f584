"""Purged folds and their combinations: vectors, counts, what must never happen, bad input."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.stats.splits import BadSplit, CombinatorialPurgedCV, PurgedKFold, Spans

Ints = np.ndarray


@st.composite
def spans(draw: st.DrawFn, least: int = 6) -> Spans:
    """Rows at irregular times whose labels last for irregular, sometimes very long, times."""
    count = draw(st.integers(least, 40))
    gaps = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    lasts = draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
    start = np.cumsum(gaps)
    return Spans(start, start + np.array(lasts))


def lists(splits: object) -> list[tuple[list[int], list[int]]]:
    return [(train.tolist(), test.tolist()) for train, test in splits]


def test_the_vector_of_ten_days_with_labels_of_two_days() -> None:
    days = np.arange(10)
    folds = PurgedKFold(folds=2, spans=Spans(days, days + 2), embargo=0)
    assert lists(folds.split(days)) == [
        ([7, 8, 9], [0, 1, 2, 3, 4]),
        ([0, 1, 2], [5, 6, 7, 8, 9]),
    ]


@pytest.mark.parametrize(
    ("parts", "tested", "splits", "paths"), [(6, 2, 15, 5), (10, 2, 45, 9), (10, 3, 120, 36)]
)
def test_counts_of_chapter_twelve(parts: int, tested: int, splits: int, paths: int) -> None:
    cv = CombinatorialPurgedCV(parts=parts, tested=tested, embargo=0)
    assert cv.get_n_splits() == splits == len(list(cv.split(range(60))))
    assert cv.paths().shape == (paths, parts)
    tested_often = np.zeros(60, dtype=int)
    for _, test in cv.split(range(60)):
        tested_often[test] += 1
    assert (tested_often == math.comb(parts - 1, tested - 1)).all()


@given(spans(), st.integers(2, 5), st.integers(0, 10))
def test_no_row_that_shares_time_with_a_test_trains(s: Spans, folds: int, embargo: int) -> None:
    for train, test in PurgedKFold(folds=folds, spans=s, embargo=embargo, train_min=0).split(s):
        assert_apart(s, train, test, embargo)


@given(spans(), st.integers(3, 6), st.integers(0, 10), st.data())
def test_no_row_that_shares_time_with_any_tested_part_trains(
    s: Spans, parts: int, embargo: int, data: st.DataObject
) -> None:
    tested = data.draw(st.integers(1, parts - 1))
    cv = CombinatorialPurgedCV(parts=parts, tested=tested, spans=s, embargo=embargo, train_min=0)
    for train, test in cv.split(s):
        assert_apart(s, train, test, embargo)


def assert_apart(s: Spans, train: Ints, test: Ints, embargo: int) -> None:
    """Row by row, by the definition: and nothing is dropped that need not be."""
    assert not set(train) & set(test)
    runs = np.split(test, np.flatnonzero(np.diff(test) > 1) + 1)
    for row in range(len(s)):
        if row in test:
            continue
        inside = False
        for run in runs:
            a, b = min(s.start[run]), max(s.end[run])
            inside |= s.start[row] <= b and s.end[row] >= a
            inside |= b < s.start[row] <= b + embargo
        assert (row in train) is not bool(inside)


@given(st.integers(2, 6), st.integers(12, 50))
def test_each_row_is_tested_once(folds: int, rows: int) -> None:
    tests = [test for _, test in PurgedKFold(folds=folds, embargo=0).split(range(rows))]
    assert np.concatenate(tests).tolist() == list(range(rows))


@given(st.integers(3, 7), st.integers(14, 40), st.data())
def test_every_path_covers_every_row_once_from_a_split_that_tests_it(
    parts: int, rows: int, data: st.DataObject
) -> None:
    cv = CombinatorialPurgedCV(
        parts=parts, tested=data.draw(st.integers(1, parts - 1)), embargo=0, train_min=0
    )
    tests = [test for _, test in cv.split(range(rows))]
    # Each result says which split and which row it is.
    told = [test + 1_000.0 * number for number, test in enumerate(tests)]
    paths = cv.recombined(told)
    assert (paths % 1_000 == np.arange(rows)).all()
    used = paths // 1_000
    assert all(len(set(column)) == len(column) for column in used.T)


class TestBugsOfOtherLibraries:
    """Each leaked, or lost, rows in a published splitter; the wrong rule is written out beside."""

    start = np.arange(12)
    long_first = Spans(start, start + np.array([1, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]))

    def train(self, s: Spans, fold: int, folds: int, embargo: int = 0) -> list[int]:
        cv = PurgedKFold(folds=folds, spans=s, embargo=embargo, train_min=0)
        return list(cv.split(s))[fold][0].tolist()

    def test_window_built_from_the_end_of_the_first_label(self) -> None:
        # mlfinlab #295 and #494, mlfinpy 0.1.2, openquant #65: [first end, ...] instead of start.
        s = Spans(self.start, self.start + 3)
        wrong = [i for i in range(4) if s.end[i] < s.end[4]]
        assert 3 in wrong
        assert self.train(s, 1, 3) == [0, 11]

    def test_window_closed_by_the_last_end_instead_of_the_latest(self) -> None:
        # openquant #65: row 1 of the test lasts until 10, the last row of the test only until 4.
        s = self.long_first
        wrong = [i for i in range(4, 12) if s.start[i] > s.end[3]]
        assert wrong[0] == 5
        assert self.train(s, 0, 3) == [11]

    def test_convex_hull_of_separated_test_blocks(self) -> None:
        # HKUDS/Vibe-Trading PR #1204: purging from the first to the last test block at once.
        spans = Spans(self.start, self.start)
        cv = CombinatorialPurgedCV(parts=6, tested=2, spans=spans, embargo=0)
        train, test = list(cv.split(range(12)))[cv.paths()[4, 0]]
        assert test.tolist() == [0, 1, 10, 11]
        assert train.tolist() == [2, 3, 4, 5, 6, 7, 8, 9]

    def test_embargo_that_overlaps_the_purge(self) -> None:
        # Fynance 2.13.1: counted from the last test row, a purge of 3 swallows an embargo of 3.
        s = Spans(self.start, self.start + 3)
        wrong = [i for i in range(4, 12) if s.start[i] > s.end[3] and s.start[i] > 3 + 3]
        assert wrong == [7, 8, 9, 10, 11]
        assert self.train(s, 0, 3, embargo=3) == [10, 11]

    def test_wrong_end_index(self) -> None:
        # timeseriescv PR #8: one row too few after the block was looked at.
        s = Spans(self.start, self.start + 1)
        assert self.train(s, 1, 3) == [0, 1, 2, 9, 10, 11]

    def test_half_open_intervals_keep_rows_that_touch(self) -> None:
        # purgedcv 0.1.11: rows 6 and 3 of the vector begin where the test ends, or end where it
        # begins.
        days = np.arange(10)
        s = Spans(days, days + 2)
        assert 6 not in self.train(s, 0, 2)
        assert 3 not in self.train(s, 1, 2)


def test_the_embargo_is_a_hundredth_of_the_time_or_the_lookback() -> None:
    hours = np.arange(1_000) * 60
    assert Spans(hours, hours + 60).embargo(0) == 600
    assert Spans(hours, hours + 60).embargo(7_000) == 7_000
    train, test = next(PurgedKFold(folds=2, spans=Spans(hours, hours)).split(hours))
    assert test[-1] == 499
    assert train[0] == 499 + 9 + 1  # 59940 // 100 = 599 minutes: nine more hours
    train, _ = next(PurgedKFold(folds=2, spans=Spans(hours, hours), lookback=6_000).split(hours))
    assert train[0] == 499 + 100 + 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: PurgedKFold(folds=1), "1 folds: at least 2"),
        (lambda: list(PurgedKFold(folds=7).split(range(5))), "5 rows for 7 groups: 2 too few"),
        (
            lambda: list(PurgedKFold(spans=Spans.of_rows(9)).split(range(8))),
            "8 rows, but the spans of 9",
        ),
        (lambda: list(PurgedKFold(embargo=-1).split(range(9))), "embargo is -1"),
        (
            lambda: list(PurgedKFold(folds=2, embargo=10, train_min=3).split(range(10))),
            "split 0: after purge and an embargo of 10, 0 of 5 rows are left .* 3 fewer than the 3",
        ),
        (lambda: CombinatorialPurgedCV(parts=5, tested=5), "5 of 5 parts tested"),
        (lambda: CombinatorialPurgedCV(parts=40, tested=20), "more than 20,000"),
        (lambda: CombinatorialPurgedCV().recombined([np.zeros(3)]), "1 results for 45 splits"),
        (lambda: Spans([0, 1], [1]), r"\(2,\) starts but \(1,\) ends"),
        (lambda: Spans([0, 2, 1], [3, 3, 3]), "row 2 starts before row 1"),
        (lambda: Spans([0, 2], [3, 1]), "row 1 ends at 1, before 2"),
    ],
)
def test_bad_input_says_what_and_by_how_much(make: object, said: str) -> None:
    with pytest.raises(BadSplit, match=said):
        make()
