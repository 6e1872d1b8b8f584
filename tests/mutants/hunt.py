"""The hunt for planted bugs: seed after seed, until something breaks that holds without the bug."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from tests.mutants.mutant import Mutant
from thunes.simulation.trial import run_seed

_PATIENCE_S = 60  # a bug may have the program do nothing else for ever


class Caught(NamedTuple):
    """The seed that found a bug, the invariant that broke first there, and what it said."""

    seed: int
    by: str
    text: str


class _Stuck(BaseException):
    """A seed that does not come to its end."""


def hunt(mutant: Mutant, seeds: Iterable[int]) -> Caught | None:
    """The first of `seeds` that finds the mutant; None if none does."""
    for seed in seeds:
        caught = look(mutant, seed)
        if caught is not None and clean(seed, mutant.profile):
            return caught
    return None


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
