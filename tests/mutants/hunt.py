"""The hunt for planted bugs: seed after seed, until something breaks that holds without the bug."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from tests.mutants.mutant import Mutant
from tests.mutants.planted import MUTANTS
from thunes.simulation.trial import run_seed

STRIDE = 300
"""How far one range of seeds begins after the other."""

_PATIENCE_S = 60  # a bug may have the program do nothing else for ever


class Caught(NamedTuple):
    """The seed that found a bug, the invariant that broke first there, and what it said."""

    seed: int
    by: str
    text: str


class Hunted(NamedTuple):
    """How one mutant was found in each range of seeds; None where it was not."""

    name: str
    caught: list[Caught | None]

    @property
    def first(self) -> Caught | None:
        """The first range that found it tells."""
        return next(filter(None, self.caught), None)

    @property
    def everywhere(self) -> bool:
        """Whether every range found it."""
        return all(self.caught)

    def seeds(self) -> list[int]:
        """How many seeds it took in each range."""
        firsts = range(1, 1 + STRIDE * len(self.caught), STRIDE)
        pairs = zip(self.caught, firsts, strict=True)
        return [STRIDE if each is None else each.seed - first + 1 for each, first in pairs]


class _Stuck(BaseException):
    """A seed that does not come to its end."""


def hunt(mutant: Mutant, seeds: Iterable[int]) -> Caught | None:
    """The first of `seeds` that finds the mutant; None if none does."""
    for seed in seeds:
        caught = look(mutant, seed)
        if caught is not None and clean(seed, mutant.profile):
            return caught
    return None


def hunt_one(task: tuple[int, int, int]) -> Hunted:
    """Hunt one mutant, named by its place, in so many ranges of so many seeds."""
    place, ranges, seeds = task
    mutant = MUTANTS[place]
    firsts = range(1, 1 + STRIDE * ranges, STRIDE)
    return Hunted(mutant.name, [hunt(mutant, range(n, n + seeds)) for n in firsts])


def look(mutant: Mutant, seed: int) -> Caught | None:
    """What breaks in one seed with the bug in the code."""
    try:
        with mutant.planted(), _patience():
            broken = run_seed(seed, mutant.profile).broken
    except _Stuck:
        return Caught(seed, "L9", f"no end after {_PATIENCE_S} s")
    except Exception as error:  # noqa: BLE001 - whatever a bug makes the program do, it is found out
        return Caught(seed, "S43", f"{type(error).__name__}: {error}")
    return Caught(seed, broken[0].name, broken[0].text) if broken else None


@cache
def clean(seed: int, profile: str) -> bool:
    """Whether nothing breaks there without any bug."""
    return run_seed(seed, profile).clean


@contextmanager
def _patience() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _Stuck

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(_PATIENCE_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
