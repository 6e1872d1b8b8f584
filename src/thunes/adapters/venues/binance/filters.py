"""Filters before sending: what the venue would refuse never leaves, and is told as it would be."""

from msgspec.structs import replace

from thunes.adapters.venues.binance.states import CONTINGENT
from thunes.core.domain.instrument import Filter, Instrument, failed_filter
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
    resting, waiting = working
    waiting += sum(order.type in CONTINGENT for order in orders)
    if instrument.max_orders and resting + len(orders) > instrument.max_orders:
        return Filter.MAX_NUM_ORDERS
    stops = any(order.type in CONTINGENT for order in orders)
    if stops and instrument.max_stop_orders and waiting > instrument.max_stop_orders:
        return Filter.MAX_NUM_ALGO_ORDERS
    return None


def _failed_amount(instrument: Instrument, order: Order, reference: Price) -> Filter | None:
    """An order by amount buys a quantity, and what holds for quantities holds for that as well."""
    if order.quote_amount is None:
        return None
    bought = floor_to(order.quote_amount / reference, instrument.step)
    if instrument.max_quantity and bought > instrument.max_quantity:
        return Filter.LOT_SIZE
    if instrument.market_max_quantity and bought > instrument.market_max_quantity:
        return Filter.MARKET_LOT_SIZE
    return Filter.NOTIONAL if ZERO < bought * reference < instrument.min_notional else None
