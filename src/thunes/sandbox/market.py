"""The market that all accounts meet: quotes, trades and candles of every symbol, from outside."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from thunes.adapters.venues.simulated.admission import SYMBOL
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Symbol
from thunes.sandbox.candles import MINUTE, Candle, Candles, Trade
from thunes.sandbox.clock import Clock
from thunes.sandbox.ladder import Ladder, Level, Shape
from thunes.sandbox.refused import MARKET_CLOSED, Refused

_TRADES_KEPT = 1_000
_AVERAGE_MINUTES = 5


class Print(NamedTuple):
    """A trade between others."""

    price: Decimal
    quantity: Decimal
    maker_bought: bool


class Tick(NamedTuple):
    """What a source of prices says of one symbol at one moment."""

    symbol: Symbol
    bid: Level
    ask: Level
    prints: Sequence[Print] = ()


class Watcher(Protocol):
    """Who is told of the market as it happens."""

    def quoted(self, listing: "Listing") -> None:
        """The best bid or ask is another."""

    def traded(self, listing: "Listing", trade: Trade) -> None:
        """A public trade."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A symbol as it is listed: its rules, the shape of its book, its past."""

    instrument: Instrument
    shape: Shape
    history: Sequence[Candle]


class Listing:
    """One symbol: its rules, its book and what has traded."""

    def __init__(self, listed: Listed) -> None:
        self.instrument = listed.instrument
        self.symbol = listed.instrument.symbol
        self.status = "TRADING"
        self.candles = Candles(listed.history)
        self.trades: deque[Trade] = deque(maxlen=_TRADES_KEPT)
        self.update_id = 1
        self.trade_id = 1
        self.ladder = self._around(listed.shape)

    def _around(self, shape: Shape) -> Ladder:
        """The book around the last close."""
        tick = self.instrument.tick
        bid = max(tick, Decimal(repr(self.candles.last)) // tick * tick)
        size = shape.quantity(0)
        return Ladder(Level(bid, size), Level(bid + tick, size), shape)

    def quote(self, bid: Level, ask: Level) -> None:
        self.ladder = Ladder(bid, ask, self.ladder.shape)
        self.update_id += 1

    def take(self, price: Decimal, quantity: Decimal) -> None:
        """One of ours has taken so much of a level."""
        self.ladder.take(price, quantity)
        self.update_id += 1

    def require_trading(self) -> None:
        """Refuse orders while the symbol takes none."""
        if self.status != "TRADING":
            raise Refused(*MARKET_CLOSED)

    def average(self, now: int) -> float:
        """The volume-weighted price of the last minutes, the last price where nothing traded."""
        recent = self.candles.between("1m", now - _AVERAGE_MINUTES * MINUTE, now, 10)
        volume = sum(candle.volume for candle in recent)
        if not volume:
            return self.candles.last
        return sum(candle.quote for candle in recent) / volume


class Market:
    """All symbols, by name, in the order of their listing."""

    def __init__(self, listed: Iterable[Listed], clock: Clock) -> None:
        self.clock = clock
        self.listings: Mapping[str, Listing] = {
            one.instrument.symbol: Listing(one) for one in listed
        }
        self.watchers: list[Watcher] = []

    def find(self, symbol: str) -> Listing:
        found = self.listings.get(symbol)
        if found is None:
            raise Refused(*SYMBOL)
        return found

    def tick(self, tick: Tick) -> None:
        """The market moves; what trades between others trades before anybody of ours is served."""
        listing = self.listings[tick.symbol]
        for price, quantity, maker_bought in tick.prints:
            self.trade(listing, price, quantity, maker_bought=maker_bought)
        listing.quote(tick.bid, tick.ask)
        for watcher in self.watchers:
            watcher.quoted(listing)

    def trade(
        self, listing: Listing, price: Decimal, quantity: Decimal, *, maker_bought: bool
    ) -> int:
        """Publish a trade; the id that it gets."""
        listing.trade_id += 1
        trade = Trade(
            listing.trade_id,
            self.clock.true_ms,
            float(price),
            float(quantity),
            maker_bought,
        )
        listing.candles.add(trade)
        listing.trades.append(trade)
        for watcher in self.watchers:
            watcher.traded(listing, trade)
        return trade.id
