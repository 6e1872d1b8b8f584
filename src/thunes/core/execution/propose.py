"""Execution: how to get from targets and from what the venue reported to proposed orders."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from msgspec import structs

from thunes.core.domain.decision import Action, Proposal, Purpose, Target
from thunes.core.domain.event import (
    AccountSeen,
    BarsClosed,
    Event,
    OperatorAsked,
    TimerFired,
    VenueReported,
)
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
    ZERO,
    Quantity,
    Symbol,
)
from thunes.core.domain.view import ALIVE, View, Working
from thunes.core.execution.bracket import Cap, bracketed
from thunes.core.execution.entries import call_off, enter, is_leaving, leave, trim
from thunes.core.execution.expiry import call_off_again, clear, expire
from thunes.core.execution.plan import gathered, named_leg, plan_legs
from thunes.core.execution.protection import all_at_rest, move_stop, restore, rests
from thunes.core.execution.upkeep import in_doubt, look_after, obey

REPLACE_FAILED = (-2021, -2022)
"""The old order of a replace was gone: the new one was not refused for what it is."""


News = tuple[Working, Report]
"""One of our orders, and what the venue reported about it."""

Refusal = tuple[Working, Rejected]


class Execution:
    """Proposes entries and exits for targets, and protection for whatever is held."""

    def __init__(
        self,
        exits: ExitPlan,
        fee_rate: Decimal,
        entry_cap: Decimal | None = None,
        *,
        fee_in_quote: bool = False,
    ) -> None:
        """With an `entry_cap`, entries at market pay at most that share above the last price and
        bring their protection along. Unless fees are known to be taken in the quote asset, they
        may be taken in coins."""
        self._exits = exits
        self._fee_rate = fee_rate
        self._cap: Cap | None = None
        if entry_cap is not None:
            self._cap = Cap(entry_cap, fee_rate, ZERO if fee_in_quote else fee_rate)

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
                entry = enter(target, self._exits, self._fee_rate, view)
                entries.append(bracketed(entry, self._cap, view) if self._cap else entry)
        return leaving + self._keep(event, left, view) + entries

    def _keep(self, event: Event, left: list[Symbol], view: View) -> list[Proposal]:
        """What is held stays protected; symbols in `left` are being sold already."""
        if isinstance(event, VenueReported):
            return self._protect(left, view)
        if isinstance(event, BarsClosed):
            return self._move_stops(left, view)
        if isinstance(event, AccountSeen):
            answered = self._protect(left, view)
            busy = [*left, *(proposal.symbol for proposal in answered)]
            return [*answered, *look_after(busy, view, audit=True), *call_off_again(view)]
        if isinstance(event, OperatorAsked):
            return obey(event, view)
        return expire(event, view) if isinstance(event, TimerFired) else []

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

    def _protect(self, left: list[Symbol], view: View) -> list[Proposal]:
        """Answer the news of this step."""
        account = view.account
        touched: dict[Symbol, list[News]] = {}
        for report in view.news:
            record = account.order(report.order_id)
            if record is not None:
                touched.setdefault(record.order.symbol, []).append((record, report))
        proposals: list[Proposal] = []
        for symbol, news_of in touched.items():
            working = account.working(symbol)
            held, doubt = account.position(symbol), in_doubt(working)
            if symbol in left or (doubt and held is None):
                continue
            if _still_filling(working):
                continue
            if is_leaving(working):
                proposals += [] if doubt else trim(working, held, view)
            elif doubt and held is not None:
                proposals += _plan_only(held, news_of, view)
            elif held is not None:
                if not (_only_accepted(news_of) and rests(held, working)):
                    proposals += _answer(held, news_of, view)
            elif working:
                proposals += clear(symbol, working, view)
        return proposals

    def _move_stops(self, left: list[Symbol], view: View) -> list[Proposal]:
        proposals = look_after(left, view)
        busy = [*left, *(proposal.symbol for proposal in proposals)]
        for held in view.account.positions():
            plan = held.plan
            if plan.trail_after is None and plan.break_even_after is None:
                continue
            working = view.account.working(held.symbol)
            if held.symbol not in busy and not is_leaving(working) and all_at_rest(working):
                proposals.extend(move_stop(held, self._fee_rate, view))
        return proposals


def _only_accepted(news_of: list[News]) -> bool:
    return all(type(news) is Accepted for _, news in news_of)


def _answer(held: Position, news_of: list[News], view: View) -> list[Proposal]:
    """What news of orders asks for where something is held: leave it, or protect it as planned."""
    refused = [(record, news) for record, news in news_of if isinstance(news, Rejected)]
    if not refused:
        return restore(held, _legs(held, news_of, view), Purpose.PROTECT, view)
    if any(news.again for _, news in refused):
        # Not at once, or the venue would be flooded: the next look tries again.
        return _plan_only(held, news_of, view)
    exits = [record for record, _ in refused if record.order.role is OrderRole.EXIT]
    # Refused together with a target, a stop may be so for that one: it is tried alone.
    alone = [(record, news) for record, news in refused if record.order.list_id is None]
    reason = "unprotected" if _of_itself(alone, OrderRole.STOP, held) else ""
    if exits and (_half_replaced(refused, news_of) or _outgrown(exits[0].order, held)):
        reason = exits[0].reason
    if reason and not (held.leaving and not exits):
        proposal = leave(held.symbol, reason, view)
        return [proposal] if proposal else []
    if reason or any(record.reason == "unprotected" for record in exits):
        return []  # neither a stop nor a sale is taken now: the next bar tries again
    legs = _without(_of_itself(refused, OrderRole.TARGET, held), _legs(held, news_of, view))
    return restore(held, legs, Purpose.PROTECT, view)


def _still_filling(working: Collection[Working]) -> bool:
    """Whether an entry works that came with its protection. It fills wholly or not at all: where
    only a part is known yet, the rest is about to be told, and what protects it all is right."""
    brought_by = [each.order.after for each in working]
    return any(each.order.id in brought_by for each in working)


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


def _plan_only(held: Position, news_of: list[News], view: View) -> list[Proposal]:
    """What the news change of the plan; nothing is sent for it before the next look."""
    return restore(held, _legs(held, news_of, view), Purpose.PROTECT, view, sends=False)


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
    return gathered(legs, held, instrument)
