"""Known orders: what has to be remembered of ours to cancel them and to read the venue's answers.

A cancel names the symbol, a fill names its order by the venue's own number, and what rests counts
against the filters. All of it can be learned again from the venue.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from thunes.adapters.venues.binance.answers import OrderRow
from thunes.adapters.venues.binance.states import STANDINGS
from thunes.core.domain.evidence import FENCE_NS, Standing
from thunes.core.domain.order import (
    CONTINGENT,
    Canceled,
    Expired,
    Filled,
    Order,
    Rejected,
    Report,
)
from thunes.core.domain.units import Instant, OrderId, Symbol

OVER_KEPT_MAX = 2_000
_WAITING = ("STOP_LOSS", "TAKE_PROFIT")


@dataclass(slots=True)
class Known:
    """One order: `rests` while it may be open; `venue_id` and `list_id` are the venue's numbers."""

    symbol: Symbol
    contingent: bool
    rests: bool = True
    venue_id: int = -1
    list_id: int = -1
    asked_at: Instant = Instant(0)


class KnownOrders:
    """Orders by the id that we gave them; of those that are over the newest are kept."""

    def __init__(self) -> None:
        self._open: dict[OrderId, Known] = {}
        self._over: OrderedDict[OrderId, Known] = OrderedDict()
        self._by_venue: dict[tuple[Symbol, int], OrderId] = {}

    def sent(self, orders: Iterable[Order], at: Instant) -> None:
        """These are about to leave: from now on they may rest."""
        for order in orders:
            waits = order.type in CONTINGENT
            self._open[order.id] = Known(order.symbol, waits, asked_at=at)

    def absent(self, order_id: OrderId, at: Instant) -> None:
        """The venue did not know it at `at`: past its deadline it will never rest."""
        known = self._open.get(order_id)
        if known is not None and at > known.asked_at + FENCE_NS:
            self._close(order_id)

    def learn(self, row: OrderRow) -> None:
        """The venue tells of an order."""
        known = self.find(row.ours)
        if known is None:
            known = self._open[row.ours] = Known(row.symbol, row.type.startswith(_WAITING))
        self.numbered(row.ours, row.order_id, row.order_list_id)
        standing = STANDINGS.get(row.status, Standing.OPEN)
        if standing is not Standing.OPEN:
            self._close(row.ours)

    def numbered(self, order_id: OrderId, venue_id: int, list_id: int) -> None:
        """The numbers by which the venue knows one of these, and its list if it is of one (-1)."""
        known = self.find(order_id)
        if known is None:
            return
        if list_id >= 0:
            known.list_id = list_id
        if known.venue_id != venue_id:
            known.venue_id = venue_id
            self._by_venue[known.symbol, venue_id] = order_id

    def heard(self, report: Report) -> None:
        """What the core is told of an order."""
        known = self.find(report.order_id)
        if known is None:
            return
        over = isinstance(report, Canceled | Expired | Rejected)
        if over or (isinstance(report, Filled) and report.complete):
            self._close(report.order_id)

    def find(self, order_id: OrderId) -> Known | None:
        return self._open.get(order_id) or self._over.get(order_id)

    def is_numbered(self, order_id: OrderId) -> bool:
        """Whether the venue has told its own number of it."""
        known = self.find(order_id)
        return known is not None and known.venue_id >= 0

    def named(self, symbol: Symbol, venue_id: int) -> OrderId | None:
        """The id that we gave to the venue's order of this number."""
        return self._by_venue.get((symbol, venue_id))

    def unsettled(self) -> list[tuple[OrderId, Symbol]]:
        """All that may still be open, oldest first."""
        return [(order_id, known.symbol) for order_id, known in self._open.items()]

    def resting(self, symbol: Symbol, less: Iterable[OrderId] = ()) -> tuple[int, int]:
        """How many orders may rest for the symbol, and how many of these wait for a trigger."""
        gone = frozenset(less)
        held = [k for name, k in self._open.items() if k.symbol == symbol and name not in gone]
        return len(held), sum(known.contingent for known in held)

    def _close(self, order_id: OrderId) -> None:
        known = self._open.pop(order_id, None)
        if known is None:
            return
        known.rests = False
        self._over[order_id] = known
        while len(self._over) > OVER_KEPT_MAX:
            _, gone = self._over.popitem(last=False)
            self._by_venue.pop((gone.symbol, gone.venue_id), None)
