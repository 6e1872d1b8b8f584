"""The inquiry: one look at the whole account, or none if any part of it is missing."""

from collections.abc import Iterable
from typing import TypeVar

from thunes.adapters.venues.binance.answers import OrderRow, TradeRow, decode, decode_balances
from thunes.adapters.venues.binance.classify import Failure
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import NOT_LISTED, Listing
from thunes.adapters.venues.binance.requests import Request, one_order, open_orders, query
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import SeenFill, SeenOrder
from thunes.core.domain.units import NS_PER_SECOND, Instant, OrderId, Symbol

T = TypeVar("T")

NO_SUCH_ORDER = -2013
PAGE = 1_000
DAY_MS = 86_400_000
_MARGIN_NS = 60 * NS_PER_SECOND


class Missing(ThunesError):
    """A part of the account could not be read, so nothing of it was."""


class Inquiry:
    """Asks for balances, then orders, then fills, then how orders stand that are in neither.

    Every time in it is ours: the venue's times are moved by the offset of its clock.
    """

    def __init__(self, client: Client, known: KnownOrders, listing: Listing) -> None:
        self._client = client
        self._known = known
        self._listing = listing

    async def look(self, asked: Instant, fills_since: Instant) -> AccountSeen:
        """The account as it stood at `asked` or later. Raises Missing.

        A process that has never looked (0) has no fills of its own to look for.
        """
        since = fills_since or Instant(asked - _MARGIN_NS)
        balances = decode_balances(
            await self._body(query("account", 20, ("omitZeroBalances", "true")))
        )
        told = {row.order_id: row for row in await self._open()}
        rows = list(told.values())
        open_ids = frozenset(row.ours for row in rows)
        for order_id, symbol in self._known.unsettled():
            if order_id not in open_ids:
                rows += await self._one(symbol, ("origClientOrderId", order_id), order_id, asked)
        fills: list[SeenFill] = []
        for symbol in self._listing.listed():
            for trade in await self._trades(symbol, since):
                name = self._known.named(symbol, trade.order_id)
                if name is None:
                    number = ("orderId", trade.order_id)
                    rows += await self._one(symbol, number, OrderId(""), asked)
                    name = self._known.named(symbol, trade.order_id)
                if name is None:
                    raise Missing(f"fill {trade.id} of {symbol} names an order that is not there")
                at = self._client.gauges.clock.ours(trade.time)
                fills.append(trade.seen(name, at))
        fills.sort(key=lambda each: each.at)
        return AccountSeen(
            self._client.now(), asked, since, _as_evidence(rows), tuple(fills), balances
        )

    async def _open(self) -> list[OrderRow]:
        """All that is open, learned."""
        rows: list[OrderRow] = []
        for request in open_orders(self._listing.listed()):
            rows += await self._rows(request, OrderRow)
        for row in rows:
            self._known.learn(row)
        return rows

    async def _one(
        self, symbol: Symbol, by: tuple[str, object], order_id: OrderId, asked: Instant
    ) -> list[OrderRow]:
        """One order however it stands; none if the venue does not know it."""
        reply = await self._client.ask(one_order(symbol, *by))
        if isinstance(reply, Failure):
            if reply.code == NOT_LISTED:
                return []  # nobody says how orders of a delisted symbol stand
            if reply.code != NO_SUCH_ORDER:
                raise Missing(reply.text)
            self._known.absent(order_id, asked)
            return []
        row = decode(reply, OrderRow, "an order")
        self._known.learn(row)
        return [row]

    async def _trades(self, symbol: Symbol, since: Instant) -> list[TradeRow]:
        """Every fill since then: day by day until there is one, from there on by number."""
        clock = self._client.gauges.clock
        begin, end = clock.stamp_ms(since), clock.stamp_ms(self._client.now())
        found: list[TradeRow] = []
        while not found and begin <= end:
            until = min(begin + DAY_MS - 1, end + DAY_MS - 1)
            window = (("startTime", begin), ("endTime", until))
            found = await self._page(symbol, *window)
            begin = until + 1
        page = found
        # A window of a day may hold more than it shows, and days after it more still.
        while page and (len(page) == PAGE or begin <= end):
            page = await self._page(symbol, ("fromId", found[-1].id + 1))
            found += page
            begin = end + 1
        return found

    async def _page(self, symbol: Symbol, *by: tuple[str, object]) -> list[TradeRow]:
        request = query("myTrades", 20, ("symbol", symbol), ("limit", PAGE), *by)
        rows = await self._rows(request, TradeRow)
        return sorted(rows, key=lambda row: row.id)

    async def _rows(self, request: Request, kind: type[T]) -> list[T]:
        body = await self._body(request)
        return decode(body, list[kind], request.path)  # type: ignore[valid-type]

    async def _body(self, request: Request) -> bytes:
        reply = await self._client.ask(request)
        if isinstance(reply, Failure):
            raise Missing(f"{request.path}: {reply.text}")
        return reply


def _as_evidence(rows: Iterable[OrderRow]) -> tuple[SeenOrder, ...]:
    """One word for each order, the last one that was said."""
    seen = {row.order_id: row for row in rows}
    return tuple([row.seen() for row in seen.values()])
