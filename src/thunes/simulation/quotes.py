"""Quotes: the best bid and ask of each symbol as a process hears of them, now and then wrong."""

from collections.abc import Callable
from decimal import Decimal

from thunes.core.domain.event import Event, QuoteReceived
from thunes.core.domain.market import Quote
from thunes.core.domain.units import NS_PER_SECOND, Instant, Price, Quantity, Symbol
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault
from thunes.simulation.scene import Scene

_LATENCY_NS = 20_000_000
_OLD_NS = (NS_PER_SECOND, 120 * NS_PER_SECOND)
_STRANGE = (("NaN", "NaN"), ("0", "0"), ("-1", "1"), ("2", "1"), ("Infinity", "Infinity"))
_FAULTS = (Fault.QUOTE_LOST, Fault.QUOTE_BAD, Fault.QUOTE_OLD)


class Quotes:
    """Tells the quotes of a scene, one symbol after another, each as often as the scene says."""

    def __init__(self, scene: Scene, exchange: Exchange) -> None:
        self._exchange = exchange
        self._every = scene.quotes_ns
        self._symbols = list(scene.paths)
        self._hear: Callable[[Event], None] = lambda _: None
        self._size = Quantity(Decimal(1))

    def begin(self, hear: Callable[[Event], None]) -> None:
        """From now on `hear` is told of quotes, if the scene has any."""
        self._hear = hear
        if self._every:
            self._exchange.agenda.after(self._every, self._tell)

    def _tell(self) -> None:
        agenda = self._exchange.agenda
        agenda.after(self._every, self._tell)
        for symbol in self._symbols:
            quoted = self._exchange.backend.floor.books[symbol].quoted
            if quoted is not None:
                self._tell_one(symbol, quoted)

    def _tell_one(self, symbol: Symbol, quoted: tuple[float, float]) -> None:
        box, agenda = self._exchange.box, self._exchange.agenda
        struck = box.first(_FAULTS)
        if struck is Fault.QUOTE_LOST:
            return
        ask, bid = (Price(Decimal(repr(side))) for side in quoted)
        at = agenda.now
        if struck is Fault.QUOTE_OLD:
            at = Instant(at - box.draw(struck, *_OLD_NS))
        elif struck is Fault.QUOTE_BAD:
            place = box.draw(struck, 0, len(_STRANGE))
            if place == len(_STRANGE):
                bid, ask = Price(bid * 10), Price(ask * 10)
            else:
                bid, ask = (Price(Decimal(text)) for text in _STRANGE[place])
        quote = Quote(at, symbol, bid, self._size, ask, self._size)
        agenda.after(_LATENCY_NS, lambda: self._hear(QuoteReceived(quote.at, quote)))
