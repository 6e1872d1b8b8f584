"""Flips: where, for many pairs of windows, the mean over one crosses the mean over the other.

Each distinct window is summed once in a tile of rows that stays in the cache, then the pairs of it
are compared there, and of the outcome only the flips are looked at.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.research.sweep.layout import Floats, Ints, key_of

TILE = 2_048
_ALL_ABOVE = np.uint64(0x0101010101010101)
_NONE_ABOVE = np.uint64(0)
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
    row, and room for the means of one tile and for where the one is above the other."""

    flips: NDArray[np.int32]
    counts: NDArray[np.int32]
    state: NDArray[np.uint8]
    means: Floats
    above: NDArray[np.uint8]


def room_for(x: Windows) -> Found:
    """Room to find the flips of all rows, those of some tiles at a time."""
    rows, pairs = x.sums.size - 1, x.fast.size
    return Found(
        flips=np.empty(pairs * TILE + min(pairs * rows, _AT_ONCE), dtype=np.int32),
        counts=np.zeros((-(-rows // TILE), pairs), dtype=np.int32),
        state=np.full(pairs, _UNKNOWN, dtype=np.uint8),
        means=np.empty((x.windows.size, TILE)),
        above=np.zeros(TILE, dtype=np.uint8),
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
    while tile < room.counts.shape[0] and found + x.fast.size * TILE <= room.flips.size:
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
    first, begin, count = rows
    _compare(room.means[x.fast[pair], :count], room.means[x.slow[pair], :count], room.above)
    if room.state[pair] == _UNKNOWN:
        room.state[pair] = room.above[begin]
    state = room.state[pair : pair + 1]
    return _walk(room.above, (begin, count), state, (first, found), room.flips)


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
                flip = np.int64(flips[at + each])
                keys[to + each] = key_of(flip >> 1, symbol, flip & 1)
            at += counts[tile, pair]
            place[pair] = to + counts[tile, pair]


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
    out: NDArray[np.int32],
) -> int:
    """Go from flip to flip, over eight rows at a time where nothing changes."""
    words = above.view(np.uint64)
    first, found = place
    now, t = state[0], rows[0]
    while t < rows[1]:
        wide = t % 8 == 0 and t + 8 <= rows[1]
        if wide and words[t >> 3] == (_ALL_ABOVE if now else _NONE_ABOVE):
            t += 8
            continue
        if above[t] != now:
            now = above[t]
            out[found] = (first + t) * 2 + now
            found += 1
        t += 1
    state[0] = now
    return found
