"""The plain words for numbers, orders, checks and decisions."""

from decimal import Decimal

from thunes.core.domain.decision import Check, Gate, Proposal, Purpose
from thunes.core.domain.fact import Decided
from thunes.core.domain.order import Order
from thunes.core.domain.units import format_instant


def number(value: Decimal | None) -> str:
    """The number in full, without exponent; nothing for None."""
    return "" if value is None else format(value, "f")


def compared(actual: Decimal | None, limit: Decimal | None) -> str:
    """What was seen against what is allowed: `250.00 > 100.00`; nothing without numbers."""
    if actual is None or limit is None:
        return number(actual) or (f"limit {number(limit)}" if limit is not None else "")
    sign = ">" if actual > limit else "<" if actual < limit else "="
    return f"{number(actual)} {sign} {number(limit)}"


def check_said(check: Check) -> str:
    """One gate: `order_size passed (50 < 100)`."""
    numbers = compared(check.actual, check.limit)
    said = f"{check.gate.value} {'passed' if check.passed else 'failed'}"
    return f"{said} ({numbers})" if numbers else said


def order_said(order: Order) -> str:
    """What an order asks for: `sell 0.5 BTCUSDT, stop_market at 95.00`."""
    said = f"{order.side.value} "
    if order.quantity is not None:
        said += f"{number(order.quantity)} {order.symbol}"
    else:
        said += f"{order.symbol} for {number(order.quote_amount)}"
    prices = [p for p in (order.stop_price, order.limit_price) if p is not None]
    said += f", {order.type.value}"
    if prices:
        said += " at " + " then ".join(map(number, prices))
    if order.expires_at is not None:
        said += f" until {format_instant(order.expires_at)}"
    return said


def decision_said(decided: Decided) -> str:
    """One review: who wanted what, what risk said, and the numbers that decided."""
    proposal = decided.proposal
    said = f"{proposal.purpose.value} {proposal.symbol} by {proposal.strategy} "
    if decided.refused_by is None:
        gates = f" ({len(decided.checks)} gates)" if decided.checks else ""
        said += f"approved{gates}: {_wanted(proposal)}"
    else:
        said += f"refused by {decided.refused_by.value}{_failing(decided, decided.refused_by)}"
    return f"{said} ({proposal.reason})" if proposal.reason else said


def _wanted(proposal: Proposal) -> str:
    wanted = [_size(proposal, order) for order in proposal.orders]
    if proposal.cancels:
        wanted.insert(0, f"take back {', '.join(proposal.cancels)}")
    return "; ".join(wanted) or "nothing to send"


def _size(proposal: Proposal, order: Order) -> str:
    """Like `order_said`, in few words for the plain entry: `buy for 100.00`."""
    if proposal.purpose is Purpose.ENTRY and order.quote_amount is not None:
        return f"{order.side.value} for {number(order.quote_amount)}"
    return order_said(order)


def _failing(decided: Decided, gate: Gate) -> str:
    for check in decided.checks:
        if check.gate is gate:
            numbers = compared(check.actual, check.limit)
            return f": {numbers}" if numbers else ""
    return ""
