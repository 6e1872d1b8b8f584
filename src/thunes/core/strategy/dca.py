"""DCA: buys by the clock, averages down by a plan made at the first fill, sells on the average."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed, Event, VenueReported
from thunes.core.domain.order import Filled, OrderRole
from thunes.core.domain.position import ExitPlan, Position, TargetLevel
from thunes.core.domain.units import ONE, ZERO, Money, Price, floor_to, parse_timeframe
from thunes.core.domain.view import View
from thunes.core.strategy.protocol import Desk, EventStrategy

Fraction = Annotated[float, Meta(gt=0, lt=1)]


class Dca(EventStrategy, frozen=True):
    """Each period, when flat, buy `base`; below the fill wait `orders` safety orders.

    Safety order i (from 1) is `deviation * (spread^i - 1) / (spread - 1)` below the first fill
    (`i * deviation` if spread is 1) and buys `base * scale^i`. All is sold `take_profit` above the
    average; the stop stays `stop` below the first fill, and nothing is bought at or below it.
    The cycle never spends more than `budget`.
    """

    every: str = "1d"
    base: Annotated[float, Meta(gt=0)] = 100.0
    orders: Annotated[int, Meta(ge=0, le=20)] = 3
    deviation: Fraction = 0.01
    spread: Annotated[float, Meta(ge=1, le=10)] = 1.5
    scale: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    take_profit: Fraction = 0.02
    stop: Fraction = 0.15
    budget: Annotated[float, Meta(gt=0)] = 2_000.0

    def __post_init__(self) -> None:
        parse_timeframe(self.every)
        if self.base > self.budget:
            raise ValueError(f"base {self.base} is above budget {self.budget}")

    def period(self) -> int:
        return parse_timeframe(self.every)

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:
        held = view.account.position(desk.symbol)
        waiting = [w.order for w in view.account.entries() if w.order.symbol == desk.symbol]
        if isinstance(event, BarsClosed):
            return () if held or waiting else (self._first(desk),)
        if isinstance(event, VenueReported):
            if held is None:
                # Safety orders wait at a limit; a first entry on its way is none of them.
                left_over = any(order.limit_price is not None for order in waiting)
                return (_call_off(desk),) if left_over else ()
            if held.strategy == desk.strategy and _first_filled(event, view, held):
                return self._safety_orders(view, desk, held)
        return ()

    def ladder(self, price: Decimal) -> list[tuple[Decimal, Decimal]]:
        """(price, quote amount) of each safety order below a first fill at `price`."""
        rows = []
        spent, step, spread = _exact(self.base), _exact(self.deviation), _exact(self.spread)
        floor_price = price * (ONE - _exact(self.stop))
        for i in range(1, self.orders + 1):
            steps = Decimal(i) if spread == ONE else (spread**i - ONE) / (spread - ONE)
            amount, level = (
                _exact(self.base) * _exact(self.scale) ** i,
                price * (ONE - step * steps),
            )
            if level <= floor_price or spent + amount > _exact(self.budget):
                break
            spent += amount
            rows.append((level, amount))
        return rows

    def _first(self, desk: Desk) -> Signal:
        plan = ExitPlan(
            stop_distance=_exact(self.stop),
            targets=(TargetLevel(distance=_exact(self.take_profit), share=ONE),),
        )
        return Signal(
            strategy=desk.strategy,
            symbol=desk.symbol,
            action=Action.ENTER,
            quote_amount=Money(_exact(self.base)),
            plan=plan,
        )

    def _safety_orders(self, view: View, desk: Desk, held: Position) -> list[Signal]:
        tick = view.market.instrument(desk.symbol).tick
        return [
            Signal(
                strategy=desk.strategy,
                symbol=desk.symbol,
                action=Action.ADD,
                limit_price=Price(floor_to(level, tick)),
                quote_amount=Money(amount),
                plan=held.plan,
            )
            for level, amount in self.ladder(held.entry_price)
        ]


def _first_filled(event: VenueReported, view: View, held: Position) -> bool:
    """Whether this event completed the first entry of the position."""
    if held.entries != 1 or held.entry_size == ZERO:
        return False
    for report in event.reports:
        if isinstance(report, Filled):
            record = view.account.order(report.order_id)
            if record is not None and record.order.role is OrderRole.ENTRY:
                return record.order.symbol == held.symbol
    return False


def _call_off(desk: Desk) -> Signal:
    return Signal(strategy=desk.strategy, symbol=desk.symbol, action=Action.CANCEL)


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))
