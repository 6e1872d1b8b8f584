"""Instruments: what may be traded, in which steps, and which orders a venue would refuse."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from thunes.core.domain.order import CONTINGENT, Order, OrderType
from thunes.core.domain.units import ZERO, Asset, Money, Price, Quantity, Symbol
from thunes.core.domain.word import Word


class Filter(Word):
    """The venue's filters, by the names that Binance gives them."""

    PRICE_FILTER = "PRICE_FILTER"
    PERCENT_PRICE_BY_SIDE = "PERCENT_PRICE_BY_SIDE"
    LOT_SIZE = "LOT_SIZE"
    MARKET_LOT_SIZE = "MARKET_LOT_SIZE"
    NOTIONAL = "NOTIONAL"
    MAX_NUM_ORDERS = "MAX_NUM_ORDERS"
    MAX_NUM_ALGO_ORDERS = "MAX_NUM_ALGO_ORDERS"


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A spot pair and its filters. A limit of zero is off, as in the venue's own table."""

    symbol: Symbol
    base: Asset
    quote: Asset
    tick: Price
    step: Quantity
    min_quantity: Quantity = Quantity(ZERO)
    max_quantity: Quantity = Quantity(ZERO)
    market_max_quantity: Quantity = Quantity(ZERO)
    min_notional: Money = Money(ZERO)
    min_price: Price = Price(ZERO)
    max_price: Price = Price(ZERO)
    percent_down: Decimal = ZERO
    percent_up: Decimal = ZERO
    max_orders: int = 0
    max_stop_orders: int = 0


def failed_filter(instrument: Instrument, order: Order, reference: Price) -> Filter | None:
    """The first filter that `order` fails, in the venue's table order, or None.

    `reference` (quote per base) values market orders and anchors the percent band.
    Counts of open orders are looked at by `failed_count`.
    """
    for price in (order.limit_price, order.stop_price):
        if price is not None:
            failed = failed_price(instrument, price, reference)
            if failed is not None:
                return failed
    price = order.limit_price or order.stop_price or reference
    if order.quantity is None:
        amount = order.quote_amount or ZERO
        too_small = amount <= ZERO or amount < instrument.min_notional
        return Filter.NOTIONAL if too_small else None
    return _failed_quantity(instrument, order, order.quantity, price)


def failed_price(instrument: Instrument, price: Price, reference: Price) -> Filter | None:
    """The first filter that a limit or stop price fails, or None."""
    if price <= ZERO or price % instrument.tick != ZERO or price < instrument.min_price:
        return Filter.PRICE_FILTER
    if instrument.max_price and price > instrument.max_price:
        return Filter.PRICE_FILTER
    if instrument.percent_up and price > reference * instrument.percent_up:
        return Filter.PERCENT_PRICE_BY_SIDE
    if instrument.percent_down and price < reference * instrument.percent_down:
        return Filter.PERCENT_PRICE_BY_SIDE
    return None


def too_large(instrument: Instrument, quantity: Decimal, *, at_market: bool) -> Filter | None:
    """The filter that a quantity fails by its size, or None."""
    if instrument.max_quantity and quantity > instrument.max_quantity:
        return Filter.LOT_SIZE
    market_max = instrument.market_max_quantity
    return Filter.MARKET_LOT_SIZE if at_market and market_max and quantity > market_max else None


def failed_count(
    instrument: Instrument, orders: Sequence[Order], resting: int, waiting: int
) -> Filter | None:
    """The filter that `orders` fail where so many rest already, `waiting` of them for a trigger."""
    if instrument.max_orders and resting + len(orders) > instrument.max_orders:
        return Filter.MAX_NUM_ORDERS
    more = sum(order.type in CONTINGENT for order in orders)
    if more and instrument.max_stop_orders and waiting + more > instrument.max_stop_orders:
        return Filter.MAX_NUM_ALGO_ORDERS
    return None


def _failed_quantity(
    instrument: Instrument, order: Order, quantity: Quantity, price: Price
) -> Filter | None:
    if quantity <= ZERO or quantity % instrument.step != ZERO:
        return Filter.LOT_SIZE
    if quantity < instrument.min_quantity:
        return Filter.LOT_SIZE
    large = too_large(instrument, quantity, at_market=order.type is OrderType.MARKET)
    if large is not None:
        return large
    if quantity * price < instrument.min_notional:
        return Filter.NOTIONAL
    return None
