"""Entries and exits: from what the portfolio wants to the orders that get there."""

from collections.abc import Collection
from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.decision import Action, Proposal, Purpose, Target
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.position import ExitPlan, Position
from thunes.core.domain.units import ONE, ZERO, Money, OrderId, Price, Quantity, Symbol, floor_to
from thunes.core.domain.view import ALIVE, RESTING, View, Working
from thunes.core.execution.plan import first_stop


def enter(target: Target, exits: ExitPlan, fee_rate: Decimal, view: View) -> Proposal:
    """The entry that the target asks for; without a price to pay it has no order to send."""
    signal = target.signal
    instrument = view.market.instrument(signal.symbol)
    mark = view.market.mark(signal.symbol)
    plan = signal.plan or exits
    if signal.stop_distance is not None:
        plan = replace(plan, stop_distance=signal.stop_distance)
    limit = signal.limit_price
    price = mark if limit is None else Price(floor_to(limit, instrument.tick))
    orders: tuple[Order, ...] = ()
    notional = reference = stop = None
    if mark is not None and price is not None and price > ZERO:
        order = _entry_order(target, instrument, price, fee_rate, view.new_id())
        orders, notional, reference = (order,), order.quote_amount, price
        if order.quantity is not None:
            notional = Money(order.quantity * price * (ONE + fee_rate))
        stop = first_stop(plan, price, instrument)
    return Proposal(
        purpose=Purpose.ENTRY,
        symbol=signal.symbol,
        strategy=signal.strategy,
        orders=orders,
        notional=notional,
        reference=reference,
        stop_price=stop,
        plan=plan,
        adds=signal.action is Action.ADD,
        reason=signal.reason,
    )


def _entry_order(
    target: Target, instrument: Instrument, price: Price, fee_rate: Decimal, order_id: OrderId
) -> Order:
    signal = target.signal
    waits = signal.limit_price is not None
    quantity, amount = target.quantity, target.quote_amount
    if quantity is not None:
        quantity, amount = Quantity(floor_to(quantity, instrument.step)), None
    elif waits and amount is not None:
        affordable = amount / (price * (ONE + fee_rate))
        quantity, amount = Quantity(floor_to(affordable, instrument.step)), None
    return Order(
        id=order_id,
        symbol=signal.symbol,
        side=Side.BUY,
        type=OrderType.LIMIT if waits else OrderType.MARKET,
        role=OrderRole.ENTRY,
        strategy=signal.strategy,
        quantity=quantity,
        quote_amount=amount,
        limit_price=price if waits else None,
        leg=signal.leg,
        expires_at=signal.expires_at,
    )


def is_leaving(working: Collection[Working]) -> bool:
    """Whether an exit of the whole position is among these orders."""
    return OrderRole.EXIT in [each.order.role for each in working]


def leave(symbol: Symbol, reason: str, view: View) -> Proposal | None:
    """Sell all of the position at market, in place of everything that rests for it.

    None when there is nothing to do: no position, or it is being left already, or others are
    selling all of it, or what is left of it is less than can be sold.
    """
    held, working = view.account.position(symbol), view.account.working(symbol)
    if held is None or is_leaving(working):
        return None
    return _sale(held, _cancellable(working), reason, view)


def trim(working: Collection[Working], held: Position | None, view: View) -> list[Proposal]:
    """In place of an exit that rests for more than is held, one that fits: what it was to replace
    went on filling. The venue took it, so there are other coins that it would sell."""
    proposals: list[Proposal] = []
    for each in working:
        order, left = each.order, (each.order.quantity or ZERO) - each.filled
        if order.role is not OrderRole.EXIT or each.state not in RESTING:
            continue
        if held is not None and left <= held.quantity:
            continue
        fits = None if held is None else _sale(held, (order.id,), each.reason, view)
        proposals.extend(filter(None, [fits or call_off(order.symbol, [each], "oversized")]))
    return proposals


def _sale(held: Position, cancels: tuple[OrderId, ...], reason: str, view: View) -> Proposal | None:
    instrument = view.market.instrument(held.symbol)
    quantity = floor_to(view.account.sellable(held.symbol), instrument.step)
    if not quantity:
        return None
    order = Order(
        id=view.new_id(),
        symbol=held.symbol,
        side=Side.SELL,
        type=OrderType.MARKET,
        role=OrderRole.EXIT,
        strategy=held.strategy,
        quantity=Quantity(quantity),
    )
    return Proposal(
        purpose=Purpose.EXIT,
        symbol=held.symbol,
        strategy=held.strategy,
        orders=(order,),
        cancels=cancels,
        reason=reason,
    )


def _cancellable(working: Collection[Working]) -> tuple[OrderId, ...]:
    return tuple([w.order.id for w in working if w.state in ALIVE])


def call_off(symbol: Symbol, working: list[Working], reason: str) -> Proposal | None:
    """Cancel those of `working` that still can be, or None."""
    cancels = _cancellable(working)
    if not cancels:
        return None
    return Proposal(
        purpose=Purpose.CANCEL,
        symbol=symbol,
        strategy=working[0].order.strategy,
        cancels=cancels,
        reason=reason,
    )
