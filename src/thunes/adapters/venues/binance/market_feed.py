"""The market feed: quotes, trades and closed bars without gaps, from a stream that has some.

Bars that closed while nobody listened are fetched, and a bar that does not join the one before is
not told until those between are there. A symbol that is quiet is looked up: if its price has moved
while the stream said nothing, the stream is dead, however open its socket may be.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

import msgspec

from thunes.adapters.venues.binance.answers import decode
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.market_codec import Notice, decode_klines, decode_market
from thunes.adapters.venues.binance.market_frames import (
    NS_PER_MS,
    BookTicker,
    CandleUpdate,
    Trade,
)
from thunes.adapters.venues.binance.prices import Prices
from thunes.adapters.venues.binance.requests import query
from thunes.adapters.venues.binance.session import Broken, Send
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.market import Bar, PublicTrade, Quote
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Instant,
    Price,
    Quantity,
    Symbol,
    parse_timeframe,
)

T = TypeVar("T")

SILENT_NS = 20 * NS_PER_SECOND
QUIET_NS = 5 * NS_PER_SECOND
STRIKES_MAX = 2
LATE_NS, AGAIN_NS = 3 * NS_PER_SECOND, 15 * NS_PER_SECOND
LOOK_S = 1.0
_PAGE = 1_000


class MarketListener(Protocol):
    """Who wants to know; called on the venue's thread, and not to wait there."""

    def quoted(self, quote: Quote) -> None: ...

    def traded(self, trade: PublicTrade) -> None: ...

    def closed(self, symbol: Symbol, bar: Bar) -> None:
        """A bar that joins the one before."""


class _Ticker(msgspec.Struct, frozen=True, rename="camel"):
    symbol: Symbol
    bid_price: Price
    bid_qty: Quantity
    ask_price: Price
    ask_qty: Quantity


class MarketFeed:
    """All symbols on one connection, which is asked for them by its address."""

    def __init__(
        self,
        streams: str,
        wanted: tuple[Listing, str, Instant],
        client: Client,
        heard: tuple[Prices, MarketListener],
    ) -> None:
        """`wanted` are the symbols, the interval of bars, and from when on bars are wanted (0:
        from the first one that closes)."""
        self.unknown = 0  # frames of a kind that nobody here knows
        self._streams = streams
        self._listing, self._interval, since = wanted
        self._client = client
        self._prices, self._listener = heard
        self._updates: dict[Symbol, int] = {}
        self._joined: dict[Symbol, Instant] = {}
        if since:
            self._joined = dict.fromkeys(self._listing.listed(), since)
        self._heard_at = self._connected_at = Instant(0)
        self._streamed: dict[Symbol, tuple[Price, Price]] = {}
        self._strikes: dict[Symbol, int] = {}
        self._resync = asyncio.Event()
        self._bar_ns = parse_timeframe(self._interval)
        self._fetched_at: dict[Symbol, Instant] = {}

    def address(self) -> str:
        kinds = ("bookTicker", "trade", f"kline_{self._interval}")
        names = [f"{symbol.lower()}@{kind}" for symbol in self._listing.listed() for kind in kinds]
        return f"{self._streams}/stream?streams={'/'.join(names)}"

    async def greet(self, _: Send) -> None:
        """Nothing to ask for: the address has said it."""
        self._heard_at = self._connected_at = self._client.now()

    def hear(self, frame: bytes) -> None:
        said = decode_market(frame)
        self._heard_at = now = self._client.now()
        if isinstance(said, BookTicker):
            if said.update > self._updates.get(said.symbol, -1):
                self._updates[said.symbol] = said.update
                self._strikes.pop(said.symbol, None)
                self._streamed[said.symbol] = (said.bid, said.ask)
                self._quote(said.quote(now))
        elif isinstance(said, Trade):
            self._listener.traded(said.public())
        elif isinstance(said, CandleUpdate):
            if said.candle.closed:
                self._bar(said.symbol, said.candle.bar())
        elif said is Notice.SHUTDOWN:
            raise Broken("the server announced that it closes this connection")
        elif said is Notice.UNKNOWN:
            self.unknown += 1

    async def check(self, _: Send) -> None:
        silent = self._client.now() - self._heard_at
        if silent > SILENT_NS * self._client.pace:
            raise Broken(f"no frame of any symbol for {silent // NS_PER_SECOND} s")
        dead = [symbol for symbol, count in self._strikes.items() if count >= STRIKES_MAX]
        if dead:
            self._strikes.clear()
            raise Broken(f"the price of {dead[0]} moves and its stream does not tell")

    def up(self, _: bool) -> None:
        """Update numbers of the book may begin anew with a new connection."""
        self._updates.clear()
        self._streamed.clear()
        self._resync.set()

    async def run(self) -> None:
        """Fetch what was missed, and look after symbols that are quiet."""
        while True:
            resync = self._resync.is_set()
            self._resync.clear()
            for symbol in [s for s in self._listing.listed() if s in self._joined]:
                if resync or self._is_overdue(symbol):
                    await self._fetch_bars(symbol)
            await self._look_after_quiet(everything=resync)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._resync.wait()

    def _quote(self, quote: Quote) -> None:
        self._prices.heard(quote)
        self._listener.quoted(quote)

    def _bar(self, symbol: Symbol, bar: Bar) -> None:
        """Tell of a closed bar if it joins the one before; if there is a gap, fetch it first."""
        if not _is_whole(bar):
            raise Unreadable("a bar", repr(bar).encode(), "its prices contradict each other")
        joined = self._joined.get(symbol)
        if joined is not None and bar.open_time < joined:
            return
        if joined is not None and bar.open_time > joined:
            self._resync.set()
            return
        self._joined[symbol] = bar.close_time
        self._listener.closed(symbol, bar)

    def _is_overdue(self, symbol: Symbol) -> bool:
        """Whether the next bar should have been told of: nobody traded, or the stream is late."""
        pace = self._client.pace
        late = self._joined[symbol] + self._bar_ns + LATE_NS * pace
        again = self._fetched_at.get(symbol, Instant(0)) + AGAIN_NS * pace
        return self._client.now() >= max(late, again)

    async def _fetch_bars(self, symbol: Symbol) -> None:
        clock = self._client.gauges.clock
        self._fetched_at[symbol] = self._client.now()
        self._client.fallbacks += 1
        while True:
            begin = self._joined[symbol] // NS_PER_MS
            params = (("symbol", symbol), ("interval", self._interval), ("startTime", begin))
            asked = query("klines", 2, *params, ("limit", _PAGE), signed=False)
            body = await self._client.ask(asked)
            if isinstance(body, Failure):
                self._resync.set()
                return
            bars = _readable(decode_klines, body)
            now = clock.stamp_ms(self._client.now()) * NS_PER_MS
            closed = [bar for bar in bars if self._joined[symbol] <= bar.open_time]
            closed = [bar for bar in closed if bar.close_time <= now and _is_whole(bar)]
            for bar in closed:
                # The venue itself has no bar where it stood still: that is no gap of ours.
                self._joined[symbol] = bar.close_time
                self._listener.closed(symbol, bar)
            if len(bars) < _PAGE or not closed:
                return

    async def _look_after_quiet(self, *, everything: bool) -> None:
        """Ask for the quotes of symbols of which nothing was heard for a while; where the stream
        may be dead, look again soon."""
        now = self._client.now()
        quiet = []
        for symbol in self._listing.listed():
            quote = self._prices.latest(symbol)
            suspect = everything or symbol in self._strikes
            if quote is None or suspect or now - quote.at > QUIET_NS * self._client.pace:
                quiet.append(symbol)
        if not quiet:
            return
        self._client.fallbacks += 1
        names = msgspec.json.encode(quiet).decode()
        asked = query("ticker/bookTicker", 4, ("symbols", names), signed=False)
        body = await self._client.ask(asked)
        if isinstance(body, Failure):
            return
        for row in _readable(_tickers, body):
            said = row.bid_price, row.ask_price
            if said == self._streamed.setdefault(row.symbol, said):
                self._strikes.pop(row.symbol, None)
            elif self._connected_at + QUIET_NS * self._client.pace < now:
                self._strikes[row.symbol] = self._strikes.get(row.symbol, 0) + 1
            self._quote(Quote(now, row.symbol, said[0], row.bid_qty, said[1], row.ask_qty))


def _tickers(body: bytes) -> list[_Ticker]:
    return decode(body, list[_Ticker], "the best bids and asks")


def _readable(read: Callable[[bytes], list[T]], body: bytes) -> list[T]:
    """What a body says; nothing if it cannot be read, for it will be asked for again."""
    try:
        return read(body)
    except Unreadable:
        return []


def _is_whole(bar: Bar) -> bool:
    numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    return (
        all(map(math.isfinite, numbers))
        and 0.0 < bar.low <= min(bar.open, bar.close)
        and max(bar.open, bar.close) <= bar.high
        and bar.volume >= 0.0
    )
