"""The simulated venue: takes orders, meets them with bars, quotes and trades, and reports."""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal

from thunes.adapters.venues.simulated.account import Account, Balance
from thunes.adapters.venues.simulated.desk import Desk
from thunes.adapters.venues.simulated.execution import Floor
from thunes.adapters.venues.simulated.matching import Matching
from thunes.adapters.venues.simulated.models import Models
from thunes.adapters.venues.simulated.orders import INFINITY, Book
from thunes.adapters.venues.simulated.session import Phase, Session
from thunes.core.domain.command import CancelOrders, VenueCommand
from thunes.core.domain.event import VenueReported
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar, Levels, PublicTrade, Quote
from thunes.core.domain.units import Asset, Instant, Symbol

_NOTHING = Levels(at_open=False, below=-INFINITY, above=INFINITY)
_ANYTHING = Levels(at_open=True, below=INFINITY, above=-INFINITY)


class SimulatedVenue:
    """A spot exchange with one account, exact in `Decimal`.

    **Driving it.** For each bar time: `open_bars`, then reports, step and send for each of them;
    then `trade_bars`, reports, step, send, and `trade_bars` again with the same bars until
    `reports` is empty. One `VenueReported` is one cause: the answer to one command, or one fill
    with what follows from it. `open_bars` does all of an open at once (and a second call for the
    same `at` nothing); `trade_bars` does one fill per call, so that the core can answer it.

    **When an order acts.** One sent between bars acts from the next open. One sent after an open
    (the protection of what filled there) acts in the range of the same bar. One sent inside the
    range acts from the next bar, except a stop that guards a holding: the worst is assumed, that
    the low came after it. A market order fills at an open only. Latency delays a command; inside
    a bar it arrives after the bar's own fills, so a cancel that is late comes too late.

    **At what price.** Market: the open; stop: its level, or the open beyond it; both moved by the
    slippage and rounded to the tick against us. Limit: traded through, at its price; at an open
    that is better, that open; a target never better than its price. Inside a range one path
    is assumed: down then up (pessimistic), or up then down. See `methods.md` 1.2.

    Fills inside a bar are stamped with its open time: they happened somewhere in it.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        balances: Mapping[Asset, Decimal],
        models: Models | None = None,
    ) -> None:
        models = models or Models()
        self._books = {one.symbol: Book(one, place) for place, one in enumerate(instruments)}
        self._account = Account(balances)
        for book in self._books.values():
            self._account.open(book.instrument.base)
            self._account.open(book.instrument.quote)
        self._session = Session()
        self._desk = Desk(self._books, self._account, self._session, models)
        self._reporter = self._desk.reporter
        self._matching = Matching(
            Floor(self._desk, models), self._session, self._reporter, models.ambiguity
        )
        self._latency = models.latency.nanoseconds
        self._travelling: deque[tuple[Instant, VenueCommand]] = deque()

    @property
    def ambiguous_bars(self) -> int:
        """Bars, counted per symbol, in whose range both exits of a holding lay."""
        return self._matching.ambiguous_bars

    def balances(self) -> dict[Asset, Balance]:
        """What the account holds, free and locked, in units of each asset."""
        return self._account.balances()

    def send(self, command: VenueCommand, at: Instant) -> None:
        """Take a command sent at `at`; without latency it is answered at once."""
        if self._latency:
            self._travelling.append((Instant(at + self._latency), command))
            return
        session = self._session
        if session.phase is Phase.OPEN and at > session.opened_at:
            session.phase = Phase.CLOSED  # the range of this bar was of no interest
        self._desk.take(command, at)
        self._reporter.cut(at)

    def reports(self) -> tuple[VenueReported, ...]:
        """All that happened since the last call, oldest first."""
        return self._reporter.collect()

    def open_bars(self, at: Instant, bars: Mapping[Symbol, Bar]) -> None:
        """The open of each bar meets the orders that were there before it."""
        session = self._session
        if at == session.opened_at:
            return
        session.phase = Phase.CLOSED
        if self._travelling:
            # Since they arrived no bar was brought here, while others may have closed: the
            # answers come now, for time never runs backwards.
            self._arrive(at, answered_at=at)
        session.begin(at, bars)
        for book in tuple(self._desk.active.values()):
            bar = bars.get(book.symbol)
            if bar is not None:
                self._matching.open(book, bar, at)

    def trade_bars(
        self,
        at: Instant,  # noqa: ARG002 - the bars tell their own time
        bars: Mapping[Symbol, Bar],
    ) -> None:
        """The next fill inside the ranges of these bars; call until there are no more reports."""
        session = self._session
        if session.phase is Phase.CLOSED:
            return
        if session.phase is Phase.OPEN:
            session.begin_range(bars, reversed(self._desk.active.values()))
        pending = session.pending
        while pending:
            book = pending[-1]
            if book.orders and self._matching.range(book, bars[book.symbol]):
                return
            pending.pop()
        if self._travelling and bars:
            close = next(iter(bars.values())).close_time
            if self._arrive(Instant(close - 1)):
                return
        session.phase = Phase.CLOSED

    def on_quote(self, quote: Quote) -> None:
        """Buys meet the ask, sells the bid; limits fill at their price when it is passed."""
        self._arrive(quote.at)
        sides = (float(quote.ask), float(quote.bid))
        volume = float(min(quote.bid_quantity, quote.ask_quantity))
        book = self._books.get(quote.symbol)
        if book is not None:
            self._matching.tick(book, quote.at, sides, volume)

    def on_trade(self, trade: PublicTrade) -> None:
        """A trade between others: what it passes fills, what it touches is triggered."""
        self._arrive(trade.at)
        sides = (float(trade.price), float(trade.price))
        book = self._books.get(trade.symbol)
        if book is not None:
            self._matching.tick(book, trade.at, sides, float(trade.quantity))

    def levels(self, symbol: Symbol) -> Levels:
        """What would make this symbol's open orders act; anything while commands travel."""
        if self._travelling:
            return _ANYTHING
        book = self._desk.active.get(symbol)
        return _NOTHING if book is None else book.levels

    def interested(self) -> tuple[Symbol, ...]:
        """Symbols with open orders or orders on their way, in the order of the instruments.

        With fees in BNB, also those that price BNB.
        """
        if not self._travelling:
            return self._desk.symbols()
        coming = dict.fromkeys(self._desk.symbols())
        for _, command in self._travelling:
            if not isinstance(command, CancelOrders):
                coming.update((o.symbol, None) for o in command.orders if o.symbol in self._books)
        return tuple(sorted(coming, key=lambda symbol: self._books[symbol].place))

    def _arrive(self, at: Instant, answered_at: Instant = Instant(0)) -> bool:
        """Carry out the commands that have travelled long enough; whether there was an answer."""
        answered = False
        while self._travelling and self._travelling[0][0] <= at:
            arrived, command = self._travelling.popleft()
            self._desk.take(command, arrived)
            answered |= self._reporter.cut(max(arrived, answered_at))
        return answered
