"""Where in a bar the simulated venue stands, and which price its traders know."""

from collections.abc import Iterable, Mapping
from enum import Enum

from thunes.adapters.venues.simulated.orders import Book, Working
from thunes.core.domain.market import Bar
from thunes.core.domain.units import Instant, Symbol


class Phase(Enum):
    """A bar is met in two phases; commands may come in each and in between."""

    CLOSED = "closed"  # between bars: the last close is known
    OPEN = "open"  # the open is known, the range is still to come
    RANGE = "range"  # orders meet highs and lows


class Session:
    """The phase, the bars, and the books whose range is still to be met."""

    __slots__ = ("bars", "known", "number", "opened_at", "pending", "phase")

    def __init__(self) -> None:
        self.phase = Phase.CLOSED
        self.number = 1  # of the bar in progress, or of the last one
        self.opened_at = -1
        self.bars: Mapping[Symbol, Bar] = {}
        self.known: dict[Symbol, Bar] = {}
        self.pending: list[Book] = []

    def begin(self, at: Instant, bars: Mapping[Symbol, Bar]) -> None:
        self.phase = Phase.OPEN
        self.number += 1
        self.opened_at = at
        self.bars = bars
        self.known.update(bars)
        if self.pending:
            self.pending = []

    def begin_range(self, bars: Mapping[Symbol, Bar], books: Iterable[Book]) -> None:
        """The ranges of `bars` are to be met, the last of `books` first; the bars may be of other
        symbols than those of the opens."""
        self.phase = Phase.RANGE
        if bars is not self.bars:
            self.bars = bars
            self.known.update(bars)
        self.pending = [book for book in books if book.symbol in bars]

    def price(self, book: Book, at: Instant, *, buy: bool) -> float | None:
        """The last price that a trader on this side knows at `at`.

        None before the first, and where the last bar that was brought here closed before `at`:
        nobody brings bars of symbols without orders, and an old price is worse than none.
        """
        if book.quoted is not None:
            return book.quoted[0 if buy else 1]
        bar = self.known.get(book.symbol)
        if bar is None:
            return None
        if self.phase is Phase.CLOSED or book.symbol not in self.bars:
            return bar.close if bar.close_time >= at else None
        return book.traded if book.traded_bar == self.number else bar.open

    def admit(self, working: Working) -> None:
        """Say from which bar's range on a new order acts.

        Inside a range only a stop that guards a holding acts at once, for the worst is assumed:
        what it guards was bought before the low.
        """
        if self.phase is Phase.OPEN:
            working.acts_from = self.number
        elif self.phase is Phase.RANGE and working.protects:
            working.acts_from = self.number
            if working.book.symbol in self.bars:
                self.pending.append(working.book)
        else:
            working.acts_from = self.number + 1
