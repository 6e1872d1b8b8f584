"""What a strategy is: a causal function of closed bars, or an observer of events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.decision import Signal
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import Event
from thunes.core.domain.market import Floats
from thunes.core.domain.units import StrategyId, Symbol
from thunes.core.domain.view import View
from thunes.core.market.bars import Bars

Flags = NDArray[np.bool_]


class StrategyError(ThunesError):
    """A strategy raised, or gave back something that is not signals."""


@dataclass(frozen=True, slots=True)
class Signals:
    """One row per bar; row t may depend on rows <= t only.

    `enter` and `exit` are bool arrays. `stop_distance`, if given, is the stop of an entry made on
    that row as a fraction of its price (float64, NaN: none), for sizing by risk and for the stop.
    """

    enter: Flags
    exit: Flags
    stop_distance: Floats | None = None


class SignalStrategy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The vectorised form: fields are the parameters, bounded by `Annotated[int, Meta(...)]`."""

    def signals(self, bars: Bars) -> Signals:
        """Signals of every row of `bars`."""
        raise NotImplementedError


class EventStrategy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The event form, for strategies that react to fills and holdings.

    It keeps no state of its own: what it needs it reads from the view, so that a restart
    changes nothing. It is woken by reports about orders, by the first closed bar of its symbol,
    and by the first bar that closes in each period of `period()` nanoseconds.
    """

    def period(self) -> int:
        """Nanoseconds between wakes by the clock; 1 is every bar, 0 its first bar only."""
        return 0

    def observe(self, event: Event, view: View, desk: "Desk") -> Sequence[Signal]:
        """What to do now."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a strategy works: under which name and on which symbol."""

    strategy: StrategyId
    symbol: Symbol


Strategy = SignalStrategy | EventStrategy


class Observer(Protocol):
    """What the engine asks of the strategies as a whole."""

    @property
    def failures(self) -> Sequence[str]:
        """What went wrong when they were last asked, by strategy."""

    def observe(self, event: Event, view: View) -> Sequence[Signal]: ...
