"""The venue's matching: which order a bar, a quote or a trade makes act, and which first."""

from decimal import Decimal

from thunes.adapters.venues.simulated.execution import Floor
from thunes.adapters.venues.simulated.models import Ambiguity
from thunes.adapters.venues.simulated.orders import Book, Working
from thunes.adapters.venues.simulated.reporting import Reporter
from thunes.adapters.venues.simulated.session import Session
from thunes.core.domain.market import Bar
from thunes.core.domain.units import Instant


class Matching:
    """Meets the orders of one book with one price or one range at a time."""

    def __init__(
        self, floor: Floor, session: Session, reporter: Reporter, ambiguity: Ambiguity
    ) -> None:
        self._floor = floor
        self._session = session
        self._reporter = reporter
        self._up_first = ambiguity is Ambiguity.OPTIMISTIC
        self.ambiguous_bars = 0

    def open(self, book: Book, bar: Bar, at: Instant) -> None:
        """All orders that this open makes act, oldest first, each with its own batch."""
        price, levels = bar.open, book.levels
        if not levels.at_open and levels.below < price < levels.above:
            return
        self._floor.enter(book, bar.volume)
        for working in tuple(book.orders.values()):
            if working.open and (working.immediate or working.reached(price)):
                exact = Decimal(repr(price))
                self._floor.act(working, exact, at_market=True, taker=working.arrived == at)
                self._reporter.cut(at)

    def range(self, book: Book, bar: Bar) -> bool:
        """The next fill inside this bar's range, if there is one."""
        levels = book.levels
        if levels.below < bar.low and bar.high < levels.above:
            return False
        self._floor.enter(book, bar.volume)
        working = self._next(book, bar)
        while working is not None:
            self._count_ambiguous(working, bar)
            book.traded, book.traded_bar = working.mark, self._session.number
            self._floor.act(working, None)
            if self._reporter.cut(bar.open_time):
                return True
            working = self._next(book, bar)
        return False

    def tick(self, book: Book, at: Instant, sides: tuple[float, float], volume: float) -> None:
        """Buys meet `sides[0]`, sells `sides[1]`; an order that has rested keeps its price."""
        book.quoted = sides
        if not book.orders:
            return
        self._session.number += 1
        self._floor.enter(book, volume)
        for working in tuple(book.orders.values()):
            price = sides[0] if working.buy else sides[1]
            fresh, working.seen = not working.seen, True
            if not working.open:
                continue
            if working.immediate or working.reached(price):
                exact = Decimal(repr(price))
                self._floor.act(working, exact, at_market=fresh, taker=fresh)
                self._reporter.cut(at)

    def _next(self, book: Book, bar: Bar) -> Working | None:
        """The order that the assumed path meets first: nearest first on the way down and up."""
        number = self._session.number
        down: Working | None = None
        up: Working | None = None
        for working in book.orders.values():
            if working.acts_from > number or working.immediate:
                continue
            if working.falls:
                if (down is None or working.mark > down.mark) and working.reached(bar.low):
                    down = working
            elif (up is None or working.mark < up.mark) and working.reached(bar.high):
                up = working
        return (up or down) if self._up_first else (down or up)

    def _count_ambiguous(self, working: Working, bar: Bar) -> None:
        sibling, number = working.sibling, self._session.number
        if sibling is None or working.buy or working.book.ambiguous_bar == number:
            return
        if sibling.acts_from <= number and sibling.reached(bar.low if sibling.falls else bar.high):
            working.book.ambiguous_bar = number
            self.ambiguous_bars += 1
