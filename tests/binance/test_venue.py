"""The whole venue over the wire: commands in, reports out, on a thread of its own."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.binance.scripted import BTC, D, entry, sale, stop
from tests.binance.tiny_exchange import TinyExchange
from thunes.adapters.venues.binance.session import Patience
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue, Gone
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.command import CancelOrders, PlaceOrders
from thunes.core.domain.event import AccountSeen, Event, VenueReported
from thunes.core.domain.evidence import Standing
from thunes.core.domain.market import Bar, PublicTrade, Quote
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Filled,
    OutcomeUnknown,
    Report,
)
from thunes.core.domain.units import Instant

QUICK = Patience(check_s=0.05, backoff_s=(0.01, 0.1))


def now() -> Instant:
    return Instant(time.time_ns())


class Heard:
    """Keeps what it hears, from another thread than that of the test."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.quotes: list[Quote] = []
        self.reconnects = 0
        self.troubles: list[str] = []
        self._changed = threading.Condition()

    def deliver(self, event: Event) -> None:
        self._keep(lambda: self.events.append(event))

    def reconnected(self) -> None:
        def count() -> None:
            self.reconnects += 1

        self._keep(count)

    def trouble(self, text: str) -> None:
        self._keep(lambda: self.troubles.append(text))

    def quoted(self, quote: Quote) -> None:
        self._keep(lambda: self.quotes.append(quote))

    def traded(self, trade: PublicTrade) -> None: ...

    def closed(self, symbol: str, bar: Bar) -> None: ...

    def reports(self) -> list[Report]:
        said = [event for event in self.events if isinstance(event, VenueReported)]
        return [report for event in said for report in event.reports]

    def looks(self) -> list[AccountSeen]:
        return [event for event in self.events if isinstance(event, AccountSeen)]

    def until(self, true: Callable[[], object]) -> None:
        with self._changed:
            assert self._changed.wait_for(true, 20), (self.events, self.troubles)

    def _keep(self, keep: Callable[[], object]) -> None:
        with self._changed:
            keep()
            self._changed.notify_all()


@pytest.fixture
def exchange() -> Iterator[TinyExchange]:
    with TinyExchange() as exchange:
        yield exchange


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def venue(exchange: TinyExchange, heard: Heard) -> Iterator[BinanceVenue]:
    access = Access(exchange.url, Keys("k", "s"), {"BTCUSDT": BTC}, patience=QUICK, timeout_s=0.5)
    venue = BinanceVenue(access, heard, now)
    venue.open()
    try:
        heard.until(lambda: heard.reconnects and heard.quotes)
        yield venue
    finally:
        venue.close()


def test_a_journey(venue: BinanceVenue, heard: Heard) -> None:
    """Enter, protect, look, take the stop back, leave: each step answered, and once."""
    began = now()
    venue.send(PlaceOrders((entry("thunes-1-1", quote_amount=D(1000)),)), now())
    heard.until(lambda: any(isinstance(each, Filled) for each in heard.reports()))
    venue.send(PlaceOrders((stop("thunes-1-2", quantity=D(10)),)), now())
    heard.until(lambda: Accepted("thunes-1-2") in heard.reports())
    venue.ask_account(now(), began)
    heard.until(heard.looks)
    (seen,) = heard.looks()
    assert seen.balances == {"USDT": D(9_000), "BTC": D(10)}
    standing = {order.order_id: order.standing for order in seen.orders}
    assert standing["thunes-1-2"] is Standing.OPEN
    ((fill,),) = [[each.fill for each in seen.fills]]
    assert (fill.order_id, fill.quantity) == ("thunes-1-1", D(10))
    venue.send(CancelOrders(("thunes-1-2",)), now())
    heard.until(lambda: Canceled("thunes-1-2", D(0)) in heard.reports())
    venue.send(CancelOrders(("thunes-1-2",)), now())
    heard.until(lambda: any(isinstance(each, CancelRefused) for each in heard.reports()))
    venue.send(PlaceOrders((sale("thunes-1-3", quantity=D(10)),)), now())
    heard.until(
        lambda: [f for f in heard.reports() if isinstance(f, Filled) and f.order_id == "thunes-1-3"]
    )
    fills = {(each.order_id, each.trade_id) for each in heard.reports() if isinstance(each, Filled)}
    assert fills == {("thunes-1-1", "1"), ("thunes-1-3", "3")}


def test_a_lost_stream_comes_back_and_says_so(
    venue: BinanceVenue, heard: Heard, exchange: TinyExchange
) -> None:
    before, quotes = heard.reconnects, len(heard.quotes)
    exchange.down()
    heard.until(lambda: heard.reconnects > before)
    heard.until(lambda: len(heard.quotes) > quotes + 2)
    assert exchange.dials.count("/ws-api/v3") == 2


def test_an_answer_that_does_not_come_is_unknown_and_a_look_finds_the_order(
    venue: BinanceVenue, heard: Heard, exchange: TinyExchange
) -> None:
    exchange.deaf = True
    venue.send(PlaceOrders((stop("thunes-1-2"),)), now())
    heard.until(lambda: OutcomeUnknown("thunes-1-2") in heard.reports())
    exchange.deaf = False
    heard.until(lambda: Accepted("thunes-1-2") in heard.reports())
    venue.ask_account(now(), now())
    heard.until(heard.looks)
    assert [order.order_id for order in heard.looks()[-1].orders] == ["thunes-1-2"]
    assert list(exchange.orders) == ["thunes-1-2"], "sent once"


def test_looks_asked_for_together_are_made_one_after_the_other(
    venue: BinanceVenue, heard: Heard
) -> None:
    for _ in range(5):
        last = now()
        venue.ask_account(last, last)
    heard.until(lambda: heard.looks() and heard.looks()[-1].as_of == last)
    assert len(heard.looks()) <= 3


def test_who_has_closed_sends_no_more(venue: BinanceVenue, heard: Heard) -> None:
    venue.close()
    with pytest.raises(Gone, match="nothing was sent"):
        venue.send(CancelOrders(("thunes-1-2",)), now())
    venue.close()


def test_a_venue_that_is_not_there_is_waited_for() -> None:
    heard = Heard()
    access = Access("http://127.0.0.1:9", Keys("k", "s"), {"BTCUSDT": BTC}, patience=QUICK)
    venue = BinanceVenue(access, heard, now)
    venue.open()
    venue.send(PlaceOrders((entry(),)), now())
    venue.send(PlaceOrders((stop(),)), now())
    heard.until(lambda: len(heard.reports()) == 2)
    assert OutcomeUnknown("thunes-1-2") in heard.reports()
    heard.until(lambda: heard.troubles)
    assert "the connection failed" in heard.troubles[0]
    venue.close()
