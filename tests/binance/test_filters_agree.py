"""Filters of the real venue: what our adapter lets through the sandbox takes, and what it holds
back the sandbox refuses with the same filter named."""

import gzip
import itertools
from collections.abc import Coroutine, Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.binance.scripted import entry, sale, stop, target
from tests.sandbox.venue import START
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.adapters.venues.binance.filters import FILTER_CODE, failure
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.placing import Placing
from thunes.adapters.venues.binance.prices import Prices
from thunes.adapters.venues.binance.rights import Rights
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import Raw
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Quote
from thunes.core.domain.order import Order, Rejected
from thunes.core.domain.units import Instant
from thunes.sandbox.candles import Candle
from thunes.sandbox.clock import Clock
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.ladder import Level, Shape
from thunes.sandbox.limits import UNLIMITED
from thunes.sandbox.market import Listed, Market, Tick
from thunes.sandbox.rest import Request, Rest

T = TypeVar("T")

D = Decimal
NOW = START * 10**6
PAYLOADS = ("2018-02", "2024-09")
EIGHT = D("0.00000001")
RICH = D(10) ** 18
# Not at the edge of any band: which price a venue compares with, only the venue knows.
TIMES = ("0.05", "0.5", "0.95", "0.999", "1", "1.001", "1.05", "1.5", "7")


class Beside:
    """Our adapter beside the sandbox: no socket, no thread, every byte of the requests."""

    def __init__(self, instrument: Instrument, price: Decimal) -> None:
        self.instrument, self.price = instrument, price
        clock = Clock(lambda: NOW)
        past = [Candle(START // 60_000 * 60_000 - 60_000, *[float(price)] * 4)]
        shape = Shape(instrument.tick, instrument.max_quantity or RICH)
        market = Market([Listed(instrument, shape, past)], clock)
        exchange = Exchange(market, UNLIMITED)
        self._rest = Rest(exchange)
        holder = exchange.open_account({instrument.base: RICH, instrument.quote: RICH})
        key, secret = exchange.add_key(holder)
        size = RICH // instrument.step * instrument.step
        best = Level(price, size), Level(price + instrument.tick, size)
        market.tick(Tick(instrument.symbol, *best))
        client = Client("http://x", Keys(key.name, secret), self, lambda: Instant(NOW), print)
        client.gauges.clock.measured(Instant(NOW), Instant(NOW), START)
        client.gauges.budget.limits = ()
        prices = Prices()
        prices.heard(Quote(Instant(NOW), instrument.symbol, *best[0], *best[1]))
        listing = Listing({instrument.symbol: instrument})
        self.placing = Placing(client, KnownOrders(), listing, prices, Rights())

    async def exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Raw:
        parts = urlsplit(url)
        key = headers["X-MBX-APIKEY"]
        said = self._rest.answer(Request(method, parts.path, parts.query, "", key, "here"))
        return Raw(said.status, said.headers, said.body)

    async def close(self) -> None: ...

    def place(self, *orders: Order) -> list[Rejected]:
        """Send it whatever we think of it; what was refused."""
        said = _finished(self.placing.place(orders, Instant(NOW)))
        return [report for report in said if isinstance(report, Rejected)]


class Instruments(list[Instrument]):
    """All that were ever listed."""

    def __repr__(self) -> str:
        return f"{len(self)} instruments"


def _finished(running: Coroutine[None, None, T]) -> T:
    """What comes of it: nothing here waits for anything."""
    try:
        running.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


@pytest.fixture(scope="module")
def listed(real_data: Path) -> Instruments:
    found = Instruments()
    for name in PAYLOADS:
        payload = (real_data / f"payloads/binance_spot_exchangeInfo_{name}.json.gz").read_bytes()
        told = msgspec.json.decode(gzip.decompress(payload))
        found += parse_exchange_info(told).values()
    return found


def an_order(chance: Random, instrument: Instrument, price: Decimal) -> Order:
    """Any order near that price: on the grid or beside it, of any size."""
    beside = chance.random() < 0.5
    near = _on(price * D(chance.choice(TIMES)), EIGHT if beside else instrument.tick)
    worth = D(10) ** chance.randint(-3, 9) * chance.randint(1, 99)
    quantity = max(_on(worth / price, EIGHT if beside else instrument.step), EIGHT)
    made = (
        entry(quote_amount=_on(worth, EIGHT)),
        entry(quote_amount=None, quantity=quantity),
        entry(quote_amount=None, quantity=quantity, limit_price=near),
        sale(quantity=quantity),
        stop(quantity=quantity, stop_price=near),
        target(quantity=quantity, limit_price=near),
    )
    return msgspec.structs.replace(chance.choice(made), symbol=instrument.symbol)


def _on(value: Decimal, step: Decimal) -> Decimal:
    return value // step * step


@pytest.mark.real_data
@settings(max_examples=400)
@given(st.integers(0, 2**32))
def test_we_and_the_sandbox_agree_on_every_order(listed: Instruments, seed: int) -> None:
    chance = Random(seed)
    instrument = chance.choice(listed)
    price = instrument.tick * chance.randint(1_000, 10**6)
    beside = Beside(instrument, price)
    order = an_order(chance, instrument, price)
    if chance.random() < 0.5:
        (order,) = beside.placing.fit((order,))
    # Between bid and ask only the venue knows which price it values a market order at.
    near = (price, price + instrument.tick / 2, price + instrument.tick)
    assume(len({failure((order,), instrument, each, (0, 0)) for each in near}) == 1)
    doubt = beside.placing.refusal((order,))
    refused = [(one.code, one.text) for one in beside.place(order)]
    if doubt is None:
        wrong = [one for one in refused if one[0] == FILTER_CODE or -2_000 < one[0] < -1_099]
        assert not wrong, (order, instrument)
    else:
        assert refused == [(doubt.code, doubt.text)], (order, instrument)


@pytest.mark.real_data
@settings(max_examples=10)
@given(st.integers(0, 2**32), st.booleans())
def test_we_and_the_sandbox_count_alike(listed: Instruments, seed: int, stops: bool) -> None:
    """Orders and stops up to the limits of a symbol, and the first one beyond them."""
    counted = [one for one in listed if one.max_orders and one.max_stop_orders]
    instrument = Random(seed).choice(counted)
    price = instrument.tick * 10_000
    beside = Beside(instrument, price)
    least = instrument.min_notional / (price * D("0.95")) + instrument.min_quantity
    quantity = _on(least, instrument.step) + 2 * instrument.step
    low = _on(price * D("0.95"), instrument.tick)
    for number in itertools.count(1):
        more = {"quantity": quantity}
        order = (
            stop(f"s-{number}", stop_price=low, **more)
            if stops
            else entry(f"e-{number}", quote_amount=None, limit_price=low, **more)
        )
        order = msgspec.structs.replace(order, symbol=instrument.symbol)
        doubt = beside.placing.refusal((order,))
        refused = [(one.code, one.text) for one in beside.place(order)]
        if isinstance(doubt, Failure):
            assert refused == [(doubt.code, doubt.text)]
            assert number == (instrument.max_stop_orders if stops else instrument.max_orders) + 1
            return
        assert not refused
