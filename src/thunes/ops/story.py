"""Tells the steps of a journal in plain words."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, assert_never

from thunes.core.domain.command import (
    CancelOrders,
    Command,
    PlaceOrders,
    ReplaceOrders,
    SetTimer,
)
from thunes.core.domain.event import (
    AccountOpened,
    AccountSeen,
    BarsClosed,
    Event,
    OperatorActed,
    OperatorAsked,
    QuoteReceived,
    Restarted,
    RulesChanged,
    TimerFired,
    VenueReported,
)
from thunes.core.domain.evidence import Standing
from thunes.core.domain.fact import (
    DayRolled,
    Decided,
    Discrepancy,
    Fact,
    ModeChanged,
    Noticed,
    OrderChanged,
    OrderFailed,
    PositionChanged,
    PositionOpened,
    TradeClosed,
)
from thunes.core.domain.line import Line
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OutcomeUnknown,
    Rejected,
    Report,
)
from thunes.core.domain.position import Trade
from thunes.core.domain.units import NS_PER_DAY, OrderId, format_instant
from thunes.core.domain.view import OrderState
from thunes.ops.words import compared, decision_said, number, order_said

_Known = (
    Decided
    | PositionOpened
    | TradeClosed
    | OrderFailed
    | PositionChanged
    | ModeChanged
    | DayRolled
    | Noticed
    | Discrepancy
)
"""Facts that tell of themselves; the others are told with the order that they are about."""


class Topic(Enum):
    """What a sentence is about; OTHER is what went in and what is none of the four."""

    DECISIONS = "decisions"
    ORDERS = "orders"
    TRADES = "trades"
    MODES = "modes"
    OTHER = "other"


class Sentence(NamedTuple):
    """One thing that a step records; `symbol` is empty where it is about no symbol."""

    topic: Topic
    symbol: str
    text: str


class Storyteller:
    """Tells one step after the other; remembers the orders that were sent, to name them."""

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}

    def tell(self, line: Line) -> list[Sentence]:
        """A step in sentences: what went in, what was found out, what was asked for."""
        told = list(self._of_event(line.event))
        for fact in line.facts:
            told += self._of_fact(fact, reported=isinstance(line.event, VenueReported))
        for command in line.commands:
            told += self._of_command(command)
        return told

    def _of_event(self, event: Event) -> Iterator[Sentence]:
        match event:
            case AccountOpened():
                held = ", ".join(f"{number(q)} {asset}" for asset, q in event.balances.items())
                yield Sentence(Topic.OTHER, "", f"account opened with {held or 'nothing'}")
            case BarsClosed():
                yield Sentence(Topic.OTHER, "", f"bars closed, tape row {event.sequence}")
            case QuoteReceived(quote=quote):
                text = f"quote {quote.symbol}: bid {number(quote.bid)}, ask {number(quote.ask)}"
                yield Sentence(Topic.OTHER, quote.symbol, text)
            case VenueReported():
                yield from map(self._of_report, event.reports)
            case TimerFired():
                yield Sentence(Topic.OTHER, "", f"timer {event.name} fired")
            case OperatorActed():
                text = f"{event.who} asked for {event.cause.value}: {event.why}"
                yield Sentence(Topic.MODES, "", text)
            case OperatorAsked():
                about = ", ".join(event.symbols) or "everything"
                text = f"{event.who} asked to {event.wish.value} {about}: {event.why}"
                yield Sentence(Topic.OTHER, "", text)
            case Restarted():
                text = f"process {event.epoch} took over; what was in flight is unknown"
                yield Sentence(Topic.OTHER, "", text)
            case RulesChanged():
                yield Sentence(Topic.MODES, "", f"other rules from here on: {event.what}")
            case AccountSeen():
                open_orders = sum(1 for each in event.orders if each.standing is Standing.OPEN)
                held = ", ".join(f"{number(q)} {asset}" for asset, q in event.balances.items())
                text = f"the account was looked at: {open_orders} open orders, {held or 'nothing'}"
                yield Sentence(Topic.OTHER, "", text)
            case _:
                assert_never(event)

    def _of_command(self, command: Command) -> Iterator[Sentence]:
        match command:
            case PlaceOrders():
                yield from map(self._sent, command.orders)
            case CancelOrders():
                yield from map(self._taken_back, command.order_ids)
            case ReplaceOrders():
                yield from map(self._taken_back, command.cancels)
                yield from map(self._sent, command.orders)
            case SetTimer():
                text = f"timer {command.name} set for {format_instant(command.due)}"
                yield Sentence(Topic.OTHER, "", text)
            case _:
                assert_never(command)

    def _sent(self, order: Order) -> Sentence:
        self._orders[order.id] = order
        text = f"send {order.role.value} order {order.id}: {order_said(order)}"
        return Sentence(Topic.ORDERS, order.symbol, text)

    def _taken_back(self, order_id: OrderId) -> Sentence:
        return self._about(order_id, "cancel", "")

    def _of_report(self, report: Report) -> Sentence:
        match report:
            case Accepted():
                return self._about(report.order_id, "venue accepted", "")
            case Rejected():
                return self._about(
                    report.order_id, "venue rejected", f": {report.text} (code {report.code})"
                )
            case Filled():
                rest = "complete" if report.complete else "more to come"
                text = (
                    f": {number(report.quantity)} at {number(report.price)}, "
                    f"fee {number(report.fee)} {report.fee_asset}, {rest}"
                )
                return self._about(report.order_id, "filled", text)
            case Canceled():
                return self._about(report.order_id, "venue canceled", "")
            case Expired():
                return self._about(report.order_id, "venue ended", f": {report.text}")
            case CancelRefused():
                text = f": {report.text} (code {report.code})"
                return self._about(report.order_id, "venue refused to cancel", text)
            case OutcomeUnknown():
                return self._about(report.order_id, "no one knows what became of", "")
            case _:
                assert_never(report)

    def _of_fact(self, fact: Fact, *, reported: bool) -> Iterator[Sentence]:
        """Nothing for a change of an order that the venue's own report or our command tells."""
        if not isinstance(fact, OrderChanged):
            yield _of_fact(fact)
        elif not reported and fact.state is not OrderState.CANCELING:
            text = f" is {fact.state.value.replace('_', ' ')}, {number(fact.filled)} filled"
            yield self._about(fact.order_id, "now", text)

    def _about(self, order_id: OrderId, verb: str, rest: str) -> Sentence:
        order = self._orders.get(order_id)
        if order is None:
            return Sentence(Topic.ORDERS, "", f"{verb} order {order_id}{rest}")
        name = f"{order.symbol} {order.role.value} order {order_id}"
        return Sentence(Topic.ORDERS, order.symbol, f"{verb} {name}{rest}")


def _of_fact(fact: _Known) -> Sentence:
    match fact:
        case Decided():
            return Sentence(Topic.DECISIONS, fact.proposal.symbol, decision_said(fact))
        case PositionOpened():
            text = (
                f"position opened: {number(fact.quantity)} {fact.symbol} of {fact.strategy} "
                f"at {number(fact.price)}"
            )
            return Sentence(Topic.TRADES, fact.symbol, text)
        case TradeClosed():
            left = "" if fact.flat else "; the rest of the position stays"
            text = f"trade closed: {_trade_said(fact.trade)}{left}"
            return Sentence(Topic.TRADES, fact.trade.symbol, text)
        case PositionChanged():
            held = f"{number(fact.quantity)} {fact.symbol} of {fact.strategy}"
            stop = "no stop" if fact.stop_price is None else f"stop {number(fact.stop_price)}"
            text = f"position now {held} at {number(fact.entry_price)}, {stop}"
            if not fact.quantity:
                text = f"position gone: {fact.symbol} of {fact.strategy}"
            return Sentence(Topic.TRADES, fact.symbol, text)
        case OrderFailed():
            text = f"order {fact.order_id} of {fact.symbol} failed: {fact.text}"
            return Sentence(Topic.ORDERS, fact.symbol, text)
        case ModeChanged():
            return Sentence(Topic.MODES, "", _mode_said(fact))
        case DayRolled():
            day = format_instant(fact.day * NS_PER_DAY)[:10]
            text = f"UTC day {day} began with equity {number(fact.equity)}"
            return Sentence(Topic.OTHER, "", text)
        case Noticed():
            when = "" if fact.at is None else f" (since {format_instant(fact.at)})"
            return Sentence(Topic.OTHER, "", f"noticed {fact.code}: {fact.text}{when}")
        case Discrepancy():
            text = f"{fact.kind.value.replace('_', ' ')} {fact.subject}: {fact.text}"
            return Sentence(Topic.OTHER, "", text)
        case _:
            assert_never(fact)


def _trade_said(trade: Trade) -> str:
    """One closed part of a position and what it earned."""
    return (
        f"{number(trade.quantity)} {trade.symbol} of {trade.strategy} bought at "
        f"{number(trade.entry_price)} ({format_instant(trade.entry_time)}), sold at "
        f"{number(trade.exit_price)} by {trade.exit_reason}: {number(trade.pnl)} "
        f"after fees of {number(trade.fees)}"
    )


def _mode_said(changed: ModeChanged) -> str:
    """From which mode to which, and why."""
    said = f"mode {changed.before.value} -> {changed.after.value} by {changed.cause.value}"
    numbers = compared(changed.actual, changed.limit)
    return (
        said + (f": {numbers}" if numbers else "") + (f" ({changed.text})" if changed.text else "")
    )
