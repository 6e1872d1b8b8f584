"""Orders in the words of the wire: as they were asked for, and as they stand."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.units import ZERO, Money, OrderId, Price, Quantity, StrategyId
from thunes.sandbox.floor import Terms
from thunes.sandbox.market import Listing

if TYPE_CHECKING:
    from thunes.sandbox.lists import OrderList

KINDS = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.TAKE_PROFIT,
    "TAKE_PROFIT_LIMIT": OrderType.TAKE_PROFIT,
}
OPEN = ("NEW", "PARTIALLY_FILLED")
PENDING = "PENDING_NEW"


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order as it was asked for; what was not sent is None."""

    listing: Listing
    side: str
    type: str
    client_id: str
    time_in_force: str = "GTC"
    quantity: Decimal | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    stop: Decimal | None = None
    trailing_bips: int | None = None
    iceberg: Decimal | None = None
    self_trade: str = "NONE"
    strategy_id: int | None = None
    strategy_type: int | None = None

    @property
    def contingent(self) -> bool:
        return self.type.startswith(("STOP_LOSS", "TAKE_PROFIT"))

    @property
    def limited(self) -> bool:
        return "LIMIT" in self.type

    def terms(self) -> Terms:
        return Terms(
            time_in_force=self.time_in_force if self.limited else "GTC",
            post_only=self.type == "LIMIT_MAKER",
            trailing_bips=self.trailing_bips or 0,
            self_trade=self.self_trade,
        )

    def order(self, number: int, quantity: Decimal | None, list_id: int) -> Order:
        """In the core's words, `number` as its id."""
        stop = self.stop if self.stop is not None or not self.contingent else self._trailed()
        return Order(
            id=OrderId(str(number)),
            symbol=self.listing.symbol,
            side=Side.BUY if self.side == "BUY" else Side.SELL,
            type=KINDS[self.type],
            role=OrderRole.ENTRY if self.side == "BUY" else OrderRole.EXIT,
            strategy=StrategyId(""),
            quantity=None if quantity is None else Quantity(quantity),
            quote_amount=None if quantity is not None else Money(self.amount or ZERO),
            limit_price=None if self.price is None else Price(self.price),
            stop_price=None if stop is None else Price(stop),
            list_id=None if list_id < 0 else str(list_id),
        )

    def _trailed(self) -> Decimal:
        """Where a trailing stop without a price of its own begins."""
        ladder, tick = self.listing.ladder, self.listing.instrument.tick
        price = ladder.ask.price if self.side == "BUY" else ladder.bid.price
        away = price * (self.trailing_bips or 0) / 10_000
        above = self.type.startswith("STOP_LOSS") == (self.side == "BUY")
        start = (price + away if above else price - away) // tick * tick
        return start + tick if above else start


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of an order."""

    trade_id: int
    at: int  # ms
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool


@dataclass(slots=True, eq=False)
class Record:
    """An order as it stands; times in ms."""

    id: int
    ticket: Ticket
    quantity: Decimal
    created: int
    status: str = "NEW"
    executed: Decimal = ZERO
    spent: Decimal = ZERO
    working: bool = True
    working_time: int = -1
    updated: int = 0
    fills: list[Fill] = field(default_factory=list)
    group: "OrderList | None" = None
    reason: str = ""
    refusal: tuple[int, str] | None = None
    cancel_id: str = ""

    @property
    def symbol(self) -> str:
        return self.ticket.listing.symbol

    @property
    def list_id(self) -> int:
        return -1 if self.group is None else self.group.id

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def over(self) -> bool:
        return self.status not in OPEN and self.status != PENDING
