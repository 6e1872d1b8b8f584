"""An arena: the sandbox on a thread of its own, in a time that can be moved forward, and our
adapter before it in the same time."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from tests.binance.test_venue import QUICK, Heard
from tests.sandbox.venue import BTC, CASH, Venue
from thunes.adapters.venues.binance.session import Patience
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar, PublicTrade
from thunes.core.domain.order import Filled, Report
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.faults import Planned
from thunes.sandbox.limits import UNLIMITED, Allowance
from thunes.sandbox.rest import Answer, Request, Rest
from thunes.sandbox.server import Server, Where

T = TypeVar("T")


class _Timed(Venue):
    """A venue whose time passes, and can be moved."""

    @property
    def now(self) -> int:
        return self._at + time.monotonic_ns() - self._since

    @now.setter
    def now(self, value: int) -> None:
        self._at, self._since = value, time.monotonic_ns()


class _Noting(Rest):
    """Notes what is asked, before it is answered."""

    def __init__(self, exchange: Exchange, asked: list[str]) -> None:
        super().__init__(exchange)
        self._asked = asked

    def answer(self, request: Request) -> Answer:
        self._asked.append(f"{request.method} {request.path.removeprefix('/api/v3/')}")
        return super().answer(request)


class Arena:
    """Everything that changes the venue goes through `do`: it is done on the venue's own thread."""

    def __init__(
        self, allowance: Allowance = UNLIMITED, balances: Mapping[str, Decimal] = CASH
    ) -> None:
        self.venue = _Timed(allowance, balances)
        self.asked: list[str] = []  # REST calls by method and path
        self.url = ""
        self._server = Server(self.venue.exchange, [])
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Arena":
        self._server._rest = _Noting(self.venue.exchange, self.asked)
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def now(self) -> Instant:
        return Instant(self.venue.now)

    def do(self, act: Callable[[], T]) -> T:
        async def run() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    def fault(self, fault: str, **words: Any) -> None:
        """Switch a fault on, at once."""

        def plan() -> None:
            self.venue.exchange.faults.plan([Planned(fault, **words)])
            self._server._faults.beat()

        self.do(plan)

    def heal(self) -> None:
        self.do(self._server._faults.clear)

    def struck(self) -> Counter[str]:
        """How often each of the faults of now has struck."""
        found = Counter[str]()
        for one in self.do(lambda: tuple(self.venue.exchange.faults.active)):
            found[one.fault.value] += one.struck
        return found

    def quote(self, bid: str, ask: str, size: str = "5") -> None:
        self.do(lambda: self.venue.quote(bid, ask, size))

    def pass_time(self, seconds: float) -> None:
        """So much later it is, for the venue and for us."""
        self.do(lambda: self.venue.later(int(seconds * 1_000)))

    def dials(self) -> int:
        """Connections that are open."""
        return self.do(lambda: len(self._server.sockets.open))

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        port = await self._server.start(Where())
        self.url = f"http://127.0.0.1:{port}"
        self._up.set()
        await self._stop.wait()
        await self._server.stop()


class Listener(Heard):
    """Keeps bars and public trades too, and adds up what was told of the account."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: list[Bar] = []
        self.trades: list[PublicTrade] = []

    def traded(self, trade: PublicTrade) -> None:
        self._keep(lambda: self.trades.append(trade))

    def closed(self, symbol: str, bar: Bar) -> None:
        self._keep(lambda: self.bars.append(bar))

    def within(self, seconds: float, true: Callable[[], object]) -> bool:
        """Whether it comes true in so much time."""
        with self._changed:
            return bool(self._changed.wait_for(true, seconds))

    def of(self, order_id: str) -> list[Report]:
        return [report for report in self.reports() if report.order_id == order_id]

    def said(self, order_id: str, kind: type[Report]) -> bool:
        return any(isinstance(report, kind) for report in self.of(order_id))

    def fills(self) -> dict[tuple[str, str], Filled]:
        """All that was told of fills, by reports and by looks, as the core counts them: once by
        order and trade. What is told again says the same."""
        found: dict[tuple[str, str], Filled] = {}
        told = [report for report in self.reports() if isinstance(report, Filled)]
        told += [seen.fill for look in self.looks() for seen in look.fills]
        for fill in told:
            first = found.setdefault((fill.order_id, fill.trade_id), fill)
            assert (first.price, first.quantity) == (fill.price, fill.quantity)
        return found


class Rig:
    """Our adapter, connected to an arena."""

    def __init__(
        self,
        arena: Arena,
        patience: Patience = QUICK,
        instruments: Mapping[Symbol, Instrument] | None = None,
        keys: Keys | None = None,
        **more: Any,
    ) -> None:
        self.arena = arena
        self.heard = Listener()
        venue = arena.venue
        access = Access(
            arena.url,
            keys or Keys(venue.key.name, venue.secret),
            instruments or {BTC.symbol: BTC},
            patience=patience,
            **({"timeout_s": 2.0} | more),
        )
        self.venue = BinanceVenue(access, self.heard, arena.now)

    def __enter__(self) -> "Rig":
        self.venue.open()
        self.heard.until(lambda: self.heard.reconnects and self.heard.quotes)
        return self

    def __exit__(self, *_: object) -> None:
        self.venue.close()

    def send(self, command: VenueCommand) -> None:
        self.venue.send(command, self.arena.now())

    def look(self, since: Instant | None = None) -> AccountSeen:
        """Look at the account, as often as it takes to see all of it."""
        begun = self.arena.now()
        for _ in range(100):
            self.venue.ask_account(self.arena.now(), since or Instant(begun - 600 * NS_PER_SECOND))
            if self.heard.within(0.2, lambda: self._seen(begun)):
                break
        return self.heard.looks()[-1]

    def _seen(self, since: Instant) -> bool:
        looks = self.heard.looks()
        return bool(looks) and looks[-1].as_of >= since


def fills_at(arena: Arena) -> set[tuple[str, str]]:
    """Every fill of the account by order and trade, as the venue has booked it."""
    return arena.do(
        lambda: {
            (record.ticket.client_id, str(fill.trade_id))
            for record, fill in arena.venue.holder.trades
        }
    )


def kinds(reports: list[Report]) -> list[str]:
    return [type(report).__name__ for report in reports]
