"""The whole system over the wire: a real engine enters by itself, is protected, and knows it."""

import time
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from tests.binance.scripted import BTC, D
from tests.binance.test_venue import QUICK, Heard, now
from tests.binance.tiny_exchange import TinyExchange
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.event import BarsClosed, Event, QuoteReceived
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns, Quote
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.terms import Terms
from thunes.core.engine import Engine, Rooms
from thunes.core.execution.propose import Execution
from thunes.core.market.bars import Bars
from thunes.core.market.market import Market
from thunes.core.market.tape import Tape
from thunes.core.portfolio.allocate import Portfolio
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import Limits
from thunes.core.risk.review import Risk
from thunes.core.state import State
from thunes.core.strategy.feed import Strategies
from thunes.core.strategy.protocol import Desk
from thunes.core.strategy.sma_cross import SmaCross
from thunes.runtime.inbox import Inbox
from thunes.runtime.live import Live
from thunes.runtime.recovery import Recorded, start
from thunes.simulation.host import HeldLease

SECOND = 10**9
CLOSES = np.array([100.0, 99.9, 99.8, 99.7, 99.6, 99.6, 100.0, 100.2])
CROSSED = CLOSES.size - 1
STOP = ExitPlan(stop_distance=D("0.02"))


class Lines:
    """A store in memory."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def append(self, line: bytes, *, durable: bool) -> None:
        self.lines.append(line)

    def keep(self, state: bytes) -> None: ...


class Process(Heard):
    """One live process: what the venue says goes through the inbox to the engine."""

    def __init__(
        self,
        now: Callable[[], int] = now,
        instrument: Instrument = BTC,
        entry_cap: Decimal | None = None,
    ) -> None:
        super().__init__()
        self.now = now
        self.inbox = Inbox()
        self.engine = _engine(now(), instrument, entry_cap)
        self.live: Live | None = None

    def trade(self, venue: BinanceVenue) -> None:
        """Start, agree with the venue on the account, enter at the close of the last bar, and wait
        until the position is covered."""
        self.until(lambda: self.reconnects and self.quotes)
        own = (self, HeldLease(1, self.now() + 600 * SECOND))
        self.live = start(self.engine, Recorded(None, ()), venue, Lines(), own)
        state = self.engine.state
        self.run(lambda: not state.memory.unreconciled and not state.doubt.differences)
        for row in range(CLOSES.size):
            self.live.hear(BarsClosed(self.now(), row))
        self.run(lambda: state.ledger.positions and not state.guard.naked)

    def deliver(self, event: Event) -> None:
        self.inbox.put(event)
        super().deliver(event)

    def quoted(self, quote: Quote) -> None:
        self.inbox.put(QuoteReceived(quote.at, quote))
        super().quoted(quote)

    def run(self, done: object) -> None:
        assert self.live is not None
        assert callable(done)
        deadline = time.monotonic() + 40
        while not done():
            assert time.monotonic() < deadline, (self.events[-5:], self.troubles)
            event = self.inbox.take(0.02)
            if event is not None:
                self.live.hear(event)
            if self.now() >= self.live.due():
                self.live.tick()


def _engine(began: int, instrument: Instrument, entry_cap: Decimal | None) -> Engine:
    times = np.array([began - (CLOSES.size - row) * SECOND for row in range(CLOSES.size)])
    columns = BarColumns(times, CLOSES, CLOSES + 0.1, CLOSES - 0.1, CLOSES, np.ones(CLOSES.size))
    tape = Tape({"BTCUSDT": Bars("BTCUSDT", SECOND, columns)})
    market = Market(tape, {"BTCUSDT": instrument}, half_spread=D("0.0002"))
    limits = Limits(max_age_s=120)
    desk = Desk("cross", "BTCUSDT")
    terms = Terms("USDT", D("0.001"), limits.watches_equity, STOP)
    rooms = Rooms(
        terms=terms,
        risk=Risk(limits),
        strategies=Strategies({desk: SmaCross(2, 5)}, tape),
        portfolio=Portfolio(parse_sizing("fixed:500"), STOP),
        execution=Execution(STOP, D("0.001"), entry_cap),
    )
    return Engine(State(market, terms), rooms)


def test_an_engine_trades_over_the_wire() -> None:
    with TinyExchange() as exchange:
        process = Process()
        access = Access(exchange.url, Keys("k", "s"), {"BTCUSDT": BTC}, patience=QUICK)
        venue = BinanceVenue(access, process, now)
        venue.open()
        try:
            process.trade(venue)
        finally:
            venue.close()
        bought, stop = exchange.orders.values()
        assert (bought["type"], bought["side"], bought["status"]) == ("MARKET", "BUY", "FILLED")
        assert (stop["type"], stop["side"], stop["status"]) == ("STOP_LOSS", "SELL", "NEW")
        assert stop["origQty"] == bought["executedQty"]
        assert all(name.startswith("thunes-1-") for name in exchange.orders)
