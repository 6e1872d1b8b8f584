"""Command to bytes: how long an order takes from the acting thread to its socket, on loopback."""

import asyncio
import time
from decimal import Decimal
from statistics import quantiles
from typing import Any

from bench.harness import OURS, SENT, Row
from bench.served import sandbox
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.adapters.venues.binance.works import Access
from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.event import Event
from thunes.core.domain.market import Bar, PublicTrade, Quote
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.units import (
    Instant,
    OrderId,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.sandbox.instruments import LISTED

ORDERS, WARM = 270, 20
BURST, REST_S = 90, 10.5  # the venue takes a hundred orders in ten seconds
BTC = Symbol("BTCUSDT")


class Ears:
    """Notes when each order was answered."""

    def __init__(self) -> None:
        self.answered = self.quotes = 0

    def deliver(self, event: Event) -> None:
        self.answered += type(event).__name__ == "VenueReported"

    def reconnected(self) -> None:
        pass

    def trouble(self, text: str) -> None:
        raise AssertionError(text)

    def quoted(self, _: Quote) -> None:
        self.quotes += 1

    def traded(self, trade: PublicTrade) -> None:
        pass

    def closed(self, symbol: Symbol, bar: Bar) -> None:
        pass


def sent(_: int) -> list[Row]:
    """Market orders, one after the other: from `send` until the bytes are
    handed to the socket, the thread between, signing and connection included."""
    began, took = [0], list[float]()
    kind: Any = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
    write, writelines = kind.write, kind.writelines

    def note(data: bytes) -> None:
        if began[0] and bytes(data[:18]) == b"POST /api/v3/order":
            took.append((time.perf_counter_ns() - began[0]) / 1e6)
            began[0] = 0

    def writing(self: Any, data: bytes) -> None:
        note(data)
        write(self, data)

    def writing_lines(self: Any, lines: list[bytes]) -> None:
        together = b"".join(lines)
        note(together)
        writelines(self, [together])

    kind.write, kind.writelines = writing, writing_lines
    try:
        with sandbox() as site:
            _place(f"http://127.0.0.1:{site.port}", Keys(site.key, site.secret), began)
    finally:
        kind.write, kind.writelines = write, writelines
    cuts = quantiles(took[WARM:], n=100)
    note_ = f"p50 {cuts[49]:.3f} ms, p99 {cuts[98]:.3f} ms of {len(took) - WARM} orders"
    return [Row(work=SENT, who=OURS, times=[cuts[49] / 1e3], note=note_)]


def _place(place: str, keys: Keys, began: list[int]) -> None:
    instrument = LISTED[BTC][0]
    ears = Ears()
    access = Access(place, keys, {BTC: instrument})
    venue = BinanceVenue(access, ears, lambda: Instant(time.time_ns()))
    venue.open()
    try:
        while not ears.quotes:
            time.sleep(0.01)
        for number in range(ORDERS):
            buys = number % 2 == 0
            order = Order(
                id=OrderId(f"bench-{number}"),
                symbol=BTC,
                side=Side.BUY if buys else Side.SELL,
                type=OrderType.MARKET,
                role=OrderRole.ENTRY if buys else OrderRole.EXIT,
                strategy=StrategyId("bench"),
                quantity=Quantity(Decimal("0.001")),
            )
            answered, at = ears.answered, Instant(time.time_ns())
            began[0] = time.perf_counter_ns()
            venue.send(PlaceOrders((order,)), at)
            while ears.answered == answered:
                time.sleep(0.0005)
            if number % BURST == BURST - 1:
                time.sleep(REST_S)
    finally:
        venue.close()
