"""Orders: what is asked of a venue, and what the venue answers."""

import msgspec

from thunes.core.domain.units import (
    Asset,
    Instant,
    Money,
    OrderId,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.domain.word import Word


class Side(Word):
    BUY = "buy"
    SELL = "sell"


class OrderType(Word):
    MARKET = "market"
    LIMIT = "limit"
    STOP_MARKET = "stop_market"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"  # a market order once the trigger is touched


LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT)
"""What has a limit price of its own."""

STOPS = (OrderType.STOP_MARKET, OrderType.STOP_LIMIT)
CONTINGENT = (*STOPS, OrderType.TAKE_PROFIT)
"""What waits for a trigger: the venue counts these of a symbol apart."""


class OrderRole(Word):
    """Why an order exists. Spot venues know no reduce-only flag: the role is ours."""

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    TARGET = "target"


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An order as it is sent. Exactly one of `quantity` and `quote_amount` is set.

    `quote_amount` buys at market for at most that much, fees in quote included.
    Orders that share a `list_id` are one-cancels-other. `leg` names the part of a position
    that the order opens or protects. An entry past `expires_at` is cancelled by us. `after` is the
    entry that the order came along with: until that has filled there is nothing for it to do.
    """

    id: OrderId
    symbol: Symbol
    side: Side
    type: OrderType
    role: OrderRole
    strategy: StrategyId
    quantity: Quantity | None = None
    quote_amount: Money | None = None
    limit_price: Price | None = None
    stop_price: Price | None = None
    list_id: str | None = None
    leg: str = ""
    expires_at: Instant | None = None
    after: OrderId | None = None


class Accepted(msgspec.Struct, frozen=True, tag="accepted", forbid_unknown_fields=True):
    order_id: OrderId


class Rejected(
    msgspec.Struct, frozen=True, tag="rejected", forbid_unknown_fields=True, omit_defaults=True
):
    """The venue does not have the order; nothing of it rests or will fill.

    With `again` it was not refused for what it is (too many requests, a late arrival, an outage):
    the same may be asked again.
    """

    order_id: OrderId
    code: int
    text: str
    again: bool = False


class Filled(msgspec.Struct, frozen=True, tag="filled", forbid_unknown_fields=True):
    """One execution; `quantity` is of this execution only. `fee` is in units of `fee_asset`."""

    order_id: OrderId
    trade_id: str
    price: Price
    quantity: Quantity
    fee: Quantity
    fee_asset: Asset
    complete: bool  # the venue says that nothing of the order is left to fill


class Canceled(
    msgspec.Struct, frozen=True, tag="canceled", forbid_unknown_fields=True, omit_defaults=True
):
    """`filled` is all that was filled of it, where the venue tells: some may be heard of later."""

    order_id: OrderId
    filled: Quantity | None = None


class Expired(
    msgspec.Struct, frozen=True, tag="expired", forbid_unknown_fields=True, omit_defaults=True
):
    """The venue ended the order: no liquidity, or its sibling of a list went first.

    `filled` is all that was filled of it, where the venue tells: some may be heard of later.
    """

    order_id: OrderId
    text: str
    filled: Quantity | None = None


class CancelRefused(
    msgspec.Struct,
    frozen=True,
    tag="cancel_refused",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """The venue knows no such open order: it may have filled.

    With `again` the venue never came to look for it (too many requests, a late arrival, an
    outage): the order is what it was before.
    """

    order_id: OrderId
    code: int
    text: str
    again: bool = False


class OutcomeUnknown(
    msgspec.Struct, frozen=True, tag="outcome_unknown", forbid_unknown_fields=True
):
    """No answer, or an ambiguous one: the order may or may not exist."""

    order_id: OrderId


Report = Accepted | Rejected | Filled | Canceled | Expired | CancelRefused | OutcomeUnknown
