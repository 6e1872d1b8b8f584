"""The state: everything the core knows, written in `apply` and `commit` and nowhere else."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

import msgspec
from msgspec.structs import replace

from thunes.core.domain.command import Command
from thunes.core.domain.decision import Approved, Proposal, Purpose, Verdict
from thunes.core.domain.event import (
    AccountOpened,
    AccountSeen,
    BarsClosed,
    Event,
    OperatorActed,
    OperatorAsked,
    QuoteReceived,
    Restarted,
    RulesChanged,
    TimerFired,
    VenueReported,
)
from thunes.core.domain.fact import DayRolled, Decided, Fact, Noticed, TradeClosed
from thunes.core.domain.line import Outcome, encode
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Report
from thunes.core.domain.terms import Terms
from thunes.core.domain.units import NS_PER_DAY, ZERO, Instant, Money, OrderId, Symbol
from thunes.core.domain.view import OVER, RESTING, Memory, OrderState, StepView
from thunes.core.execution.commands import commands_for, exit_reason
from thunes.core.ledger.adoption import Doubt
from thunes.core.ledger.changes import changes
from thunes.core.ledger.ledger import BREACHES, Ledger
from thunes.core.ledger.orders import Ids, OrderChange, OrderRecord
from thunes.core.ledger.protection import Guard
from thunes.core.ledger.reader import AccountReader, Pricing
from thunes.core.ledger.reconcile import reconcile
from thunes.core.ledger.snapshot import Snapshot, put_back, take
from thunes.core.market.market import Market
from thunes.core.risk.invariants import broken_of_symbol
from thunes.core.risk.mode import ModeReading

NOTHING = Outcome()
_NO_CANCEL = OVER | {OrderState.CANCELING}


class Known:
    """What is, as events tell it."""

    def __init__(self, market: Market, terms: Terms) -> None:
        self.market = market
        self.ledger = Ledger(market.instruments)
        self.memory = Memory()
        self.guard = Guard()
        self.doubt = Doubt()
        self._facts: list[Fact] = []
        self._ids = Ids()
        self.at = Instant(0)  # the time of the last event
        self.moved = False  # whether the last event changed what its outcome does not tell
        self.go_by(terms)

    def go_by(self, terms: Terms) -> None:
        """From here on these terms hold."""
        of, quote = self.market.instruments.items(), terms.quote
        symbol_of = {one.base: symbol for symbol, one in of if one.quote == quote}
        self._pricing = Pricing(quote, symbol_of, self.market.mark, terms.fee_rate)
        self._watch_equity, self._adopted = terms.watch_equity, terms.adopted
        self._look()

    def _look(self) -> None:
        self._account = AccountReader(self.ledger, self._pricing, self.guard.naked)
        self._view = StepView(self.at, self.market, self._account, self.memory, self._ids)
        self._ids.epoch = self.memory.epoch

    # What is.

    def apply(self, event: Event) -> None:
        """Take one event in. Time never runs backwards."""
        assert event.at >= self.at, f"event at {event.at} after one at {self.at}"
        self.at = event.at
        self._facts = []
        self._view.news, self.moved = (), False
        match event:
            case BarsClosed():
                self._apply_bars(event)
            case VenueReported():
                self._book(event.at, event.reports)
            case AccountSeen():
                self._apply_account(event)
            case Restarted():
                self._apply_restart(event)
            case AccountOpened():
                self.ledger.deposit(event.balances)
            case QuoteReceived():
                if wrong := self.market.take(event.quote):
                    text = f"{event.quote.symbol} {event.quote.bid} / {event.quote.ask}: {wrong}"
                    self._facts.append(Noticed("bad_quote", text, event.at))
            case OperatorActed():
                self.memory.requested = (*self.memory.requested, event.cause)
            case RulesChanged():
                self._facts.append(Noticed("rules_changed", event.what, event.at))
            case TimerFired() | OperatorAsked():
                pass
            case _:
                assert_never(event)

    def _apply_bars(self, event: BarsClosed) -> None:
        assert event.sequence > self.market.sequence, "bars close once"
        if event.bars:
            self.market.tape.append(event.bars)
            self.moved = True
        self.market.sequence = event.sequence
        for held in self.ledger.positions.values():
            if held.plan.trail_after is not None:
                mark = self.market.mark(held.symbol)
                if mark is not None and (held.peak_close is None or mark > held.peak_close):
                    self.ledger.positions[held.symbol] = replace(held, peak_close=mark)
                    self.moved = True
        memory, day = self.memory, self.market.closed_at() // NS_PER_DAY
        rolled = day != memory.day
        if not rolled and not self._watch_equity:
            return
        equity = self.view(event.at).account.equity()
        if self._watch_equity and (memory.peak_equity is None or equity > memory.peak_equity):
            memory.peak_equity = equity
            self.moved = True
        if rolled:
            memory.day = day
            memory.day_start_equity = equity
            memory.requested = (*memory.requested, Cause.DAY_ROLLED)
            self._facts.append(DayRolled(day=day, equity=equity))

    def _book(self, at: Instant, reports: Sequence[Report]) -> None:
        ledger, find, value_of = self.ledger, self.ledger.orders.find, self._pricing.value_of
        self._view.news = reports
        for report in reports:
            self._take_in(at, ledger.book(at, find(report.order_id), report, value_of))
        touched, ledger.touched = ledger.touched, {}
        for symbol in touched:
            self._settle(at, symbol)

    def _take_in(self, at: Instant, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._facts.append(fact)
            if isinstance(fact, TradeClosed):
                self.memory.last_loss_at = at if fact.trade.pnl < ZERO else None
            elif isinstance(fact, Noticed) and fact.code in BREACHES:
                self.memory.requested = (*self.memory.requested, Cause.INVARIANT_BROKEN)

    def _settle(self, at: Instant, symbol: Symbol) -> None:
        """What is held of the symbol may have changed: see how it is covered, and whether."""
        self.guard.look(self.at, symbol, self.ledger)
        for broken in broken_of_symbol(self.ledger, symbol):
            # A bug, ours or the venue's: on record, and nothing new is begun on top of it.
            self._facts.append(Noticed(f"broken_{broken.name}", broken.text, at))
            self.memory.requested = (*self.memory.requested, Cause.INVARIANT_BROKEN)

    def _apply_restart(self, event: Restarted) -> None:
        """Whatever was asked of the venue and not answered is unknown; deadlines count anew."""
        assert event.epoch > self.memory.epoch, "each process has an epoch of its own"
        self.memory.epoch = self._ids.epoch = event.epoch
        self.memory.unreconciled = True
        self.doubt = Doubt(as_of=self.doubt.as_of)
        orders = self.ledger.orders
        for record in orders.by_age():
            if record.state in (OrderState.SUBMITTED, OrderState.CANCELING):
                orders.change(record, OrderChange.LOST)
                record.lost = True
            if record.state not in RESTING:  # of what rested nothing was on its way
                record.asked_at = event.at
        for symbol in self.market.instruments:
            self.guard.look(self.at, symbol, self.ledger)
            if symbol in self.guard.naked and any(r.lost for r in orders.working(symbol)):
                # Its stop may rest all the same, however long ago we last heard of it.
                self.guard.naked[symbol] = event.at

    def _apply_account(self, seen: AccountSeen) -> None:
        if seen.as_of <= self.doubt.as_of or not self._pricing.values(seen.balances):
            return  # an older answer that comes late, or one that cannot be valued yet
        memory = self.memory
        looked = reconcile(self.ledger, self.doubt, seen, self._pricing, self._adopted)
        self.doubt, self._view.news = looked.doubt, looked.reports
        self._take_in(seen.at, looked.facts)
        memory.strange, memory.unheeded = tuple(looked.doubt.strangers), looked.doubt.unheeded
        if looked.clean:
            memory.unreconciled = False
        if looked.flow:  # a deposit is no profit, a withdrawal no loss
            memory.day_start_equity = _moved(memory.day_start_equity, looked.flow)
            memory.peak_equity = _moved(memory.peak_equity, looked.flow)
        self.ledger.touched = {}
        for symbol in self.market.instruments:
            self._settle(seen.at, symbol)

    # What the rooms may read.

    def view(self, at: Instant) -> StepView:
        """The state at this instant; the next one given out takes its place."""
        view = self._view
        view.at = at
        self._account.forget()
        self._ids.given = self.memory.order_count
        return view

    @property
    def restless(self) -> bool:
        """Whether every bar must be looked at: a stop to be trailed, raised or repaired, a
        position to be left."""
        if self.guard.naked:
            return True
        for held in self.ledger.positions.values():
            plan = held.plan
            if plan.trail_after is not None or plan.break_even_after is not None or held.leaving:
                return True
        return False


class State(Known):
    """What is, and what we do, recorded as in flight."""

    def commit(
        self, verdicts: Sequence[Verdict], reading: ModeReading, failures: Sequence[str] = ()
    ) -> Outcome:
        """Record verdicts, the mode and what failed; what is approved becomes commands."""
        memory, facts = self.memory, self._facts
        facts.extend(Noticed("strategy_failed", text, self.at) for text in failures)
        memory.requested = ()
        memory.order_count = self._ids.given
        if not (verdicts or facts or reading.changes or self.ledger.orders.changed):
            return NOTHING
        if reading.changes:
            memory.mode, memory.cause, memory.recoveries = reading.now
            facts.extend(reading.changes)
            if any(change.cause is Cause.OPERATOR_RESUME for change in reading.changes):
                memory.peak_equity = None  # the operator accepted the loss: measure from here
        commands: list[Command] = []
        for verdict in verdicts:
            proposal = verdict.proposal
            if isinstance(verdict, Approved):
                facts.append(Decided(proposal, None, verdict.checks))
                commands += self._in_flight(proposal)
            else:
                facts.append(Decided(proposal, verdict.reason, verdict.checks))
        facts += changes(self.ledger)
        self._facts = []
        return Outcome(tuple(commands), tuple(facts))

    def _in_flight(self, proposal: Proposal) -> list[Command]:
        orders, positions = self.ledger.orders, self.ledger.positions
        symbol, purpose = proposal.symbol, proposal.purpose
        cancels: list[OrderId] = []
        for order_id in proposal.cancels:
            record = orders.find(order_id)
            if record is not None and purpose is Purpose.CANCEL:
                record.unwanted = proposal.reason
            # One cancel is enough: a venue refuses the second, and what was to replace it as well.
            if record is not None and record.state not in _NO_CANCEL:
                orders.change(record, OrderChange.CANCEL_SENT)
                record.asked_at = self.at
                cancels.append(order_id)
        reference, plan = proposal.reference, proposal.plan
        for order in proposal.orders:
            record = OrderRecord(order, reference=reference, plan=plan, asked_at=self.at)
            record.reason = exit_reason(proposal, order)
            orders.submit(record)
        if purpose is Purpose.ENTRY:
            if not proposal.adds:
                self.memory.last_entry_at[symbol] = self.at
        elif purpose is not Purpose.CANCEL and (held := positions.get(symbol)) is not None:
            if purpose is Purpose.EXIT:
                positions[symbol] = replace(held, leaving=proposal.reason)
            else:
                stop = proposal.stop_price
                positions[symbol] = replace(held, legs=proposal.legs, stop_price=stop)
        self.guard.look(self.at, symbol, self.ledger)
        return commands_for(proposal.orders, tuple(cancels))

    def snapshot(self) -> bytes:
        market = (self.market.sequence, list(self.market.quotes.values()))
        state = take(self.ledger, self.guard, (self.memory, self.doubt), market)
        return encode((self.at, state))

    def restore(self, data: bytes) -> None:
        """Become the state that `snapshot` gave out (same instruments, same tape)."""
        self.at, state = msgspec.json.decode(data, type=tuple[Instant, Snapshot])
        self.market.sequence = state.sequence
        self.market.quotes = {quote.symbol: quote for quote in state.quotes}
        self.memory, self.doubt = state.memory, state.doubt
        self.ledger, self.guard = put_back(state, self.market.instruments)
        self._look()

    def digest(self) -> str:
        """SHA-256 of the snapshot: equal states have equal digests."""
        return hashlib.sha256(self.snapshot()).hexdigest()


def _moved(equity: Money | None, flow: Decimal) -> Money | None:
    return None if equity is None else Money(equity + flow)
