"""Lots: what each buy brought in, given up first in, first out."""

from decimal import Decimal

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import Lot
from thunes.core.domain.ratio import ratio
from thunes.core.domain.units import ZERO, Money, Price, Quantity, floor_to


def consume(lots: list[Lot], quantity: Quantity) -> list[Lot]:
    """Take `quantity` from the oldest lots, in place; the parts taken carry their share of cost.

    A lot that is only partly taken keeps the difference, so nothing is lost to rounding.
    """
    taken: list[Lot] = []
    left = quantity
    while left > ZERO:
        assert lots, "more is sold than the lots hold"
        lot = lots[0]
        if lot.quantity <= left:
            taken.append(lots.pop(0))
            left = Quantity(left - lot.quantity)
            continue
        part, rest = _split(lot, left)
        taken.append(part)
        lots[0] = rest
        left = Quantity(ZERO)
    return taken


def _split(lot: Lot, quantity: Quantity) -> tuple[Lot, Lot]:
    cost = Money(ratio(lot.cost * quantity, lot.quantity))
    fees = Money(ratio(lot.fees * quantity, lot.quantity))
    part = Lot(at=lot.at, quantity=quantity, price=lot.price, cost=cost, fees=fees)
    rest = Lot(
        at=lot.at,
        quantity=Quantity(lot.quantity - quantity),
        price=lot.price,
        cost=Money(lot.cost - cost),
        fees=Money(lot.fees - fees),
    )
    return part, rest


def pooled(lots: list[Lot]) -> Quantity:
    """What the lots hold; in place they become one, so that to ask again costs nothing."""
    if len(lots) > 1:
        total = Quantity(sum((lot.quantity for lot in lots), ZERO))
        cost = Money(sum((lot.cost for lot in lots), ZERO))
        fees = Money(sum((lot.fees for lot in lots), ZERO))
        lots[:] = [Lot(lots[0].at, total, average_price(lots), cost, fees)]
    return lots[0].quantity if lots else Quantity(ZERO)


def average_price(lots: list[Lot]) -> Price:
    """The price of the lots, weighted by quantity; exact when they agree."""
    first = lots[0].price
    if len(lots) == 1 or all(lot.price == first for lot in lots):
        return first
    value = sum((lot.price * lot.quantity for lot in lots), ZERO)
    return ratio(value, sum((lot.quantity for lot in lots), ZERO))


def is_dust(instrument: Instrument, quantity: Decimal, price: Decimal) -> bool:
    """Whether the venue would refuse to sell this little: it stays in the wallet, as dust."""
    sellable = floor_to(quantity, instrument.step)
    return (
        sellable <= ZERO
        or sellable < instrument.min_quantity
        or sellable * price < instrument.min_notional
    )
