"""Placing and cancelling: commands become requests, and answers become reports of every order."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from thunes.adapters.venues.binance.answers import ListRow, OrderRow, decode
from thunes.adapters.venues.binance.classify import Failure, Meaning
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.filters import FILTER_CODE, failure, fitted
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.listing import Listing
from thunes.adapters.venues.binance.order_requests import (
    cancel,
    cancel_list,
    place,
    urgency_of,
)
from thunes.adapters.venues.binance.prices import Prices
from thunes.adapters.venues.binance.requests import (
    Request,
    Urgency,
    one_order,
    open_orders,
)
from thunes.adapters.venues.binance.rights import Rights
from thunes.adapters.venues.binance.states import PENDING
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.order import CancelRefused, Order, OutcomeUnknown, Rejected, Report
from thunes.core.domain.units import Instant, OrderId

UNKNOWN_ORDER = (-2011, "Unknown order sent.")


class Placing:
    """Carries out what changes one order or one list; every order named is answered."""

    def __init__(
        self,
        client: Client,
        known: KnownOrders,
        listing: Listing,
        prices: Prices,
        rights: Rights,
    ) -> None:
        self.client = client
        self.known = known
        self._listing = listing
        self._prices = prices
        self._rights = rights

    def fit(self, orders: Sequence[Order]) -> tuple[Order, ...]:
        """The orders as they may leave: on the grid of their symbol."""
        return tuple([fitted(order, self._listing.instruments[order.symbol]) for order in orders])

    def refusal(self, orders: tuple[Order, ...], gone: Sequence[OrderId] = ()) -> Failure | None:
        """Why these would be refused, known before they leave; `gone` will rest no longer."""
        symbol = orders[0].symbol
        instrument, now = self._listing.instruments[symbol], self.client.now()
        if urgency_of(orders) is Urgency.ENTRY:
            doubts = (
                self._rights.doubt,
                self._listing.doubt(symbol),
                self._prices.doubt(symbol, now),
            )
            doubt = next(filter(None, doubts), "")
            if doubt:
                return Failure(Meaning.RETRY, 0, f"not sent: {doubt}")
        working = self.known.resting(symbol, gone)
        failed = failure(orders, instrument, self._prices.mark(symbol, now), working)
        if failed is None:
            return None
        return Failure(Meaning.REFUSED, FILTER_CODE, f"Filter failure: {failed.value}")

    async def place(self, orders: tuple[Order, ...], at: Instant) -> list[Report]:
        """Place one order, or one list; checked already."""
        self.known.sent(orders, at)
        reply = await self.client.ask(place(orders), at)
        if isinstance(reply, Failure):
            return [refused(order.id, reply) for order in orders]
        try:
            if len(orders) == 1:
                rows: tuple[OrderRow, ...] = (decode(reply, OrderRow, "the answer to an order"),)
            else:
                rows = decode(reply, ListRow, "the answer to an order list").order_reports
            return await self._placed([order.id for order in orders], rows)
        except Unreadable:
            return [OutcomeUnknown(order.id) for order in orders]

    async def cancel(self, order_ids: Sequence[OrderId]) -> list[Report]:
        """Cancel all of these, at the same time; with one order of a list the whole list goes."""
        found_out = True
        if any(self.known.find(order_id) is None for order_id in order_ids):
            found_out = await self._learn_open()
        requests: dict[Request, list[OrderId]] = {}
        said: list[Report] = []
        for order_id in order_ids:
            found = self.known.find(order_id)
            if found is None:
                said.append(CancelRefused(order_id, *UNKNOWN_ORDER, again=not found_out))
                continue
            listed = found.list_id >= 0
            request = cancel(found.symbol, order_id)
            if listed:
                request = cancel_list(found.symbol, found.list_id)
            requests.setdefault(request, []).append(order_id)
        answers = await asyncio.gather(*[self._cancel(r, ids) for r, ids in requests.items()])
        return [*said, *(report for answer in answers for report in answer)]

    async def _cancel(self, request: Request, named: list[OrderId]) -> list[Report]:
        reply = await self.client.ask(request)
        if isinstance(reply, Failure):
            return [cancel_refused(order_id, reply) for order_id in named]
        try:
            if request.path.endswith("List"):
                rows = decode(reply, ListRow, "the answer to a cancel").order_reports
            else:
                rows = (decode(reply, OrderRow, "the answer to a cancel"),)
            said = [report for row in rows for report in self.told(row)]
        except Unreadable:
            return [OutcomeUnknown(order_id) for order_id in named]
        answered = [report.order_id for report in said]
        return [*said, *(OutcomeUnknown(name) for name in named if name not in answered)]

    def told(self, row: OrderRow) -> list[Report]:
        """What a row says, learned and translated. Raises Unreadable."""
        said = row.reports()
        self.known.learn(row)
        return said

    async def _placed(self, asked: list[OrderId], rows: Sequence[OrderRow]) -> list[Report]:
        said: list[Report] = []
        for row in rows:
            if row.ours not in asked:
                raise Unreadable("the answer to an order", row.ours.encode(), "it was not asked")
            if row.status == PENDING:
                row = await self._standing(row)
            said += self.told(row)
        answered = [report.order_id for report in said]
        # The waiting leg of a list is told when it begins; whatever else is missing is unknown.
        waiting = [row.ours for row in rows if row.status == PENDING]
        missing = [each for each in asked if each not in answered and each not in waiting]
        return [*said, *(OutcomeUnknown(order_id) for order_id in missing)]

    async def _standing(self, row: OrderRow) -> OrderRow:
        """A leg that was waiting when the answer was written may be at work by now."""
        reply = await self.client.ask(one_order(row.symbol, "orderId", row.order_id))
        return row if isinstance(reply, Failure) else decode(reply, OrderRow, "an order")

    async def _learn_open(self) -> bool:
        """Somebody before us sent what is to be cancelled: ask the venue what is open."""
        (everything,) = open_orders()
        reply = await self.client.ask(replace(everything, urgency=Urgency.PROTECTIVE))
        if isinstance(reply, Failure):
            return False
        try:
            rows = decode(reply, tuple[OrderRow, ...], "the open orders")
        except Unreadable:
            return False
        for row in rows:
            self.known.learn(row)
        return True


def refused(order_id: OrderId, failure: Failure) -> Report:
    """What a failure says of an order that was to be placed."""
    if failure.meaning is Meaning.UNKNOWN:
        return OutcomeUnknown(order_id)
    again = failure.meaning is not Meaning.REFUSED
    return Rejected(order_id, failure.code, failure.text, again=again)


def cancel_refused(order_id: OrderId, failure: Failure) -> Report:
    """What a failure says of an order that was to be cancelled."""
    if failure.meaning is Meaning.UNKNOWN:
        return OutcomeUnknown(order_id)
    again = failure.meaning is not Meaning.REFUSED
    return CancelRefused(order_id, failure.code, failure.text, again=again)
