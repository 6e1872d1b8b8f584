"""Checks of steps: what a process decides and believes, held against the journal and the truth."""

from collections.abc import Iterator
from decimal import Decimal

from thunes.core.domain.command import CancelOrders, SetTimer
from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.evidence import Standing
from thunes.core.domain.fact import Decided, ModeChanged
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Asset
from thunes.core.domain.view import OVER, OrderState
from thunes.simulation.checker import Checker
from thunes.simulation.checks_of_days import DAY_CHECKS
from thunes.simulation.checks_of_gates import GATE_CHECKS
from thunes.simulation.sight import Sight, Step

_ASKED_NS_MAX = 60 * NS_PER_SECOND  # the client's patience, and the longest hang that is survived
_ORDERS_MAX = 64
_LIFTS: dict[Cause, tuple[Cause, ...]] = {
    Cause.DRAWDOWN_WARNING: (Cause.DRAWDOWN_RECOVERED, Cause.OPERATOR_RESUME),
    Cause.DAILY_LOSS: (Cause.DAY_ROLLED, Cause.OPERATOR_RESUME),
}
_GRAVITY = {Mode.NORMAL: 0, Mode.DEGRADED: 1, Mode.HALTED: 2}


def _booked_once(sight: Sight, step: Step) -> Iterator[str]:
    """Of no order is more filled than the exchange filled, nor by the same trade twice."""
    state = sight.state
    if state is None or not isinstance(step.event, VenueReported | AccountSeen):
        return
    for record in state.ledger.orders.by_age():
        true = sight.truth.latest.get(record.order.id)
        real = ZERO if true is None else true.filled()
        if record.filled > real:
            yield f"{record.order.id}: {record.filled} are booked, {real} were filled"
        if len(record.trade_ids) != len(dict.fromkeys(record.trade_ids)):
            yield f"{record.order.id}: a trade is booked twice: {record.trade_ids}"


def _over_is_over(sight: Sight, step: Step) -> Iterator[str]:
    """What is believed to be over is not open at the exchange."""
    state = sight.state
    if state is None or not isinstance(step.event, VenueReported | AccountSeen):
        return
    closed = state.ledger.orders.closed
    for order_id, true in sight.truth.open.items():
        if true.ours and (record := closed.get(order_id)) is not None:
            yield f"{order_id} is {record.state.value} here and open at the exchange"


def _strangers_known(sight: Sight, step: Step) -> Iterator[str]:
    """After a look each open order that it told of is known, or keeps its symbol from entries.

    One that was alive until then has ended by what the same look, or its cancel, tells of it.
    """
    state, event = sight.state, step.event
    if state is None or not isinstance(event, AccountSeen) or not sight.is_news:
        return
    for each in event.orders:
        if each.standing is not Standing.OPEN or each.symbol in state.memory.strange:
            continue
        record = state.ledger.orders.find(each.order_id)
        ended = record is None or record.state in OVER
        if ended and each.order_id not in step.alive:
            yield f"{each.order_id} of {each.symbol} is open, unknown and not kept away from"


def _always_permitted(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    for said in _decided(step):
        if said.proposal.purpose is not Purpose.ENTRY and said.refused_by is not None:
            yield f"{said.proposal.purpose.value} of {said.proposal.symbol} was refused"


def _capped(sight: Sight, step: Step) -> Iterator[str]:
    """Holdings, entries under way at their worst, and this one: within the caps, at last closes."""
    state = sight.state
    if state is None:
        return
    limits, worth = sight.scene.limits, Decimal(0)
    for proposal in _entries(step):
        by_symbol, worth = _exposures(sight)
        total, here = sum(by_symbol.values(), ZERO), by_symbol[proposal.symbol]
        if limits.symbol_exposure is not None and here > limits.symbol_exposure * worth:
            yield f"{here:.2f} of {proposal.symbol} are above the cap of {worth:.2f}"
        if limits.total_exposure is not None and total > limits.total_exposure * worth:
            yield f"{total:.2f} in all are above the cap of {worth:.2f}"
        busy = [symbol for symbol, value in by_symbol.items() if value > 0]
        if limits.max_positions is not None and len(busy) > limits.max_positions:
            yield f"{len(busy)} positions: {', '.join(busy)}"


def _exposures(sight: Sight) -> tuple[dict[str, Decimal], Decimal]:
    """Quote units at risk by symbol, and the equity."""
    state = sight.state
    assert state is not None
    tape, listing = sight.scene.tape, sight.scene.listing
    by_symbol: dict[str, Decimal] = {}
    cash = next(iter(listing.balances))
    worth = state.ledger.books.held(cash)
    for instrument in listing.instruments:
        symbol = instrument.symbol
        close = Decimal(repr(float(tape.bars[symbol].close[sight.bar])))
        worth += state.ledger.books.held(instrument.base) * close
        held = state.ledger.positions.get(symbol)
        by_symbol[symbol] = ZERO if held is None else held.quantity * close
    for record in state.ledger.orders.open_entries.values():
        order = record.order
        if order.quote_amount is not None:
            by_symbol[order.symbol] += order.quote_amount - record.value - record.fees
        if order.quantity is not None:
            price = order.limit_price or record.reference or ZERO
            by_symbol[order.symbol] += (order.quantity - record.filled) * price
    return by_symbol, worth


def _balanced(sight: Sight, step: Step) -> Iterator[str]:
    state = sight.state
    if state is None or not isinstance(step.event, VenueReported | AccountSeen):
        return
    sums: dict[Asset, Decimal] = {}
    for balances in state.ledger.books.accounts.values():
        for asset, amount in balances.items():
            sums[asset] = sums.get(asset, ZERO) + amount
    for asset, total in sums.items():
        if total:
            yield f"the accounts of {asset} sum to {total}"
    for symbol, held in state.ledger.positions.items():
        coins = state.ledger.books.held(state.ledger.instruments[symbol].base)
        if held.quantity > coins:
            yield f"a position of {held.quantity} {symbol}, of which {coins} are on the books"


def _only_when_normal(sight: Sight, step: Step) -> Iterator[str]:
    state = sight.state
    for proposal in _entries(step):
        if state is not None and state.memory.mode is not Mode.NORMAL:
            yield f"an entry into {proposal.symbol} while {state.memory.mode.value}"


def _lifted_duly(sight: Sight, step: Step) -> Iterator[str]:
    """Nothing leads back to a milder mode but what may lift its cause."""
    for fact in step.outcome.facts:
        if not isinstance(fact, ModeChanged) or _GRAVITY[fact.after] >= _GRAVITY[fact.before]:
            continue
        resume = (Cause.OPERATOR_RESUME,)
        lifts = resume if step.cause is None else _LIFTS.get(step.cause, resume)
        by_day = fact.cause is Cause.DAY_ROLLED
        if fact.cause not in lifts or (by_day and sight.scene.limits.daily_loss_lifted_by != "day"):
            yield f"{fact.cause.value} lifted {fact.before.value}, which {step.cause} began"


def _entries_called_off(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001
    """Once halted, every entry under way is being taken back."""
    state = sight.state
    if state is None or state.memory.mode is not Mode.HALTED:
        return
    for record in state.ledger.orders.open_entries.values():
        if record.state not in (OrderState.CANCELING, OrderState.UNKNOWN):
            yield f"halted, and the entry {record.order.id} is {record.state.value}"


def _after_a_look(sight: Sight, step: Step) -> Iterator[str]:
    """No entry before this process has looked at the account, nor while it is in doubt."""
    state = sight.state
    for proposal in _entries(step):
        if sight.looks == 0:
            yield f"an entry into {proposal.symbol} before the account was looked at"
        if state is not None and state.memory.unreconciled:
            yield f"an entry into {proposal.symbol} while unreconciled"


def _never_sold_for_surprise(sight: Sight, step: Step) -> Iterator[str]:
    """What a look found out sells nothing: only what was being left, or could not be protected."""
    if not isinstance(step.event, AccountSeen):
        return
    for said in _decided(step):
        proposal = said.proposal
        known = ("unprotected", *sight.reasons.get(proposal.symbol, ()))
        if proposal.purpose is Purpose.EXIT and proposal.reason not in known:
            yield f"a look sells {proposal.symbol} because of {proposal.reason!r}"


def _fresh(sight: Sight, step: Step) -> Iterator[str]:
    limit = sight.scene.limits.max_age_s
    for proposal in _entries(step):
        age = (step.event.at - int(sight.scene.tape.times[sight.bar])) / NS_PER_SECOND
        if limit is not None and age > limit:
            yield f"an entry into {proposal.symbol} on prices {age:.1f} s old"


def _causal(sight: Sight, step: Step) -> Iterator[str]:
    event = step.event
    if isinstance(event, BarsClosed) and int(sight.scene.tape.times[event.sequence]) > sight.now:
        yield f"row {event.sequence} closed before its time"


def _bijection(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    """What is sent is what was approved, no more and no less."""
    sent: list[str] = []
    for command in step.outcome.commands:
        if not isinstance(command, CancelOrders | SetTimer):
            sent += [order.id for order in command.orders]
    approved = [
        order.id
        for said in _decided(step)
        if said.refused_by is None
        for order in said.proposal.orders
    ]
    if sorted(sent) != sorted(approved):
        yield f"approved {approved}, sent {sent}"


def _bounded(sight: Sight, step: Step) -> Iterator[str]:  # noqa: ARG001 - one signature
    state = sight.state
    if state is not None and len(state.ledger.orders.by_age()) > _ORDERS_MAX:
        yield f"{len(state.ledger.orders.by_age())} orders are under way"


def _answered(sight: Sight, step: Step) -> Iterator[str]:
    """Nothing waits for an answer longer than the wire takes to give one.

    What the exchange itself is ending was never asked for: only a look tells of it for sure.
    """
    state, calm = sight.state, sight.calm_since
    if state is None or not isinstance(step.event, BarsClosed):
        return
    for record in state.ledger.orders.by_age():
        since: int | None = record.asked_at
        if record.state is OrderState.CANCELING:
            since = None if calm is None else max(calm, record.asked_at)
        waits = record.state in (OrderState.SUBMITTED, OrderState.CANCELING)
        if waits and since is not None and sight.now - since > _ASKED_NS_MAX + sight.clocks_off_ns:
            age = (sight.now - since) / NS_PER_SECOND
            yield f"{record.order.id} has been {record.state.value} for {age:.1f} s"


def _decided(step: Step) -> list[Decided]:
    return [fact for fact in step.outcome.facts if isinstance(fact, Decided)]


def _entries(step: Step) -> list[Proposal]:
    """The entries that were approved."""
    return [
        said.proposal
        for said in _decided(step)
        if said.proposal.purpose is Purpose.ENTRY and said.refused_by is None
    ]


STEP_CHECKS: tuple[Checker[Step], ...] = (
    Checker(
        "S6",
        "a fill is booked once, and only what was filled",
        _booked_once,
        on=(VenueReported, AccountSeen),
    ),
    Checker(
        "S9",
        "an open order is known or keeps its symbol from entries",
        _strangers_known,
        on=(AccountSeen,),
    ),
    Checker("S16", "what reduces or protects is never refused", _always_permitted, acts=True),
    Checker("S18", "entries at their worst stay within the caps", _capped, acts=True),
    Checker(
        "S26", "the accounts of an asset sum to zero", _balanced, on=(VenueReported, AccountSeen)
    ),
    Checker("S28", "entries are approved in normal mode only", _only_when_normal, acts=True),
    Checker("S29", "a mode is lifted only by what may lift its cause", _lifted_duly, acts=True),
    Checker("S30", "once halted no entry is left to work", _entries_called_off),
    Checker(
        "S31", "no entry before the account was looked at and agreed with", _after_a_look, acts=True
    ),
    Checker(
        "S32",
        "what a look found out sells nothing",
        _never_sold_for_surprise,
        on=(AccountSeen,),
        acts=True,
    ),
    Checker(
        "S33",
        "what is believed to be over is not open",
        _over_is_over,
        on=(VenueReported, AccountSeen),
    ),
    Checker("S35", "entries are decided on fresh prices only", _fresh, acts=True),
    Checker("S36", "a bar is known at its close, not before", _causal, on=(BarsClosed,)),
    Checker("S38", "what is sent is what was approved", _bijection, acts=True),
    Checker("S44", "orders under way are few", _bounded),
    Checker("L8", "nothing waits for its answer for ever", _answered, on=(BarsClosed,)),
    *DAY_CHECKS,
    *GATE_CHECKS,
)
