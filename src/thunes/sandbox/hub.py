"""The hub of the market streams: each message is written once, whoever has subscribed gets it."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from thunes.sandbox import stream_events as say
from thunes.sandbox.candles import Trade
from thunes.sandbox.market import Listing, Market
from thunes.sandbox.public import sides
from thunes.sandbox.stream_names import Stream, combined
from thunes.sandbox.wire import Json

PACE_MS = 100
_SECOND = 1_000 // PACE_MS
_TWO_SECONDS = 2 * _SECOND

_encode = msgspec.json.Encoder().encode


class Subscriber(Protocol):
    """Who takes messages; `combined`: with the name of their stream around them."""

    combined: bool

    def push(self, data: bytes) -> None: ...


class Hub:
    """Watches a market; `beat` wants to be called ten times a second."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._members: dict[str, dict[Subscriber, None]] = {}
        self._streams: dict[str, Stream] = {}
        self._differences: dict[str, say.Differences] = {}
        self._candles: dict[str, int] = {}  # where the candle began that was told last
        self._beats = 0
        market.watchers.append(self)

    def join(self, stream: Stream, member: Subscriber) -> None:
        """From now on `member` gets what `stream` says; of unknown symbols that is nothing."""
        members = self._members.setdefault(stream.name, {})
        members[member] = None
        listing = self._market.listings.get(stream.symbol)
        if len(members) == 1 and (listing is not None or not stream.symbol):
            self._streams[stream.name] = stream
            if stream.kind == "depth" and not stream.detail and listing is not None:
                self._differences[stream.name] = say.Differences(listing)

    def leave(self, name: str, member: Subscriber) -> None:
        members = self._members.get(name, {})
        members.pop(member, None)
        if not members:
            for table in (self._members, self._streams, self._differences, self._candles):
                table.pop(name, None)

    def quoted(self, listing: Listing) -> None:
        self._observe(listing)
        name = f"{listing.symbol.lower()}@bookTicker"
        if name in self._members:
            self._publish(name, say.quote(listing))

    def traded(self, listing: Listing, trade: Trade) -> None:
        self._observe(listing)
        for kind in ("trade", "aggTrade"):
            name = f"{listing.symbol.lower()}@{kind}"
            if name in self._members:
                self._publish(name, say.trade(listing, trade, kind, self._market.clock.ms))

    def beat(self) -> None:
        """Tell what is told by the clock: depth, candles, tickers."""
        self._beats += 1
        for stream in tuple(self._streams.values()):
            if stream.kind == "kline":
                self._tell_candle(stream)
            elif stream.kind == "depth":
                if stream.fast or self._beats % _SECOND == 0:
                    self._tell_depth(stream)
            elif self._beats % _SECOND == 0:
                self._tell_day(stream)

    def _observe(self, listing: Listing) -> None:
        for differences in self._differences.values():
            if differences.listing is listing:
                differences.observe()

    def _publish(self, name: str, event: Json | list[Json]) -> None:
        raw = _encode(event)
        wrapped: bytes | None = None
        for member in self._members[name]:
            if member.combined:
                if wrapped is None:
                    wrapped = combined(name, raw)
                member.push(wrapped)
            else:
                member.push(raw)

    def _tell_candle(self, stream: Stream) -> None:
        """The candle of now; before it the one that has just ended."""
        listing = self._market.listings[stream.symbol]
        clock, interval = self._market.clock, stream.detail
        now = clock.true_ms
        listing.candles.roll(now)
        candle = listing.candles.current(interval, now)
        last = self._candles.get(stream.name)
        if last is not None and last != candle.start:
            ended = listing.candles.between(interval, last, candle.start - 1, 1_000)
            for one in ended:
                self._publish(stream.name, say.kline(listing, one, interval, (clock.ms, True)))
        elif self._beats % (_SECOND if interval == "1s" else _TWO_SECONDS):
            return
        self._candles[stream.name] = candle.start
        self._publish(stream.name, say.kline(listing, candle, interval, (clock.ms, False)))

    def _tell_depth(self, stream: Stream) -> None:
        listing = self._market.listings[stream.symbol]
        if stream.detail:
            levels = sides(listing, int(stream.detail))
            self._publish(stream.name, {"lastUpdateId": listing.update_id} | levels)
            return
        event = self._differences[stream.name].event(self._market.clock.ms)
        if event is not None:
            self._publish(stream.name, event)

    def _tell_day(self, stream: Stream) -> None:
        now, listings = self._market.clock.ms, self._market.listings
        if not stream.symbol:
            every: Iterable[Listing] = listings.values()
            self._publish(stream.name, [say.ticker(one, stream.kind, now) for one in every])
        elif stream.kind in ("ticker", "miniTicker"):
            self._publish(stream.name, say.ticker(listings[stream.symbol], stream.kind, now))
        elif stream.kind == "avgPrice":
            self._publish(stream.name, say.average(listings[stream.symbol], now))
