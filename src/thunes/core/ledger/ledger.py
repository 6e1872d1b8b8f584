"""The ledger: books every report exactly once and knows what is held and what is in flight."""

from collections.abc import Mapping

from msgspec.structs import replace

from thunes.core.domain.fact import Fact, Noticed, OrderFailed, PositionOpened, TradeClosed
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OrderRole,
    OutcomeUnknown,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.position import ExitPlan, Leg, Lot, Position, Trade
from thunes.core.domain.ratio import ratio
from thunes.core.domain.units import ONE, ZERO, Instant, Money, Price, Quantity
from thunes.core.domain.view import OVER, OrderState
from thunes.core.ledger.holdings import Holdings, ValueOf
from thunes.core.ledger.legs import reduced
from thunes.core.ledger.lots import average_price, consume, pooled
from thunes.core.ledger.orders import OrderChange, OrderRecord

BREACHES = ("oversold", "unpriced_fee")
"""Codes of what should not have happened: it is booked, and nothing new is begun on top of it."""

_CHANGES: Mapping[type[Report], OrderChange] = {
    Accepted: OrderChange.ACCEPTED,
    Rejected: OrderChange.REJECTED,
    Canceled: OrderChange.CANCELED,
    Expired: OrderChange.EXPIRED,
    CancelRefused: OrderChange.CANCEL_REFUSED,
    OutcomeUnknown: OrderChange.LOST,
}

_REFUSALS = (Rejected, CancelRefused)
_DOUBTS = (OrderChange.LOST, OrderChange.END_OVERTOOK)


class Ledger(Holdings):
    """A spot account: what it holds, and what every report does to that."""

    def book(
        self, at: Instant, record: OrderRecord | None, report: Report, value_of: ValueOf
    ) -> list[Fact]:
        """Book one report of the venue about the order of `record`, None if it is not ours; what
        nobody here expected becomes a Noticed fact."""
        if record is None:
            return [Noticed(code="foreign_order", text=f"{report.order_id} is not ours", at=at)]
        self.touched[record.order.symbol] = None
        if isinstance(report, Filled):
            return self._book_fill(at, record, report, value_of)
        change = _change(record, report)
        if not self.orders.change(record, change):
            text = f"{type(report).__name__} for {report.order_id} in state {record.state.value}"
            return [Noticed(code="impossible_report", text=text, at=at)]
        # What the stream acknowledged before its answer got lost is in no doubt.
        record.lost = record.state is OrderState.UNKNOWN and (
            change in _DOUBTS or (isinstance(report, CancelRefused) and report.again)
        )
        record.acknowledged = record.acknowledged or type(report) is Accepted
        if change is OrderChange.END_OVERTOOK and isinstance(report, Canceled | Expired):
            record.ending = report
        facts: list[Fact] = []
        if isinstance(report, _REFUSALS):
            text = f"{report.code} {report.text}"
            facts.append(
                OrderFailed(order_id=report.order_id, symbol=record.order.symbol, text=text)
            )
        if record.state in OVER:
            facts += self._order_over(at, record)
        if isinstance(report, Rejected) and record.order.role is OrderRole.EXIT:
            self._unsold(record, value_of)
        return facts

    def _unsold(self, record: OrderRecord, value_of: ValueOf) -> None:
        """An exit was refused: what is too little at today's price would be so again."""
        symbol = record.order.symbol
        held, price = self.positions.get(symbol), value_of(self.instruments[symbol].base, ONE)
        if held is not None and price is not None:
            self.put_aside(symbol, Price(price), record)

    def _book_fill(
        self, at: Instant, record: OrderRecord, fill: Filled, value_of: ValueOf
    ) -> list[Fact]:
        if fill.trade_id in record.trade_ids:
            return []
        change = OrderChange.FILLED if fill.complete else OrderChange.PARTLY_FILLED
        known = self.orders.change(record, change)
        assert known, "the order table has a row for a fill in every state"
        record.trade_ids.append(fill.trade_id)
        record.lost, record.acknowledged = False, True
        value = Money(fill.price * fill.quantity)
        record.filled = Quantity(record.filled + fill.quantity)
        record.value = Money(record.value + value)
        fee_value, facts = Money(ZERO), list[Fact]()
        if fill.fee:
            fee_value, facts = self.pay_fee(at, record, fill, value_of)
            record.fees = Money(record.fees + fee_value)
        self.post_fill(at, record, fill)
        if record.order.list_id is not None:
            self._end_siblings(at, record.order)
        if record.order.side is Side.BUY:
            facts += self._bought(at, record, fill, fee_value)
        else:
            facts += self._sold(at, record, fill)
        if (end := record.ending) is not None:
            record.lost = _is_ahead(record, end)
            record.ending = end if record.lost else None
            self.orders.change(record, _change(record, end))
        if record.state in OVER:
            facts += self._order_over(at, record)
        return facts

    def _end_siblings(self, at: Instant, order: Order) -> None:
        """One of a one-cancels-other list fills: the venue is cancelling the other one."""
        for each in self.orders.working(order.symbol):
            if each.order.list_id == order.list_id and each.order.id != order.id:
                self.orders.change(each, OrderChange.CANCEL_SENT)
                each.asked_at = at

    def _bought(
        self, at: Instant, record: OrderRecord, fill: Filled, fee_value: Money
    ) -> list[Fact]:
        order = record.order
        in_base = fill.fee_asset == self.instruments[order.symbol].base
        net = Quantity(fill.quantity - fill.fee) if in_base else fill.quantity
        # A fee in base shows as fewer units for the same money: it must not be counted twice.
        paid = fill.price * fill.quantity + (ZERO if in_base else fee_value)
        lot = Lot(at=at, quantity=net, price=fill.price, cost=Money(paid), fees=fee_value)
        lots = self.lots.setdefault(order.symbol, [])
        lots.append(lot)
        held = self.positions.get(order.symbol)
        if held is None:
            self.positions[order.symbol] = Position(
                symbol=order.symbol,
                strategy=order.strategy,
                opened_at=at,
                quantity=net,
                entry_price=fill.price,
                plan=record.plan or ExitPlan(),
            )
            opened = PositionOpened(
                symbol=order.symbol, strategy=order.strategy, price=fill.price, quantity=net
            )
            return [opened]
        first_fill = len(record.trade_ids) == 1
        self.positions[order.symbol] = replace(
            held,
            quantity=Quantity(held.quantity + net),
            entry_price=average_price(lots),
            entries=held.entries + (1 if first_fill else 0),
        )
        return []

    def _sold(self, at: Instant, record: OrderRecord, fill: Filled) -> list[Fact]:
        symbol = record.order.symbol
        held = self.positions.get(symbol)
        if held is None or fill.quantity > held.quantity:
            return self._oversold(at, record, fill)
        record.lots.extend(consume(self.lots[symbol], fill.quantity))
        record.leg = _leg_sold(held, record)
        left = Quantity(held.quantity - fill.quantity)
        legs, hit = reduced(held.legs, record, fill.quantity)
        self.positions[symbol] = replace(
            held, quantity=left, legs=legs, targets_hit=held.targets_hit + hit
        )
        self.put_aside(symbol, fill.price, record)
        return []

    def _oversold(self, at: Instant, record: OrderRecord, fill: Filled) -> list[Fact]:
        """More was sold than the position held: too late or in error, but it was sold. Dust goes
        next; coins that no lot knows are taken to have cost what they brought."""
        symbol, name = record.order.symbol, record.order.id
        held, facts = self.positions.pop(symbol, None), list[Fact]()
        record.lots.extend(self.lots.pop(symbol, ()))
        if held is not None:
            record.leg = _leg_sold(held, record)
        rest = fill.quantity - (held.quantity if held else ZERO)
        aside = self.dust.pop(symbol, [])
        if dust := Quantity(min(rest, pooled(aside))):
            record.lots.extend(consume(aside, dust))
            rest -= dust
            facts.append(Noticed("sold_from_dust", f"{name} sold {dust} put aside in {symbol}", at))
        if aside:
            self.dust[symbol] = aside
        if rest:
            worth = Money(fill.price * rest)
            record.lots.append(Lot(at, Quantity(rest), fill.price, worth, Money(ZERO)))
            text = f"{name} sold {rest} in {symbol} that no position held"
            facts.append(Noticed("oversold", text, at))
        return facts

    def _order_over(self, at: Instant, record: OrderRecord) -> list[Fact]:
        order = record.order
        held = self.positions.get(order.symbol)
        if order.side is Side.BUY:
            if held is not None and record.filled:
                self.positions[order.symbol] = replace(held, entry_size=held.quantity)
                if not self.orders.working(order.symbol):
                    self.put_aside(order.symbol, held.entry_price, record)
            return []
        if held is not None and not self.orders.working(order.symbol):
            self.put_aside(order.symbol, record.reference or held.entry_price, record)
        if not record.lots:
            return []
        trade = _trade(at, record)
        record.lots = []
        record.traded_value, record.traded_fees = record.value, record.fees
        return [TradeClosed(trade=trade, flat=order.symbol not in self.positions)]


def _change(record: OrderRecord, report: Report) -> OrderChange:
    """What the report does to its order: not all that it says, where it is ahead of its time."""
    if isinstance(report, CancelRefused) and report.again and record.acknowledged:
        return OrderChange.CANCEL_NOT_TAKEN
    if isinstance(report, Canceled | Expired) and _is_ahead(record, report):
        return OrderChange.END_OVERTOOK
    return _CHANGES[type(report)]


def _is_ahead(record: OrderRecord, end: Canceled | Expired) -> bool:
    return end.filled is not None and end.filled > record.filled


def _leg_sold(held: Position, record: OrderRecord) -> Leg | None:
    named = next((leg for leg in held.legs if leg.name == record.order.leg), None)
    return named or next(iter(held.legs), record.leg)


def _trade(at: Instant, record: OrderRecord) -> Trade:
    order, lots = record.order, record.lots
    value, exit_fees = record.value - record.traded_value, record.fees - record.traded_fees
    quantity, cost, fees = ZERO, ZERO, exit_fees
    for lot in lots:
        quantity += lot.quantity
        cost += lot.cost
        fees += lot.fees
    return Trade(
        symbol=order.symbol,
        strategy=order.strategy,
        entry_time=lots[0].at,
        entry_price=average_price(lots),
        quantity=Quantity(quantity),
        exit_time=at,
        exit_price=ratio(value, quantity),
        fees=Money(fees),
        pnl=Money(value - exit_fees - cost),
        exit_reason=record.reason or order.role.value,
        stop_price=record.leg.stop_price if record.leg else None,
        target_price=record.leg.target_price if record.leg else None,
    )
