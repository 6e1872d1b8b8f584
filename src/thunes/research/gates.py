"""The look-ahead gates: a row's signals may not change with what comes after its bar.

Each gate asks a strategy for its signals of bars that were cut or rewritten and compares, without
tolerance, the rows that must not differ. How often it asks is bounded, whatever the length.
"""

import numpy as np

from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.poison import Poison, rewritten, scaled
from thunes.research.probe import Breach, Columns, Gate, Probe, attempt, compare, signals_of

_EVERY_PREFIX_UP_TO = 64
_PLACES = 48
_POISONED_PLACES = 5
_CHUNKS = 16
_POWERS = (1, 5, -1)
_GOLDEN_RATIO = 0.6180339887498949


def check_prefix(strategy: SignalStrategy, bars: Bars) -> tuple[Breach, ...]:
    """G1: the first n bars alone give the first n rows.

    For each n up to 64, then for rows spread over all, and around rows on which a signal fires.
    """
    full = signals_of(strategy, bars)
    fired = _fired(full, _PLACES // 3)
    wanted = [*range(1, _EVERY_PREFIX_UP_TO + 1), *_spread(len(bars), _PLACES)]
    wanted += [n for row in fired for n in (row, row + 1, row + 2)]
    found: list[Breach] = []
    for n in sorted({n for n in wanted if 0 < n < len(bars)}):
        probe = Probe(Gate.PREFIX, n, f"when the data end with bar {n - 1}")
        found.extend(_cut(strategy, bars, probe, full))
    return tuple(found)


def check_poison(strategy: SignalStrategy, bars: Bars) -> tuple[Breach, ...]:
    """G2: whatever the bars after a row are replaced with, the rows up to it stay.

    For rows on which a signal fires, the rows before them, and rows spread over all.
    """
    full = signals_of(strategy, bars)
    fired = _fired(full, _POISONED_PLACES)
    places = [*fired, *(row + 1 for row in fired), *_spread(len(bars), _POISONED_PLACES)]
    cuts = sorted({cut for cut in places if 0 < cut < len(bars)})
    return tuple(found for cut in cuts for found in poison_from(strategy, bars, full, cut))


def check_chunks(strategy: SignalStrategy, bars: Bars) -> tuple[Breach, ...]:
    """G3: history that grows by chunks, in the end by single bars, gives the same rows.

    Each time only the rows that are new are read, as live does at each close. All is asked before
    the strategy sees the whole: what remembers bars between calls cannot know them yet.
    """
    ends = {*_spread(len(bars), _CHUNKS), *range(len(bars) - _CHUNKS, len(bars))}
    grown = {end: attempt(strategy, bars.prefix(end)) for end in sorted(ends) if end > 0}
    full = signals_of(strategy, bars)
    found: list[Breach] = []
    before = 0
    for end, got in grown.items():
        probe = Probe(Gate.CHUNKS, end, f"when it is read as bar {end - 1} closes")
        found.extend(_held_to(full, probe, got, (before, len(bars))))
        before = end
    return tuple(found)


def check_taint(strategy: SignalStrategy, bars: Bars, every: int = 1) -> tuple[Breach, ...]:
    """G7: at each bar alone, what comes after it taints nothing.

    All later rows are cut off, then NaN, which arithmetic hands on to whatever is made of it, then
    far too high or too low, for what leaves NaN out. `every` above 1 leaves bars between out.
    """
    full = signals_of(strategy, bars)
    found: list[Breach] = []
    for place, cut in enumerate(range(1 + len(bars) % every, len(bars), every)):
        ended = Probe(Gate.TAINT, cut, f"when the data end with bar {cut - 1}")
        found.extend(_cut(strategy, bars, ended, full))
        for poison in (Poison.NAN, Poison.LOW if place % 2 else Poison.HIGH):
            found.extend(_poisoned(strategy, bars, full, (Gate.TAINT, cut, poison)))
    return tuple(found)


def check_scale(strategy: SignalStrategy, bars: Bars) -> tuple[Breach, ...]:
    """G5: prices times 2^k give the same decisions; floats beside them to one part in 10^9.

    A strategy with a price level among its parameters does not pass, and need not.
    """
    full = signals_of(strategy, bars)
    found: list[Breach] = []
    for power in _POWERS:
        probe = Probe(Gate.SCALE, len(bars), f"with all prices times {2.0**power:g}", 1e-9)
        got = attempt(strategy, scaled(bars, power))
        if not isinstance(got, str):
            found.extend(compare(probe, full, got))
    return tuple(found)


def poison_from(
    strategy: SignalStrategy, bars: Bars, full: Columns, cut: int
) -> tuple[Breach, ...]:
    """G2 at one place: bar `cut` and all after it replaced in each of four ways."""
    return tuple(
        found
        for poison in Poison
        for found in _poisoned(strategy, bars, full, (Gate.POISON, cut, poison))
    )


def _poisoned(
    strategy: SignalStrategy, bars: Bars, full: Columns, asked: tuple[Gate, int, Poison]
) -> tuple[Breach, ...]:
    gate, cut, poison = asked
    got = attempt(strategy, rewritten(bars, slice(cut, len(bars)), poison))
    if isinstance(got, str):
        return ()
    return compare(Probe(gate, cut, f"with {poison.value} from bar {cut} on"), full, got)


def _cut(strategy: SignalStrategy, bars: Bars, probe: Probe, full: Columns) -> tuple[Breach, ...]:
    got = attempt(strategy, bars.prefix(probe.cut))
    return _held_to(full, probe, got, (0, len(bars)))


def _held_to(
    full: Columns, probe: Probe, got: Columns | str, rows: tuple[int, int]
) -> tuple[Breach, ...]:
    """An answer to a history that ended early, from a first row on, of so many rows in all."""
    since, count = rows
    if not isinstance(got, str):
        return compare(probe, full, got, since)
    # A strategy may need some bars before it can say anything, but not half of them.
    if 2 * probe.cut < count:
        return ()
    return (Breach(probe, probe.cut - 1, "signals()", "given", got),)


def _fired(full: Columns, count: int) -> list[int]:
    """Rows on which a signal fires, at most `count`, spread over all of them."""
    rows = np.flatnonzero(full["enter"].astype(bool) | full["exit"].astype(bool))
    return [int(rows[k]) for k in _spread(rows.size, count)] if rows.size > count else rows.tolist()


def _spread(rows: int, count: int) -> list[int]:
    """At most `count` of `rows` rows, evenly spread but in step with nothing (golden ratio)."""
    return sorted({int((k * _GOLDEN_RATIO) % 1.0 * rows) for k in range(1, count + 1)})
