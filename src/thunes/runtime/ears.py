"""Ears: what the venue says, from its own thread into the inbox of the one that acts on it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from thunes.core.domain.event import Event, QuoteReceived
from thunes.core.domain.market import Bar, PublicTrade, Quote
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol
from thunes.runtime.closings import Closings
from thunes.runtime.inbox import Inbox, Turn

QUOTE_EVERY_NS = 5 * NS_PER_SECOND
MOVED_SHARE = 1_000
"""The core is told of a quote when the last one is older than that, or has moved by more than one
part in so many: all others are on the tape."""


class MarketTap(Protocol):
    """Hears every quote and trade; called on the venue's thread, and not to wait there."""

    def quoted(self, quote: Quote) -> object: ...

    def traded(self, trade: PublicTrade) -> object: ...


class Ears:
    """Hears the venue. `turn` is what is to be done when something may have been missed."""

    def __init__(
        self,
        inbox: Inbox,
        closings: Closings,
        now: Callable[[], Instant],
        taps: Sequence[MarketTap] = (),
        troubled: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._inbox = inbox
        self._closings = closings
        self._now = now
        self._taps = taps
        self._troubled = troubled
        self._told: dict[Symbol, Quote] = {}
        self._turn: Turn | None = None

    def when_reconnected(self, turn: Turn) -> None:
        """What to do, on the acting thread, once the account stream is up again."""
        self._turn = turn

    def deliver(self, event: Event) -> object:
        return self._inbox.put(event)

    def reconnected(self) -> object:
        return None if self._turn is None else self._inbox.put(self._turn)

    def trouble(self, text: str) -> object:
        return self._troubled(text)

    def quoted(self, quote: Quote) -> None:
        for tap in self._taps:
            tap.quoted(quote)
        before = self._told.get(quote.symbol)
        if before is None or _matters(before, quote):
            self._told[quote.symbol] = quote
            self._inbox.put(QuoteReceived(quote.at, quote))

    def traded(self, trade: PublicTrade) -> None:
        for tap in self._taps:
            tap.traded(trade)

    def closed(self, symbol: Symbol, bar: Bar) -> None:
        if self._closings.put(symbol, bar, self._now()):
            self._inbox.wake()


def _matters(before: Quote, quote: Quote) -> bool:
    if quote.at - before.at >= QUOTE_EVERY_NS:
        return True
    moved = max(abs(quote.bid - before.bid), abs(quote.ask - before.ask))
    return moved * MOVED_SHARE > before.bid
