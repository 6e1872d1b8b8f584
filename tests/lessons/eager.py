"""A user's own strategy file: wants in at every bar, and out again after a while."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.view import View
from thunes.core.strategy.protocol import Desk, EventStrategy


class Eager(EventStrategy, frozen=True):
    """Asks to enter at every close when flat, and to leave every `leave` bars (0: never)."""

    leave: Annotated[int, Meta(ge=0)] = 0

    def period(self) -> int:
        return 1

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:
        if not isinstance(event, BarsClosed):
            return ()
        if view.account.position(desk.symbol) is None:
            return [Signal(desk.strategy, desk.symbol, Action.ENTER)]
        if self.leave and event.sequence % self.leave == 0:
            return [Signal(desk.strategy, desk.symbol, Action.EXIT)]
        return ()
