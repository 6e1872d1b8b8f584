"""Anchored: strategies asked at each closing, on all that is known since one first bar.

The truth is the same as over the past: signals of all closed bars, of which the last row counts.
A strategy that fails is told of, and the others go on; what is held stays protected without any.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from thunes.core.domain.decision import Signal
from thunes.core.domain.event import BarsClosed, Event, TimerFired, VenueReported
from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.domain.view import View
from thunes.core.market.tape import Tape
from thunes.core.strategy.feed import asked, evaluate, signal_at
from thunes.core.strategy.protocol import (
    Desk,
    EventStrategy,
    SignalStrategy,
    Strategy,
    StrategyError,
)

LATE_MAX_NS = 60 * NS_PER_SECOND
"""A bar that is known later than this after its close is history: nothing is decided on it."""


class Anchored:
    """All strategies of a process whose tape grows."""

    def __init__(self, desks: Mapping[Desk, Strategy], tape: Tape) -> None:
        self._tape = tape
        self._desks = dict(desks)
        self.failures: Sequence[str] = ()

    def observe(self, event: Event, view: View) -> Sequence[Signal]:
        signals: list[Signal] = []
        failures: list[str] = []
        for desk, strategy in self._desks.items():
            ask = self._question(desk, strategy, event, view)
            if ask is None:
                continue
            try:
                signals.extend(ask())
            except StrategyError as error:
                failures.append(f"{desk.strategy} on {desk.symbol}: {error}")
        self.failures = failures
        return signals

    def _question(
        self, desk: Desk, strategy: Strategy, event: Event, view: View
    ) -> Callable[[], Sequence[Signal]] | None:
        """What to ask the strategy about this event, if anything."""
        if isinstance(strategy, SignalStrategy):
            fresh = isinstance(event, BarsClosed) and self._closes(desk, event)
            return partial(self._last_row, desk, strategy) if fresh else None
        if not self._wakes(desk, strategy, event, view):
            return None
        ask = partial(strategy.observe, event, view, desk)
        return partial(asked, type(strategy).__name__, "observe", ask)

    def _closes(self, desk: Desk, event: BarsClosed) -> bool:
        """Whether a bar of the symbol has just closed."""
        tape = self._tape
        row = tape.row(desk.symbol, event.sequence) if desk.symbol in tape.bars else -1
        if row < 0 or int(tape.bars[desk.symbol].close_time[row]) != int(tape.times[-1]):
            return False
        return event.at - int(tape.times[-1]) <= LATE_MAX_NS

    def _last_row(self, desk: Desk, strategy: SignalStrategy) -> Sequence[Signal]:
        bars = self._tape.bars[desk.symbol]
        signals, row = evaluate(strategy, bars), len(bars) - 1
        if not (signals.enter[row] or signals.exit[row]):
            return ()
        return [signal_at(desk, signals, row)]

    def _wakes(self, desk: Desk, strategy: EventStrategy, event: Event, view: View) -> bool:
        if not isinstance(event, BarsClosed):
            return isinstance(event, VenueReported | TimerFired)
        added = event.bars.get(desk.symbol)
        if not added or not self._closes(desk, event):
            return False
        period = strategy.period()
        first = added[0].open_time == int(self._tape.bars[desk.symbol].open_time[0])
        return first or (period > 0 and view.market.first_close_in(period))
