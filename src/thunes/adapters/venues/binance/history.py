"""The history: closed bars of any span, page by page, several at once, in what the limits leave."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import NamedTuple, TypeVar

from thunes.adapters.venues.binance.answers import decode_time
from thunes.adapters.venues.binance.budget import TOO_MANY
from thunes.adapters.venues.binance.classify import Failure, Meaning
from thunes.adapters.venues.binance.client import Client, Now
from thunes.adapters.venues.binance.hosts import hosts_at
from thunes.adapters.venues.binance.listing import NOT_LISTED
from thunes.adapters.venues.binance.market_codec import decode_klines
from thunes.adapters.venues.binance.market_frames import NS_PER_MS
from thunes.adapters.venues.binance.requests import Request, query
from thunes.adapters.venues.binance.transport import CcxtTransport
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.market import Bar
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol, format_instant

T = TypeVar("T")

PAGE = 1_000
_TIMEOUT_S = 10.0
_TRIES, _WAITS = 5, 600
_RESERVE = Decimal("0.5")
"""The share of the limits that is left to whoever trades from the same address."""
_TURNED_AWAY = (TOO_MANY, -1003)


class Unavailable(ThunesError):
    """The venue gives no history now: it cannot be reached, or it has banned this address."""


class Span(NamedTuple):
    """Bars that open from `begin` until before `end`."""

    begin: Instant
    end: Instant


class History:
    """Asks one host for what is public, `parallel` pages at a time; belongs to one event loop."""

    def __init__(self, client: Client, parallel: int, pause_s: float = 0.5) -> None:
        """`pause_s` is the wait before the first of the tries that follow a failure."""
        self._client = client
        self._parallel = parallel
        self._pause_s = pause_s

    async def venue_time(self) -> Instant:
        """What time it is at the venue. Raises Unavailable."""
        asked = query("time", 1, signed=False)
        return Instant(await self._ask(asked, decode_time) * NS_PER_MS)

    async def first(self, symbol: Symbol, interval: str, since: Instant) -> Instant | None:
        """When the first bar opens that opens at `since` or later; None if there is none.

        Raises UsageError for a symbol that the venue does not know, Unavailable.
        """
        asked = _klines(symbol, interval, 1, startTime=since // NS_PER_MS)
        bars = await self._ask(asked, decode_klines)
        return bars[0].open_time if bars else None

    async def pages(
        self, symbol: Symbol, interval: str, spans: Sequence[Span]
    ) -> AsyncIterator[list[Bar]]:
        """The bars of each span, in their order; a span has `PAGE` bars at most."""
        running: deque[asyncio.Task[list[Bar]]] = deque()
        try:
            for request in _requests(symbol, interval, spans):
                if len(running) == self._parallel:
                    yield await running[0]
                    running.popleft()
                running.append(asyncio.create_task(self._ask(request, decode_klines)))
            while running:
                yield await running[0]
                running.popleft()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _ask(self, request: Request, read: Callable[[bytes], T]) -> T:
        """What the venue answers, however often it has to be asked for it."""
        why, tries, waits = "its limits leave no room", 0, 0
        while tries < _TRIES and waits < _WAITS:
            reply = await self._client.ask(request)
            if not isinstance(reply, Failure):
                try:
                    return read(reply)
                except Unreadable as error:
                    reply = Failure(Meaning.UNKNOWN, 0, str(error))
            if reply.meaning in (Meaning.REFUSED, Meaning.FATAL):
                raise _refused(request, reply)
            banned_until = self._client.gauges.budget.banned_until
            if self._client.now() < banned_until:
                until = format_instant(banned_until // NS_PER_SECOND * NS_PER_SECOND)
                raise _unavailable(f"it has banned this address until {until}")
            if reply.code in _TURNED_AWAY:
                waits += 1
                await asyncio.sleep(2 * self._pause_s)  # there will be room again
            else:
                why = reply.text
                await asyncio.sleep(self._pause_s * 2**tries)
                tries += 1
        raise _unavailable(why)


@asynccontextmanager
async def history_at(place: str, now: Now, parallel: int) -> AsyncIterator[History]:
    """The history of a place as `hosts_at` takes it."""
    client = Client(hosts_at(place).rest, None, CcxtTransport(_TIMEOUT_S), now, _nobody)
    client.gauges.budget.reserve = _RESERVE
    try:
        yield History(client, parallel)
    finally:
        await client.close()


def _nobody(_: str) -> None:
    """Whatever is wrong is raised: nobody has to be told beside that."""


def _requests(symbol: Symbol, interval: str, spans: Iterable[Span]) -> Iterable[Request]:
    for begin, end in spans:
        times = {"startTime": begin // NS_PER_MS, "endTime": end // NS_PER_MS - 1}
        yield _klines(symbol, interval, PAGE, **times)


def _klines(symbol: Symbol, interval: str, limit: int, **times: int) -> Request:
    asked = (("symbol", symbol), ("interval", interval), *times.items(), ("limit", limit))
    return query("klines", 2, *asked, signed=False)


def _unavailable(why: str) -> Unavailable:
    return Unavailable(
        f"Binance gives no history: {why}. What was fetched is kept; run it again to go on"
    )


def _refused(request: Request, failure: Failure) -> ThunesError:
    asked = dict(request.params)
    if failure.code == NOT_LISTED:
        return UsageError(
            f"Binance does not list {asked['symbol']!r}; symbols are written like BTCUSDT"
        )
    what = " ".join([request.path, *asked.values()])
    return ThunesError(f"Binance refuses {what}: {failure.code} {failure.text}")
