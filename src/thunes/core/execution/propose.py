"""Execution: how to get from targets and from what the venue reported to proposed orders."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from msgspec import structs

from thunes.core.domain.decision import Action, Proposal, Purpose, Target
from thunes.core.domain.event import BarsClosed, Event, TimerFired, VenueReported
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Filled,
    Order,
    OrderRole,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.position import ExitPlan, Leg, Position
from thunes.core.domain.units import (
    NS_PER_SECOND,
    ZERO,
    Instant,
    OrderId,
    Quantity,
    Symbol,
    floor_to,
)
from thunes.core.domain.view import ALIVE, View, Working
from thunes.core.execution.entries import call_off, enter, is_leaving, leave, trim
from thunes.core.execution.protection import move_stop, named_leg, plan_legs, restore
from thunes.core.ledger.legs import fitted

REPLACE_FAILED = (-2021, -2022)
"""The old order of a replace was gone: the new one was not refused for what it is."""


News = tuple[Working, Report]
"""One of our orders, and what the venue reported about it."""

Refusal = tuple[Working, Rejected]

NAKED_MAX_NS = 60 * NS_PER_SECOND
"""A position that could not be covered for this long is sold: protected or flat."""


class Execution:
    """Proposes entries and exits for targets, and protection for whatever is held."""

    def __init__(self, exits: ExitPlan, fee_rate: Decimal) -> None:
        self._exits = exits
        self._fee_rate = fee_rate

    def propose(self, targets: Sequence[Target], event: Event, view: View) -> Sequence[Proposal]:
        """What to do about this event: reductions first, then entries."""
        if not targets:
            return self._keep(event, [], view)
        leaving = self._leave(targets, view)
        left = [proposal.symbol for proposal in leaving if proposal.purpose is Purpose.EXIT]
        entries: list[Proposal] = []
        for target in targets:
            action = target.signal.action
            if action is Action.ENTER or action is Action.ADD:
                entries.append(enter(target, self._exits, self._fee_rate, view))
        return leaving + self._keep(event, left, view) + entries

    def _keep(self, event: Event, left: list[Symbol], view: View) -> list[Proposal]:
        """What is held stays protected; symbols in `left` are being sold already."""
        if isinstance(event, VenueReported):
            return self._protect(event, left, view)
        if isinstance(event, BarsClosed):
            return self._move_stops(left, view)
        return _expire(event, view) if isinstance(event, TimerFired) else []

    def _leave(self, targets: Sequence[Target], view: View) -> list[Proposal]:
        proposals: list[Proposal] = []
        left: dict[Symbol, None] = {}
        for target in targets:
            signal = target.signal
            leaves = signal.action is Action.EXIT
            if signal.symbol in left or not (leaves or signal.action is Action.CANCEL):
                continue  # to be held, or everything of it is being sold already
            held = view.account.position(signal.symbol) if leaves else None
            if held is not None and held.strategy == signal.strategy:
                left[signal.symbol] = None
                proposal = leave(signal.symbol, signal.reason or "signal", view)
            else:
                waiting = [
                    w
                    for w in view.account.entries()
                    if w.order.symbol == signal.symbol and w.order.strategy == signal.strategy
                ]
                proposal = call_off(signal.symbol, waiting, signal.reason or "called_off")
            if proposal is not None:
                proposals.append(proposal)
        return proposals

    def _protect(self, event: VenueReported, left: list[Symbol], view: View) -> list[Proposal]:
        for report in event.reports:
            if type(report) is not Accepted:
                break
        else:
            return []  # what was asked for is what rests
        account = view.account
        touched: dict[Symbol, list[News]] = {}
        for report in event.reports:
            record = account.order(report.order_id)
            if record is not None:
                touched.setdefault(record.order.symbol, []).append((record, report))
        proposals: list[Proposal] = []
        for symbol, news_of in touched.items():
            working = account.working(symbol)
            if symbol in left:
                continue
            held = account.position(symbol)
            if is_leaving(working):
                proposals += trim(working, held, view)
            elif held is not None:
                proposals += _answer(held, news_of, view)
            elif working:
                proposals += _clear(symbol, working)
        return proposals

    def _move_stops(self, left: list[Symbol], view: View) -> list[Proposal]:
        proposals: list[Proposal] = []
        for held in view.account.positions():
            if held.symbol in left or is_leaving(view.account.working(held.symbol)):
                continue
            since = view.account.naked_since(held.symbol)
            if since is not None:
                proposals.extend(_repair(held, since, view))
            elif held.plan.trail_after is not None or held.plan.break_even_after is not None:
                proposals.extend(move_stop(held, self._fee_rate, view))
        return proposals


def _answer(held: Position, news_of: list[News], view: View) -> list[Proposal]:
    """What news of orders asks for where something is held: leave it, or protect it as planned."""
    refused = [(record, news) for record, news in news_of if isinstance(news, Rejected)]
    if not refused:
        return restore(held, _legs(held, news_of, view), Purpose.PROTECT, view)
    exits = [record for record, _ in refused if record.order.role is OrderRole.EXIT]
    reason = "unprotected" if _of_itself(refused, OrderRole.STOP, held) else ""
    if exits and (_half_replaced(refused, news_of) or _outgrown(exits[0].order, held)):
        reason = exits[0].reason
    if reason:
        proposal = leave(held.symbol, reason, view)
        return [proposal] if proposal else []
    if any(record.reason == "unprotected" for record in exits):
        return []  # neither a stop nor a sale is taken now: the next bar tries again
    legs = _without(_of_itself(refused, OrderRole.TARGET, held), _legs(held, news_of, view))
    return restore(held, legs, Purpose.PROTECT, view)


def _without(targets: list[str], legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """The legs less the targets of those named."""
    if not targets:
        return legs
    kept = (structs.replace(x, target_price=None) if x.name in targets else x for x in legs)
    return tuple(leg for leg in kept if leg.stop_price or leg.target_price)


def _of_itself(refused: list[Refusal], role: OrderRole, held: Position) -> list[str]:
    """The legs whose order of this role the venue refused for what it is: it would do so again.

    Without its stop a position must not stay; without a target it may.
    """
    return [
        record.order.leg
        for record, news in refused
        if record.order.role is role
        and news.code not in REPLACE_FAILED
        and not _outgrown(record.order, held)
    ]


def _outgrown(order: Order, held: Position) -> bool:
    """Whether an order asked for more than there is for it now: while it was on its way, coins of
    the position paid a fee. It is not refused for what it is; a smaller one may be taken."""
    if order.role is OrderRole.EXIT:
        return (order.quantity or ZERO) > held.quantity
    planned = sum((leg.quantity for leg in held.legs if leg.name == order.leg), ZERO)
    return (order.quantity or ZERO) > planned


def _half_replaced(refused: list[Refusal], news_of: list[News]) -> bool:
    """Whether an exit was refused only because what it was to replace is gone.

    Each time at least one order is gone for good, so that trying again comes to an end.
    """
    gone = any(
        isinstance(news, Canceled | CancelRefused) and record.state not in ALIVE
        for record, news in news_of
    )
    return gone and any(news.code in REPLACE_FAILED for _, news in refused)


def _repair(held: Position, since: Instant, view: View) -> list[Proposal]:
    """A stop that should rest does not: place it again, or leave when that took too long."""
    if view.at - since > NAKED_MAX_NS:
        proposal = leave(held.symbol, "unprotected", view)
        return [proposal] if proposal else []
    price = view.market.mark(held.symbol) or held.entry_price
    legs = held.legs or plan_legs(held, price, view.market.instrument(held.symbol))
    return restore(held, legs, Purpose.PROTECT, view)


def _legs(held: Position, news_of: list[News], view: View) -> tuple[Leg, ...]:
    """The legs after this news: new ones where an entry filled or ended, else those planned."""
    instrument = view.market.instrument(held.symbol)
    legs = held.legs
    for record, news in news_of:
        if record.order.side is not Side.BUY or not record.filled:
            continue
        price = news.price if isinstance(news, Filled) else held.entry_price
        name = record.order.leg
        if not name:
            return plan_legs(held, price, instrument)
        if isinstance(news, Filled):
            before = sum((leg.quantity for leg in legs if leg.name == name), ZERO)
            net = news.quantity - (news.fee if news.fee_asset == instrument.base else ZERO)
            plan = record.plan or held.plan
            leg = named_leg(name, Quantity(before + net), plan, price, instrument)
            legs = (*(each for each in legs if each.name != name), leg)
    return _gathered(legs, held, instrument)


def _gathered(legs: tuple[Leg, ...], held: Position, instrument: Instrument) -> tuple[Leg, ...]:
    """Fees in coins leave each leg a fraction of a step; the last leg takes what they add up to.
    What a fee took from the position itself, the last legs lack."""
    if not legs:
        return legs
    spare = floor_to(held.quantity, instrument.step) - sum((x.quantity for x in legs), ZERO)
    if spare < ZERO:
        return fitted(legs, held.quantity, instrument.step)
    if not spare or legs[-1].stop_price is None:
        return legs
    return (*legs[:-1], structs.replace(legs[-1], quantity=Quantity(legs[-1].quantity + spare)))


def _clear(symbol: Symbol, working: Collection[Working]) -> list[Proposal]:
    """Nothing is held any more: sell orders that still rest have nothing to sell."""
    selling = [w for w in working if w.order.side is Side.SELL]
    proposal = call_off(symbol, selling, "flat") if selling else None
    return [proposal] if proposal else []


def _expire(event: TimerFired, view: View) -> list[Proposal]:
    record = view.account.order(OrderId(event.name))
    if record is None:
        return []
    proposal = call_off(record.order.symbol, [record], "expired")
    return [proposal] if proposal else []
