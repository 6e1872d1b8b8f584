"""The ratio of a value to a quantity: the one division of money that there is."""

from decimal import Decimal

from thunes.core.domain.units import EXACT, Price

_PLACES = Decimal("1e-18")


def ratio(value: Decimal, quantity: Decimal) -> Price:
    """A value by a quantity, as a price: to 18 places at most, so that sums of it stay exact."""
    price = EXACT.divide(value, quantity)
    rounded = price.quantize(_PLACES, context=EXACT)
    return Price(price if price == rounded else rounded)
