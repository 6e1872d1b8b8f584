"""Our orders: the table of what may happen to one, and those that are not over yet.

The rows "late" are not errors. A venue may report a fill after it confirmed a cancel, a stream
may lag behind an answer, an order given up for lost may turn up: each is a legal row here, so
that what really happened is always booked.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from thunes.core.domain.order import Canceled, Expired, Order, OrderRole, Side
from thunes.core.domain.position import ExitPlan, Leg, Lot
from thunes.core.domain.units import ZERO, Instant, Money, OrderId, Price, Quantity, Symbol
from thunes.core.domain.view import OVER, OrderState
from thunes.core.domain.word import Word

S = OrderState


class OrderChange(Word):
    """What can happen to an order."""

    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    REJECTED = "rejected"
    CANCEL_SENT = "cancel_sent"
    CANCELED = "canceled"
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_NOT_TAKEN = "cancel_not_taken"
    END_OVERTOOK = "end_overtook"
    MISSED = "missed"
    EXPIRED = "expired"
    LOST = "lost"


C = OrderChange

_ENDINGS = {C.CANCELED: S.CANCELED, C.EXPIRED: S.EXPIRED}
_FILLS = {C.PARTLY_FILLED: S.PARTLY_FILLED, C.FILLED: S.FILLED}

ORDER_TABLE: Mapping[OrderState, Mapping[OrderChange, OrderState]] = {
    S.SUBMITTED: {
        C.ACCEPTED: S.ACCEPTED,
        **_FILLS,
        **_ENDINGS,
        C.REJECTED: S.REJECTED,
        C.CANCEL_SENT: S.CANCELING,
        C.LOST: S.UNKNOWN,
        C.END_OVERTOOK: S.UNKNOWN,  # it is over, and more of it filled than was heard of
        C.MISSED: S.UNKNOWN,  # a whole account was told, and nothing of it
    },
    S.ACCEPTED: {
        C.ACCEPTED: S.ACCEPTED,  # reported twice
        **_FILLS,
        **_ENDINGS,
        C.CANCEL_SENT: S.CANCELING,
        C.LOST: S.ACCEPTED,  # the answer is lost, but a report has told what it would have said
        C.END_OVERTOOK: S.UNKNOWN,
        C.MISSED: S.UNKNOWN,
    },
    S.PARTLY_FILLED: {
        C.ACCEPTED: S.PARTLY_FILLED,  # the fill overtook the acknowledgement
        **_FILLS,
        **_ENDINGS,
        C.CANCEL_SENT: S.CANCELING,
        C.LOST: S.PARTLY_FILLED,
        C.END_OVERTOOK: S.UNKNOWN,
        C.MISSED: S.UNKNOWN,
    },
    S.CANCELING: {
        C.ACCEPTED: S.CANCELING,
        C.PARTLY_FILLED: S.CANCELING,  # filled while the cancel travelled
        C.FILLED: S.FILLED,
        **_ENDINGS,
        C.REJECTED: S.REJECTED,
        C.CANCEL_SENT: S.CANCELING,
        C.CANCEL_REFUSED: S.UNKNOWN,  # "not found" may mean filled: evidence decides
        C.CANCEL_NOT_TAKEN: S.ACCEPTED,
        C.LOST: S.UNKNOWN,
        C.END_OVERTOOK: S.UNKNOWN,
        C.MISSED: S.UNKNOWN,
    },
    S.UNKNOWN: {
        C.ACCEPTED: S.ACCEPTED,
        **_FILLS,
        **_ENDINGS,
        C.REJECTED: S.REJECTED,
        C.CANCEL_SENT: S.UNKNOWN,
        C.CANCEL_REFUSED: S.UNKNOWN,
        C.CANCEL_NOT_TAKEN: S.UNKNOWN,
        C.LOST: S.UNKNOWN,
        C.END_OVERTOOK: S.UNKNOWN,
        C.MISSED: S.UNKNOWN,
    },
    S.FILLED: {
        C.ACCEPTED: S.FILLED,
        C.PARTLY_FILLED: S.FILLED,  # a report that lagged behind, or came twice
        C.FILLED: S.FILLED,
        C.CANCEL_REFUSED: S.FILLED,
        C.CANCEL_NOT_TAKEN: S.FILLED,
        C.LOST: S.FILLED,
        C.END_OVERTOOK: S.FILLED,
    },
    S.CANCELED: {
        C.ACCEPTED: S.CANCELED,
        C.PARTLY_FILLED: S.CANCELED,  # late fill after cancel: booked, still over
        C.FILLED: S.FILLED,
        C.CANCELED: S.CANCELED,
        C.CANCEL_REFUSED: S.CANCELED,
        C.CANCEL_NOT_TAKEN: S.CANCELED,
        C.LOST: S.CANCELED,
        C.END_OVERTOOK: S.CANCELED,
    },
    S.EXPIRED: {
        C.ACCEPTED: S.EXPIRED,
        C.PARTLY_FILLED: S.EXPIRED,
        C.FILLED: S.FILLED,
        C.EXPIRED: S.EXPIRED,
        C.CANCEL_REFUSED: S.EXPIRED,
        C.CANCEL_NOT_TAKEN: S.EXPIRED,
        C.LOST: S.EXPIRED,
        C.END_OVERTOOK: S.EXPIRED,
    },
    S.REJECTED: {
        C.PARTLY_FILLED: S.PARTLY_FILLED,  # believed refused, and trading all the same
        C.FILLED: S.FILLED,
        C.REJECTED: S.REJECTED,
        C.CANCEL_REFUSED: S.REJECTED,
        C.CANCEL_NOT_TAKEN: S.REJECTED,
        C.LOST: S.REJECTED,
    },
}

MANUAL = "manual"
"""Why an order of somebody else was placed, as far as we know."""

_OURS = "thunes-"


class Ids:
    """Gives out client order ids, each a function of the process that sends and of a count.

    A refused proposal leaves a hole in the row; what matters is that no id is ever given twice. In
    the laboratory (epoch 0) nobody else is there to be told apart from.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.given = 0

    def __call__(self) -> OrderId:
        self.given += 1
        return OrderId(f"{_OURS}{self.epoch}-{self.given}" if self.epoch else f"t{self.given}")


def is_ours(name: OrderId) -> bool:
    """Whether an order of this id was sent by a process of ours."""
    return name.startswith(_OURS)


CLOSED_KEPT_MAX = 256


class OrderRecord(msgspec.Struct):
    """One order and what became of it; money is quote, summed over its fills.

    `asked_at` is when the venue was last asked anything about it: to place it or to cancel it;
    `lost` says that no answer came, so that its deadline has to pass before anything is proved;
    `acknowledged`, that the venue has told of it at least once.
    `lots` are what an exit consumed so far, kept until it is over and becomes one trade;
    `traded_value` and `traded_fees` are what earlier trades of it took, for a fill may come after
    its end. `leg` is the part of the position that it closed, with the levels planned for it.
    `ending` is the end that was told before the fills that it counts: they make it true.
    `unwanted` is why it was called off: found open after all, it is so again.
    """

    order: Order
    state: OrderState = S.SUBMITTED
    filled: Quantity = Quantity(ZERO)
    value: Money = Money(ZERO)
    fees: Money = Money(ZERO)
    trade_ids: list[str] = []
    lots: list[Lot] = []
    traded_value: Money = Money(ZERO)
    traded_fees: Money = Money(ZERO)
    reference: Price | None = None
    plan: ExitPlan | None = None
    leg: Leg | None = None
    reason: str = ""
    asked_at: Instant = Instant(0)
    lost: bool = False
    acknowledged: bool = False
    ending: Canceled | Expired | None = None
    unwanted: str = ""

    @property
    def remaining(self) -> Quantity:
        """What could still fill (quantity orders only)."""
        return Quantity((self.order.quantity or ZERO) - self.filled)


class Orders:
    """Our orders; those that are open are kept apart, so that history costs nothing.

    `changed` are those that have moved or filled since somebody told of them.
    """

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        self.open: dict[Symbol, dict[OrderId, OrderRecord]] = {symbol: {} for symbol in symbols}
        self.open_entries: dict[OrderId, OrderRecord] = {}
        self.closed: OrderedDict[OrderId, OrderRecord] = OrderedDict()
        self.changed: dict[OrderId, OrderRecord] = {}
        self._alive: dict[OrderId, OrderRecord] = {}

    def submit(self, record: OrderRecord) -> None:
        """Record an order as in flight, before it is sent."""
        order = record.order
        assert order.id not in self._alive, "client order ids are never reused"
        self._alive[order.id] = record
        self.open[order.symbol][order.id] = record
        if order.role is OrderRole.ENTRY and order.side is Side.BUY:
            self.open_entries[order.id] = record

    def find(self, order_id: OrderId) -> OrderRecord | None:
        return self._alive.get(order_id) or self.closed.get(order_id)

    def change(self, record: OrderRecord, change: OrderChange) -> bool:
        """Move the record along the table; False if the table knows no such row."""
        before = record.state
        after = ORDER_TABLE[before].get(change)
        if after is None:
            return False
        if after is not before or change in _FILLS:
            self.changed[record.order.id] = record
        if after is not before:
            record.state = after
            if after in OVER:
                if before not in OVER:
                    self._close(record)
            elif before in OVER:
                self._reopen(record)
        return True

    def working(self, symbol: Symbol) -> Collection[OrderRecord]:
        """Orders of the symbol that are not over, oldest first: not a copy."""
        return self.open[symbol].values()

    def unknown(self) -> bool:
        """Whether the outcome of any order is unknown."""
        return any(
            record.state is S.UNKNOWN for held in self.open.values() for record in held.values()
        )

    def by_age(self) -> list[OrderRecord]:
        """Every order that is not over, oldest first: submitted again so, nothing has changed."""
        return list(self._alive.values())

    def _close(self, record: OrderRecord) -> None:
        order = record.order
        del self.open[order.symbol][order.id]
        del self._alive[order.id]
        self.open_entries.pop(order.id, None)
        self.closed[order.id] = record
        if len(self.closed) > CLOSED_KEPT_MAX:
            self.closed.popitem(last=False)

    def _reopen(self, record: OrderRecord) -> None:
        del self.closed[record.order.id]
        self.submit(record)
