"""The truth: all that ever happened at the exchange, for its own answers and for checkers."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.command import VenueCommand
from thunes.core.domain.evidence import SeenFill, SeenOrder, Standing
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Order, Report
from thunes.core.domain.units import (
    EXACT,
    NS_PER_SECOND,
    ZERO,
    Asset,
    Instant,
    OrderId,
    Quantity,
)

LAG_NS_MAX = 2 * NS_PER_SECOND
"""No query answers from a state older than this."""


class Received(NamedTuple):
    """A request that reached the exchange at `at`, stamped by its sender."""

    at: Instant
    stamp: Instant
    command: VenueCommand


class Transfer(NamedTuple):
    """Units that came to the account; negative if they left it."""

    at: Instant
    asset: Asset
    amount: Decimal


@dataclass(slots=True)
class TrueOrder:
    """One order that the exchange took, and what became of it; `ours` if we sent it."""

    order: Order
    ours: bool
    placed_at: Instant
    standing: Standing = Standing.OPEN
    ended_at: Instant | None = None
    fills: list[SeenFill] = field(default_factory=list)

    def filled(self, at: Instant | None = None) -> Quantity:
        """Base units filled until `at`, or at all."""
        total = ZERO
        for fill in self.fills:
            if at is None or fill.at <= at:
                total = EXACT.add(total, fill.fill.quantity)
        return Quantity(total)

    def seen(self, at: Instant) -> SeenOrder:
        """The order as it stood at `at`."""
        over = self.ended_at is not None and self.ended_at <= at
        order = self.order
        return SeenOrder(
            order.id,
            order.symbol,
            order.side,
            order.quantity or Quantity(ZERO),
            self.filled(at),
            self.standing if over else Standing.OPEN,
        )


class Truth:
    """Every order, fill, transfer and request, oldest first, and the balances of late."""

    def __init__(self, balances: Mapping[Asset, Decimal], at: Instant) -> None:
        self.orders: list[TrueOrder] = []
        self.open: dict[OrderId, TrueOrder] = {}
        self.closed: list[TrueOrder] = []  # in the order in which they ended
        self.latest: dict[OrderId, TrueOrder] = {}  # an id may be given again
        self.fills: list[SeenFill] = []
        self.transfers: list[Transfer] = []
        self.received: list[Received] = []
        self.news = 0  # counts all that happened
        self._offered: dict[OrderId, tuple[Order, bool]] = {}
        self._balances = deque([(at, _quantities(balances))])

    def receive(self, command: VenueCommand, stamp: Instant, at: Instant) -> None:
        self.news += 1
        self.received.append(Received(at, stamp, command))

    def offer(self, orders: Iterable[Order], *, ours: bool) -> None:
        """These may be accepted now; who reuses an id of an open order changes nothing."""
        for order in orders:
            if order.id not in self.open:
                self._offered[order.id] = (order, ours)

    def book(self, report: Report, at: Instant) -> TrueOrder | None:
        """Keep what a report says; the order that it changed, or None."""
        self.news += 1
        order_id = report.order_id
        true = self.open.get(order_id)
        is_new = true is None
        if true is None:
            # What waits for an entry is first heard of when it begins, or ends with that one.
            offered = self._offered.pop(order_id, None)
            if offered is None or not isinstance(report, Accepted | Canceled | Expired):
                return None
            order, ours = offered
            true = self.open[order_id] = self.latest[order_id] = TrueOrder(order, ours, at)
            self.orders.append(true)
        if isinstance(report, Filled):
            order = true.order
            fill = SeenFill(at, order.symbol, order.side, report)
            true.fills.append(fill)
            self.fills.append(fill)
            if report.complete:
                self._end(true, Standing.FILLED, at)
        elif isinstance(report, Canceled):
            self._end(true, Standing.CANCELED, at)
        elif isinstance(report, Expired):
            self._end(true, Standing.EXPIRED, at)
        elif not is_new:
            return None
        return true

    def transfer(self, asset: Asset, amount: Decimal, at: Instant) -> None:
        self.news += 1
        self.transfers.append(Transfer(at, asset, amount))

    def weigh(self, balances: Mapping[Asset, Decimal], at: Instant) -> None:
        """The totals of the account have changed to `balances`."""
        history = self._balances
        history.append((at, _quantities(balances)))
        while history[1][0] <= at - LAG_NS_MAX:
            history.popleft()

    def balances_at(self, at: Instant) -> dict[Asset, Quantity]:
        """Totals at `at`, which lies no further back than `LAG_NS_MAX`."""
        for since, balances in reversed(self._balances):
            if since <= at:
                return balances
        return self._balances[0][1]

    def orders_at(self, at: Instant, closed_since: Instant) -> tuple[SeenOrder, ...]:
        """The orders open at `at`, and those that ended since `closed_since`, as they stood."""
        horizon = min(at, closed_since)
        ended = []
        for true in reversed(self.closed):
            if true.ended_at is None or true.ended_at < horizon:
                break
            if true.placed_at <= at and (true.ended_at > at or true.ended_at >= closed_since):
                ended.append(true)
        shown = [*reversed(ended), *(true for true in self.open.values() if true.placed_at <= at)]
        return tuple([true.seen(at) for true in shown])

    def fills_between(self, since: Instant, until: Instant) -> tuple[SeenFill, ...]:
        """The account's fills, both ends included."""
        found = []
        for fill in reversed(self.fills):
            if fill.at < since:
                break
            if fill.at <= until:
                found.append(fill)
        found.reverse()
        return tuple(found)

    def _end(self, true: TrueOrder, standing: Standing, at: Instant) -> None:
        true.standing, true.ended_at = standing, at
        del self.open[true.order.id]
        self.closed.append(true)


def _quantities(balances: Mapping[Asset, Decimal]) -> dict[Asset, Quantity]:
    return {asset: Quantity(units) for asset, units in balances.items()}
