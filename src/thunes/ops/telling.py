"""Telling: each step of a live process as lines of its log, in words that can be searched for."""

from collections.abc import Callable
from decimal import Decimal
from typing import assert_never

from thunes.core.domain.decision import Gate, Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, Event, Restarted, VenueReported
from thunes.core.domain.fact import (
    DayRolled,
    Decided,
    Difference,
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
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import CancelRefused, Filled, OrderRole
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Instant, Symbol, format_instant
from thunes.core.domain.view import RESTING
from thunes.core.engine import Engine
from thunes.ops.logs import Level, Logs
from thunes.ops.once import Once
from thunes.ops.words import decision_said

_DAILY = (Gate.DAILY_LOSS, Gate.DAILY_LOSS_SHARE)
_DIFFERENCES: dict[Difference, str] = {
    Difference.UNKNOWN_POSITION: "PHANTOM",
    Difference.PHANTOM: "ORPHAN",
    Difference.LATE_FILL: "PENDING_ADOPTED",
    Difference.FOREIGN_ORDER: "FOREIGN_ORDER",
    Difference.FOREIGN_FILL: "FOREIGN_FILL",
    Difference.BALANCE: "BALANCE_CHANGED",
    Difference.MISSING_STOP: "MISSING_STOP",
}
"""The log's word for each difference. An operator's phantom is what only the venue knows of, an
orphan what only we do; the journal names both from the side of the books."""


class Teller:
    """Watches a live engine; `watch` is called on the acting thread after each step."""

    def __init__(self, logs: Logs, engine: Engine) -> None:
        self._logs = logs
        self._engine = engine
        self._naked: dict[Symbol, Instant] = {}  # at the last look at the account
        self._once = Once()
        self._left: dict[Symbol, None] = {}  # flat, and orders of it may still be open

    def watch(self, event: Event, outcome: Outcome) -> None:
        match event:
            case VenueReported():
                self._reports(event)
            case AccountSeen():
                self._nakedness()
            case Restarted():
                self._say("info", "RESTARTED", epoch=event.epoch)
            case BarsClosed() if self._logs.says("debug"):
                self._no_signals(outcome)
            case _:
                pass
        for fact in outcome.facts:
            self._fact(fact)
        if self._left:
            self._cleaned()

    def _say(self, level: Level, event: str, **words: object) -> None:
        at = format_instant(self._engine.state.at)
        self._logs.say(level, event, at=at, component="engine", **words)

    def _fact(self, fact: Fact) -> None:
        say: Callable[..., None] = self._say
        match fact:
            case Decided():
                self._decided(fact)
            case PositionOpened():
                words = {"price": fact.price, "strategy": fact.strategy}
                say("info", "POSITION_OPENED", symbol=fact.symbol, quantity=fact.quantity, **words)
            case TradeClosed(trade=trade):
                if fact.flat:
                    self._left[trade.symbol] = None
                words = {"pnl": trade.pnl, "reason": trade.exit_reason, "flat": fact.flat}
                say("info", "POSITION_CLOSED", symbol=trade.symbol, **words)
            case OrderFailed():
                words = {"order": fact.order_id, "text": fact.text}
                say("warning", "Execution failed", symbol=fact.symbol, **words)
            case ModeChanged():
                self._mode(fact)
            case DayRolled():
                day = format_instant(fact.day * NS_PER_DAY)[:10]
                say("info", "DAY_ROLLED", day=day, equity=fact.equity)
            case Noticed():
                say("warning", "NOTICED", code=fact.code, text=fact.text)
            case Discrepancy():
                self._difference(fact)
            case OrderChanged() | PositionChanged():
                pass  # told with what brought it about
            case _:
                assert_never(fact)

    def _decided(self, decided: Decided) -> None:
        proposal, gate = decided.proposal, decided.refused_by
        symbol = proposal.symbol
        self._say("debug", "DECISION_TRACE", symbol=symbol, text=decision_said(decided))
        if gate in _DAILY:
            self._say("warning", "daily limit reached", symbol=symbol, gate=gate.value)
        elif gate is Gate.RECONCILED:
            said = f"Exchange has live exposure in {symbol} that is not known here. Blocking entry"
            self._say("warning", said, symbol=symbol)
        elif gate is None and proposal.purpose is Purpose.EXIT and proposal.reason:
            self._say("info", "LEAVING", symbol=symbol, reason=proposal.reason)

    def _mode(self, changed: ModeChanged) -> None:
        words = {"cause": changed.cause.value, **_numbers(changed)}
        if changed.cause is Cause.DAILY_LOSS:
            self._say("warning", "daily limit reached", **words)
        if changed.after is Mode.HALTED:
            self._say("error", "Kill switch active", **words)
            self._say("warning", "PRESERVING stop loss", stops=self._stops())
        elif changed.after is Mode.DEGRADED:
            self._say("warning", "DEGRADED", **words)
        elif changed.cause in (Cause.DAY_ROLLED, Cause.DRAWDOWN_RECOVERED):
            self._say("warning", "AUTO_RECOVERY", before=changed.before.value, **words)
        else:
            self._say("warning", "RESUMED", before=changed.before.value, **words)

    def _difference(self, found: Discrepancy) -> None:
        word = _DIFFERENCES[found.kind]
        said = f"{word}: flatten_orphan in the books, nothing is sold" if word == "ORPHAN" else word
        self._say("warning", said, subject=found.subject, text=found.text)

    def _reports(self, event: VenueReported) -> None:
        find = self._engine.state.ledger.orders.find
        for report in event.reports:
            record = find(report.order_id)
            if record is None:
                continue
            words = {"symbol": record.order.symbol, "order": report.order_id}
            if isinstance(report, Filled) and self._once.first(report):
                words |= {"side": record.order.side.value, "role": record.order.role.value}
                numbers = {"quantity": report.quantity, "price": report.price}
                self._say("info", "FILLED", **words, **numbers)
            elif isinstance(report, CancelRefused) and record.order.role is OrderRole.STOP:
                self._say("warning", "Old SL cancel failed", **words, text=report.text)

    def _nakedness(self) -> None:
        """A position is naked for a moment after each entry: it counts from one look on, and is
        grave when the next one finds it still so."""
        now, naked = self._engine.state.at, self._engine.state.guard.naked
        for symbol, since in naked.items():
            strike = "persistent" if self._naked.get(symbol) == since else "first"
            level: Level = "error" if strike == "persistent" else "warning"
            age_s = (now - since) // NS_PER_SECOND
            self._say(level, f"NAKED_POSITIONS {strike}", symbol=symbol, age_s=age_s)
        self._naked = dict(naked)

    def _no_signals(self, outcome: Outcome) -> None:
        asked = [fact.proposal.symbol for fact in outcome.facts if isinstance(fact, Decided)]
        for symbol in self._engine.state.market.instruments:
            if symbol not in asked:
                self._say("debug", "NO_SIGNAL", symbol=symbol)

    def _cleaned(self) -> None:
        ledger = self._engine.state.ledger
        for symbol in list(self._left):
            if symbol in ledger.positions:
                del self._left[symbol]
            elif not ledger.orders.working(symbol):
                del self._left[symbol]
                self._say("info", "Order cleanup complete", symbol=symbol)

    def _stops(self) -> int:
        working = self._engine.state.ledger.orders.by_age()
        roles = [each.order.role for each in working if each.state in RESTING]
        return roles.count(OrderRole.STOP)


def _numbers(changed: ModeChanged) -> dict[str, Decimal]:
    found = {"actual": changed.actual, "limit": changed.limit}
    return {name: value for name, value in found.items() if value is not None}
