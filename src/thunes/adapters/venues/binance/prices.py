"""Prices: the latest quote of each symbol, and why none of them may be traded on right now."""

from dataclasses import dataclass

from thunes.core.domain.market import Quote
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Instant, Price, Symbol

AGE_NS_MAX = 15 * NS_PER_SECOND
FROZEN_NS = 600 * NS_PER_SECOND
JUMP_DENOMINATOR = 20
"""A move of more than 1/20 from one quote to the next is a spike."""
SPIKE_NS = 5 * NS_PER_SECOND
"""So long a spike has to last before it is a price."""


@dataclass(slots=True)
class _Latest:
    quote: Quote
    changed_at: Instant
    spiked_at: Instant | None = None


class Prices:
    """What was heard last. There is no other price: where none is known nothing is entered."""

    def __init__(self) -> None:
        self._latest: dict[Symbol, _Latest] = {}

    def heard(self, quote: Quote) -> None:
        """A quote arrived; what is wrong with it is found out when somebody wants to use it."""
        known = self._latest.get(quote.symbol)
        if known is None:
            self._latest[quote.symbol] = _Latest(quote, quote.at)
            return
        before = known.quote
        if quote.at < before.at:
            return
        if not (_is_finite(quote) and _is_finite(before)):
            known.quote, known.changed_at, known.spiked_at = quote, quote.at, quote.at
            return
        if _middle(quote) != _middle(before) or (
            (quote.bid_quantity, quote.ask_quantity) != (before.bid_quantity, before.ask_quantity)
        ):
            known.changed_at = quote.at
        if abs(_middle(quote) - _middle(before)) * JUMP_DENOMINATOR > _middle(before):
            known.spiked_at = quote.at
        known.quote = quote

    def latest(self, symbol: Symbol) -> Quote | None:
        known = self._latest.get(symbol)
        return None if known is None else known.quote

    def doubt(self, symbol: Symbol, now: Instant) -> str:
        """Why nothing may be entered at the price of this symbol; "" if it may."""
        known = self._latest.get(symbol)
        if known is None:
            return f"no price of {symbol} is known"
        quote = known.quote
        if not _is_finite(quote) or quote.bid <= ZERO:
            return f"{quote.bid} / {quote.ask} is no price of {symbol}"
        if quote.bid > quote.ask:
            return f"the quote of {symbol} is crossed: {quote.bid} / {quote.ask}"
        if now - quote.at > AGE_NS_MAX:
            return f"the price of {symbol} is {(now - quote.at) / NS_PER_SECOND:.0f} s old"
        if now - known.changed_at > FROZEN_NS:
            return f"the price of {symbol} has been frozen at {quote.bid} / {quote.ask}"
        if known.spiked_at is not None and now - known.spiked_at < SPIKE_NS:
            return f"the price of {symbol} has just jumped to {quote.bid} / {quote.ask}"
        return ""

    def mark(self, symbol: Symbol, now: Instant) -> Price | None:
        """The middle of a quote that nothing is wrong with, or None."""
        quote = self.latest(symbol)
        if quote is None or self.doubt(symbol, now):
            return None
        return Price(_middle(quote) / 2)


def _is_finite(quote: Quote) -> bool:
    return quote.bid.is_finite() and quote.ask.is_finite()


def _middle(quote: Quote) -> Price:
    """Twice the middle: exact."""
    return Price(quote.bid + quote.ask)
