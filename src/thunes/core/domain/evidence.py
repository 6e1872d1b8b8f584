"""Evidence: what a venue tells of the whole account when it is asked for all of it."""

import msgspec

from thunes.core.domain.order import Filled, Side
from thunes.core.domain.units import NS_PER_SECOND, Instant, OrderId, Quantity, Symbol
from thunes.core.domain.word import Word

DEADLINE_NS = 5 * NS_PER_SECOND
"""The venue refuses a request that reaches it later than this after it was sent."""

FENCE_NS = DEADLINE_NS + 12 * NS_PER_SECOND
"""Only so long after a request is its absence evidence: its deadline, 10 s in which the venue may
still be working on it, 2 s of margin for clocks."""


class Standing(Word):
    """Where an order stands, as the venue says."""

    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"


class SeenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order that the venue tells of, ours or not; quantities are base units.

    `quantity` is zero for a market buy by amount of which nothing is known but what it filled.
    """

    order_id: OrderId
    symbol: Symbol
    side: Side
    quantity: Quantity
    filled: Quantity
    standing: Standing


class SeenFill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fill of the account, of an order of ours or of somebody else's; `at` is venue time.

    Its `complete` says nothing: how an order stands is told with the orders.
    """

    at: Instant
    symbol: Symbol
    side: Side
    fill: Filled
