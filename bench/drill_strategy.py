"""The strategy of the drills: it holds, and always wants one more entry that waits below."""

from collections.abc import Sequence
from decimal import Decimal

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import Event
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import Money, Price, floor_to
from thunes.core.domain.view import View
from thunes.core.strategy.protocol import Desk, EventStrategy

_AWAY, _STOP, _AMOUNT = Decimal("0.04"), Decimal("0.2"), Money(Decimal(500))


class Waiting(EventStrategy, frozen=True):
    """Buys at once where nothing is held, and keeps an order waiting 4 % below."""

    def period(self) -> int:
        return 1

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:  # noqa: ARG002
        mark = view.market.mark(desk.symbol)
        waits = any(each.order.symbol == desk.symbol for each in view.account.entries())
        if mark is None or waits:
            return ()
        held = view.account.position(desk.symbol)
        level = floor_to(Decimal(mark) * (1 - _AWAY), view.market.instrument(desk.symbol).tick)
        return (
            Signal(
                strategy=desk.strategy,
                symbol=desk.symbol,
                action=Action.ADD if held else Action.ENTER,
                limit_price=Price(level) if held else None,
                quote_amount=_AMOUNT,
                plan=held.plan if held else ExitPlan(stop_distance=_STOP),
            ),
        )
