"""Training and test rows that share no information: purged folds and their combinations.

Source: Lopez de Prado 2018 ("Advances in financial machine learning"), chapters 7 and 12. The
splitters have the interface of scikit-learn, so that its searches and scores take them as `cv`.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thunes.core.stats.series import BadSeries, Floats

Ints = NDArray[np.int64]
Split = tuple[Ints, Ints]

SPLITS_MAX = 20_000
"""As many as anybody can train for; C(16, 8) is 12,870."""


class BadSplit(BadSeries):
    """Rows that cannot be split as asked; the message says what is missing, and by how much."""


class Spans:
    """From when to when each row's information reaches: both ends belong to it.

    `start` is the decision, ascending; `end` the moment that settles the label, never before it.
    int64 of any unit, n of each.
    """

    def __init__(self, start: ArrayLike, end: ArrayLike) -> None:
        self.start = np.asarray(start, dtype=np.int64)
        self.end = np.asarray(end, dtype=np.int64)
        if self.start.ndim != 1 or self.start.shape != self.end.shape:
            raise BadSplit(f"{self.start.shape} starts but {self.end.shape} ends: one for each row")
        for place in np.flatnonzero(np.diff(self.start) < 0)[:1] + 1:
            raise BadSplit(f"row {place} starts before row {place - 1}: sort the rows by start")
        for place in np.flatnonzero(self.end < self.start)[:1]:
            raise BadSplit(f"row {place} ends at {self.end[place]}, before {self.start[place]}")

    @classmethod
    def of_rows(cls, count: int) -> "Spans":
        """Rows that are settled at once: row i reaches from i to i."""
        return cls(np.arange(count), np.arange(count))

    def __len__(self) -> int:
        return self.start.size

    def embargo(self, lookback: int) -> int:
        """What an embargo is unless told: one hundredth of all time, not less than `lookback`."""
        return max((int(self.end.max()) - int(self.start[0])) // 100, lookback)

    def apart(self, test: Ints, embargo: int) -> Ints:
        """The rows that share nothing with the `test` rows, ascending.

        Around each contiguous run of test rows, from its first start a to its *latest* end b, a row
        goes if it overlaps [a, b] (purged), or if it starts after b, up to b + `embargo`.
        """
        clear = np.ones(len(self), dtype=np.bool_)
        clear[test] = False
        for run in np.split(test, np.flatnonzero(np.diff(test) > 1) + 1):
            a, b = self.start[run].min(), self.end[run].max()
            clear &= (self.start > b + embargo) | (self.end < a)
        return np.flatnonzero(clear)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """What both splitters are told.

    `spans` are the rows' (default: settled at once), `embargo` and `lookback` (how far a row's
    features look back) in the unit of the spans; the embargo defaults to `Spans.embargo`.
    `train_min` rows at least must be left to train on.
    """

    spans: Spans | None = None
    embargo: int | None = None
    lookback: int = 0
    train_min: int = 1

    def _spans(self, rows: int, groups: int) -> Spans:
        spans = Spans.of_rows(rows) if self.spans is None else self.spans
        if len(spans) != rows:
            raise BadSplit(f"{rows} rows, but the spans of {len(spans)}")
        if rows < groups:
            raise BadSplit(f"{rows} rows for {groups} groups: {groups - rows} too few")
        for name, value in (("embargo", self.embargo or 0), ("lookback", self.lookback)):
            if value < 0:
                raise BadSplit(f"the {name} is {value}: it cannot be negative")
        return spans

    def _split(self, spans: Spans, tests: Sequence[Ints]) -> Iterator[Split]:
        embargo = spans.embargo(self.lookback) if self.embargo is None else self.embargo
        for number, test in enumerate(tests):
            train = spans.apart(test, embargo)
            if train.size < self.train_min:
                raise BadSplit(
                    f"split {number}: after purge and an embargo of {embargo}, {train.size} of "
                    f"{len(spans) - test.size} rows are left to train on, "
                    f"{self.train_min - train.size} fewer than the {self.train_min} needed; take "
                    "more rows, larger training parts, shorter labels or a shorter embargo"
                )
            yield train, test


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgedKFold(_Groups):
    """Each of `folds` runs of rows is the test once; purged and embargoed, the rest trains."""

    folds: int = 5

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise BadSplit(f"{self.folds} folds: at least 2 are needed")

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """How many splits there are."""
        return self.folds

    def split(self, X: Any, y: object = None, groups: object = None) -> Iterator[Split]:
        """(train, test) row numbers, both ascending; `X` is anything with a length. BadSplit."""
        spans = self._spans(len(X), self.folds)
        yield from self._split(spans, np.array_split(np.arange(len(spans)), self.folds))


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinatorialPurgedCV(_Groups):
    """Each choice of `tested` of `parts` runs of rows is the test once: C(parts, tested) splits.

    Each run is tested C(parts - 1, tested - 1) times, so that the tests make up as many whole
    paths through the past. A path of trades is flat at the borders of the runs.
    """

    parts: int = 10
    tested: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.tested < self.parts:
            raise BadSplit(
                f"{self.tested} of {self.parts} parts tested: 1 to {self.parts - 1} can be"
            )
        if self.get_n_splits() > SPLITS_MAX:
            raise BadSplit(f"{self.get_n_splits():,} splits, more than {SPLITS_MAX:,}: test fewer")

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """How many splits there are."""
        return math.comb(self.parts, self.tested)

    def split(self, X: Any, y: object = None, groups: object = None) -> Iterator[Split]:
        """(train, test) row numbers, both ascending; `X` is anything with a length. BadSplit."""
        spans = self._spans(len(X), self.parts)
        runs = np.array_split(np.arange(len(spans)), self.parts)
        tests = [np.concatenate([runs[part] for part in chosen]) for chosen in self._choices()]
        yield from self._split(spans, tests)

    def paths(self) -> Ints:
        """The split that tests each part on each path, paths x parts: path j takes the j-th split
        that tests the part."""
        tests = [
            [number for number, chosen in enumerate(self._choices()) if part in chosen]
            for part in range(self.parts)
        ]
        return np.array(tests, dtype=np.int64).T

    def recombined(self, tested: Sequence[Floats]) -> Floats:
        """What the splits' tests came to as whole paths, paths x rows.

        `tested` has one array a split, with one number for each of its test rows, in order.
        """
        if len(tested) != self.get_n_splits():
            raise BadSplit(f"{len(tested)} results for {self.get_n_splits()} splits")
        rows = sum(each.size for each in tested) // math.comb(self.parts - 1, self.tested - 1)
        runs = np.array_split(np.arange(rows), self.parts)
        choices = list(self._choices())
        found = np.empty((self.paths().shape[0], rows))
        for path, splits in zip(found, self.paths(), strict=True):
            for part, split in enumerate(splits.tolist()):
                before = sum(runs[each].size for each in choices[split] if each < part)
                path[runs[part]] = tested[split][before : before + runs[part].size]
        return found

    def _choices(self) -> Iterator[tuple[int, ...]]:
        return combinations(range(self.parts), self.tested)
