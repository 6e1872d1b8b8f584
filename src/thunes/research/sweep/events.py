"""Events: the signals of many parameter sets as sparse rows, in the order in which they come.

Where every strategy promises to be the crossing of two means, these are found for all at once.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.units import Symbol
from thunes.core.market.exact_mean import finer_grid, unit_limit
from thunes.core.market.tape import Tape
from thunes.core.stats.kernel import compile_whole
from thunes.core.strategy.crossing import MeansCrossing
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.sweep.flips import Windows, add_up, find_flips, put_in_order, room_for
from thunes.research.sweep.layout import Floats, Ints
from thunes.research.sweep.sharing import THREADS, shared
from thunes.research.sweep.signals import Signals, key_of, row_of

COMPILE_FROM = 100_000
"""Rows times sets that are worth the compiler; both forms find the same."""

_Form = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Found(NamedTuple):
    """Signals of one symbol, those of set n from start[n] on, and the stops of entries."""

    start: Ints
    key: Ints
    distance: Floats | None = None


class _Pairs(NamedTuple):
    """Distinct windows, and for each pair the places of its two among them."""

    windows: Ints
    fast: Ints
    slow: Ints


def means_of(strategies: Sequence[SignalStrategy]) -> list[tuple[int, int]] | None:
    """The two windows of each; None where some strategy does not promise to look at no more."""
    kinds = {type(each): each for each in strategies}
    if not all(isinstance(each, MeansCrossing) for each in kinds.values()):
        return None
    return [each.means() for each in cast(Sequence[MeansCrossing], strategies)]


def events_of(
    strategies: Sequence[SignalStrategy], tape: Tape, symbols: Sequence[Symbol]
) -> Signals:
    """The signals of every strategy on every symbol, numbered as in `symbols`."""
    work = len(strategies) * len(symbols) * len(tape)
    form = _compiled if work >= COMPILE_FROM else _plain
    # Symbols have a thread each; of a single one the pairs are shared out.
    parts = _parts(means_of(strategies), THREADS if len(symbols) == 1 else 1)

    def of(s: int) -> _Found | None:
        return _crossings(parts, tape, (s, symbols[s]), form) if parts else None

    crossings = shared(of, range(len(symbols)))
    found = [each or _each(strategies, tape, (s, symbols[s])) for s, each in enumerate(crossings)]
    return _of_one(found[0]) if len(found) == 1 else _merged(found)


def _of_one(found: _Found) -> Signals:
    return Signals(
        found.start, found.key, np.empty(0) if found.distance is None else found.distance
    )


def _merged(found: list[_Found]) -> Signals:
    """The signals of all symbols, set by set and there in the order of their keys."""
    start = np.sum([each.start for each in found], axis=0)
    key = np.empty(start[-1], dtype=np.int64)
    stops = any(each.distance is not None for each in found)
    distance = np.empty(start[-1] if stops else 0)
    for n in range(start.size - 1):
        here = slice(start[n], start[n + 1])
        parts = [slice(each.start[n], each.start[n + 1]) for each in found]
        together = np.concatenate([each.key[own] for each, own in zip(found, parts, strict=True)])
        if stops:
            order = np.argsort(together)
            own_stops = [_stops(each, own) for each, own in zip(found, parts, strict=True)]
            key[here], distance[here] = together[order], np.concatenate(own_stops)[order]
        else:
            together.sort()
            key[here] = together
    return Signals(start, key, distance)


def _stops(found: _Found, part: slice) -> Floats:
    if found.distance is None:
        return np.full(part.stop - part.start, np.nan)
    return found.distance[part]


def _each(strategies: Sequence[SignalStrategy], tape: Tape, of: tuple[int, Symbol]) -> _Found:
    """Every strategy asked for its signals, one after the other."""
    bars = tape.bars[of[1]]
    known = _known(tape, of[1])
    keys: list[Ints] = []
    distances: list[Floats] = []
    stops = False
    for strategy in strategies:
        signals = evaluate(strategy, bars)
        rows = np.flatnonzero(signals.enter | signals.exit)
        keys.append(key_of(known[rows], of[0], signals.enter[rows].astype(np.int64)))
        stops = stops or signals.stop_distance is not None
        distance = signals.stop_distance
        distances.append(np.full(rows.size, np.nan) if distance is None else distance[rows])
    start = np.cumsum([0, *(each.size for each in keys)])
    return _Found(start, np.concatenate(keys), np.concatenate(distances) if stops else None)


def _known(tape: Tape, symbol: Symbol) -> Ints:
    """For each row of the symbol that of the tape at which it is known."""
    own = np.arange(len(tape.bars[symbol]))
    return np.searchsorted(tape.rows(symbol, 0, len(tape)), own).astype(np.int64)


def _parts(means: list[tuple[int, int]] | None, count: int) -> list[_Pairs]:
    """The pairs in so many parts of equal size; none where there is nothing to compare."""
    if means is None or min(map(min, means)) < 1:
        return []
    count = min(count, len(means))
    cuts = [len(means) * n // count for n in range(count + 1)]
    return [_pairs(means[begin:end]) for begin, end in pairwise(cuts)]


def _pairs(means: list[tuple[int, int]]) -> _Pairs:
    windows, places = np.unique(np.array(means, dtype=np.int64), return_inverse=True)
    fast, slow = np.ascontiguousarray(places.reshape(-1, 2).T)
    return _Pairs(windows, fast, slow)


def _crossings(
    parts: list[_Pairs], tape: Tape, of: tuple[int, Symbol], form: _Form
) -> _Found | None:
    """All crossings of means at once; None where a mean is not the exact one of whole units."""
    s, symbol = of
    bars = tape.bars[symbol]
    added = _added_up(bars.close, max(int(each.windows[-1]) for each in parts), form)
    if added is None:
        return None
    found = shared(lambda part: _flips(Windows(*added, *part), form), parts)
    counts = np.concatenate([rooms.sum(axis=0) for _, rooms in found])
    start = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    key: Ints = np.empty(start[-1], dtype=np.int64)
    place, first = start[:-1].copy(), 0
    for flips, rooms in found:
        form(put_in_order)(flips, rooms, place[first : first + rooms.shape[1]], s, key)
        first += rooms.shape[1]
    if len(bars) != len(tape):
        key = key_of(_known(tape, symbol)[row_of(key)], s, key & 1)
    return _Found(start, key)


def _added_up(closes: Floats, widest: int, form: _Form) -> tuple[Ints, float] | None:
    """Running sums of whole units, and the units per one."""
    sums, scale = np.empty(closes.size + 1, dtype=np.int64), 1.0
    while (row := form(add_up)(closes, scale, unit_limit(widest), sums)) < closes.size:
        finer = finer_grid(float(closes[row]), scale, widest)
        if finer is None:
            return None
        scale = finer
    return sums, scale


def _flips(x: Windows, form: _Form) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    room, tile, chunks = room_for(x), 0, []
    while tile < room.counts.shape[0]:
        tile, found = form(find_flips)(x, room, tile)
        chunks.append(room.flips[:found].copy())
    return np.concatenate(chunks), room.counts


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


@cache
def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return compile_whole(function)
