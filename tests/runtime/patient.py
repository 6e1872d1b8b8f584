"""A user's own strategy file: waits with limit orders below the market, and gives up in time."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND, Instant, Price, parse_timeframe
from thunes.core.domain.view import View
from thunes.core.strategy.protocol import Desk, EventStrategy


class Patient(EventStrategy, frozen=True):
    """Each period, when flat, bid `below` the last close for `hours`; leave after a while."""

    every: str = "5h"
    below: Annotated[float, Meta(gt=0, lt=1)] = 0.004
    hours: Annotated[float, Meta(gt=0)] = 2.5
    leave: bool = True

    def period(self) -> int:
        return parse_timeframe(self.every)

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:
        mark = view.market.mark(desk.symbol)
        if not isinstance(event, BarsClosed) or mark is None:
            return ()
        if view.account.position(desk.symbol) is not None:
            asked = (Action.EXIT,) if self.leave else ()
            return [Signal(desk.strategy, desk.symbol, action) for action in asked]
        return [
            Signal(
                strategy=desk.strategy,
                symbol=desk.symbol,
                action=Action.ENTER,
                limit_price=Price(mark * (1 - Decimal(repr(self.below)))),
                expires_at=Instant(view.at + int(self.hours * 3_600) * NS_PER_SECOND),
                plan=ExitPlan(stop_distance=Decimal("0.03")),
            )
        ]
