"""The state: everything the core knows, written in `apply` and `commit` and nowhere else."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

import msgspec
from msgspec.structs import replace

from thunes.core.domain.command import Command
from thunes.core.domain.decision import Approved, Proposal, Purpose, Verdict
from thunes.core.domain.event import (
    AccountOpened,
    BarsClosed,
    Event,
    OperatorActed,
    QuoteReceived,
    TimerFired,
    VenueReported,
)
from thunes.core.domain.fact import DayRolled, Decided, Fact, Noticed, TradeClosed
from thunes.core.domain.line import Outcome, encode
from thunes.core.domain.market import Quote
from thunes.core.domain.mode import Cause
from thunes.core.domain.position import Lot, Position, Protection
from thunes.core.domain.units import NS_PER_DAY, ZERO, Asset, Instant, OrderId, Symbol
from thunes.core.domain.view import Memory, OrderState
from thunes.core.execution.commands import commands_for, exit_reason
from thunes.core.ledger.books import Account
from thunes.core.ledger.ledger import BREACHES, Ledger
from thunes.core.ledger.orders import OVER, OrderChange, OrderRecord
from thunes.core.ledger.protection import PROTECTION_TABLE, seen
from thunes.core.ledger.reader import AccountReader, Pricing
from thunes.core.market.market import Market
from thunes.core.risk.invariants import broken_of_symbol
from thunes.core.risk.mode import ModeReading


@dataclass(slots=True)
class CoreView:
    """Implements `core.domain.view.View` for one step."""

    at: Instant
    market: Market
    account: AccountReader
    memory: Memory
    new_id: Callable[[], OrderId]


class _Ids:
    """Gives out client order ids of one step. A refused proposal leaves a hole in the row; what
    matters is that no number is ever given twice."""

    def __init__(self, given: int) -> None:
        self.given = given

    def __call__(self) -> OrderId:
        self.given += 1
        return OrderId(f"t{self.given}")


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole state as plain values, in an order that depends on history only."""

    sequence: int
    quotes: list[Quote]
    books: dict[Account, dict[Asset, Decimal]]
    open_orders: list[OrderRecord]
    closed_orders: list[OrderRecord]
    positions: list[Position]
    lots: dict[Symbol, list[Lot]]
    dust: dict[Symbol, list[Lot]]
    protection: dict[Symbol, Protection]
    naked: dict[Symbol, Instant]
    memory: Memory


NOTHING = Outcome()
_NO_CANCEL = OVER | {OrderState.CANCELING}


class State:
    """Market, ledger and memory. `watch_equity` keeps the peak that drawdown is measured from."""

    def __init__(self, market: Market, quote: Asset, fee_rate: Decimal, watch_equity: bool) -> None:
        self.market = market
        self.ledger = Ledger(market.instruments)
        self.memory = Memory()
        self.protection: dict[Symbol, Protection] = {}
        self.naked: dict[Symbol, Instant] = {}
        symbol_of = {i.base: s for s, i in market.instruments.items() if i.quote == quote}
        self._pricing = Pricing(quote, symbol_of, market.mark, fee_rate)
        self._watch_equity = watch_equity
        self._facts: list[Fact] = []
        self._ids = _Ids(0)
        self._at = Instant(0)
        self.moved = False  # whether the last event changed what its outcome does not tell
        account = AccountReader(self.ledger, self._pricing, self.naked)
        self._view = CoreView(self._at, market, account, self.memory, self._ids)

    # What is.

    def apply(self, event: Event) -> None:
        """Take one event in. Time never runs backwards."""
        assert event.at >= self._at, f"event at {event.at} after one at {self._at}"
        self._at = event.at
        self._facts = []
        self.moved = False
        match event:
            case BarsClosed():
                self._apply_bars(event)
            case VenueReported():
                self._apply_reports(event)
            case AccountOpened():
                self.ledger.deposit(event.balances)
            case QuoteReceived():
                self.market.quotes[event.quote.symbol] = event.quote
            case OperatorActed():
                self.memory.requested = (*self.memory.requested, event.cause)
            case TimerFired():
                pass
            case _:
                assert_never(event)

    def _apply_bars(self, event: BarsClosed) -> None:
        assert event.sequence > self.market.sequence, "bars close once"
        self.market.sequence = event.sequence
        for held in self.ledger.positions.values():
            if held.plan.trail_after is not None:
                mark = self.market.mark(held.symbol)
                if mark is not None and (held.peak_close is None or mark > held.peak_close):
                    self.ledger.positions[held.symbol] = replace(held, peak_close=mark)
                    self.moved = True
        memory = self.memory
        day = event.at // NS_PER_DAY
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

    def _apply_reports(self, event: VenueReported) -> None:
        ledger, at, facts = self.ledger, event.at, self._facts
        find, value_of = ledger.orders.find, self._pricing.value_of
        for report in event.reports:
            for fact in ledger.book(at, find(report.order_id), report, value_of):
                facts.append(fact)
                if isinstance(fact, TradeClosed):
                    self.memory.last_loss_at = at if fact.trade.pnl < ZERO else None
                elif isinstance(fact, Noticed) and fact.code in BREACHES:
                    self.memory.requested = (*self.memory.requested, Cause.INVARIANT_BROKEN)
        touched, ledger.touched = ledger.touched, {}
        for symbol in touched:
            self._update_protection(symbol)
            for broken in broken_of_symbol(ledger, symbol):
                # A bug, ours or the venue's: on record, and nothing new is begun on top of it.
                facts.append(Noticed(f"broken_{broken.name}", broken.text, at))
                self.memory.requested = (*self.memory.requested, Cause.INVARIANT_BROKEN)

    def _update_protection(self, symbol: Symbol) -> None:
        before = self.protection.get(symbol, Protection.FLAT)
        held = self.ledger.positions.get(symbol)
        working = self.ledger.orders.working(symbol)
        cover = seen(held, working, self.market.instruments[symbol])
        after = PROTECTION_TABLE[before][cover]
        if after is before:
            return
        if after is Protection.FLAT:
            self.protection.pop(symbol, None)
        else:
            self.protection[symbol] = after
        if after is not Protection.NAKED:
            self.naked.pop(symbol, None)
        else:
            self.naked[symbol] = self._at

    # What the rooms may read.

    def view(self, at: Instant) -> CoreView:
        """The state at this instant; the next one given out takes its place."""
        view = self._view
        view.at = at
        view.account.forget()
        self._ids.given = self.memory.order_count
        return view

    @property
    def restless(self) -> bool:
        """Whether every bar must be looked at: a stop to be trailed, raised or repaired."""
        if self.naked:
            return True
        for held in self.ledger.positions.values():
            plan = held.plan
            if plan.trail_after is not None or plan.break_even_after is not None:
                return True
        return False

    # What we do, recorded as in flight.

    def commit(self, verdicts: Sequence[Verdict], reading: ModeReading) -> Outcome:
        """Record verdicts and the mode; what is approved becomes commands."""
        memory, facts = self.memory, self._facts
        memory.requested = ()
        memory.order_count = self._ids.given
        if not verdicts and not facts and not reading.changes:
            return NOTHING
        if reading.changes:
            memory.mode, memory.cause = reading.mode, reading.cause
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
        self._facts = []
        return Outcome(tuple(commands), tuple(facts))

    def _in_flight(self, proposal: Proposal) -> list[Command]:
        orders, positions = self.ledger.orders, self.ledger.positions
        symbol, purpose = proposal.symbol, proposal.purpose
        cancels: list[OrderId] = []
        for order_id in proposal.cancels:
            record = orders.find(order_id)
            # One cancel is enough: a venue refuses the second, and what was to replace it as well.
            if record is not None and record.state not in _NO_CANCEL:
                orders.change(record, OrderChange.CANCEL_SENT)
                cancels.append(order_id)
        reference, plan = proposal.reference, proposal.plan
        for order in proposal.orders:
            reason = exit_reason(proposal, order)
            orders.submit(OrderRecord(order, reference=reference, plan=plan, reason=reason))
        if purpose is Purpose.ENTRY:
            if not proposal.adds:
                self.memory.last_entry_at[symbol] = self._at
        elif purpose is Purpose.PROTECT or purpose is Purpose.MOVE_STOP:
            held = positions.get(symbol)
            if held is not None:
                stop = proposal.stop_price
                positions[symbol] = replace(held, legs=proposal.legs, stop_price=stop)
        self._update_protection(symbol)
        return commands_for(proposal.orders, tuple(cancels))

    # Snapshot and restore.

    def snapshot(self) -> bytes:
        orders = self.ledger.orders
        state = Snapshot(
            sequence=self.market.sequence,
            quotes=list(self.market.quotes.values()),
            books=self.ledger.books.accounts,
            open_orders=orders.by_age(),
            closed_orders=list(orders.closed.values()),
            positions=list(self.ledger.positions.values()),
            lots={symbol: lots for symbol, lots in self.ledger.lots.items() if lots},
            dust=self.ledger.dust,
            protection=self.protection,
            naked=self.naked,
            memory=self.memory,
        )
        return encode((self._at, state))

    def restore(self, data: bytes) -> None:
        """Become the state that `snapshot` gave out (same instruments, same tape)."""
        at, state = msgspec.json.decode(data, type=tuple[Instant, Snapshot])
        self._at, self.memory = at, state.memory
        self.market.sequence = state.sequence
        self.market.quotes = {quote.symbol: quote for quote in state.quotes}
        self.ledger = Ledger(self.market.instruments)
        self.ledger.books.accounts = state.books
        for record in state.open_orders:
            self.ledger.orders.submit(record)
        for record in state.closed_orders:
            self.ledger.orders.closed[record.order.id] = record
        self.ledger.positions = {held.symbol: held for held in state.positions}
        self.ledger.lots, self.ledger.dust = state.lots, state.dust
        self.protection, self.naked = state.protection, state.naked
        account = AccountReader(self.ledger, self._pricing, self.naked)
        self._view = CoreView(at, self.market, account, self.memory, self._ids)

    def digest(self) -> str:
        """SHA-256 of the snapshot: equal states have equal digests."""
        return hashlib.sha256(self.snapshot()).hexdigest()
