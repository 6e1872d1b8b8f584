"""Chance: named streams of random numbers that do not disturb each other."""

from collections.abc import Sequence
from hashlib import blake2b
from math import log
from typing import TypeVar

T = TypeVar("T")

_SCALE = 1.0 / (1 << 53)


class Stream:
    """Random numbers of one component: the n-th depends on (seed, component, n) alone."""

    __slots__ = ("_count", "_key")

    def __init__(self, seed: int, component: str) -> None:
        self._key = blake2b(f"{seed}/{component}".encode(), digest_size=32).digest()
        self._count = 0

    def uniform(self) -> float:
        """From [0, 1)."""
        self._count += 1
        digest = blake2b(self._count.to_bytes(8, "big"), key=self._key, digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 11) * _SCALE

    def hits(self, probability: float) -> bool:
        """Whether something of this probability happens; a number is drawn in any case."""
        return self.uniform() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def exponential(self, mean: float) -> float:
        return -log(1.0 - self.uniform()) * mean

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.uniform() * len(choices))]


class Chance:
    """All streams of one seed. Turning one component off leaves the numbers of the others alone."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Stream] = {}

    def stream(self, component: str) -> Stream:
        """The stream of `component`; each call gives the same one, where it stands."""
        stream = self._streams.get(component)
        if stream is None:
            stream = self._streams[component] = Stream(self.seed, component)
        return stream
