"""Grid: buys each step down and sells it one step up, inside a range that it leaves for good."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed, Event, VenueReported
from thunes.core.domain.order import Filled, OrderRole
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ONE, Money, Price, floor_to
from thunes.core.domain.view import View
from thunes.core.strategy.protocol import Desk, EventStrategy


class Grid(EventStrategy, frozen=True):
    """`cells` cells between `low` and `high`, geometric: level i is low * (high/low)^(i/cells).

    Cell i buys for `amount` at level i and sells at level i + 1; net per cycle is
    r(1-fee)/(1+fee) - 1. At `stop` below `low` the range is left: everything is sold, waiting
    buys are called off and the grid stays out. At most cells * amount is ever invested.
    """

    low: Annotated[float, Meta(gt=0)] = 50_000.0
    high: Annotated[float, Meta(gt=0)] = 70_000.0
    cells: Annotated[int, Meta(ge=1, le=50)] = 5
    amount: Annotated[float, Meta(gt=0)] = 100.0
    stop: Annotated[float, Meta(gt=0, lt=1)] = 0.02
    fee: Annotated[float, Meta(ge=0, lt=0.1)] = 0.001

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.net_per_cycle() <= 0:
            raise ValueError(
                f"{self.cells} cells between {self.low} and {self.high} are narrower than "
                f"the fees of {self.fee} a side: use fewer cells"
            )

    def ratio(self) -> float:
        """The factor from one level to the next."""
        return float((self.high / self.low) ** (1.0 / self.cells))

    def net_per_cycle(self) -> float:
        """What one buy and one sell of a cell earn, as a fraction, after fees."""
        return self.ratio() * (1.0 - self.fee) / (1.0 + self.fee) - 1.0

    def levels(self, tick: Decimal) -> list[Price]:
        """The cells + 1 prices of the grid on the tick, lowest first."""
        exact = (self.low * self.ratio() ** i for i in range(self.cells + 1))
        return [Price(floor_to(Decimal(repr(price)), tick)) for price in exact]

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:
        if isinstance(event, BarsClosed):
            mark = view.market.mark(desk.symbol)  # of its first bar: no other one wakes it
            if mark is None:
                return ()
            levels = self.levels(view.market.instrument(desk.symbol).tick)
            return [self._buy(i, levels, desk) for i in range(self.cells) if levels[i] < mark]
        signals: list[Signal] = []
        if isinstance(event, VenueReported):
            for report in event.reports:
                if isinstance(report, Filled) and report.complete:
                    signals.extend(self._answer(report, view, desk))
        return signals

    def _answer(self, fill: Filled, view: View, desk: Desk) -> list[Signal]:
        record = view.account.order(fill.order_id)
        if record is None or record.order.strategy != desk.strategy:
            return []
        order = record.order
        if order.symbol != desk.symbol:
            return []
        if order.role is OrderRole.TARGET:
            levels = self.levels(view.market.instrument(desk.symbol).tick)
            return [self._buy(int(order.leg.removeprefix("cell-")), levels, desk)]
        if order.role is OrderRole.STOP:
            actions = (Action.CANCEL, Action.EXIT)
            return [
                Signal(
                    strategy=desk.strategy, symbol=desk.symbol, action=action, reason="range_exit"
                )
                for action in actions
            ]
        return []

    def _buy(self, cell: int, levels: list[Price], desk: Desk) -> Signal:
        floor_price = levels[0] * (ONE - Decimal(repr(self.stop)))
        return Signal(
            strategy=desk.strategy,
            symbol=desk.symbol,
            action=Action.ADD,
            limit_price=levels[cell],
            quote_amount=Money(Decimal(repr(self.amount))),
            plan=ExitPlan(stop_price=Price(floor_price), target_price=levels[cell + 1]),
            leg=f"cell-{cell}",
        )
