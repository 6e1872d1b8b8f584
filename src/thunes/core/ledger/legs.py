"""Legs: what is left of a position's parts when some of it was sold, or paid a fee."""

from decimal import Decimal

from msgspec.structs import replace

from thunes.core.domain.order import OrderRole
from thunes.core.domain.position import Leg
from thunes.core.domain.units import ZERO, Quantity, floor_to
from thunes.core.ledger.orders import OrderRecord


def reduced(
    legs: tuple[Leg, ...], record: OrderRecord, quantity: Quantity
) -> tuple[tuple[Leg, ...], int]:
    """The legs after a sale of `quantity` for one of them, and whether that hit its target.

    What was sold for no leg that is planned now (an exit of the whole position, or a stop that was
    filling while the legs were planned anew) is gone from the last legs first.
    """
    left: list[Leg] = []
    hit, other = 0, Decimal(quantity)
    for leg in legs:
        if leg.name != record.order.leg:
            left.append(leg)
            continue
        rest = max(ZERO, leg.quantity - other)
        other -= leg.quantity - rest
        if rest:
            left.append(replace(leg, quantity=Quantity(rest)))
        elif record.order.role is OrderRole.TARGET:
            hit = 1
    return _shortened(tuple(left), other) if other else tuple(left), hit


def fitted(legs: tuple[Leg, ...], quantity: Decimal, step: Decimal) -> tuple[Leg, ...]:
    """The legs of `quantity`: what they have above its whole steps is gone, the last ones first."""
    over = sum((leg.quantity for leg in legs), ZERO) - floor_to(quantity, step)
    return _shortened(legs, over) if over > ZERO else legs


def _shortened(legs: tuple[Leg, ...], quantity: Decimal) -> tuple[Leg, ...]:
    kept: list[Leg] = []
    for leg in reversed(legs):
        taken = min(quantity, leg.quantity)
        quantity -= taken
        if taken < leg.quantity:
            kept.insert(0, replace(leg, quantity=Quantity(leg.quantity - taken)))
    return tuple(kept)
