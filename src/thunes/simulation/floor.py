"""The trading floor: orders of one account meet ticks, by the simulated venue's own rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from thunes.adapters.venues.simulated.account import Account
from thunes.adapters.venues.simulated.costs import Charged, FeeModel
from thunes.adapters.venues.simulated.desk import Desk
from thunes.adapters.venues.simulated.execution import Floor
from thunes.adapters.venues.simulated.matching import Matching
from thunes.adapters.venues.simulated.models import Models, ParticipationModel
from thunes.adapters.venues.simulated.orders import Book, Working
from thunes.adapters.venues.simulated.session import Session
from thunes.core.domain.command import CancelOrders, VenueCommand
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Accepted, Filled, OrderType, Report
from thunes.core.domain.units import EXACT, NS_PER_SECOND, ONE, ZERO, Asset, Instant, Symbol
from thunes.core.domain.word import Word
from thunes.simulation.faults import Fault, FaultBox

_REFILL_NS = 2 * NS_PER_SECOND


class Rules(Word):
    """Whose habits the exchange has."""

    BINANCE = "binance"  # an id may be given again once its order is over; closed orders are kept
    KRAKEN = "kraken"  # ids are unique for ever; closed orders are soon forgotten


def models_charging(charged: Charged = Charged.QUOTE) -> Models:
    """Ten basis points a side, and no more filled of a tick than it offers."""
    fees = FeeModel(maker=Decimal("0.001"), taker=Decimal("0.001"), charged=charged)
    return Models(fees=fees, participation=ParticipationModel(ONE))


@dataclass(frozen=True, slots=True)
class Listing:
    """What is traded, by which rules, and what the account holds at first."""

    instruments: Sequence[Instrument]
    balances: Mapping[Asset, Decimal]
    rules: Rules = Rules.BINANCE
    models: Models = field(default_factory=models_charging)


class TradingFloor:
    """Open orders and the last tick of each symbol; what happens is returned as reports."""

    def __init__(self, listing: Listing, box: FaultBox) -> None:
        self.books = {one.symbol: Book(one, place) for place, one in enumerate(listing.instruments)}
        self.account = Account(listing.balances)
        for one in listing.instruments:
            self.account.open(one.base)
            self.account.open(one.quote)
        session = Session()
        self.desk = Desk(self.books, self.account, session, listing.models)
        self._reporter = self.desk.reporter
        self._matching = Matching(
            Floor(self.desk, listing.models), session, self._reporter, listing.models.ambiguity
        )
        self._box = box
        self._sizes: dict[Symbol, float] = {}
        self._taken: dict[Symbol, tuple[Instant, float]] = {}  # of the last tick, and when

    def touches(self, symbol: Symbol, bid: float, ask: float, size: float) -> bool:
        """Whether a new tick may make an order act; in any case it is the last one known."""
        book = self.books[symbol]
        book.quoted = (ask, bid)
        self._sizes[symbol] = size
        self._taken.pop(symbol, None)
        if not book.orders:
            return False
        levels = book.levels
        return levels.at_open or bid <= levels.below or ask >= levels.above

    def match(self, symbol: Symbol, at: Instant) -> list[Report]:
        """The orders of `symbol` meet its last tick."""
        book = self.books[symbol]
        working = _acting(book)
        if working is None or book.quoted is None:
            return []
        # What a tick offers is there once, until others offer as much again.
        since, taken = self._taken.get(symbol, (at, 0.0))
        if at - since >= _REFILL_NS:
            taken = 0.0
        volume = max(0.0, self._sizes[symbol] - taken)
        takes = working.immediate or working.kind is not OrderType.LIMIT
        starved = takes and self._box.hits(Fault.NO_LIQUIDITY)
        if starved or self._box.hits(Fault.PARTIAL_FILL):
            volume = min(volume, self._part_of(working, book.quoted))
        self._matching.tick(book, at, book.quoted, volume)
        if working.open and working.kind is OrderType.MARKET:
            # A market order takes what there is: it waits for nobody.
            self._expire(working, "The order was expired: no liquidity.")
        reports = self._said(at)
        traded = sum((r.quantity for r in reports if isinstance(r, Filled)), ZERO)
        self._taken[symbol] = (at, taken + float(traded))
        return reports

    def take(self, command: VenueCommand, at: Instant) -> list[Report]:
        """Carry out `command` and match what it placed; every order named in it is answered."""
        desk = self.desk
        desk.take(command, at)
        if isinstance(command, CancelOrders):
            return self._said(at)
        orders = command.orders
        placed = [desk.open[order.id] for order in orders if order.id in desk.open]
        meets = len(placed) == 1 and placed[0].kind in (OrderType.LIMIT, OrderType.MARKET)
        if meets and self._box.hits(Fault.SELF_TRADE):
            self._expire(placed[0], "The order was expired: self-trade prevention.")
        reports = self._said(at)
        if any(working.open for working in placed):
            reports += self.match(orders[0].symbol, at)
            for working in placed:
                if working.open and not working.said:
                    self._acknowledge(working)
            reports += self._said(at)
        return reports

    def totals(self) -> dict[Asset, Decimal]:
        """Units of each asset, free and locked."""
        locked = self.account.locked
        return {asset: EXACT.add(free, locked[asset]) for asset, free in self.account.free.items()}

    def _part_of(self, working: Working, quoted: tuple[float, float]) -> float:
        """A part of what the order wants, in base units."""
        left = float(working.left)
        if working.order.quote_amount is not None:
            left /= quoted[0]
        return left * self._box.draw(Fault.PARTIAL_FILL, 5, 90) / 100

    def _expire(self, working: Working, text: str) -> None:
        if not working.said:
            self._acknowledge(working)
        self.desk.expire(working, text)

    def _acknowledge(self, working: Working) -> None:
        working.said = True
        self.desk.said.append(Accepted(working.order.id))

    def _said(self, at: Instant) -> list[Report]:
        self._reporter.cut(at)
        return [report for batch in self._reporter.collect() for report in batch.reports]


def _acting(book: Book) -> Working | None:
    """The oldest order that acts on the last tick; the others have met it now."""
    acting: Working | None = None
    if book.quoted is None:
        return None
    ask, bid = book.quoted
    for working in book.orders.values():
        if working.immediate or working.reached(ask if working.buy else bid):
            acting = acting or working
        elif not working.seen:
            working.seen = True
    return acting
