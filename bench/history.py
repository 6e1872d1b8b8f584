"""History: days of an account in seconds, by the live engine, into a journal of a wanted size."""

from decimal import Decimal
from pathlib import Path

import numpy as np

from thunes.adapters.storage.kept import KeptJournal
from thunes.compose.engine import engine_from_header
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, VenueCommand
from thunes.core.domain.event import AccountSeen, QuoteReceived, VenueReported
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar, Quote
from thunes.core.domain.order import Accepted, Canceled, Filled, Order, OrderType, Report
from thunes.core.domain.units import (
    NS_PER_SECOND,
    ZERO,
    Asset,
    Instant,
    Price,
    Quantity,
    Symbol,
    floor_to,
)
from thunes.runtime.ears import QUOTE_EVERY_NS
from thunes.runtime.recovery import Recorded, recover, take_over

_USDT, _ONE = Asset("USDT"), Quantity(Decimal(1))


class _Clock:
    """Stands where it is put."""

    def __init__(self, at: int) -> None:
        self.at = Instant(at)

    def now(self) -> Instant:
        return self.at

    def wait_s(self, _: Instant) -> float:
        return 0.0


class _Lease:
    epoch = 1

    def renew(self, at: Instant) -> None:
        pass

    def holds(self, _: Instant) -> bool:
        return True


class _Filling:
    """A venue that fills what is at the market, and lets a stop rest."""

    def __init__(self, prices: dict[Symbol, Price], steps: dict[Symbol, Quantity]) -> None:
        self.reports: list[Report] = []
        self._prices, self._steps = prices, steps
        self._trades = 0

    def send(self, command: VenueCommand, _: Instant) -> None:
        match command:
            case PlaceOrders(orders=orders):
                pass
            case CancelOrders(order_ids=cancels):
                orders = ()
                self.reports += [Canceled(each) for each in cancels]
            case ReplaceOrders(cancels=cancels, orders=orders):
                self.reports += [Canceled(each) for each in cancels]
        for order in orders:
            self._placed(order)

    def ask_account(self, at: Instant, fills_since: Instant) -> None:
        pass

    def _placed(self, order: Order) -> None:
        self.reports.append(Accepted(order.id))
        if order.type is not OrderType.MARKET:
            return
        price, size = self._prices[order.symbol], order.quantity
        if size is None:
            assert order.quote_amount is not None, "an order says how much"
            size = Quantity(floor_to(order.quote_amount / price, self._steps[order.symbol]))
        self._trades += 1
        name, fee = f"t{self._trades}", Quantity(ZERO)
        self.reports.append(Filled(order.id, name, price, size, fee, _USDT, True))


class History:
    """An account whose journal is written by the live engine, in a time that jumps."""

    def __init__(self, directory: Path, header: bytes, begin: Instant) -> None:
        """Begin a journal, or go on with the one in `directory`."""
        self._kept = KeptJournal.open(directory, header)
        self._engine = engine_from_header(header, directory)
        found = self._kept.recorded()
        unkept = recover(self._engine, Recorded(found.state, found.after, found.beside))
        market = self._engine.state.market
        self._listed, self._frame = list(market.instruments.values()), market.tape.timeframe
        self._clock = _Clock(begin)
        self._prices: dict[Symbol, Price] = {}
        self._venue = _Filling(self._prices, {each.symbol: each.step for each in self._listed})
        own = (self._clock, _Lease())
        self._live = take_over(self._engine, unkept, self._venue, self._kept, own)
        self._price, self._chance = 100.0, np.random.default_rng(3)

    def live(self, cash: Decimal, rounds: int) -> None:
        """So many rounds of five seconds, with trades, and on until nothing is held."""
        for _ in range(3):  # what is new is looked at again before it counts
            self._clock.at = Instant(self._clock.at + 3 * NS_PER_SECOND)
            seen = {_USDT: Quantity(cash)}
            looked = Instant(self._clock.at - 1)
            self._live.hear(AccountSeen(Instant(0), looked, Instant(0), (), (), seen))
        while rounds > 0 or self._engine.state.ledger.positions:
            rounds -= 1
            self._round()

    def quote(self, lines: int) -> None:
        """So many quotes, a microsecond apart, and no end in order."""
        for _ in range(lines):
            self._clock.at = Instant(self._clock.at + 1_000)
            self._tell(self._listed[0])

    def release(self) -> None:
        self._kept.release()

    def _round(self) -> None:
        """A quote of every symbol, its bar where one closes, and what comes of it."""
        self._clock.at = now = Instant(self._clock.at + QUOTE_EVERY_NS)
        self._price *= float(np.exp(self._chance.normal(0, 2e-4)))
        for one in self._listed:
            self._tell(one)
        close = Instant(now // self._frame * self._frame)
        if now - close < QUOTE_EVERY_NS:
            at, price = Instant(close - self._frame), self._price
            bar = Bar(at, close, price, price, price, price, 1.0)
            self._live.close({one.symbol: (bar,) for one in self._listed})
        while reports := self._venue.reports:
            self._venue.reports = []
            self._live.hear(VenueReported(Instant(0), tuple(reports)))

    def _tell(self, one: Instrument) -> None:
        bid = Price(floor_to(Decimal(repr(self._price)), one.tick))
        self._prices[one.symbol] = bid
        quote = Quote(self._clock.at, one.symbol, bid, _ONE, Price(bid + one.tick), _ONE)
        self._live.hear(QuoteReceived(quote.at, quote))
