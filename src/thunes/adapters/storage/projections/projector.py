"""The projector: what one line of the journal changes in the tables, as a pure function."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, assert_never

from thunes.adapters.storage.projections.fact_rows import (
    decision_row,
    gate_row,
    position_row,
    trade_row,
)
from thunes.adapters.storage.projections.order_rows import (
    Values,
    became,
    fill_row,
    moment,
    order_row,
)
from thunes.core.domain.command import PlaceOrders, ReplaceOrders
from thunes.core.domain.event import (
    AccountOpened,
    AccountSeen,
    Event,
    OperatorActed,
    Restarted,
    VenueReported,
)
from thunes.core.domain.evidence import SeenFill
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
from thunes.core.domain.order import Expired, Filled, Order, OrderRole, OrderType, Side
from thunes.core.domain.units import OrderId, StrategyId
from thunes.core.domain.view import OrderState


class New(NamedTuple):
    """A row that is there from now on; one that is there already stays as it is."""

    table: str
    values: Values


class Changed(NamedTuple):
    """Some columns of the row of an order."""

    order_id: OrderId
    values: Values


class Now(NamedTuple):
    """The row of that key is this one now; None: there is none any more."""

    table: str
    key: str
    values: Values | None


class Emptied(NamedTuple):
    """No row of the table holds any more."""

    table: str


Change = New | Changed | Now | Emptied

_NOTHING_CAME_OF_IT = b'"commands":[],"facts":[],"version":1}'
_PRICES = (b'{"event":{"type":"quote_received",', b'{"event":{"type":"bars_closed",')
_ENDED_BY_VENUE = (OrderState.REJECTED, OrderState.EXPIRED)
_SOMEBODY_ELSE, _NOT_OURS = StrategyId(""), "not sent from here"


def says_nothing(payload: bytes) -> bool:
    """Whether an encoded line is one of the many that tell a price, and nothing came of it."""
    return payload.endswith(_NOTHING_CAME_OF_IT) and payload.startswith(_PRICES)


def project(sequence: int, line: Line) -> Iterator[Change]:
    """The changes that line number `sequence` makes, in their order."""
    yield from _of_event(sequence, line.event)
    yield from _of_orders(sequence, line)
    time = moment("", line.event.at)
    for number, fact in enumerate(line.facts, 1):
        yield from _of_fact({"sequence": sequence, "number": number}, time, fact)


def _of_event(sequence: int, event: Event) -> Iterator[Change]:
    time = moment("", event.at)
    place = {"sequence": sequence, "number": 0}
    if isinstance(event, AccountOpened | AccountSeen):
        yield Emptied("balances")
        for asset, total in event.balances.items():
            values = {"asset": asset, "sequence": sequence, **time, "total": total}
            yield Now("balances", asset, values)
    elif isinstance(event, OperatorActed):
        said = _event("operator", event.cause.value, event.who, event.why)
        yield New("events", place | time | said)
    elif isinstance(event, Restarted):
        yield New("events", place | time | _event("restart", "", str(event.epoch), ""))


def _of_orders(sequence: int, line: Line) -> Iterator[Change]:
    """What was sent, what it became, and the fills that made it so."""
    at = line.event.at
    reasons = {
        order.id: decided.proposal.reason or decided.proposal.purpose.value
        for decided in line.facts
        if isinstance(decided, Decided)
        for order in decided.proposal.orders
    }
    for command in line.commands:
        if isinstance(command, PlaceOrders | ReplaceOrders):
            for order in command.orders:
                row = order_row(at, order, reasons.get(order.id, ""))
                yield New("orders", {"sequence": sequence, **row})
    changed = {fact.order_id: fact for fact in line.facts if isinstance(fact, OrderChanged)}
    if not changed:
        return
    for fill, seen in _fills(line.event):
        # A fill that changed no order is one that was booked before, or is nothing of ours.
        if fill.order_id in changed:
            if seen is not None:
                yield New("orders", {"sequence": sequence, **_stranger(seen)})
            yield New("fills", {"sequence": sequence, **fill_row(at, fill)})
    failures = _failures(line)
    for order_id, fact in changed.items():
        values = became(at, fact)
        if fact.state in _ENDED_BY_VENUE:
            values["failure"] = failures.get(order_id, "")
        yield Changed(order_id, values)


def _fills(event: Event) -> Sequence[tuple[Filled, SeenFill | None]]:
    """The fills that were reported, or seen in the account."""
    if isinstance(event, VenueReported):
        return [(report, None) for report in event.reports if isinstance(report, Filled)]
    return [(seen.fill, seen) for seen in event.fills] if isinstance(event, AccountSeen) else []


def _stranger(seen: SeenFill) -> Values:
    """An order that a fill in the account tells of, unless it is one of ours."""
    role = OrderRole.ENTRY if seen.side is Side.BUY else OrderRole.EXIT
    name = seen.fill.order_id
    order = Order(name, seen.symbol, seen.side, OrderType.MARKET, role, _SOMEBODY_ELSE)
    return order_row(seen.at, order, _NOT_OURS)


def _failures(line: Line) -> dict[OrderId, str]:
    """What the venue said where it refused or ended an order."""
    said = {f.order_id: f.text for f in line.facts if isinstance(f, OrderFailed)}
    if isinstance(line.event, VenueReported):
        said |= {r.order_id: r.text for r in line.event.reports if isinstance(r, Expired)}
    return said


def _of_fact(place: Values, time: Values, fact: Fact) -> Iterator[Change]:
    match fact:
        case Decided():
            yield New("decisions", place | time | decision_row(fact))
            for check in fact.checks:
                yield New("gates", place | gate_row(check))
            if fact.refused_by is None:
                said = fact.proposal.reason or fact.proposal.purpose.value
                for order_id in fact.proposal.cancels:
                    yield Changed(order_id, {"cancel_reason": said})
        case PositionChanged():
            row = {"sequence": place["sequence"], **position_row(fact)}
            yield Now("positions", fact.symbol, row if fact.quantity else None)
        case TradeClosed():
            yield New("trades", place | trade_row(fact.trade, flat=fact.flat))
        case DayRolled():
            yield New("equity", place | time | {"day": fact.day, "equity": fact.equity})
        case ModeChanged() | Noticed() | Discrepancy() | OrderFailed():
            yield New("events", place | time | _told(fact))
        case OrderChanged() | PositionOpened():
            return
        case _:
            assert_never(fact)


def _told(fact: ModeChanged | Noticed | Discrepancy | OrderFailed) -> Values:
    match fact:
        case ModeChanged():
            said = _event("mode", fact.cause.value, fact.after.value, fact.text)
            return said | {"actual": fact.actual, "allowed": fact.limit}
        case Noticed():
            return _event("notice", fact.code, "", fact.text)
        case Discrepancy():
            return _event("discrepancy", fact.kind.value, fact.subject, fact.text)
        case OrderFailed():
            return _event("order_failed", "", fact.order_id, fact.text)
        case _:
            assert_never(fact)


def _event(kind: str, code: str, subject: str, text: str) -> Values:
    return {
        "kind": kind,
        "code": code,
        "subject": subject,
        "text": text,
        "actual": None,
        "allowed": None,
    }
