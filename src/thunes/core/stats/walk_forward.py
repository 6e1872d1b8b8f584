"""Training rows always before the test rows that follow them, as in life."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.core.stats.splits import BadSplit, Spans

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """Windows through time: each trains on `train` rows and tests on the `test` rows after them.

    All in rows. The window moves on by `step` (default: `test`; not less, so that no row is tested
    twice and the tests make one curve). `anchored` windows begin at the first row and grow.

    Training rows that reach into the test are purged, and so are those that end less than `embargo`
    before its start, in the unit of `spans` (default: rows, settled at once). The last window may
    test on fewer rows if `whole` is False.
    """

    train: int
    test: int
    step: int | None = None
    anchored: bool = False
    whole: bool = True
    embargo: int = 0
    train_min: int = 1
    spans: Spans | None = None

    def __post_init__(self) -> None:
        for name, value in (("train", self.train), ("test", self.test)):
            if value < 1:
                raise BadSplit(f"{name} is {value} rows: at least 1 is needed")
        if self.step is not None and self.step < self.test:
            raise BadSplit(
                f"a step of {self.step} rows tests {self.test - self.step} of {self.test} rows "
                "twice; step at least as far as the test is long"
            )
        if self.embargo < 0:
            raise BadSplit(f"the embargo is {self.embargo}: it cannot be negative")

    def get_n_splits(self, X: Any = None, y: object = None, groups: object = None) -> int:
        """How many windows the rows of `X` have room for; BadSplit without `X`."""
        if X is None:
            raise BadSplit("how many windows there are depends on the rows: give X")
        return len(self._windows(len(X)))

    def split(
        self,
        X: Any,
        y: object = None,
        groups: object = None,
    ) -> Iterator[tuple[Ints, Ints]]:
        """(train, test) row numbers, oldest window first; `X` is anything with a length.

        Raises BadSplit where there is no room for one window, or where a purge leaves fewer than
        `train_min` rows to train on.
        """
        spans = Spans.of_rows(len(X)) if self.spans is None else self.spans
        if len(spans) != len(X):
            raise BadSplit(f"{len(X)} rows, but the spans of {len(spans)}")
        for number, (first, middle, last) in enumerate(self._windows(len(X))):
            rows = np.arange(first, middle)
            train = rows[spans.end[rows] < spans.start[middle] - self.embargo]
            if train.size < self.train_min:
                raise BadSplit(
                    f"window {number}: after purge and an embargo of {self.embargo}, {train.size} "
                    f"of {rows.size} rows are left to train on, {self.train_min - train.size} "
                    f"fewer than the {self.train_min} needed; train on more rows"
                )
            yield train, np.arange(middle, last)

    def _windows(self, rows: int) -> list[tuple[int, int, int]]:
        """(first row, first test row, end) of each window."""
        shortest = self.train + (self.test if self.whole else 1)
        if rows < shortest:
            raise BadSplit(
                f"{rows} rows, {shortest - rows} fewer than a window of "
                f"{self.train} + {self.test} needs"
            )
        starts = range(self.train, rows - (shortest - self.train) + 1, self.step or self.test)
        return [
            (0 if self.anchored else at - self.train, at, min(at + self.test, rows))
            for at in starts
        ]
