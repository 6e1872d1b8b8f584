"""Filters before sending: what the venue would refuse never leaves, and is told as it would be."""

from msgspec.structs import replace

from thunes.core.domain.instrument import (
    Filter,
    Instrument,
    failed_count,
    failed_filter,
    too_large,
)
from thunes.core.domain.order import Order, Side
from thunes.core.domain.units import ONE, ZERO, Price, Quantity, ceil_to, floor_to

FILTER_CODE = -1013
_EIGHT_PLACES = ONE.scaleb(-8)


def fitted(order: Order, instrument: Instrument) -> Order:
    """The order on the grid of the symbol, never for more and never at a worse limit."""
    limit, stop = order.limit_price, order.stop_price
    tick = instrument.tick
    if limit is not None:
        limit = Price((floor_to if order.side is Side.BUY else ceil_to)(limit, tick))
    if stop is not None:
        # Nearer to the market by less than a tick, so that it triggers no later than asked for.
        stop = Price((floor_to if order.side is Side.BUY else ceil_to)(stop, tick))
    quantity, amount = order.quantity, order.quote_amount
    if quantity is not None:
        quantity = Quantity(floor_to(quantity, instrument.step))
    if amount is not None:
        amount = type(amount)(floor_to(amount, _EIGHT_PLACES))
    return replace(
        order, limit_price=limit, stop_price=stop, quantity=quantity, quote_amount=amount
    )


def failure(
    orders: tuple[Order, ...], instrument: Instrument, mark: Price | None, working: tuple[int, int]
) -> Filter | None:
    """The first filter that any of these fails; `working` counts what rests: orders, and stops.

    Without a `mark` an order is its own reference: only the venue knows what it compares with.
    """
    for order in orders:
        reference = mark or order.limit_price or order.stop_price
        if reference is None:
            continue  # a market order at an unknown price: its quantity was fitted
        failed = failed_filter(instrument, order, reference) or _failed_amount(
            instrument, order, reference
        )
        if failed is not None:
            return failed
    return failed_count(instrument, orders, *working)


def _failed_amount(instrument: Instrument, order: Order, reference: Price) -> Filter | None:
    """An order by amount buys a quantity, and what holds for quantities holds for that as well."""
    if order.quote_amount is None:
        return None
    bought = floor_to(order.quote_amount / reference, instrument.step)
    large = too_large(instrument, bought, at_market=True)
    too_small = ZERO < bought * reference < instrument.min_notional
    return large or (Filter.NOTIONAL if too_small else None)
