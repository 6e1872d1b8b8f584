"""Look-ahead, found and named: which gate, which row, what changed, what kind of cheat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.units import format_instant
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.diagnosis import Case, Kind, diagnose
from thunes.research.gates import check_chunks, check_poison, check_prefix, check_scale
from thunes.research.probe import Breach, Gate, Probe, compare, signals_of
from thunes.research.result import TradeRow

_UNSTABLE = Kind(
    "not repeatable",
    "it gives other signals for the same bars: chance, the clock, or a memory between calls",
)
_MEMORY = Kind(
    "memory",
    "it remembers bars between calls: before it had been shown the later bars it said otherwise",
)
_PRICE_LEVEL = Kind(
    "price level",
    "it depends on how high prices are, not on how they move: fine if a level is meant, "
    "else a constant or a rounding is in the way",
)
_SAME_BAR = Kind(
    "same-bar fill",
    "a same-bar fill: the signal is known at that close, so the next open is the first price "
    "that it can have",
)
_FEW = 3


@dataclass(frozen=True, slots=True)
class LookAhead:
    """One gate that a strategy does not pass, at the first row that shows it.

    `kind` is a word for lists ("next bar", "centred window", ...), `why` the same in words; `text`
    is a whole sentence. `breach` has what the row was and became, where a row shows it.
    """

    gate: Gate
    kind: str
    row: int | None
    text: str
    breach: Breach | None = None
    why: str = ""


def examine(
    strategy: SignalStrategy, bars: Bars, told: Callable[[Gate], None] = lambda _: None
) -> tuple[LookAhead, ...]:
    """Run G1, G2, G3 and G5; one finding for each gate that is not passed, none if all are.

    Asks for signals some 250 times; G5 is asked only of what passes the others. A strategy that
    remembers bars is found if it has not been shown these before. `told` hears of each gate as it
    has been asked. StrategyError: the strategy raised on the bars themselves.
    """
    grown = check_chunks(strategy, bars)
    told(Gate.CHUNKS)
    full = signals_of(strategy, bars)
    again = Probe(Gate.REPEAT, len(bars), "when it is asked again")
    unstable = compare(again, full, signals_of(strategy, bars))
    told(Gate.REPEAT)
    if unstable:
        return _findings(bars, unstable, _UNSTABLE)
    breaches = list(check_prefix(strategy, bars))
    told(Gate.PREFIX)
    breaches += check_poison(strategy, bars)
    told(Gate.POISON)
    if grown and not breaches and not check_chunks(strategy, bars):
        return _findings(bars, grown, _MEMORY)
    if breaches or grown:
        return named(Case(strategy, bars, full), (*breaches, *grown))
    found = _findings(bars, check_scale(strategy, bars), _PRICE_LEVEL)
    told(Gate.SCALE)
    return found


def named(
    case: Case, breaches: Sequence[Breach], before: LookAhead | None = None
) -> tuple[LookAhead, ...]:
    """Breaches of G1, G2, G3 and G7 as one finding for each gate, of the kind that explains all;
    what was found `before` has told it already."""
    if not breaches:
        return ()
    kind = diagnose(case, breaches) if before is None else Kind(before.kind, before.why)
    return _findings(case.bars, breaches, kind)


def check_fills(trades: Sequence[TradeRow], bars: Bars) -> tuple[LookAhead, ...]:
    """Entries at a close, by a signal that needed that close: one finding, or none.

    Told by prices: an entry at an open that differs from the close before it has that close, or
    the close of its own bar, by accident only, and never where the bar did not trade at it.
    """
    found: list[tuple[TradeRow, int]] = []
    told = 0
    impossible = False
    for trade in trades:
        row = int(np.searchsorted(bars.open_time, trade.entry_time, side="right")) - 1
        if row < 0:
            continue
        price = float(trade.entry_price)
        candidates = [row] if trade.entry_time < bars.close_time[row] else []
        if row > 0 and trade.entry_time == bars.open_time[row]:
            candidates.append(row - 1)
        tellable = [at for at in candidates if bars.close[at] != bars.open[row]]
        told += bool(tellable)
        guilty = [at for at in tellable if bars.close[at] == price]
        if guilty:
            found.append((trade, guilty[0]))
            impossible |= not bars.low[row] <= price <= bars.high[row]
    # What the bar never traded at proves it; else it takes a habit, not one accident.
    habit = len(found) >= _FEW and 2 * len(found) >= told
    if not (impossible or habit):
        return ()
    trade, at = found[0]
    text = (
        f"{Gate.FILLS.value}: {len(found)} of {told} entries have the close of the bar that "
        f"signals them; the first, at {format_instant(trade.entry_time)}, has {trade.entry_price}, "
        f"the close of bar {at} at {format_instant(int(bars.close_time[at]))}: {_SAME_BAR.text}."
    )
    return (LookAhead(Gate.FILLS, _SAME_BAR.word, at, text),)


def _findings(bars: Bars, breaches: Sequence[Breach], kind: Kind) -> tuple[LookAhead, ...]:
    """One for each gate: the first that was found."""
    first: dict[Gate, Breach] = {}
    for breach in breaches:
        first.setdefault(breach.probe.gate, breach)
    return tuple(
        LookAhead(gate, kind.word, breach.row, _sentence(bars, breach, kind), breach, kind.text)
        for gate, breach in first.items()
    )


def _sentence(bars: Bars, breach: Breach, kind: Kind) -> str:
    at = format_instant(int(bars.close_time[breach.row]))
    return (
        f"{breach.probe.gate.value}: {breach.column} of bar {breach.row} (closed {at}) is "
        f"{breach.was}, but {breach.became} {breach.probe.how}: {kind.text}."
    )
