"""One account at the venue: its orders as the wire knows them, and who listens to its events."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from itertools import count

import msgspec

from thunes.adapters.venues.simulated import admission
from thunes.adapters.venues.simulated.models import Models
from thunes.core.domain.order import Accepted, Canceled, Expired, Filled, Rejected
from thunes.core.domain.units import Asset, OrderId
from thunes.sandbox import events
from thunes.sandbox.floor import SELF_TRADE, AccountFloor, Said
from thunes.sandbox.ladder import affordable
from thunes.sandbox.limits import OrderCount
from thunes.sandbox.lists import OrderList
from thunes.sandbox.market import Listing, Market
from thunes.sandbox.orders import PENDING, Fill, Record, Ticket
from thunes.sandbox.wire import Json

Listener = Callable[[bytes], None]
"""Takes an event as it goes over the wire."""

_encode = msgspec.json.Encoder().encode

_EXPIRY = {"One of the list was executed or triggered.": "OCO_TRIGGER"}
_THIN = (-2010, "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.")
_SMALL = (-1013, "Filter failure: NOTIONAL")


class Numbers:
    """The ids of orders and lists, growing over all accounts."""

    def __init__(self) -> None:
        self.order = count(1)
        self.list = count(1)
        self.made = count(1)

    def client_id(self) -> str:
        """For an order that came without one."""
        return f"sandbox{next(self.made):015d}"


class Holder:
    """Places, cancels and books; `listeners` hear each event at once."""

    def __init__(
        self, market: Market, numbers: Numbers, balances: Mapping[Asset, Decimal], models: Models
    ) -> None:
        self.market = market
        self.numbers = numbers
        self.models = models
        self.listeners: list[Listener] = []
        self.counts = OrderCount()
        self.endow(balances)

    def endow(self, balances: Mapping[Asset, Decimal]) -> None:
        """Begin anew with `balances`: no orders, no history."""
        self.endowed = dict(balances)
        self.floor = AccountFloor(self.market, balances, self.models)
        self.records: dict[int, Record] = {}
        self.by_client: dict[tuple[str, str], Record] = {}
        self.standing: dict[int, Record] = {}  # open or waiting
        self.lists: dict[int, OrderList] = {}
        self.trades: list[tuple[Record, Fill]] = []

    def place(self, ticket: Ticket) -> Record:
        """One order; `refusal` of the record says why there is none."""
        record = self.enter(ticket)
        if record.refusal is None:
            self.open([record])
        return record

    def enter(self, ticket: Ticket, group: OrderList | None = None) -> Record:
        """Give the order its number; it is not at the venue yet."""
        now = self.market.clock.ms
        quantity, refusal = ticket.quantity, None
        if quantity is None:
            assert ticket.amount is not None
            instrument = ticket.listing.instrument
            quantity = affordable(
                ticket.listing.ladder, ticket.amount, instrument, buy=ticket.side == "BUY"
            )
            if ticket.amount < instrument.min_notional:
                refusal = _SMALL
            elif quantity < max(instrument.min_quantity, instrument.step):
                refusal = _THIN
        same = self.by_client.get((ticket.listing.symbol, ticket.client_id))
        if same is not None and not same.over:
            refusal = admission.DUPLICATE
        return Record(
            id=next(self.numbers.order),
            ticket=ticket,
            quantity=quantity,
            created=now,
            updated=now,
            working=not ticket.contingent,
            group=group,
            refusal=refusal,
        )

    def open(self, records: Sequence[Record]) -> None:
        """Bring one order, or the two of a list, to the market."""
        for record in records:
            _keep(self, record)
        orders = [
            record.ticket.order(record.id, record.quantity, record.list_id if pair else -1)
            for pair in (len(records) == 2,)
            for record in records
        ]
        terms = [record.ticket.terms() for record in records]
        self.hear(self.floor.place(orders, terms, self.market.clock.now))

    def wait(self, record: Record) -> None:
        """A leg that waits for the working order of its list."""
        record.status, record.working = PENDING, False
        _keep(self, record)
        self.tell(record, "NEW")

    def cancel(self, record: Record, cancel_id: str) -> list[Record]:
        """End an open order, and with it the rest of its list; all that ended."""
        group = record.group
        ended = [record] if group is None else [r for r in group.records if not r.over]
        ended.sort(key=lambda one: one.status != PENDING)  # what waits goes first
        for one in ended:
            one.cancel_id = cancel_id
        for one in ended:
            if one.status == PENDING:
                self.end(one, "CANCELED")
            elif one.is_open:
                self.hear(self.floor.cancel(OrderId(str(one.id))))
        return ended

    def meet(self, listing: Listing) -> None:
        """Open orders of a symbol meet its new quote."""
        if self.floor.books[listing.symbol].orders:
            self.hear(self.floor.meet(listing))

    def hear(self, said: Sequence[Said]) -> None:
        """Book what the floor said, tell of it, and let lists go on."""
        touched: dict[Asset, None] = {}
        groups: dict[int, OrderList] = {}
        for one in said:
            record = self.records[int(one.order_id)]
            instrument = record.ticket.listing.instrument
            if not isinstance(one.report, Rejected):
                touched |= dict.fromkeys((instrument.base, instrument.quote))
            if record.group is not None:
                groups[record.group.id] = record.group
            _book(self, record, one, touched)
        if touched and self.listeners:
            self.emit(events.position(self.floor.account, touched, self.market.clock.ms))
        for group in groups.values():
            _go_on(self, group)

    def tell(self, record: Record, kind: str, fill: Fill | None = None) -> None:
        if self.listeners:
            self.emit(events.execution(record, kind, self.market.clock.ms, fill))

    def emit(self, event: Json) -> None:
        written = _encode(event)
        for listener in tuple(self.listeners):
            listener(written)

    def end(self, record: Record, status: str, reason: str = "") -> None:
        """The order is over."""
        record.status, record.reason = status, reason
        record.working = False
        record.updated = self.market.clock.ms
        self.standing.pop(record.id, None)
        self.tell(record, "EXPIRED" if status.startswith("EXPIRED") else status)


def _keep(holder: Holder, record: Record) -> None:
    holder.records[record.id] = holder.standing[record.id] = record
    holder.by_client[record.symbol, record.ticket.client_id] = record


def forget(holder: Holder, record: Record) -> None:
    """The order was never there."""
    holder.records.pop(record.id, None)
    holder.standing.pop(record.id, None)
    holder.by_client.pop((record.symbol, record.ticket.client_id), None)


def _book(holder: Holder, record: Record, said: Said, touched: dict[Asset, None]) -> None:
    """What one report makes of its order."""
    now = holder.market.clock.ms
    match said.report:
        case None:  # its trigger was pulled
            record.working, record.working_time = True, now
            holder.tell(record, "NEW")
        case Accepted():
            record.status, record.updated = "NEW", now
            if record.working:
                record.working_time = now
            holder.tell(record, "NEW")
        case Rejected(code=code, text=text):
            if record.status == PENDING:
                holder.end(record, "EXPIRED", "REJECTED")
            else:
                record.refusal = (code, text)
                record.status = "REJECTED"
                forget(holder, record)
        case Filled():
            touched[said.report.fee_asset] = None
            _fill(holder, record, said.report, maker=said.maker)
        case Canceled():
            holder.end(record, "CANCELED")
        case Expired(text=text):
            status = "EXPIRED_IN_MATCH" if text == SELF_TRADE else "EXPIRED"
            known = text if text.isupper() else "REJECTED"
            holder.end(record, status, _EXPIRY.get(text, known))
        case _:
            raise AssertionError("only a cancel of what is open comes here")


def _fill(holder: Holder, record: Record, report: Filled, *, maker: bool) -> None:
    market, now = holder.market, holder.market.clock.ms
    maker_bought = maker is (record.ticket.side == "BUY")
    trade_id = market.trade(
        record.ticket.listing, report.price, report.quantity, maker_bought=maker_bought
    )
    fill = Fill(trade_id, now, report.price, report.quantity, report.fee, report.fee_asset, maker)
    record.fills.append(fill)
    record.executed += report.quantity
    record.spent += report.price * report.quantity
    record.updated = now
    record.status = "FILLED" if report.complete else "PARTIALLY_FILLED"
    if report.complete:
        record.working = False
        del holder.standing[record.id]
    holder.trades.append((record, fill))
    holder.counts.traded()
    holder.tell(record, "TRADE", fill)


def _go_on(holder: Holder, group: OrderList) -> None:
    """Waiting legs go to the market once the working order is filled, and end with it if not."""
    waiting = group.waiting
    first = group.records[0]
    if waiting and first.status == "FILLED":
        for record in waiting:
            record.working = not record.ticket.contingent
        holder.open(waiting)
    elif waiting and first.over:
        for record in waiting:
            holder.end(record, "EXPIRED", admission.NEVER_BEGUN)
    if group.over and group.status != "ALL_DONE":
        group.status = "ALL_DONE"
        if holder.listeners:
            holder.emit(events.list_status(group, holder.market.clock.ms))
