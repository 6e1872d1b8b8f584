"""Evidence weighed: what a whole account, as the venue tells of it, proves about our orders.

Fills count before anything else, then how an order stands, and last that nothing is told of it:
that proves something only past the order's deadline, in a complete answer, and twice.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import FENCE_NS, SeenFill, SeenOrder, Standing
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    Expired,
    Filled,
    OutcomeUnknown,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.units import ZERO, Instant, OrderId, Quantity, Symbol
from thunes.core.domain.view import OVER, OrderState
from thunes.core.ledger.orders import MANUAL, OrderRecord, Orders, is_ours

NEVER_THERE = 0
"""The code of an order that is refused because the venue proved never to have had it."""


class Evidence(NamedTuple):
    """What follows from one look at the account.

    `reports` are what the venue would have reported, had every message arrived; `foreign` are
    fills of orders that are not ours, `strangers` such orders that are open, by symbol, and
    `pledged` the coins that these would sell. `missing` are our orders that were looked for in
    vain, with the time of the first such look.
    """

    reports: list[Report]
    foreign: list[SeenFill]
    strangers: dict[Symbol, OrderId]
    pledged: dict[Symbol, Quantity]
    missing: dict[OrderId, Instant]


def weigh(orders: Orders, seen: AccountSeen, missing: Mapping[OrderId, Instant]) -> Evidence:
    """What `seen` proves; `missing` is what the look before left open."""
    told = {each.order_id: each for each in seen.orders}
    by_order: dict[OrderId, list[SeenFill]] = {}
    for fill in seen.fills:
        by_order.setdefault(fill.fill.order_id, []).append(fill)
    reports: list[Report] = []
    foreign: list[SeenFill] = []
    for order_id, fills in by_order.items():
        record = orders.find(order_id)
        if record is None:
            foreign += [] if is_ours(order_id) else fills
        elif record.reason == MANUAL:  # what it filled before is booked, this is more of it
            foreign += [each for each in fills if each.fill.trade_id not in record.trade_ids]
        else:
            reports += _unbooked(record, fills, told.get(order_id))
    filled = _filled(reports)
    left: dict[OrderId, Instant] = {}
    for record in orders.by_age():
        order_id = record.order.id
        booked = record.filled + filled.get(order_id, ZERO)
        each = told.get(order_id)
        if _completed(reports, order_id):
            continue
        if each is not None:
            reports += _stands(record, each, booked, fenced=_is_fenced(record, seen.as_of))
        elif _is_fenced(record, seen.as_of):
            first = missing.get(order_id, seen.as_of)
            if not _is_fenced(record, first):
                first = seen.as_of  # looked for in vain before it was asked about once more
            if first < seen.as_of:
                reports.append(_gone(record, booked))
            else:
                left[order_id] = first
    strangers = [
        each
        for each in seen.orders
        if each.standing is Standing.OPEN and _is_strange(orders.find(each.order_id))
    ]
    names = {each.symbol: each.order_id for each in strangers}
    return Evidence(reports, foreign, names, _pledged(strangers), left)


def _pledged(strangers: Sequence[SeenOrder]) -> dict[Symbol, Quantity]:
    pledged: dict[Symbol, Quantity] = {}
    for each in strangers:
        if each.side is Side.SELL and not is_ours(each.order_id):
            before = pledged.get(each.symbol, ZERO)
            pledged[each.symbol] = Quantity(before + each.quantity - each.filled)
    return pledged


def _is_fenced(record: OrderRecord, at: Instant) -> bool:
    """Whether a look of that time proves anything by what it does not tell of the order."""
    return at > record.asked_at + FENCE_NS


def _is_strange(record: OrderRecord | None) -> bool:
    return record is None or record.state in OVER


def _filled(reports: Sequence[Report]) -> dict[OrderId, Decimal]:
    filled: dict[OrderId, Decimal] = {}
    for report in reports:
        if isinstance(report, Filled):
            filled[report.order_id] = filled.get(report.order_id, ZERO) + report.quantity
    return filled


def _completed(reports: Sequence[Report], order_id: OrderId) -> bool:
    return any(
        isinstance(report, Filled) and report.order_id == order_id and report.complete
        for report in reports
    )


def _unbooked(
    record: OrderRecord, fills: Sequence[SeenFill], each: SeenOrder | None
) -> list[Report]:
    """The fills that are not booked yet; the last one says whether it left nothing to fill."""
    new = [fill.fill for fill in fills if fill.fill.trade_id not in record.trade_ids]
    if not new:
        return []
    total = record.filled + sum((fill.quantity for fill in new), ZERO)
    whole = total == record.order.quantity
    if each is not None and each.standing is Standing.FILLED:
        whole = whole or total == each.filled
    *early, last = new
    return [*(replace(fill, complete=False) for fill in early), replace(last, complete=whole)]


def _stands(record: OrderRecord, each: SeenOrder, booked: Decimal, *, fenced: bool) -> list[Report]:
    """What the order's standing adds to its fills; nothing while fills of it are still to come."""
    order_id, state = record.order.id, record.state
    if each.standing is Standing.OPEN:
        if state is OrderState.SUBMITTED:
            return [Accepted(order_id)]
        if not fenced or state not in (OrderState.UNKNOWN, OrderState.CANCELING):
            return []  # a cancel may still be on its way to it
        return [OutcomeUnknown(order_id), Accepted(order_id)]
    if booked != each.filled:
        return []
    match each.standing:
        case Standing.CANCELED:
            return [Canceled(order_id)]
        case Standing.REJECTED:
            return [Rejected(order_id, NEVER_THERE, "The venue says that it was refused.")]
        case _:
            return [Expired(order_id, "The venue says that it is over.")]


def _gone(record: OrderRecord, booked: Decimal) -> Report:
    order_id = record.order.id
    if booked == ZERO and record.state is not OrderState.ACCEPTED:
        text = "The venue does not have it: it is in no answer since its deadline."
        return Rejected(order_id, NEVER_THERE, text, again=True)
    return Expired(order_id, "The venue no longer has it, and tells of no further fill.")
