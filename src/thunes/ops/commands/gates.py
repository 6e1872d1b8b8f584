"""Why no entry is possible: every gate about an entry that nobody has asked for."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.decision import Action, Check, Gate, Proposal, Refused, Signal
from thunes.core.domain.errors import UsageError
from thunes.core.domain.event import TimerFired
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import (
    NS_PER_DAY,
    NS_PER_SECOND,
    Instant,
    StrategyId,
    Symbol,
)
from thunes.core.engine import Engine
from thunes.core.risk.limits import Limits
from thunes.core.risk.mode import read_mode

_COOLING = (Gate.LOSS_COOL_DOWN, Gate.SIGNAL_COOL_DOWN)
_AT_LEAST = (Gate.MIN_NOTIONAL, *_COOLING)
_DAILY = (Gate.DAILY_LOSS, Gate.DAILY_LOSS_SHARE)

LIFTED: Mapping[Gate, str] = {
    Gate.KILL_SWITCH: "an operator resumes",
    Gate.MODE: "an operator resumes, or the drawdown recovers",
    Gate.RECONCILED: "the account was looked at, and others have no open order in the symbol",
    Gate.MAX_POSITIONS: "a position is closed",
    Gate.ONE_POSITION_PER_SYMBOL: "the position is closed, and no order of it is left",
    Gate.LOSS_COOL_DOWN: "time passes",
    Gate.SIGNAL_COOL_DOWN: "time passes",
    Gate.PRICE_KNOWN: "a price comes",
    Gate.STALE_DATA: "a price comes",
    Gate.SPREAD: "bid and ask come closer",
    Gate.MIN_NOTIONAL: "an entry is sized larger",
    Gate.ORDER_SIZE: "an entry is sized smaller",
    Gate.LOSS_PER_TRADE: "an entry is sized smaller, or its stop is closer",
    Gate.DAILY_LOSS: "the next UTC day begins, or the loss shrinks",
    Gate.DAILY_LOSS_SHARE: "the next UTC day begins, or the loss shrinks",
    Gate.SYMBOL_EXPOSURE: "less of the symbol is held, or an entry is sized smaller",
    Gate.TOTAL_EXPOSURE: "less is held, or an entry is sized smaller",
    Gate.AVAILABLE_CASH: "there is more cash, or an entry is sized smaller",
    Gate.VENUE_FILTERS: "an entry is sized as the venue takes it",
}
"""What ends the block of each gate."""


class Asked(NamedTuple):
    """An entry that nobody asked for, and what every gate says of it; `refused_by` is None where it
    would be approved."""

    proposal: Proposal
    checks: tuple[Check, ...]
    refused_by: Gate | None


class Block(NamedTuple):
    """What one gate says: how far it is from turning (below zero: it refuses), and until when it
    refuses at least, where time ends that."""

    check: Check
    distance: Decimal | None
    until: Instant | None


def ask_gates(engine: Engine, at: Instant, symbol: Symbol, strategy: StrategyId) -> Asked:
    """What would become of an entry now: the engine's own rooms, asked and not told. Every asset
    that is held needs a price. Changes nothing."""
    view = engine.state.view(at)
    signal = Signal(strategy=strategy, symbol=symbol, action=Action.ENTER)
    targets = engine.rooms.portfolio.allocate([signal], engine.rooms.risk.budget(view), view)
    proposals = engine.rooms.execution.propose(targets, TimerFired(at, ""), view)
    reading = read_mode(engine.rooms.risk.limits, view)
    verdict = engine.rooms.risk.review(proposals, reading, view)[-1]
    refused_by = verdict.reason if isinstance(verdict, Refused) else None
    return Asked(verdict.proposal, verdict.checks, refused_by)


def judge(check: Check, at: Instant, limits: Limits, cause: Cause | None) -> Block:
    """How far the gate is from turning, and when time will turn it."""
    until = None if check.passed else _until(check, at, limits, cause)
    return Block(check, _distance(check), until)


def traded(engine: Engine, symbol: Symbol) -> Symbol:
    """The symbol; UsageError names those that are traded where it is none of them."""
    known = engine.state.market.instruments
    if symbol not in known:
        raise UsageError(f"{symbol} is not traded here; these are: {', '.join(known)}")
    return symbol


def _distance(check: Check) -> Decimal | None:
    if check.actual is None or check.limit is None:
        return None
    room = check.limit - check.actual
    return -room if check.gate in _AT_LEAST else room


def _until(check: Check, at: Instant, limits: Limits, cause: Cause | None) -> Instant | None:
    if check.gate in _COOLING and check.actual is not None and check.limit is not None:
        return Instant(at + int((check.limit - check.actual) * NS_PER_SECOND))
    by_day = cause is Cause.DAILY_LOSS and limits.daily_loss_lifted_by == "day"
    if check.gate in _DAILY or (by_day and check.gate in (Gate.KILL_SWITCH, Gate.MODE)):
        return Instant((at // NS_PER_DAY + 1) * NS_PER_DAY)
    return None
