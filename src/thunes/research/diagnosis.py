"""Diagnosis: from the rows that changed, what kind of look-ahead it is.

`reach` is how many bars ahead a row reads: the first changed bar less the row that changed with
it. A shift and a centred window have a constant one, a higher bar known from its open has one up
to that bar's end and never past it, a figure of the whole sample reaches as far as there are rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import Ints
from thunes.core.domain.units import format_timeframe, parse_timeframe
from thunes.core.market.aggregate import opened_at
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.gates import poison_from
from thunes.research.poison import Poison, rewritten
from thunes.research.probe import Breach, Columns, Gate, attempt

_TIMEFRAMES = "2m 3m 5m 10m 15m 30m 1h 2h 3h 4h 6h 8h 12h 1d 2d 3d 1w"
_WHOLE_REACH = 64
_WITNESSES = 8
_FLAGS = ("enter", "exit")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of look-ahead: a word for lists, and a sentence's second half for people."""

    word: str
    text: str


NEXT_BAR = Kind("next bar", "it reads the next bar, as shift(-1) does")
WHOLE_SAMPLE = Kind(
    "whole sample",
    "it is scaled by the whole sample: a mean, deviation, least or greatest value of all rows, "
    "or the last row, goes into every row",
)
LENGTH = Kind(
    "length",
    "it depends on how many bars there are or when they come, not on what they say: it reads the "
    "length or the times of the data, or its sums are rounded differently",
)
FAILS = Kind("fails", "it does not run on the bars known at that time")


@dataclass(frozen=True, slots=True)
class Case:
    """A strategy on its bars, to be asked further questions."""

    strategy: SignalStrategy
    bars: Bars
    full: Columns

    def poison_from(self, cut: int) -> tuple[Breach, ...]:
        return poison_from(self.strategy, self.bars, self.full, cut)

    def reads(self, row: int, before: int) -> bool:
        """Whether the row changes when the bars before another are another market."""
        for poison in (Poison.HIGH, Poison.LOW):
            got = attempt(self.strategy, rewritten(self.bars, slice(0, before), poison))
            if not isinstance(got, str) and any(got[c][row] != self.full[c][row] for c in _FLAGS):
                return True
        return False


def diagnose(case: Case, breaches: Sequence[Breach]) -> Kind:
    """The kind of look-ahead that explains these breaches of G1 to G3 best."""
    changed = [b for b in breaches if b.column != "signals()"]
    if not changed:
        return FAILS
    if all(b.probe.gate is not Gate.POISON for b in changed):
        cuts = np.unique([b.probe.cut for b in changed if b.probe.cut < len(case.bars)])
        poisoned = [b for cut in _some(cuts) for b in case.poison_from(cut)]
        if not poisoned:
            return LENGTH
        changed += poisoned
    reach = max(b.probe.cut - b.row for b in changed)
    if reach > _WHOLE_REACH and _reaches_everything(case, changed):
        return WHOLE_SAMPLE
    joined = _joined_at_open(case, changed, reach)
    if joined is not None:
        name = format_timeframe(joined)
        return Kind(
            "open-time join",
            f"it joins the {name} bar at its open time: rows inside that bar know how it ends",
        )
    return NEXT_BAR if reach == 1 else _ahead(case, changed, reach)


def _reaches_everything(case: Case, changed: Sequence[Breach]) -> bool:
    """Whether most late poisonings change rows half as far back as there are, or all signals.

    A history that ends earlier may have almost the same mean; one that is poisoned has not.
    """
    fired = np.flatnonzero(case.full["enter"].astype(bool) | case.full["exit"].astype(bool))
    first = int(fired[0]) if fired.size else 0
    farthest: dict[int, int] = {}
    for b in changed:
        if b.probe.gate is not Gate.POISON:
            continue
        farthest[b.probe.cut] = min(b.row, farthest.get(b.probe.cut, b.row))
    since = max(len(case.bars) // 4, first + _WHOLE_REACH)
    late = [(cut, row) for cut, row in farthest.items() if cut >= since]
    far = [row for cut, row in late if row <= max(cut // 2, first)]
    return 2 * len(far) > len(late)


def _joined_at_open(case: Case, changed: Sequence[Breach], reach: int) -> int | None:
    """The shortest timeframe whose bars hold each changed row together with its cut, if any.

    That may be chance, so more cuts are tried: at the opens of its bars, which must change
    nothing, and at their last rows, which must change rows as far back as the changed ones.
    """
    bars = case.bars
    rows = np.array([b.row for b in changed])
    cuts = np.array([min(b.probe.cut, len(bars) - 1) for b in changed])
    for timeframe in map(parse_timeframe, _TIMEFRAMES.split()):
        if timeframe % bars.timeframe or timeframe == bars.timeframe:
            continue
        if reach == 1 and timeframe > 2 * bars.timeframe:
            break
        opened = opened_at(bars.open_time, timeframe)
        if not np.array_equal(opened[rows], opened[cuts]):
            continue
        opens = np.flatnonzero(np.diff(opened)) + 1
        if any(case.poison_from(cut) for cut in _some(opens)):
            continue
        if _known_from_open(case, np.append(opens, len(bars)), rows):
            return timeframe
    return None


def _known_from_open(case: Case, ends: Ints, rows: Ints) -> bool:
    """Whether changed rows of most higher bars depend on the last row of that bar."""
    told = asked = 0
    for row in _some(np.unique(rows)):
        last = int(ends[np.searchsorted(ends, row, side="right")]) - 1
        if last > row:
            asked += 1
            told += any(b.row <= row for b in case.poison_from(last))
    return 2 * told > asked > 0


def _ahead(case: Case, changed: Sequence[Breach], reach: int) -> Kind:
    """A shift or a centred window: the one reads far back or not at all, the other evenly."""
    rows = _some(np.unique([b.row for b in changed if b.row > reach + 2]))
    far = any(case.reads(row, before=row - reach - 2) for row in rows)
    near = any(case.reads(row, before=row - 1) for row in rows)
    shift = f"as shift(-{reach}) does"
    window = f"a centred window of {2 * reach + 1} bars"
    if near and not far:
        return Kind("centred window", f"it reads {reach} bars back and {reach} ahead: {window}")
    if not near:
        return Kind("bars ahead", f"it reads {reach} bars ahead, {shift}")
    return Kind("bars ahead", f"it reads {reach} bars ahead, {shift}, or {window}")


def _some(rows: Ints) -> list[int]:
    """At most eight of them, spread over all."""
    step = max(1, -(-rows.size // _WITNESSES))
    return [int(row) for row in rows[::step]]
