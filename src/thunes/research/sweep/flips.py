"""Flips: where, for many pairs of windows, the mean over one crosses the mean over the other.

Each distinct window is summed once in a tile of rows that stays in the cache, then the pairs of it
are compared there, and of the outcome only the flips are looked at.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.research.sweep.layout import Floats, Ints

TILE = 2_048
_ALL_ABOVE = np.uint64(0x0101010101010101)
_NONE_ABOVE = np.uint64(0)
UNKNOWN = 2


class Windows(NamedTuple):
    """Running sums of whole units (one more than there are rows), the units per one, the distinct
    windows, and for each pair the places of its two windows among them."""

    sums: Ints
    scale: float
    windows: Ints
    fast: Ints
    slow: Ints


class Room(NamedTuple):
    """What is written: for each pair which mean was above at the row before (or UNKNOWN), the
    means of one tile, where the one is above the other, and the flips that are found."""

    state: NDArray[np.uint8]
    means: Floats
    above: NDArray[np.uint8]
    out: Ints


def room_for(x: Windows, rows: int) -> Room:
    """Room to find the flips of so many rows."""
    return Room(
        state=np.full(x.fast.size, UNKNOWN, dtype=np.uint8),
        means=np.empty((x.windows.size, TILE)),
        above=np.zeros(TILE, dtype=np.uint8),
        out=np.empty(x.fast.size * min(TILE, rows), dtype=np.int64),
    )


def find_flips(x: Windows, room: Room, first: int, until: int) -> tuple[int, int]:
    """The flips of all pairs in rows first..until-1, tile by tile, as long as there is room for
    every flip of the next tile: (the next row to go on from, flips found). A flip is written as
    (pair x rows + row) x 2, plus one for upward."""
    state, means, above, out = room
    found, total = 0, x.sums.size - 1
    while first < until and found + x.fast.size * min(TILE, until - first) <= out.size:
        count = min(TILE, until - first)
        for place in range(x.windows.size):
            _means(x, x.windows[place], first, means[place, :count])
        for pair in range(x.fast.size):
            known = max(x.windows[x.fast[pair]], x.windows[x.slow[pair]]) - 1
            begin = max(0, known - first)
            if begin >= count:
                continue
            _compare(means[x.fast[pair], :count], means[x.slow[pair], :count], above)
            if state[pair] == UNKNOWN:
                state[pair] = above[begin]
            base = pair * total + first
            found = _walk(above, (begin, count), state[pair : pair + 1], (base, found), out)
        first += count
    return first, found


def _means(x: Windows, window: int, first: int, out: Floats) -> None:
    rows = window * x.scale
    begin = max(0, window - 1 - first)
    for t in range(begin, out.size):
        out[t] = (x.sums[first + t + 1] - x.sums[first + t + 1 - window]) / rows


def _compare(fast: Floats, slow: Floats, above: NDArray[np.uint8]) -> None:
    for t in range(fast.size):
        above[t] = fast[t] > slow[t]


def _walk(
    above: NDArray[np.uint8],
    rows: tuple[int, int],
    state: NDArray[np.uint8],
    place: tuple[int, int],
    out: Ints,
) -> int:
    """Go from flip to flip, over eight rows at a time where nothing changes."""
    words = above[:TILE].view(np.uint64)
    base, found = place
    now, t = state[0], rows[0]
    while t < rows[1]:
        wide = t % 8 == 0 and t + 8 <= rows[1]
        if wide and words[t >> 3] == (_ALL_ABOVE if now else _NONE_ABOVE):
            t += 8
            continue
        if above[t] != now:
            now = above[t]
            out[found] = (base + t) * 2 + now
            found += 1
        t += 1
    state[0] = now
    return found
