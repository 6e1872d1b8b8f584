"""Numbers that pass for chance: each is a function of a seed, a stream and a place.

The core throws no dice. A resampled figure must come out the same whoever computes it, in whatever
order and on however many threads, so that every draw has its own stream and every number its own
place in it: the finalizer of SplitMix64 (Steele, Lea & Flood 2014) over a Weyl sequence.
"""

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_WEYL = 0x9E37_79B9_7F4A_7C15
_FIRST, _SECOND = np.uint64(0xBF58_476D_1CE4_E5B9), np.uint64(0x94D0_49BB_1331_11EB)
_30, _27, _31 = np.uint64(30), np.uint64(27), np.uint64(31)
_ALL = 2**64 - 1


def words(seed: int, streams: range, count: int) -> Words:
    """Evenly distributed 64-bit numbers, len(streams) x `count`.

    `seed` is any integer; `streams` are the numbers of the draws, so that 0..9 and then 10..19 are
    what 0..19 would have been.
    """
    start = _mixed(np.array([seed & _ALL], dtype=np.uint64))
    steps = np.array([(stream + 1) * _WEYL & _ALL for stream in streams], dtype=np.uint64)
    keys = _mixed(start + steps)
    places = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_WEYL)
    return _mixed(keys[:, np.newaxis] + places)


def permutations(seed: int, streams: range, count: int) -> NDArray[np.int64]:
    """Orders of `count` things, each equally likely, len(streams) x `count`."""
    return np.argsort(words(seed, streams, count), axis=1, kind="stable")


def _mixed(z: Words) -> Words:
    """The numbers themselves are overwritten."""
    z ^= z >> _30
    z *= _FIRST
    z ^= z >> _27
    z *= _SECOND
    z ^= z >> _31
    return z
