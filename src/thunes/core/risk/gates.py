"""The gates: small pure checks that every entry passes, each with its numbers.

A gate whose limit is wide open passes without looking. A gate that lacks what it needs refuses.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from thunes.core.domain.decision import Check, Gate, Proposal
from thunes.core.domain.instrument import failed_filter
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.units import NS_PER_SECOND, ZERO, Money
from thunes.core.domain.view import View
from thunes.core.risk.limits import Limits
from thunes.core.risk.mode import ModeReading

_TWO = Decimal(2)


class Question(msgspec.Struct, frozen=True):
    """What a gate is asked about. `promised` is what this step has already approved."""

    proposal: Proposal
    view: View
    limits: Limits
    reading: ModeReading
    promised: list[Proposal]


_PASSED = {gate: Check(gate, True) for gate in Gate}
_FAILED = {gate: Check(gate, False) for gate in Gate}


def _within(gate: Gate, actual: Decimal | None, limit: Decimal) -> Check:
    return Check(gate, actual is not None and actual <= limit, actual, limit)


def _kill_switch(q: Question) -> Check:
    killed = q.reading.mode is Mode.HALTED
    return (_FAILED if killed else _PASSED)[Gate.KILL_SWITCH]


def _mode(q: Question) -> Check:
    return (_PASSED if q.reading.mode is Mode.NORMAL else _FAILED)[Gate.MODE]


def _reconciled(q: Question) -> Check:
    memory = q.view.memory
    strange = memory.unreconciled or q.proposal.symbol in memory.strange
    return (_FAILED if strange else _PASSED)[Gate.RECONCILED]


def _max_positions(q: Question) -> Check:
    limit = q.limits.max_positions
    if limit is None:
        return _PASSED[Gate.MAX_POSITIONS]
    account, symbol = q.view.account, q.proposal.symbol
    taken = [held.symbol for held in account.positions()]
    taken += [working.order.symbol for working in account.entries()]
    taken += [each.symbol for each in q.promised]
    others = dict.fromkeys(each for each in taken if each != symbol)
    return _within(Gate.MAX_POSITIONS, Decimal(len(others) + 1), Decimal(limit))


def _one_position_per_symbol(q: Question) -> Check:
    symbol, account = q.proposal.symbol, q.view.account
    held = account.position(symbol)
    owners = [] if held is None else [held.strategy]
    # An exit on its way counts as well: it must not meet coins that were bought after it.
    owners += [working.order.strategy for working in account.working(symbol)]
    owners += [each.strategy for each in q.promised if each.symbol == symbol]
    # What adds, adds to its own: a position has one owner, who alone knows how to leave it.
    busy = [owner for owner in owners if owner != q.proposal.strategy or not q.proposal.adds]
    return (_FAILED if busy else _PASSED)[Gate.ONE_POSITION_PER_SYMBOL]


def _loss_cool_down(q: Question) -> Check:
    limit, since = q.limits.loss_cool_down_s, q.view.memory.last_loss_at
    return _cooled(Gate.LOSS_COOL_DOWN, q, limit, since)


def _signal_cool_down(q: Question) -> Check:
    since = q.view.memory.last_entry_at.get(q.proposal.symbol)
    return _cooled(Gate.SIGNAL_COOL_DOWN, q, q.limits.signal_cool_down_s, since)


def _cooled(gate: Gate, q: Question, limit: int | None, since: int | None) -> Check:
    if limit is None or since is None or q.proposal.adds:
        return _PASSED[gate]
    waited = Decimal(q.view.at - since) / NS_PER_SECOND
    return Check(gate, waited >= limit, waited, Decimal(limit))


def _price_known(q: Question) -> Check:
    return (_FAILED if q.proposal.reference is None else _PASSED)[Gate.PRICE_KNOWN]


def _stale_data(q: Question) -> Check:
    limit = q.limits.max_age_s
    if limit is None:
        return _PASSED[Gate.STALE_DATA]
    known = q.view.market.known_at(q.proposal.symbol)
    age = None if known is None else Decimal(q.view.at - known) / NS_PER_SECOND
    return _within(Gate.STALE_DATA, age, Decimal(limit))


def _spread(q: Question) -> Check:
    limit = q.limits.max_spread
    if limit is None:
        return _PASSED[Gate.SPREAD]
    quote = q.view.market.quote(q.proposal.symbol)
    if quote is None or quote.bid <= ZERO or quote.ask < quote.bid:
        return Check(Gate.SPREAD, False, None, limit)
    return _within(Gate.SPREAD, (quote.ask - quote.bid) * _TWO / (quote.ask + quote.bid), limit)


def _min_notional(q: Question) -> Check:
    limit = q.limits.min_notional
    if limit is None:
        return _PASSED[Gate.MIN_NOTIONAL]
    notional = q.proposal.notional
    return Check(Gate.MIN_NOTIONAL, notional is not None and notional >= limit, notional, limit)


def _order_size(q: Question) -> Check:
    if q.limits.order_size is None:
        return _PASSED[Gate.ORDER_SIZE]
    return _within(Gate.ORDER_SIZE, q.proposal.notional, q.limits.order_size)


def _loss_per_trade(q: Question) -> Check:
    limit = q.limits.loss_per_trade
    if limit is None:
        return _PASSED[Gate.LOSS_PER_TRADE]
    p = q.proposal
    loss = None
    if p.notional is not None and p.stop_price is not None and p.reference is not None:
        loss = p.notional * (p.reference - p.stop_price) / p.reference
    return _within(Gate.LOSS_PER_TRADE, loss, limit)


def _daily_loss(q: Question) -> Check:
    limit = q.limits.daily_loss
    return _PASSED[Gate.DAILY_LOSS] if limit is None else _lost(Gate.DAILY_LOSS, q, limit)


def _daily_loss_share(q: Question) -> Check:
    share, start = q.limits.daily_loss_share, q.view.memory.day_start_equity
    if share is None:
        return _PASSED[Gate.DAILY_LOSS_SHARE]
    return _lost(Gate.DAILY_LOSS_SHARE, q, None if start is None else Money(share * start))


def _lost(gate: Gate, q: Question, limit: Money | None) -> Check:
    start = q.view.memory.day_start_equity
    if start is None or limit is None:
        return Check(gate, False, None, limit)
    lost = start - q.view.account.equity()
    return Check(gate, lost < limit, lost, limit)


def _symbol_exposure(q: Question) -> Check:
    share = q.limits.symbol_exposure
    if share is None:
        return _PASSED[Gate.SYMBOL_EXPOSURE]
    account, symbol = q.view.account, q.proposal.symbol
    planned = _planned([each for each in q.promised if each.symbol == symbol], q.proposal)
    exposure = None if planned is None else account.exposure(symbol) + planned
    return _within(Gate.SYMBOL_EXPOSURE, exposure, share * account.equity())


def _total_exposure(q: Question) -> Check:
    share = q.limits.total_exposure
    if share is None:
        return _PASSED[Gate.TOTAL_EXPOSURE]
    account = q.view.account
    planned = _planned(q.promised, q.proposal)
    exposure = None if planned is None else account.total_exposure() + planned
    return _within(Gate.TOTAL_EXPOSURE, exposure, share * account.equity())


def _planned(promised: list[Proposal], proposal: Proposal) -> Decimal | None:
    if proposal.notional is None:
        return None
    return sum((each.notional or ZERO for each in promised), proposal.notional)


def _available_cash(q: Question) -> Check:
    left = q.view.account.available() - sum([p.notional or ZERO for p in q.promised], ZERO)
    return _within(Gate.AVAILABLE_CASH, q.proposal.notional, left)


def _venue_filters(q: Question) -> Check:
    proposal = q.proposal
    reference, stop = proposal.reference, proposal.stop_price
    if reference is None or not proposal.orders:
        return _FAILED[Gate.VENUE_FILTERS]
    instrument = q.view.market.instrument(proposal.symbol)
    for order in proposal.orders:
        if failed_filter(instrument, order, reference) is not None:
            return _FAILED[Gate.VENUE_FILTERS]
    # What cannot be sold at its stop must not be bought: the venue would refuse the stop.
    least, notional = instrument.min_notional, proposal.notional or ZERO
    unsellable = least and stop is not None and notional * stop / reference < least
    return (_FAILED if unsellable else _PASSED)[Gate.VENUE_FILTERS]


GATES: Mapping[Gate, Callable[[Question], Check]] = {
    Gate.KILL_SWITCH: _kill_switch,
    Gate.MODE: _mode,
    Gate.RECONCILED: _reconciled,
    Gate.MAX_POSITIONS: _max_positions,
    Gate.ONE_POSITION_PER_SYMBOL: _one_position_per_symbol,
    Gate.LOSS_COOL_DOWN: _loss_cool_down,
    Gate.SIGNAL_COOL_DOWN: _signal_cool_down,
    Gate.PRICE_KNOWN: _price_known,
    Gate.STALE_DATA: _stale_data,
    Gate.SPREAD: _spread,
    Gate.MIN_NOTIONAL: _min_notional,
    Gate.ORDER_SIZE: _order_size,
    Gate.LOSS_PER_TRADE: _loss_per_trade,
    Gate.DAILY_LOSS: _daily_loss,
    Gate.DAILY_LOSS_SHARE: _daily_loss_share,
    Gate.SYMBOL_EXPOSURE: _symbol_exposure,
    Gate.TOTAL_EXPOSURE: _total_exposure,
    Gate.AVAILABLE_CASH: _available_cash,
    Gate.VENUE_FILTERS: _venue_filters,
}
"""Every gate, in the order in which it is evaluated and recorded."""

LIMIT_OF: Mapping[Gate, str] = {
    Gate.MAX_POSITIONS: "max_positions",
    Gate.LOSS_COOL_DOWN: "loss_cool_down_s",
    Gate.SIGNAL_COOL_DOWN: "signal_cool_down_s",
    Gate.STALE_DATA: "max_age_s",
    Gate.SPREAD: "max_spread",
    Gate.MIN_NOTIONAL: "min_notional",
    Gate.ORDER_SIZE: "order_size",
    Gate.LOSS_PER_TRADE: "loss_per_trade",
    Gate.DAILY_LOSS: "daily_loss",
    Gate.DAILY_LOSS_SHARE: "daily_loss_share",
    Gate.SYMBOL_EXPOSURE: "symbol_exposure",
    Gate.TOTAL_EXPOSURE: "total_exposure",
}
"""The limit that each gate holds an entry to; gates not named here hold without one."""

PRE_TRADE_TWINS: Mapping[Cause, tuple[Gate, ...]] = {
    Cause.DAILY_LOSS: (Gate.DAILY_LOSS, Gate.DAILY_LOSS_SHARE),
    Cause.DRAWDOWN_LIMIT: (Gate.KILL_SWITCH,),
    Cause.DRAWDOWN_WARNING: (Gate.MODE,),
    Cause.INVARIANT_BROKEN: (Gate.KILL_SWITCH,),
    Cause.OPERATOR_KILL: (Gate.KILL_SWITCH,),
    Cause.OPERATOR_PAUSE: (Gate.MODE,),
}
"""For each thing that is watched after the trade, the gate that refuses before it."""
