"""Events: the signals of many parameter sets as sparse rows, in the order in which they come.

Where every strategy promises to be the crossing of two means, these are found for all at once.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

from thunes.core.domain.units import Symbol
from thunes.core.market.bars import Bars
from thunes.core.market.exact_mean import whole_units
from thunes.core.market.tape import Tape
from thunes.core.stats.kernel import compile_whole
from thunes.core.strategy.crossing import MeansCrossing
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.sweep.flips import TILE, Windows, find_flips, room_for
from thunes.research.sweep.layout import Floats, Ints, Signals

THREADS = 2


class _Found(NamedTuple):
    """Signals of one symbol: (set x rows of the tape + row) x 2, plus one to enter, and stops."""

    keys: Ints
    distance: Floats | None


def events_of(
    strategies: Sequence[SignalStrategy], tape: Tape, symbols: Sequence[Symbol]
) -> Signals:
    """The signals of every strategy on every symbol, numbered as in `symbols`."""
    found = [_of_symbol(strategies, tape, symbol) for symbol in symbols]
    count, rows = len(symbols), len(tape)
    # By set, then by row, then in the order of the symbols, which stands between row and side.
    keys = [each.keys // 2 * (2 * count) + 2 * s + each.keys % 2 for s, each in enumerate(found)]
    merged = keys[0] if count == 1 else np.concatenate(keys)
    distance = np.empty(0)
    if any(each.distance is not None for each in found):
        order = np.argsort(merged)
        distance = np.concatenate([_distances(each) for each in found])[order]
        merged = merged[order]
    else:
        merged = np.sort(merged)
    a_set = 2 * count * rows
    return Signals(
        start=np.searchsorted(merged, np.arange(len(strategies) + 1) * a_set),
        row=(merged // (2 * count) % rows).astype(np.int32),
        symbol=(merged // 2 % count).astype(np.int32),
        enter=(merged % 2).astype(np.bool_),
        distance=distance,
    )


def _distances(found: _Found) -> Floats:
    return np.full(found.keys.size, np.nan) if found.distance is None else found.distance


def _of_symbol(strategies: Sequence[SignalStrategy], tape: Tape, symbol: Symbol) -> _Found:
    bars = tape.bars[symbol]
    keys = _crossings(strategies, bars)
    if keys is None:
        return _each(strategies, tape, symbol)
    if len(bars) != len(tape):
        sets, rows = keys // (2 * len(bars)), keys // 2 % len(bars)
        known = np.searchsorted(tape.rows(symbol, 0, len(tape)), np.arange(len(bars)))
        keys = (sets * len(tape) + known[rows]) * 2 + keys % 2
    return _Found(keys, None)


def _each(strategies: Sequence[SignalStrategy], tape: Tape, symbol: Symbol) -> _Found:
    """Every strategy asked for its signals, one after the other."""
    bars = tape.bars[symbol]
    known = np.searchsorted(tape.rows(symbol, 0, len(tape)), np.arange(len(bars)))
    keys: list[Ints] = []
    distances: list[Floats] = []
    stops = False
    for n, strategy in enumerate(strategies):
        signals = evaluate(strategy, bars)
        rows = np.flatnonzero(signals.enter | signals.exit)
        keys.append((n * len(tape) + known[rows]) * 2 + signals.enter[rows])
        stops = stops or signals.stop_distance is not None
        distance = signals.stop_distance
        distances.append(np.full(rows.size, np.nan) if distance is None else distance[rows])
    return _Found(np.concatenate(keys), np.concatenate(distances) if stops else None)


def _crossings(strategies: Sequence[SignalStrategy], bars: Bars) -> Ints | None:
    """All crossings of means at once, as keys over the symbol's own rows; None where some strategy
    is something else, or a mean is not the exact one of `whole_units`."""
    pairs = [each.means() for each in strategies if isinstance(each, MeansCrossing)]
    if len(pairs) < len(strategies):
        return None
    windows, places = np.unique(np.array(pairs, dtype=np.int64), return_inverse=True)
    if windows[0] < 1 or (units := whole_units(bars.close, int(windows[-1]))) is None:
        return None
    sums = np.zeros(len(bars) + 1, dtype=np.int64)
    np.cumsum(units[0], out=sums[1:])
    fast, slow = places.reshape(-1, 2).T.astype(np.int64, order="C")
    x = Windows(sums, units[1], windows, np.ascontiguousarray(fast), np.ascontiguousarray(slow))
    begins = [len(bars) * n // THREADS for n in range(THREADS + 1)]
    if len(bars) < 4 * TILE:
        begins = [0, len(bars)]
    with ThreadPoolExecutor(THREADS) as threads:
        parts = threads.map(lambda n: _part(x, begins[n], begins[n + 1]), range(len(begins) - 1))
        return np.concatenate(list(parts))


def _part(x: Windows, begin: int, end: int) -> Ints:
    """The flips of some rows. The row before tells which mean was above."""
    first, parts = max(0, begin - 1), []
    room = room_for(x, end - first)
    while first < end:
        first, found = _compiled()(x, room, first, end)
        parts.append(room.out[:found].copy())
    return np.concatenate(parts)


@cache
def _compiled():  # type: ignore[no-untyped-def]
    return compile_whole(find_flips)
