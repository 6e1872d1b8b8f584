"""Probing: what we take for granted of the venue, and an experiment for each that can be tried."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from thunes.adapters.venues.binance.answers import OrderRow, decode
from thunes.adapters.venues.binance.classify import Failure, Meaning
from thunes.adapters.venues.binance.client import CLOCK_CODE, Client, Now
from thunes.adapters.venues.binance.exchange_info import parse_exchange_info
from thunes.adapters.venues.binance.hosts import hosts_at
from thunes.adapters.venues.binance.order_requests import cancel, cancel_replace, place
from thunes.adapters.venues.binance.requests import Request, one_order, query
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import CcxtTransport
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.evidence import DEADLINE_NS
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import Order, OrderRole, OrderType, Side
from thunes.core.domain.units import (
    NS_PER_SECOND,
    ZERO,
    Instant,
    OrderId,
    Price,
    Quantity,
    StrategyId,
    Symbol,
    ceil_to,
    floor_to,
)

_FAR = Decimal("0.7")  # of the price: nothing there fills
_AFTER_FEES = Decimal("0.99")
_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Bench:
    """Small orders far below the market, and what the venue says to them."""

    client: Client
    instrument: Instrument
    price: Price
    _placed: list[OrderId] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def order(self) -> Order:
        one, limit = self.instrument, floor_to(self.price * _FAR, self.instrument.tick)
        least = max(one.min_quantity, one.min_notional * 2 / limit, one.step)
        stamp = self.client.now() // NS_PER_SECOND
        return Order(
            id=OrderId(f"probe-{stamp}-{next(self._numbers)}"),
            symbol=one.symbol,
            side=Side.BUY,
            type=OrderType.LIMIT,
            role=OrderRole.ENTRY,
            strategy=StrategyId("probe"),
            quantity=Quantity(ceil_to(least, one.step)),
            limit_price=Price(limit),
        )

    async def place(self, *orders: Order, at: Instant | None = None) -> str:
        self._placed.extend(order.id for order in orders)
        return await self.said(place(orders), at)

    async def standing(self, order: Order) -> str:
        """Its status, or code and text of why there is none."""
        asked = one_order(order.symbol, "origClientOrderId", order.id)
        reply = await self.client.ask(asked)
        if isinstance(reply, Failure):
            return f"{reply.code} {reply.text}"
        return decode(reply, OrderRow, "an order").status

    async def cancel(self, order: Order) -> str:
        return await self.said(cancel(order.symbol, order.id))

    async def said(self, request: Request, at: Instant | None = None) -> str:
        """`done`, or code and text of what went wrong. Raises ThunesError for what is no answer,
        and where the venue knows us not."""
        reply = await self.client.ask(request, at)
        if isinstance(reply, Failure) and (reply.outage or reply.text.startswith("not sent")):
            raise ThunesError(f"nothing can be tried now: {reply.code} {reply.text}")
        if isinstance(reply, Failure) and reply.meaning is Meaning.FATAL:
            raise ThunesError(f"this key can try nothing here: {reply.code} {reply.text}")
        return f"{reply.code} {reply.text}" if isinstance(reply, Failure) else "done"

    async def clear(self) -> None:
        """Leave nothing open, whatever came of it."""
        for name in self._placed:
            await self.client.ask(cancel(self.instrument.symbol, name))


@dataclass(frozen=True, slots=True)
class Assumption:
    """`wanted` is how what is seen begins if it holds; without an experiment it stays assumed."""

    name: str
    text: str
    experiment: Callable[[Bench], Awaitable[str]] | None = None
    wanted: str = ""


async def _open_id(bench: Bench) -> str:
    order = bench.order()
    await bench.place(order)
    return await bench.place(order)


async def _canceled_id(bench: Bench) -> str:
    order = bench.order()
    await bench.place(order)
    await bench.cancel(order)
    return await bench.place(order)


async def _at_once(bench: Bench) -> str:
    order = bench.order()
    await bench.place(order)
    return await bench.standing(order)


async def _too_late(bench: Bench) -> str:
    late = Instant(bench.client.now() - DEADLINE_NS - NS_PER_SECOND)
    return await bench.place(bench.order(), at=late)


async def _canceled_twice(bench: Bench) -> str:
    order = bench.order()
    await bench.place(order)
    await bench.cancel(order)
    return await bench.cancel(order)


async def _replaced(bench: Bench) -> str:
    return await bench.said(cancel_replace(bench.order().id, bench.order()))


async def _half_replaced(bench: Bench) -> str:
    """The new order cannot be placed, for its id is taken: the old one is gone all the same."""
    old, taken = bench.order(), bench.order()
    await bench.place(old)
    await bench.place(taken)
    said = await bench.said(cancel_replace(old.id, taken))
    return f"{said}; the old one: {await bench.standing(old)}"


async def _filled_id(bench: Bench) -> str:
    order = bench.order()
    market = replace(order, type=OrderType.MARKET, limit_price=None)
    await bench.place(market)
    bought = await bench.standing(order)
    # What was bought is sold again: a fee may have been taken from it.
    left = floor_to((order.quantity or ZERO) * _AFTER_FEES, bench.instrument.step)
    back = replace(market, id=bench.order().id, side=Side.SELL, role=OrderRole.EXIT)
    await bench.place(replace(back, quantity=Quantity(left)))
    return bought if bought != "FILLED" else await bench.place(order)


async def _fok_list(bench: Bench) -> str:
    """An entry that cannot fill at once, and its stop: neither may be left."""
    entry = bench.order()
    stop = replace(
        entry,
        id=bench.order().id,
        side=Side.SELL,
        role=OrderRole.STOP,
        type=OrderType.STOP_MARKET,
        limit_price=None,
        stop_price=Price(floor_to(bench.price * _FAR * _FAR, bench.instrument.tick)),
    )
    said = await bench.place(entry, stop)
    if said != "done":
        return said
    return f"{await bench.standing(entry)}, {await bench.standing(stop)}"


async def _two_filters(bench: Bench) -> str:
    """Wrong in price and in quantity: the price is looked at first."""
    order, one = bench.order(), bench.instrument
    off = Price((order.limit_price or ZERO) + one.tick / 2)
    part = Quantity((order.quantity or ZERO) + one.step / 2)
    return await bench.place(replace(order, limit_price=off, quantity=part))


ASSUMPTIONS: Sequence[Assumption] = (
    Assumption("open_id", "An id that is open is refused.", _open_id, "-2010 Duplicate order sent"),
    Assumption("canceled_id", "An id is free again once cancelled.", _canceled_id, "done"),
    Assumption("order_at_once", "An order is known once it is accepted.", _at_once, "NEW"),
    Assumption(
        "late_request",
        "A request that comes after its deadline is refused.",
        _too_late,
        f"{CLOCK_CODE} ",
    ),
    Assumption("canceled_twice", "A second cancel says -2011.", _canceled_twice, "-2011 "),
    Assumption(
        "replace_gone", "A replacement of what is gone does nothing: -2022.", _replaced, "-2022 "
    ),
    Assumption(
        "replace_half",
        "A replacement that fails halfway has cancelled: -2021.",
        _half_replaced,
        "-2021 Order cancel-replace partially failed.; the old one: CANCELED",
    ),
    Assumption("filled_id", "An id is free again once filled.", _filled_id, "done"),
    Assumption(
        "fok_list",
        "A list may begin with a FOK order; with it goes what waits for it.",
        _fok_list,
        "EXPIRED, EXPIRED",
    ),
    Assumption(
        "filter_order",
        "Of two filters the price's is named first.",
        _two_filters,
        "-1013 Filter failure: PRICE_FILTER",
    ),
    Assumption("stop_twice", "A stop is told as NEW a second time when it triggers."),
    Assumption("bad_key_status", "A malformed key (-2014) comes with HTTP 401."),
    Assumption("maintenance", "During maintenance orders are refused, and none is lost."),
)


class _Bid(msgspec.Struct, frozen=True, rename="camel"):
    bid_price: Price


@asynccontextmanager
async def bench_at(place: str, keys: Keys, symbol: Symbol, now: Now) -> AsyncIterator[Bench]:
    """A bench at a place as `hosts_at` takes it. Raises UsageError or ThunesError where the venue
    does not answer, does not know the symbol, or is the real one."""
    if place == "live":
        raise UsageError("probing places orders: at testnet, demo or a sandbox, never live")
    client = Client(hosts_at(place).rest, keys, CcxtTransport(_TIMEOUT_S), now, lambda _: None)
    try:
        doubt = await client.look_at_clock()
        if doubt:
            raise ThunesError(f"nothing can be tried now: {doubt}")
        told = [
            await client.ask(query(path, weight, ("symbol", symbol), signed=False))
            for path, weight in (("exchangeInfo", 20), ("ticker/bookTicker", 2))
        ]
        failed = next((one for one in told if isinstance(one, Failure)), None)
        if failed is not None:
            raise ThunesError(f"Binance tells nothing of {symbol}: {failed.code} {failed.text}")
        info, bid = [one for one in told if isinstance(one, bytes)]
        instrument = parse_exchange_info(info, [symbol])[symbol]
        yield Bench(client, instrument, decode(bid, _Bid, "the best bid").bid_price)
    finally:
        await client.close()


async def probe(bench: Bench, assumption: Assumption) -> tuple[str, str]:
    """The verdict (`holds`, `fails`, `assumed`) and what was seen; leaves no order behind."""
    if assumption.experiment is None:
        return "assumed", ""
    try:
        seen = await assumption.experiment(bench)
    finally:
        await bench.clear()
    return ("holds" if seen.startswith(assumption.wanted) else "fails"), seen
