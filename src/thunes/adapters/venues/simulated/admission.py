"""What the simulated venue refuses, by the codes and texts of Binance: each is worded here once."""

from collections.abc import Sequence
from decimal import Decimal

from thunes.adapters.venues.simulated.orders import Book
from thunes.core.domain.instrument import Filter, failed_count, failed_filter
from thunes.core.domain.order import CONTINGENT, LIMITED, STOPS, Order, OrderType, Side
from thunes.core.domain.units import EXACT, ZERO, Price

Refusal = tuple[int, str]

FUNDS: Refusal = (-2010, "Account has insufficient balance for requested action.")
DUPLICATE: Refusal = (-2010, "Duplicate order sent.")
IMMEDIATE: Refusal = (-2010, "Order would trigger immediately.")
IMMEDIATE_MATCH: Refusal = (-2010, "Order would immediately match and take.")
RELATION: Refusal = (-2010, "The relationship of the prices for the orders is not correct.")
SYMBOL: Refusal = (-1121, "Invalid symbol.")
COMBINATION: Refusal = (-1128, "Combination of optional parameters invalid.")
UNKNOWN_ORDER: Refusal = (-2011, "Unknown order sent.")
REPLACE_FAILED: Refusal = (-2022, "Order cancel-replace failed.")
REPLACE_HALF_FAILED: Refusal = (-2021, "Order cancel-replace partially failed.")
NO_SUCH_ORDER: Refusal = (-2013, "Order does not exist.")
LATE: Refusal = (-1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD: Refusal = (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
BANNED: Refusal = (-1003, "Way too much request weight used; IP banned.")
NOT_AT_ONCE = "UNFILLED_FOK_ORDER_EXPIRED"
NEVER_BEGUN = "OTO_PHASE_ONE_EXPIRED"

_ANY_PRICE = Price(Decimal("Infinity"))


def refusal_of_filter(failed: Filter) -> Refusal:
    return -1013, f"Filter failure: {failed.value}"


def malformed(orders: Sequence[Order]) -> Refusal | None:
    """One whole order; two of one list: same symbol, side and quantity, one of them a stop; or a
    limit order with one or two such that come after it and undo it."""
    for order in orders:
        missing = _missing(order)
        if missing is not None:
            text = f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed."
            return -1102, text
        if order.quote_amount is not None and (
            order.type is not OrderType.MARKET
            or order.side is not Side.BUY
            or order.quantity is not None
        ):
            return COMBINATION
    first, rest = orders[0], orders[1:]
    if rest and rest[0].after is not None:
        return None if _undone(first, rest) else COMBINATION
    whole = first.after is None and (not rest or (len(rest) == 1 and _pair(first, rest[0])))
    return None if whole else COMBINATION


def refused(orders: Sequence[Order], book: Book, last: Decimal | None) -> Refusal | None:
    """Which filter of the symbol `orders` fail, at the last known price."""
    instrument = book.instrument
    for order in orders:
        # With no price known an order is its own reference.
        anchor = last or order.limit_price or order.stop_price or _ANY_PRICE
        failed = failed_filter(instrument, order, Price(anchor))
        if failed is not None:
            return refusal_of_filter(failed)
    resting = book.orders.values()
    waiting = sum(1 for working in resting if working.order.type in CONTINGENT)
    failed = failed_count(instrument, orders, len(resting), waiting)
    return None if failed is None else refusal_of_filter(failed)


def misplaced(orders: Sequence[Order], last: Decimal | None) -> Refusal | None:
    """Why `orders` could not begin at the last known price: they would not wait for theirs."""
    if len(orders) == 2:
        return _wrong_relation(orders[0], orders[1], last)
    return _immediate(orders[0], last)


def funds_needed(orders: Sequence[Order], last: Decimal | None, fee_factor: Decimal) -> Decimal:
    """What `orders` lock, of which one can fill: base units of a sell, quote of a buy with fee."""
    first = orders[0]
    if first.side is Side.SELL:
        return first.quantity or ZERO  # two of one list have the same
    need = _cost(first, last, fee_factor)
    return need if len(orders) == 1 else max(need, _cost(orders[1], last, fee_factor))


def _cost(order: Order, last: Decimal | None, fee_factor: Decimal) -> Decimal:
    if order.quote_amount is not None:
        return order.quote_amount
    price = order.limit_price or order.stop_price or last or ZERO
    return EXACT.multiply(EXACT.multiply(price, order.quantity or ZERO), fee_factor)


def _missing(order: Order) -> str | None:
    if order.quantity is None and order.quote_amount is None:
        return "quantity"
    if order.limit_price is None and order.type in LIMITED:
        return "price"
    if order.stop_price is None and order.type in CONTINGENT:
        return "stopPrice"
    return None


def _pair(one: Order, other: Order) -> bool:
    return (
        one.list_id is not None
        and one.list_id == other.list_id
        and one.symbol == other.symbol
        and one.side is other.side
        and one.quantity == other.quantity
        and OrderType.MARKET not in (one.type, other.type)
        and (one.type in STOPS) is not (other.type in STOPS)
    )


def _undone(entry: Order, rest: Sequence[Order]) -> bool:
    alike = all(
        each.after == entry.id and each.symbol == entry.symbol and each.side is not entry.side
        for each in rest
    )
    listed = len(rest) == 1 or (len(rest) == 2 and _pair(rest[0], rest[1]))
    kinds = entry.type is OrderType.LIMIT and rest[0].type is not OrderType.MARKET
    return alike and listed and kinds


def _wrong_relation(one: Order, other: Order, last: Decimal | None) -> Refusal | None:
    """A sell's target lies above the market and its stop below; a buy's the other way round."""
    stop, target = (one, other) if one.type in STOPS else (other, one)
    low = stop.stop_price or ZERO
    high = (target.limit_price if target.type is OrderType.LIMIT else target.stop_price) or ZERO
    if stop.side is Side.BUY:
        low, high = high, low
    right = low < high if last is None else low < last < high
    return None if right else RELATION


def _immediate(order: Order, last: Decimal | None) -> Refusal | None:
    if last is None or order.stop_price is None or order.type not in CONTINGENT:
        return None
    waits_below = (order.side is Side.SELL) is (order.type in STOPS)
    waits = order.stop_price < last if waits_below else order.stop_price > last
    return None if waits else IMMEDIATE
