"""The pulse: asks what is open, and finds out an account stream that is up and tells nothing.

A quiet account looks like a dead stream, but for this: an order that rests by all that was told
here, and that the venue says is over.
"""

import asyncio
from dataclasses import dataclass

from thunes.adapters.venues.binance.answers import OrderRow, decode
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import NOT_LISTED
from thunes.adapters.venues.binance.requests import query
from thunes.adapters.venues.binance.states import STANDINGS
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.evidence import Standing
from thunes.core.domain.units import NS_PER_SECOND, Instant, OrderId, Symbol

PULSE_NS = 3 * NS_PER_SECOND
LOOK_NS = NS_PER_SECOND
_ALL_WEIGHT, _ONE_WEIGHT = 80, 6


@dataclass(frozen=True, slots=True)
class _Untold:
    """An order whose end was found, and not told yet."""

    order_id: OrderId
    symbol: Symbol


class Pulse:
    """Costs at most 1,600 of 6,000 weight a minute, and nothing where nothing rests."""

    def __init__(self, client: Client, known: KnownOrders) -> None:
        self._client = client
        self._known = known
        self._asked_at = Instant(0)
        self._suspects: frozenset[_Untold] = frozenset()
        self._dead: _Untold | None = None

    async def run(self) -> None:
        """Feel it every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_NS / NS_PER_SECOND)
            now = self._client.now()
            if now - self._asked_at >= PULSE_NS * self._client.pace:
                self._asked_at = now
                await self._feel()

    def doubt(self) -> str:
        """Why the stream must be dead; "" if nothing says so."""
        dead = self._dead
        return f"{dead.order_id} has ended and this stream does not tell" if dead else ""

    def restart(self) -> None:
        """There is another stream now."""
        self._suspects, self._dead = frozenset(), None

    async def _feel(self) -> None:
        """What was untold at two looks in a row will not be told: the stream had its time."""
        before, suspects = self._resting(), self._suspects
        if not before:
            self._suspects = frozenset()
            return
        open_ids = await self._open(sorted({each.symbol for each in before}))
        if open_ids is None:
            return
        untold = [each for each in before if each.order_id not in open_ids]
        ended = [each for each in untold if await self._is_over(each)]
        resting = self._resting()  # meanwhile some may have been told
        self._suspects = frozenset(each for each in ended if each in resting)
        self._dead = next((each for each in ended if each in self._suspects & suspects), None)

    def _resting(self) -> list[_Untold]:
        """What the venue has had, and may still have."""
        return [
            _Untold(order_id, symbol)
            for order_id, symbol in self._known.unsettled()
            if self._known.is_numbered(order_id)
        ]

    async def _open(self, symbols: list[Symbol]) -> frozenset[OrderId] | None:
        """The ids of what is open, or None where that could not be read."""
        asked = [query("openOrders", _ONE_WEIGHT, ("symbol", symbol)) for symbol in symbols]
        if len(symbols) * _ONE_WEIGHT > _ALL_WEIGHT:
            asked = [query("openOrders", _ALL_WEIGHT)]
        found: list[OrderId] = []
        for each in asked:
            reply = await self._client.ask(each)
            if isinstance(reply, Failure) and reply.code == NOT_LISTED:
                continue
            if isinstance(reply, Failure):
                return None
            try:
                found += [row.ours for row in decode(reply, list[OrderRow], "the open orders")]
            except Unreadable:
                return None
        return frozenset(found)

    async def _is_over(self, order: _Untold) -> bool:
        by = ("origClientOrderId", order.order_id)
        reply = await self._client.ask(query("order", 4, ("symbol", order.symbol), by))
        if isinstance(reply, Failure):
            return False
        try:
            status = decode(reply, OrderRow, "an order").status
        except Unreadable:
            return False
        return STANDINGS.get(status, Standing.OPEN) is not Standing.OPEN
