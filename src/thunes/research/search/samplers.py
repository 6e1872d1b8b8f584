"""Samplers: which points a search tries next, the same ones for the same seed."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.research.search.space import Point, Space
from thunes.research.search.trying import Trying
from thunes.research.trials import Trial

WORST = -10.0
"""The score of a set that a study is told of but nobody wants: refused, or never traded."""

REPEATS_MAX = 40
"""So many points in a row that are not new, and a study is believed to have no other."""

_DRAWS_A_POINT = 20

Progress = Callable[[int, int], object]


class Study(Protocol):
    """A memory of points and scores that proposes the next point. What others told it, and what
    they have on record of it, is there as well."""

    def ask(self) -> tuple[int, Point]: ...
    def tell(self, number: int, values: Sequence[float], record: bytes) -> None: ...
    def count(self) -> int: ...
    def records(self) -> Sequence[bytes]: ...


Score = Callable[[Trial | None], Sequence[float]]
"""What a study is told of a trial, or of a refused point: a value for each direction."""


class Batch(NamedTuple):
    """How many points are tried and recorded at a time, and who hears how far it is."""

    size: int
    progress: Progress


def grid_points(space: Space, fits: int) -> list[Point]:
    """Every point. UsageError: there are more than `fits` in memory."""
    if space.size > fits:
        raise UsageError(
            f"the grid has {space.size:,} sets, and {fits:,} fit into the memory allowed: give "
            "--memory more, take larger steps or fewer values in --range, or try a part of them "
            f"by --sampler random --trials {fits}"
        )
    return list(space.points())


def random_points(space: Space, count: int, seed: int) -> Iterator[Point]:
    """Different points that the strategy does not refuse: at most `count`, drawn by `seed`."""
    drawn: set[int] = set()
    random = np.random.default_rng(seed)
    shape = [len(axis.values) for axis in space.axes]
    given = asks = 0
    while given < count and len(drawn) < space.size and asks < _DRAWS_A_POINT * count + space.size:
        asks += 1
        flat = int(random.integers(space.size))
        if flat in drawn:
            continue
        drawn.add(flat)
        point = tuple(int(each) for each in np.unravel_index(flat, shape))
        if space.refusal(point) is None:
            given += 1
            yield point


def try_all(points: Sequence[Point], trying: Trying, batch: Batch) -> None:
    """Try points in their order, batch by batch; each batch is on record before the next."""
    batch.progress(0, len(points))
    for first in range(0, len(points), batch.size):
        trying(points[first : first + batch.size])
        batch.progress(min(first + batch.size, len(points)), len(points))


def try_study(study: Study, trials: int, trying: Trying, score: Score, progress: Progress) -> None:
    """Ask a study for points and tell it their scores until it knows of `trials` different ones,
    whoever ran them, or has nothing new to propose; then all of them are known here."""
    old = 0
    while (count := study.count()) < trials and old < REPEATS_MAX:
        progress(count, trials)
        number, point = study.ask()
        old = old + 1 if point in trying.found or point in trying.refused else 0
        trying([point])
        trial = trying.found.get(point)
        record = b"" if trial is None else msgspec.json.encode(trial)
        study.tell(number, score(trial), record)
    progress(min(count, trials), trials)
    trying.admit([msgspec.json.decode(each, type=Trial) for each in study.records()])
