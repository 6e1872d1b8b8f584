"""Reconciliation: one look at the account, taken into the ledger."""

from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import Standing
from thunes.core.domain.fact import Difference, Discrepancy, Fact
from thunes.core.domain.order import Filled, Report
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ZERO, Asset, Instant, Symbol
from thunes.core.domain.view import RESTING, waits
from thunes.core.ledger.adoption import (
    AGREE_NS,
    Doubt,
    adopt,
    book_foreign,
    differences,
    give_up_phantoms,
)
from thunes.core.ledger.evidence import weigh
from thunes.core.ledger.ledger import Ledger
from thunes.core.ledger.orders import OrderChange
from thunes.core.ledger.reader import Pricing


class Looked(NamedTuple):
    """What one look changed: facts, and the reports that had not arrived.

    `flow` is the value, in the quote asset, that came or went without a trade. `clean` says that
    nothing is left open: nothing unknown, nothing missing, no difference.
    """

    facts: list[Fact]
    reports: list[Report]
    doubt: Doubt
    flow: Decimal
    clean: bool


def reconcile(
    ledger: Ledger, doubt: Doubt, seen: AccountSeen, pricing: Pricing, plan: ExitPlan
) -> Looked:
    """Believe the venue: book what we missed, end what is gone, take what is there.

    `plan` is how positions are to be left that nobody here opened.
    """
    weighed = weigh(ledger.orders, seen, doubt.missing)
    facts: list[Fact] = [_late(ledger, each) for each in weighed.reports if type(each) is Filled]
    for report in weighed.reports:
        record = ledger.orders.find(report.order_id)
        facts += ledger.book(seen.at, record, report, pricing.value_of)
    for order_id in weighed.missing:
        if (missed := ledger.orders.find(order_id)) is not None:
            missed.lost = ledger.orders.change(missed, OrderChange.MISSED)
            ledger.touched[missed.order.symbol] = None
    ledger.pledged = weighed.pledged
    for fill in weighed.foreign:
        facts += book_foreign(ledger, seen.at, fill, plan, pricing.value_of)
    flow, open_differences = ZERO, dict[Asset, tuple[Decimal, Instant]]()
    for asset, amount in differences(ledger, seen).items():
        symbol = pricing.symbol_of.get(asset)
        value = pricing.value_of(asset, amount)
        before, since = doubt.differences.get(asset, (ZERO, seen.as_of))
        since = since if before == amount and since > ledger.traded_at else seen.as_of
        if seen.as_of - since < AGREE_NS or (symbol is not None and value is None):
            open_differences[asset] = (amount, since)
            continue
        mark = None if symbol is None else pricing.mark(symbol)
        facts += adopt(ledger, seen.at, asset, amount, (mark, plan))
        flow += value or ZERO
    facts += give_up_phantoms(ledger)
    facts += [
        Discrepancy(Difference.FOREIGN_ORDER, symbol, f"{order_id} is open and not ours")
        for symbol, order_id in weighed.strangers.items()
        if doubt.strangers.get(symbol) != order_id
    ]
    unheeded = _unheeded(ledger, doubt, seen, pricing)
    left = Doubt(seen.as_of, weighed.missing, open_differences, weighed.strangers, unheeded)
    clean = not weighed.missing and not open_differences and not ledger.orders.unknown()
    return Looked(facts, weighed.reports, left, flow, clean)


def _unheeded(
    ledger: Ledger, doubt: Doubt, seen: AccountSeen, pricing: Pricing
) -> dict[Symbol, Instant]:
    """Where the venue has a stop of ours open, and the last price is beyond it: since when."""
    found: dict[Symbol, Instant] = {}
    for each in seen.orders:
        record = ledger.orders.find(each.order_id)
        if record is None or each.standing is not Standing.OPEN or each.symbol in found:
            continue
        stop, mark = record.order.stop_price, pricing.mark(each.symbol)
        rests = record.state in RESTING and not waits(record.order, ledger.orders.find)
        if rests and stop is not None and mark is not None and mark < stop:
            found[each.symbol] = doubt.unheeded.get(each.symbol, seen.as_of)
    return found


def _late(ledger: Ledger, fill: Filled) -> Fact:
    record = ledger.orders.find(fill.order_id)
    assert record is not None, "evidence is weighed for orders that we know"
    said = f"{fill.quantity} of {fill.order_id} filled at {fill.price}, and no report told of it"
    return Discrepancy(Difference.LATE_FILL, record.order.symbol, said)
