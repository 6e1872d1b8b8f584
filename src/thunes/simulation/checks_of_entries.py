"""Checks of what a step begins and believes, held against what was said before it."""

from collections.abc import Iterator
from decimal import Decimal

from thunes.core.domain.command import SetTimer
from thunes.core.domain.decision import Action, Proposal, Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.evidence import DEADLINE_NS, FENCE_NS
from thunes.core.domain.fact import DayRolled, Decided, Difference, Discrepancy
from thunes.core.domain.order import CancelRefused, Filled, OrderRole, Side
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Instant, Symbol
from thunes.core.domain.view import OVER, RESTING, OrderState
from thunes.simulation.checker import Checker
from thunes.simulation.holdings import worth
from thunes.simulation.said import amount_of
from thunes.simulation.sight import Sight, Step

_GRACE_NS = 50 * NS_PER_SECOND


def _leased(sight: Sight, step: Step) -> Iterator[str]:
    """What is sent reaches the exchange while the account is ours for sure."""
    lease = sight.world.leases.holder
    sent = [each for each in step.outcome.commands if not isinstance(each, SetTimer)]
    if sent and (lease is None or not lease.holds(Instant(step.event.at + DEADLINE_NS))):
        yield f"{len(sent)} requests left at {step.event.at}, and the lease may end before"


def _no_more_than_held(sight: Sight, step: Step) -> Iterator[str]:
    """A list sells the coins of one of its orders."""
    state = sight.state
    selling: dict[Symbol, dict[str, Decimal]] = {}
    for proposal in _approved(step):
        for order in proposal.orders:
            if order.side is Side.SELL:
                of_symbol = selling.setdefault(order.symbol, {})
                of_symbol[order.list_id or order.id] = order.quantity or ZERO
    for symbol, parts in selling.items():
        held = None if state is None else state.ledger.positions.get(symbol)
        total, quantity = sum(parts.values(), ZERO), ZERO if held is None else held.quantity
        if state is not None and total > quantity:
            yield f"{total} {symbol} are to be sold, {quantity} are held"


def _loss_stops(sight: Sight, step: Step) -> Iterator[str]:
    """Coins count at the last closes, which are the marks where nobody tells quotes."""
    state, limit = sight.state, sight.scene.limits.daily_loss
    if state is None or limit is None or state.market.quotes:
        return
    for proposal in _entries(step):
        lost = (state.memory.day_start_equity or ZERO) - worth(sight)
        if lost >= limit:
            yield f"an entry into {proposal.symbol} with {lost:.2f} lost on the day"


def _cooled(sight: Sight, step: Step) -> Iterator[str]:
    limits, now = sight.scene.limits, step.event.at
    for proposal in _entries(step):
        entered = step.said.entered.get(proposal.symbol)
        for since, limit, what in (
            (step.said.lost_at, limits.loss_cool_down_s, "loss"),
            (entered, limits.signal_cool_down_s, "entry"),
        ):
            if since is not None and limit is not None and now - since < limit * NS_PER_SECOND:
                waited = (now - since) / NS_PER_SECOND
                yield f"{proposal.symbol} entered {waited:.1f} s after the last {what}"


def _reserved(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    """Cash is set aside for the entries that may still fill, and for no other."""
    state = sight.state
    if state is None:
        return
    orders = state.ledger.orders
    for record in orders.open_entries.values():
        if record.state in OVER:
            yield f"cash is reserved for {record.order.id}, which is {record.state.value}"
    for record in orders.by_age():
        entry = record.order.role is OrderRole.ENTRY and record.order.side is Side.BUY
        if entry and record.order.id not in orders.open_entries:
            yield f"no cash is reserved for {record.order.id}"


def _as_said(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    state = sight.state
    if state is not None and state.memory.mode is not sight.said.mode:
        yield f"{state.memory.mode.value}, and the last line of it says {sight.said.mode.value}"


def _in_grace(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    """Only a refused stop has a position sold at once; one that is not there is placed first."""
    if isinstance(step.event, VenueReported):
        return
    for proposal in _approved(step):
        symbol, since = proposal.symbol, step.naked.get(proposal.symbol)
        if proposal.reason != "unprotected" or symbol in step.said.leaving:
            continue
        if since is None or step.event.at - since < _GRACE_NS:
            yield f"{symbol} is sold without its stop being waited for (naked since {since})"


def _answered(sight: Sight, step: Step) -> Iterator[str]:
    event, state = step.event, sight.state
    if state is None or not isinstance(event, BarsClosed):
        return
    decided = [fact.proposal for fact in step.outcome.facts if isinstance(fact, Decided)]
    symbols = [each.symbol for each in decided if each.purpose is Purpose.ENTRY]
    for signal in sight.scene.strategies.observe(event, state.view(event.at)):
        if signal.action is Action.ENTER and signal.symbol not in symbols:
            yield f"the signal to enter {signal.symbol} at row {event.sequence} was not decided on"


def _never_there(sight: Sight, step: Step) -> Iterator[str]:
    """Nothing fills of what was refused. That it stood there for a while and ended may be missed:
    some exchanges forget."""
    state = sight.state
    if state is None or not isinstance(step.event, VenueReported | AccountSeen):
        return
    closed = state.ledger.orders.closed
    for seen in sight.truth.fills:
        record = closed.get(seen.fill.order_id)
        if record is not None and record.state is OrderState.REJECTED:
            yield f"{record.order.id} is believed to have been refused, and has filled"


def _gone_for_good(sight: Sight, step: Step) -> Iterator[str]:
    """Of an order that a look ends without telling of it, an earlier one told nothing as well."""
    state, event = sight.state, step.event
    if state is None or not isinstance(event, AccountSeen):
        return
    told = [*(each.order_id for each in event.orders), *(s.fill.order_id for s in event.fills)]
    for order_id in step.alive:
        record = state.ledger.orders.closed.get(order_id)
        if record is None or order_id in told:
            continue
        if event.as_of <= record.asked_at + FENCE_NS:
            yield f"{order_id} is {record.state.value}: absent, but its deadline is not past"
        elif order_id not in sight.absent:
            yield f"{order_id} is {record.state.value}: absent, for the first time"


def _doubtful(sight: Sight, step: Step) -> Iterator[str]:
    """That a cancel found nothing may mean that the order has filled."""
    state, event = sight.state, step.event
    if state is None or not isinstance(event, VenueReported):
        return
    for number, report in enumerate(event.reports):
        if not isinstance(report, CancelRefused) or report.again:
            continue
        record = state.ledger.orders.find(report.order_id)
        later = [each.order_id for each in event.reports[number + 1 :]]
        if record is not None and record.state in RESTING and report.order_id not in later:
            yield f"{report.order_id} was not there to be canceled, and is {record.state.value}"


def _all_the_same(sight: Sight, step: Step) -> Iterator[str]:
    """Once an old stop is over that could not be canceled, the new one is placed."""
    state, event = sight.state, step.event
    if state is None or not isinstance(event, AccountSeen):
        return
    decided = [each.symbol for each in _approved(step)]
    for order_id in step.alive:
        record = state.ledger.orders.closed.get(order_id)
        if record is None or order_id not in sight.refused or record.state is OrderState.FILLED:
            continue
        symbol = record.order.symbol
        held, stops = state.ledger.positions.get(symbol), record.order.role is OrderRole.STOP
        selling = any(w.order.side is Side.SELL for w in state.ledger.orders.working(symbol))
        bare = stops and held and symbol in state.guard.naked and not selling
        if bare and symbol not in decided:
            yield f"{order_id} could not be canceled and is over; nothing replaces it"


def _at_once(sight: Sight, step: Step) -> Iterator[str]:
    """What a fill brings gets its stop in the same step, where nothing else holds it up."""
    state, event = sight.state, step.event
    if state is None or not isinstance(event, VenueReported):
        return
    decided = [each.symbol for each in _approved(step)]
    for report in event.reports:
        record = state.ledger.orders.find(report.order_id)
        if not isinstance(report, Filled) or record is None or record.order.side is Side.SELL:
            continue
        symbol, worth_of = record.order.symbol, report.price * record.filled
        selling = [w for w in state.ledger.orders.working(symbol) if w.order.side is Side.SELL]
        small = (
            worth_of < 4 * sight.world.exchange.backend.floor.books[symbol].instrument.min_notional
        )
        if symbol in state.guard.naked and not selling and not small and symbol not in decided:
            yield f"{report.quantity} {symbol} were bought, and no stop is on its way"


def _once_a_day(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    for fact in step.outcome.facts:
        if isinstance(fact, DayRolled) and fact.day <= step.said.day:
            yield f"day {fact.day} began once more"


def _newest(sight: Sight, step: Step) -> Iterator[str]:
    state, event = sight.state, step.event
    if state is None or not isinstance(event, AccountSeen):
        return
    # The newest one may not have been believed: what it tells of had no price yet.
    if state.doubt.as_of == event.as_of < sight.newest:
        yield f"the answer of {event.as_of} was believed after that of {sight.newest}"


def _paid_in(sight: Sight, step: Step) -> Iterator[str]:
    """What is adopted is what somebody paid in or took out, and no profit or loss of the day."""
    state = sight.state
    found = [
        fact
        for fact in step.outcome.facts
        if isinstance(fact, Discrepancy) and fact.kind is Difference.BALANCE
    ]
    if state is None or not found:
        return
    cash, start = next(iter(sight.scene.listing.balances)), step.day_start
    for fact in found:
        asset, adopted = fact.subject, sight.said.adopted.get(fact.subject, ZERO)
        total = sum((u for a, u in sight.scene.listing.balances.items() if a == asset), ZERO)
        totals = [total]
        for transfer in sight.truth.transfers:
            if transfer.asset == asset:
                totals.append(totals[-1] + transfer.amount)
        if adopted not in totals:
            yield f"{adopted:+f} {asset} were adopted in all, {totals[-1]:+f} came or went"
    if start is not None and all(fact.subject == cash for fact in found):
        due = start + sum((amount_of(fact) for fact in found), ZERO)
        if state.memory.day_start_equity != due:
            yield f"the day counts from {state.memory.day_start_equity}, which should be {due}"


def _approved(step: Step) -> list[Proposal]:
    """What was approved, entries aside."""
    return [each for each in _all_approved(step) if each.purpose is not Purpose.ENTRY]


def _entries(step: Step) -> list[Proposal]:
    return [each for each in _all_approved(step) if each.purpose is Purpose.ENTRY]


def _all_approved(step: Step) -> list[Proposal]:
    facts = step.outcome.facts
    return [f.proposal for f in facts if isinstance(f, Decided) and f.refused_by is None]


ENTRY_CHECKS: tuple[Checker[Step], ...] = (
    Checker("S8", "what is sent arrives within the lease", _leased, acts=True),
    Checker("S15", "no more is sold than is held", _no_more_than_held, acts=True),
    Checker("S21", "no entry on a day that has lost its limit", _loss_stops, acts=True),
    Checker("S24", "losses and entries cool down, restarts or not", _cooled, acts=True),
    Checker("S25", "cash is reserved for what may still fill", _reserved),
    Checker("S29", "the mode is what the lines say", _as_said),
    Checker("S32", "a position without its stop has time to get it", _in_grace, acts=True),
    Checker(
        "S33",
        "nothing fills of what is believed refused",
        _never_there,
        on=(VenueReported, AccountSeen),
    ),
    Checker(
        "S4",
        "an order ends by absence past its deadline, and at the second look",
        _gone_for_good,
        on=(AccountSeen,),
    ),
    Checker(
        "S12",
        "a cancel that finds nothing leaves the order in doubt",
        _doubtful,
        on=(VenueReported,),
    ),
    Checker(
        "S12",
        "a stop that could not be canceled is replaced all the same",
        _all_the_same,
        on=(AccountSeen,),
    ),
    Checker("S10", "what is bought gets its stop in the same step", _at_once, on=(VenueReported,)),
    Checker("S33", "an answer is not believed after a newer one", _newest, on=(AccountSeen,)),
    Checker("S26", "what is adopted was paid in or taken out", _paid_in, acts=True),
    Checker("L13", "a day begins once, restarts or not", _once_a_day, acts=True),
    Checker(
        "L12", "a signal to enter is decided on, and that is recorded", _answered, on=(BarsClosed,)
    ),
)
