"""Market frames: what the market streams say, byte for byte into typed values."""

from decimal import Decimal

import msgspec

from thunes.core.domain.market import Bar, PublicTrade, Quote
from thunes.core.domain.units import Instant, Price, Quantity, Symbol

NS_PER_MS = 1_000_000

Level = tuple[Price, Quantity]


class BookTicker(msgspec.Struct, frozen=True, gc=False, rename={"update": "u", "symbol": "s"}):
    """The best bid and ask after update number `update`; it carries no time."""

    update: int
    symbol: Symbol
    bid: Price = msgspec.field(name="b")
    bid_quantity: Quantity = msgspec.field(name="B")
    ask: Price = msgspec.field(name="a")
    ask_quantity: Quantity = msgspec.field(name="A")

    def quote(self, at: Instant) -> Quote:
        """As received at `at`."""
        return Quote(at, self.symbol, self.bid, self.bid_quantity, self.ask, self.ask_quantity)


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One trade, or several of one order at one price (aggTrade); times are milliseconds."""

    event_time: int = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    price: Price = msgspec.field(name="p")
    quantity: Quantity = msgspec.field(name="q")
    time: int = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")
    trade_id: int | None = msgspec.field(name="t", default=None)
    aggregate_id: int | None = msgspec.field(name="a", default=None)

    def public(self) -> PublicTrade:
        return PublicTrade(Instant(self.time * NS_PER_MS), self.symbol, self.price, self.quantity)


class DepthUpdate(msgspec.Struct, frozen=True):
    """Changed levels of the book, updates `first` to `last`; quantity 0 removes a level."""

    event_time: int = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    first: int = msgspec.field(name="U")
    last: int = msgspec.field(name="u")
    bids: tuple[Level, ...] = msgspec.field(name="b")
    asks: tuple[Level, ...] = msgspec.field(name="a")


class Candle(msgspec.Struct, frozen=True, gc=False):
    """One bar as it stands; `closed` says that it will not change any more."""

    open_time: int = msgspec.field(name="t")
    close_time: int = msgspec.field(name="T")  # its last millisecond
    interval: str = msgspec.field(name="i")
    open: Decimal = msgspec.field(name="o")
    high: Decimal = msgspec.field(name="h")
    low: Decimal = msgspec.field(name="l")
    close: Decimal = msgspec.field(name="c")
    volume: Decimal = msgspec.field(name="v")
    closed: bool = msgspec.field(name="x")

    def bar(self) -> Bar:
        return Bar(
            open_time=Instant(self.open_time * NS_PER_MS),
            close_time=Instant((self.close_time + 1) * NS_PER_MS),
            open=float(self.open),
            high=float(self.high),
            low=float(self.low),
            close=float(self.close),
            volume=float(self.volume),
        )


class CandleUpdate(msgspec.Struct, frozen=True):
    """A bar of one symbol has changed."""

    event_time: int = msgspec.field(name="E")
    symbol: Symbol = msgspec.field(name="s")
    candle: Candle = msgspec.field(name="k")


Said = BookTicker | Trade | DepthUpdate | CandleUpdate
