"""Open orders of the simulated venue and what price would make each of them act."""

from decimal import Decimal

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Levels
from thunes.core.domain.order import CONTINGENT, Order, OrderRole, OrderType, Side
from thunes.core.domain.units import EXACT, ZERO, Asset, Instant, OrderId, Quantity, Symbol

INFINITY = float("inf")


class Working:
    """An open order.

    `kind` changes once a trigger is pulled: a stop becomes a market order, a stop-limit a limit.
    `left` counts base units, for a market buy by amount quote units. `acts_from` is the number
    of the first bar whose range the order takes part in. `brings` are the orders that begin once
    it is filled: then it is filled at once and wholly, or expires.
    """

    __slots__ = (
        "acts_from",
        "arrived",
        "book",
        "brings",
        "buy",
        "falls",
        "kind",
        "left",
        "level",
        "locked",
        "mark",
        "open",
        "order",
        "said",
        "seen",
        "sibling",
        "strict",
    )

    def __init__(self, order: Order, book: "Book", arrived: Instant) -> None:
        self.order = order
        self.book = book
        self.arrived = arrived
        self.acts_from = 0
        self.buy = order.side is Side.BUY
        self.left: Decimal = order.quantity or order.quote_amount or ZERO
        self.locked: Decimal = ZERO
        self.sibling: Working | None = None
        self.brings: tuple[Order, ...] = ()
        self.open = True
        self.said = False  # the venue has told that it has this order
        self.seen = False  # a quote or trade has met it
        self.kind = order.type
        self.falls = False  # acts on a price at or below the level, else at or above
        self.strict = False  # needs a price past the level: touching it is not enough
        self.level: Decimal = ZERO
        self.mark = 0.0  # the level as a float, for the first quick look

    def arm(self, kind: OrderType, *, touch: bool) -> None:
        """Become an order of `kind`; `touch` lets limits act on their very price."""
        order = self.order
        self.kind = kind
        if kind is OrderType.MARKET:
            return
        limit = kind is OrderType.LIMIT
        self.level = (order.limit_price if limit else order.stop_price) or ZERO
        self.mark = float(self.level)
        self.strict = limit and not touch
        self.falls = self.buy if limit or kind is OrderType.TAKE_PROFIT else not self.buy

    def trigger(self, kind: OrderType, *, touch: bool) -> None:
        """The trigger is pulled: become an order of `kind`."""
        self.arm(kind, touch=touch)
        self.book.changed()

    def reached(self, price: float) -> bool:
        """Whether a market that trades at `price` makes this order act.

        Rounding to float keeps order, so unequal floats decide; only equal ones are looked at in
        full.
        """
        mark = self.mark
        if price != mark:
            return price < mark if self.falls else price > mark
        exact = Decimal(repr(price))
        if exact == self.level:
            return not self.strict
        return exact < self.level if self.falls else exact > self.level

    @property
    def immediate(self) -> bool:
        """It acts on the next price that it meets, whatever that is."""
        return self.kind is OrderType.MARKET or bool(self.brings)

    @property
    def waits_for_limit(self) -> bool:
        """A trigger that makes a limit order: a stop-limit, or a take-profit with a limit price."""
        limited = self.order.limit_price is not None
        return self.kind is OrderType.STOP_LIMIT or (limited and self.kind is OrderType.TAKE_PROFIT)

    @property
    def protects(self) -> bool:
        """A stop that guards a holding."""
        return self.order.role is OrderRole.STOP and not self.buy and self.kind in CONTINGENT

    @property
    def filled(self) -> Quantity | None:
        """How much of it is filled; None if nothing, or if it counts quote units."""
        quantity = self.order.quantity
        if quantity is None or quantity == self.left:
            return None
        return Quantity(EXACT.subtract(quantity, self.left))

    @property
    def asset(self) -> Asset:
        """What the order holds locked."""
        instrument = self.book.instrument
        return instrument.quote if self.buy else instrument.base


class Book:
    """Our open orders of one symbol, oldest first, and what is known of its price."""

    __slots__ = (
        "_levels",
        "ambiguous_bar",
        "filled",
        "filled_bar",
        "instrument",
        "orders",
        "place",
        "quoted",
        "symbol",
        "traded",
        "traded_bar",
    )

    def __init__(self, instrument: Instrument, place: int) -> None:
        self.instrument = instrument
        self.symbol: Symbol = instrument.symbol
        self.place = place  # of the symbol among all, for a fixed order
        self.orders: dict[OrderId, Working] = {}
        self.quoted: tuple[float, float] | None = None  # what a buy pays, what a sell gets
        self.traded = 0.0  # price of our last fill inside a bar, and the bar's number
        self.traded_bar = 0
        self.filled: Decimal = ZERO  # base units we took of a bar, and the bar's number
        self.filled_bar = 0
        self.ambiguous_bar = 0
        self._levels: Levels | None = None

    def add(self, working: Working) -> None:
        self.orders[working.order.id] = working
        self._levels = None

    def remove(self, working: Working) -> None:
        del self.orders[working.order.id]
        self._levels = None

    def changed(self) -> None:
        """An order acts on another price than before."""
        self._levels = None

    @property
    def levels(self) -> Levels:
        """The nearest prices, either way, at which an order acts; computed once per change."""
        levels = self._levels
        if levels is None:
            at_open, below, above = False, -INFINITY, INFINITY
            for working in self.orders.values():
                if working.immediate:
                    at_open = True
                elif working.falls:
                    below = max(below, working.mark)
                else:
                    above = min(above, working.mark)
            levels = self._levels = Levels(at_open, below, above)
        return levels
