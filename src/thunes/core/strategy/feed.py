"""Feeds: strategies put to work on symbols, answering each event with their signals."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TypeVar

import numpy as np

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed, Event, TimerFired, VenueReported
from thunes.core.domain.market import Ints
from thunes.core.domain.units import Symbol
from thunes.core.domain.view import View
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape, first_rows
from thunes.core.strategy.protocol import (
    Desk,
    EventStrategy,
    Signals,
    SignalStrategy,
    Strategy,
    StrategyError,
)

Answer = TypeVar("Answer")


class Strategies:
    """All strategies of a run. Signal forms are evaluated once over the whole tape.

    That is the same as evaluating them at every close on what is known by then, because they
    are causal; the look-ahead gates hold every strategy to it. Signals of bars that open before
    `since` (ns UTC) are known and not told: those bars only warm up.
    """

    def __init__(self, desks: Mapping[Desk, Strategy], tape: Tape, since: int = 0) -> None:
        self._tape = tape
        self._since = since
        self._watching: list[tuple[Desk, EventStrategy, int]] = []
        self._signals: dict[int, list[Signal]] = {}
        for desk, strategy in desks.items():
            if isinstance(strategy, SignalStrategy):
                self._evaluate(desk, strategy)
            else:
                first = tape.sequence_of(desk.symbol, 0)
                self._watching.append((desk, strategy, first))

    def sequences(self) -> Ints:
        """The rows of the tape at which any strategy is to be asked, ascending."""
        parts = [np.array(sorted(self._signals), dtype=np.int64)]
        for _, strategy, first in self._watching:
            parts.append(np.array([first], dtype=np.int64))
            if period := strategy.period():
                parts.append(first_rows(self._tape.times, period))
        return np.unique(np.concatenate(parts))

    @property
    def reacts(self) -> bool:
        """Whether some strategy answers what venues report, and not closed bars only."""
        return bool(self._watching)

    def leaving(self) -> dict[int, list[Symbol]]:
        """The rows at which there is nothing but exits, with the symbols that leave."""
        found: dict[int, list[Symbol]] = {}
        for sequence, signals in self._signals.items():
            symbols = [signal.symbol for signal in signals if signal.action is Action.EXIT]
            if len(symbols) == len(signals):
                found[sequence] = symbols
        return found

    failures: Sequence[str] = ()  # a run over the past ends with the first one

    def observe(self, event: Event, view: View) -> Sequence[Signal]:
        found: Sequence[Signal] = ()
        if isinstance(event, BarsClosed):
            found = self._signals.get(event.sequence, ())
        if not self._watching:
            return found
        signals = list(found)
        for desk, strategy, first in self._watching:
            if self._wakes(strategy, first, event, view):
                ask = partial(strategy.observe, event, view, desk)
                signals.extend(asked(type(strategy).__name__, "observe", ask))
        return signals

    def _wakes(self, strategy: EventStrategy, first: int, event: Event, view: View) -> bool:
        if isinstance(event, BarsClosed):
            period = strategy.period()
            return event.sequence == first or (period > 0 and view.market.first_close_in(period))
        return isinstance(event, VenueReported | TimerFired)

    def _evaluate(self, desk: Desk, strategy: SignalStrategy) -> None:
        bars = self._tape.bars[desk.symbol]
        signals = evaluate(strategy, bars)
        rows = np.flatnonzero((signals.enter | signals.exit) & (bars.open_time >= self._since))
        for row in rows.tolist():
            sequence = self._tape.sequence_of(desk.symbol, row)
            self._signals.setdefault(sequence, []).append(signal_at(desk, signals, row))


def signal_at(desk: Desk, signals: Signals, row: int) -> Signal:
    """The signal of a row that has one."""
    distance = signals.stop_distance
    return Signal(
        strategy=desk.strategy,
        symbol=desk.symbol,
        action=Action.ENTER if signals.enter[row] else Action.EXIT,
        stop_distance=None
        if distance is None or np.isnan(distance[row])
        else Decimal(repr(float(distance[row]))),
    )


def evaluate(strategy: SignalStrategy, bars: Bars) -> Signals:
    """The strategy's signals, checked; whatever is wrong with them is said in one sentence."""
    name = type(strategy).__name__
    signals = asked(name, "signals", lambda: strategy.signals(bars))
    if not isinstance(signals, Signals):
        raise StrategyError(
            f"strategy {name}: signals() must return Signals(enter=..., exit=...), "
            f"not {type(signals).__name__}"
        )
    for field in ("enter", "exit", "stop_distance"):
        column = getattr(signals, field)
        if column is None and field == "stop_distance":
            continue
        _check_column(name, field, column, len(bars))
    both = np.flatnonzero(signals.enter & signals.exit)
    if both.size:
        raise StrategyError(f"strategy {name}: row {int(both[0])} both enters and exits")
    return signals


def asked(name: str, method: str, ask: Callable[[], Answer]) -> Answer:
    """The border to foreign code: what it raises, exits included, is named and reported as its."""
    try:
        return ask()
    except (Exception, SystemExit) as error:
        why = f"{type(error).__name__} in {method}(): {error}".removesuffix(": ")
        raise StrategyError(f"strategy {name} raised {why}") from error


def _check_column(name: str, field: str, column: object, rows: int) -> None:
    wanted = "float64" if field == "stop_distance" else "bool"
    if not isinstance(column, np.ndarray) or column.dtype != np.dtype(wanted):
        got = column.dtype if isinstance(column, np.ndarray) else type(column).__name__
        raise StrategyError(f"strategy {name}: {field} must be a {wanted} array, not {got}")
    if column.shape != (rows,):
        raise StrategyError(
            f"strategy {name}: {field} has shape {column.shape}, it must have one row "
            f"for each of the {rows} bars"
        )
    if wanted == "float64" and bool(np.any((column <= 0.0) | (column >= 1.0))):
        row = int(np.flatnonzero((column <= 0.0) | (column >= 1.0))[0])
        raise StrategyError(f"strategy {name}: stop_distance in row {row} is not between 0 and 1")
