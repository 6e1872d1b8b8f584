"""The market as known now: the tape up to a row, and the newest quotes."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Floats, Quote
from thunes.core.domain.units import NS_PER_SECOND, ONE, ZERO, Instant, Price, Quantity, Symbol
from thunes.core.market.tape import Tape

_TWO = Decimal(2)
JUMP_MAX = Decimal("0.1")
FRESH_NS = 60 * NS_PER_SECOND
"""A quote further than `JUMP_MAX` from a price as fresh as this is not believed; a real crash is
once a bar has closed there."""


class Market:
    """Implements `core.domain.view.MarketView`.

    `half_spread` (fraction of the price) stands in for quotes where only bars are known; None
    means that without quotes there is no spread, and a gate that needs one refuses.
    """

    def __init__(
        self,
        tape: Tape,
        instruments: Mapping[Symbol, Instrument],
        half_spread: Decimal | None = None,
    ) -> None:
        self.tape = tape
        self.instruments = instruments
        self.half_spread = half_spread
        self.sequence = -1
        self.quotes: dict[Symbol, Quote] = {}
        self._marks: dict[Symbol, tuple[int, Price]] = {}

    def take(self, quote: Quote) -> str:
        """Believe a quote, or say what is wrong with it: then it is as if none had come."""
        sides = (quote.bid, quote.ask)
        if not all(side.is_finite() and side > ZERO for side in sides):
            return "no price"
        if quote.bid > quote.ask:
            return "crossed"
        known = self.quotes.get(quote.symbol)
        if known is not None and quote.at < known.at:
            return "older than the last one"
        at, mark = self.known_at(quote.symbol), self.mark(quote.symbol)
        if mark is None or at is None or quote.at - at > FRESH_NS:
            self.quotes[quote.symbol] = quote
            return ""
        if abs((quote.bid + quote.ask) / _TWO - mark) > JUMP_MAX * mark:
            return f"far from {mark}"
        self.quotes[quote.symbol] = quote
        return ""

    def mark(self, symbol: Symbol) -> Price | None:
        quote = self.quotes.get(symbol)
        if quote is not None and quote.at >= (self._closed_at(symbol) or 0):
            return Price((quote.bid + quote.ask) / _TWO)
        row = self._row(symbol)
        if row < 0:
            return None
        cached = self._marks.get(symbol)
        if cached is not None and cached[0] == row:
            return cached[1]
        # The shortest decimal that prints as this float: the price as the venue wrote it.
        price = Price(Decimal(repr(float(self.tape.bars[symbol].close[row]))))
        self._marks[symbol] = (row, price)
        return price

    def known_at(self, symbol: Symbol) -> Instant | None:
        closed = self._closed_at(symbol)
        quote = self.quotes.get(symbol)
        if quote is None:
            return closed
        return quote.at if closed is None else max(quote.at, closed)

    def quote(self, symbol: Symbol) -> Quote | None:
        known = self.quotes.get(symbol)
        if known is not None:
            return known
        closed, mark = self._closed_at(symbol), self.mark(symbol)
        if self.half_spread is None or closed is None or mark is None:
            return None
        return Quote(
            at=closed,
            symbol=symbol,
            bid=Price(mark * (ONE - self.half_spread)),
            bid_quantity=Quantity(ZERO),
            ask=Price(mark * (ONE + self.half_spread)),
            ask_quantity=Quantity(ZERO),
        )

    def instrument(self, symbol: Symbol) -> Instrument:
        return self.instruments[symbol]

    def closes(self, symbol: Symbol, count: int) -> Floats:
        end = self._row(symbol) + 1
        if not end:
            return np.empty(0)
        return self.tape.bars[symbol].close[max(0, end - count) : end]

    def bar_seconds(self) -> float:
        return self.tape.timeframe / NS_PER_SECOND

    def closed_at(self) -> Instant:
        """The time of the newest closing; there must be one."""
        return Instant(self.tape.times.item(self.sequence))

    def first_close_in(self, period: int) -> bool:
        sequence = self.sequence
        if sequence <= 0:
            return sequence == 0
        times = self.tape.times
        return int(times[sequence]) // period != int(times[sequence - 1]) // period

    def _row(self, symbol: Symbol) -> int:
        if self.sequence < 0 or symbol not in self.tape.bars:
            return -1
        return self.tape.row(symbol, self.sequence)

    def _closed_at(self, symbol: Symbol) -> Instant | None:
        row = self._row(symbol)
        return None if row < 0 else Instant(int(self.tape.bars[symbol].close_time[row]))
