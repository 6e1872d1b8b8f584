"""The pulse: asks what is open, and finds out an account stream that is up and tells nothing.

A quiet account looks like a dead stream, but for this: an order that rests by all that was told
here, and that the venue says is over.
"""

import asyncio

from thunes.adapters.venues.binance.answers import OrderRow, decode
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import NOT_LISTED
from thunes.adapters.venues.binance.requests import one_order, open_orders
from thunes.adapters.venues.binance.states import STANDINGS
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.evidence import Standing
from thunes.core.domain.units import NS_PER_SECOND, Instant, OrderId, Symbol

PULSE_NS = 3 * NS_PER_SECOND
LOOK_NS = NS_PER_SECOND


class Pulse:
    """Costs at most 1,600 of 6,000 weight a minute, and nothing where nothing rests."""

    def __init__(self, client: Client, known: KnownOrders) -> None:
        self._client = client
        self._known = known
        self._asked_at = Instant(0)
        self._suspects: frozenset[OrderId] = frozenset()  # have ended, and that is not told yet
        self._dead: OrderId | None = None

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
        return f"{self._dead} has ended and this stream does not tell" if self._dead else ""

    def restart(self) -> None:
        """There is another stream now."""
        self._suspects, self._dead = frozenset(), None

    async def _feel(self) -> None:
        """What was untold at two looks in a row will not be told: the stream had its time."""
        before, suspects = self._resting(), self._suspects
        if not before:
            self._suspects = frozenset()
            return
        open_ids = await self._open(sorted(frozenset(before.values())))
        if open_ids is None:
            return
        untold = [each for each in before.items() if each[0] not in open_ids]
        ended = [order_id for order_id, symbol in untold if await self._is_over(order_id, symbol)]
        resting = self._resting()  # meanwhile some may have been told
        self._suspects = frozenset(each for each in ended if each in resting)
        self._dead = next((each for each in ended if each in self._suspects & suspects), None)

    def _resting(self) -> dict[OrderId, Symbol]:
        """What the venue has had, and may still have."""
        known = self._known
        return {name: symbol for name, symbol in known.unsettled() if known.is_numbered(name)}

    async def _open(self, symbols: list[Symbol]) -> frozenset[OrderId] | None:
        """The ids of what is open, or None where that could not be read."""
        found: list[OrderId] = []
        for each in open_orders(symbols):
            reply = await self._client.ask(each)
            if isinstance(reply, Failure):
                if reply.code == NOT_LISTED:
                    continue
                return None
            try:
                found += [row.ours for row in decode(reply, list[OrderRow], "the open orders")]
            except Unreadable:
                return None
        return frozenset(found)

    async def _is_over(self, order_id: OrderId, symbol: Symbol) -> bool:
        reply = await self._client.ask(one_order(symbol, "origClientOrderId", order_id))
        if isinstance(reply, Failure):
            return False
        try:
            status = decode(reply, OrderRow, "an order").status
        except Unreadable:
            return False
        return STANDINGS.get(status, Standing.OPEN) is not Standing.OPEN
