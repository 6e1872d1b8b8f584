"""Flips: where, for many pairs of windows, the mean over one crosses the mean over the other.

Each distinct window is summed once in a tile of rows that stays in the cache, then the pairs of it
are compared there, and of the outcome only the flips are looked at.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.research.sweep.layout import Floats, Ints
from thunes.research.sweep.signals import key_of

TILE = 2_048
_UNKNOWN = 2
_AT_ONCE = 1 << 20


class Windows(NamedTuple):
    """Running sums of whole units (one more than there are rows), the units per one, the distinct
    windows, and for each pair the places of its two windows among them."""

    sums: Ints
    scale: float
    windows: Ints
    fast: Ints
    slow: Ints


class Found(NamedTuple):
    """What is written: flips as row x 2, plus one for upward, tile by tile and there pair by pair,
    and how many (tiles, pairs) there are of each. For each pair which mean was above at the last
    row, and room for the means of one tile, for where the one is above the other (from the row
    before on), and for where that turns."""

    flips: NDArray[np.int32]
    counts: NDArray[np.int32]
    state: NDArray[np.uint8]
    means: Floats
    above: NDArray[np.uint8]
    turned: NDArray[np.uint8]


def room_for(x: Windows) -> Found:
    """Room to find the flips of all rows, those of some tiles at a time."""
    rows, pairs = x.sums.size - 1, x.fast.size
    return Found(
        flips=np.empty(pairs * TILE + 1 + min(pairs * rows, _AT_ONCE), dtype=np.int32),
        counts=np.zeros((-(-rows // TILE), pairs), dtype=np.int32),
        state=np.full(pairs, _UNKNOWN, dtype=np.uint8),
        means=np.empty((x.windows.size, TILE)),
        above=np.zeros(TILE + 8, dtype=np.uint8),
        turned=np.zeros(TILE, dtype=np.uint8),
    )


def add_up(values: Floats, scale: float, limit: float, sums: Ints) -> int:
    """The running sums of values times `scale`, up to the first row where that is no whole number,
    or one beyond the limit; its place."""
    sums[0] = 0
    for first in range(0, values.size, TILE):
        until = min(first + TILE, values.size)
        units = sums[first + 1 : until + 1]
        if _count_off(values[first:until], scale, limit, units) > 0:
            while _count_off(values[first : first + 1], scale, limit, sums[first + 1 :]) == 0:
                first += 1
            return first
        total = sums[first]
        for t in range(units.size):
            total += units[t]
            units[t] = total
    return int(values.size)


def _count_off(values: Floats, scale: float, limit: float, units: Ints) -> int:
    """Write values as units, and count those that are none."""
    off = 0
    for t in range(values.size):
        scaled = values[t] * scale
        unit = np.floor(scaled + 0.5) if -limit <= scaled <= limit else 0.0
        off += unit / scale != values[t]
        units[t] = np.int64(unit)
    return off


def find_flips(x: Windows, room: Found, tile: int) -> tuple[int, int]:
    """The flips of all pairs from this tile on, as long as there is room for every flip of the
    next: (the tile to go on from, flips found)."""
    found, rows = 0, x.sums.size - 1
    while tile < room.counts.shape[0] and found + x.fast.size * TILE < room.flips.size:
        first, count = tile * TILE, min(TILE, rows - tile * TILE)
        for place in range(x.windows.size):
            _means(x, x.windows[place], first, room.means[place, :count])
        for pair in range(x.fast.size):
            known = max(x.windows[x.fast[pair]], x.windows[x.slow[pair]]) - 1
            begin = max(0, known - first)
            if begin < count:
                before = found
                found = _flips_of(x, room, pair, (first, begin, count), found)
                room.counts[tile, pair] = found - before
        tile += 1
    return tile, found


def _flips_of(x: Windows, room: Found, pair: int, rows: tuple[int, int, int], found: int) -> int:
    """The flips of one pair in rows begin..count-1 of the tile that starts at `first`."""
    first, begin, count = rows
    _compare(room.means[x.fast[pair], :count], room.means[x.slow[pair], :count], room.above[1:])
    if room.state[pair] == _UNKNOWN:
        room.state[pair] = room.above[begin + 1]
    room.above[begin] = room.state[pair]
    room.state[pair] = room.above[count]
    room.turned[:begin], room.turned[count:] = 0, 0
    _turns(room.above[begin:], room.above[begin + 1 : count + 1], room.turned[begin:])
    for word in range(-(-count // 8)):
        if room.turned.view(np.uint64)[word] != 0:
            for t in range(word * 8, word * 8 + 8):  # whichever it is: no branch to guess
                room.flips[found] = (first + t) * 2 + int(room.above[t + 1])
                found += int(room.turned[t])
    return found


def put_in_order(
    flips: NDArray[np.int32], counts: NDArray[np.int32], place: Ints, symbol: int, keys: Ints
) -> None:
    """Put flips, as they were found tile by tile, where those of each pair are to stand together;
    `place` is for each pair where its next one goes."""
    at = 0
    for tile in range(counts.shape[0]):
        for pair in range(counts.shape[1]):
            to = place[pair]
            for each in range(counts[tile, pair]):
                flip = int(flips[at + each])
                keys[to + each] = key_of(flip >> 1, symbol, flip & 1)
            at += counts[tile, pair]
            place[pair] = to + counts[tile, pair]


def _means(x: Windows, window: int, first: int, out: Floats) -> None:
    begin, rows = max(0, window - 1 - first), window * x.scale
    if begin < out.size:
        ends = x.sums[first + begin + 1 : first + out.size + 1]
        _divide(ends, x.sums[first + begin + 1 - window :], rows, out[begin:])


# Loops from 0 on over slices are what a compiler makes wide instructions of.


def _divide(ends: Ints, begins: Ints, rows: float, out: Floats) -> None:
    for t in range(ends.size):
        out[t] = (ends[t] - begins[t]) / rows


def _compare(fast: Floats, slow: Floats, above: NDArray[np.uint8]) -> None:
    for t in range(fast.size):
        above[t] = fast[t] > slow[t]


def _turns(before: NDArray[np.uint8], now: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    for t in range(now.size):
        out[t] = now[t] ^ before[t]
