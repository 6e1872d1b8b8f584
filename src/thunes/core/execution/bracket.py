"""The bracket: an entry that brings its protection along, so that it is never without."""

from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from thunes.core.domain.decision import Proposal
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Order, OrderType
from thunes.core.domain.position import ExitPlan, Leg, Position
from thunes.core.domain.units import ONE, Money, Price, Quantity, floor_to
from thunes.core.domain.view import View
from thunes.core.execution.plan import plan_legs
from thunes.core.execution.protection import leg_orders


class Cap(NamedTuple):
    """What an entry may cost: `share` above the last price, and a fee of `fee_rate`, of which
    `coin_fee` may be taken out of the very coins that it buys."""

    share: Decimal
    fee_rate: Decimal
    coin_fee: Decimal


def bracketed(entry: Proposal, cap: Cap, view: View) -> Proposal:
    """The market entry as one that pays no more than the cap and brings its protection along.

    It stays as it is where what it asks for is more than one stop and one target of the whole, or
    where these could not stand at every price that the cap allows.
    """
    mark, plan = entry.reference, entry.plan
    order = entry.orders[0] if entry.orders else None
    if order is None or plan is None or mark is None or entry.adds:
        return entry
    if order.type is not OrderType.MARKET or order.leg:
        return entry
    instrument = view.market.instrument(entry.symbol)
    limit = Price(floor_to(mark * (ONE + cap.share), instrument.tick))
    quantity = _affordable(order, limit, cap, instrument)
    # What is surely held after the fill: more could not be sold.
    sure = Quantity(floor_to(quantity * (ONE - cap.coin_fee), instrument.step))
    assumed = Position(
        symbol=entry.symbol,
        strategy=entry.strategy,
        opened_at=view.at,
        quantity=sure,
        entry_price=mark,
        plan=plan,
        entry_size=sure,
    )
    leg = _only_leg(plan_legs(assumed, limit, instrument), plan, mark)
    if leg is None:
        return entry
    buys = replace(
        order, type=OrderType.LIMIT, quantity=quantity, quote_amount=None, limit_price=limit
    )
    protects = [replace(each, after=order.id) for each in leg_orders(assumed, leg, view)]
    return replace(
        entry,
        orders=(buys, *protects),
        notional=Money(quantity * limit * (ONE + cap.fee_rate)),
        reference=limit,
        stop_price=leg.stop_price,
        plan=replace(plan, stop_price=leg.stop_price, target_price=leg.target_price, targets=()),
    )


def _affordable(order: Order, limit: Price, cap: Cap, instrument: Instrument) -> Quantity:
    if order.quantity is not None:
        return order.quantity
    assert order.quote_amount is not None, "an order asks for a quantity or an amount"
    return Quantity(floor_to(order.quote_amount / (limit * (ONE + cap.fee_rate)), instrument.step))


def _only_leg(legs: tuple[Leg, ...], plan: ExitPlan, mark: Price) -> Leg | None:
    """The leg of the whole, if there is no other; with its stop, and its target if one is
    planned."""
    if len(legs) != 1:
        return None
    (leg,) = legs
    lacks = leg.target_price is None and (plan.targets or plan.target_price is not None)
    if leg.stop_price is None or leg.stop_price >= mark or lacks:
        return None
    return leg
