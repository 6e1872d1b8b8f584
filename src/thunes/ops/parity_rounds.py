"""Rounds: each trade from the closed bar that began it to its last exit, told by steps."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.decision import Gate, Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, Event, OperatorAsked, VenueReported
from thunes.core.domain.fact import (
    Decided,
    Difference,
    Discrepancy,
    Noticed,
    OrderFailed,
    TradeClosed,
)
from thunes.core.domain.line import Line
from thunes.core.domain.order import Filled
from thunes.core.domain.position import Trade
from thunes.core.domain.units import ZERO, Instant, OrderId, StrategyId, Symbol
from thunes.core.ledger.adoption import ADOPTED

Key = tuple[Symbol, StrategyId, Instant]
"""A round by its symbol, its strategy and the close of the bar that its signal is of."""


class Exit(NamedTuple):
    """One part sold: `signal` is the close of the bar that it was decided on, if any was, `late_ns`
    how much later it was decided."""

    trade: Trade
    signal: Instant | None
    late_ns: int


@dataclass(slots=True)
class Round:
    """What was bought on one signal, and how it was left; `failed` is what went wrong on the way.

    Quantities are base units as traded, `paid` is quote units, fees aside.
    """

    symbol: Symbol
    strategy: StrategyId
    signal: Instant
    decided_at: Instant
    asked: Decimal = ZERO  # base units, or quote units where `by_amount`
    by_amount: bool = False
    bought: Decimal = ZERO
    paid: Decimal = ZERO
    filled_at: Instant | None = None
    exits: list[Exit] = field(default_factory=list)
    flat: bool = False
    failed: list[str] = field(default_factory=list)
    meddled: str = ""  # who else had a hand in it

    @property
    def key(self) -> Key:
        return self.symbol, self.strategy, self.signal

    @property
    def price(self) -> Decimal:
        return self.paid / self.bought

    @property
    def share(self) -> Decimal:
        """How much of what was asked for was filled."""
        got = self.paid if self.by_amount else self.bought
        return got / self.asked if self.asked else got

    @property
    def fee_bps(self) -> Decimal | None:
        """Fees of both sides in basis points of what was traded; None while nothing is sold."""
        trades = [each.trade for each in self.exits]
        value = sum(((t.entry_price + t.exit_price) * t.quantity for t in trades), ZERO)
        fees = sum((t.fees for t in trades), ZERO)
        return fees / value * 10_000 if value else None


class Rounds:
    """Told of every step of a run, oldest first.

    `known` is when each bar was known and `passed_over` those that were known after a later one;
    `refused` says by which gate an entry was, `broken` when a strategy failed with what, `moved`
    when something came or went without a trade.
    """

    def __init__(self) -> None:
        self.all: dict[Key, Round] = {}
        self.known: dict[tuple[Symbol, Instant], Instant] = {}
        self.refused: dict[Key, Gate] = {}
        self.passed_over: set[tuple[Symbol, Instant]] = set()
        self.broken: dict[Instant, str] = {}
        self.moved: dict[Instant, str] = {}
        self._newest = Instant(0)
        self._by_order: dict[OrderId, Round] = {}
        self._fills: set[tuple[OrderId, str]] = set()
        self._held: dict[Symbol, Round] = {}
        self._leaving: dict[Symbol, tuple[Instant | None, int]] = {}

    def __call__(self, line: Line) -> None:
        event = line.event
        if isinstance(event, BarsClosed):
            self._know(event)
        elif isinstance(event, VenueReported):
            for report in event.reports:
                if isinstance(report, Filled):
                    self._fill(report, event.at)
        elif isinstance(event, AccountSeen):
            for seen in event.fills:
                self._fill(seen.fill, seen.at)
        for fact in line.facts:
            self._take(fact, event)

    def _know(self, event: BarsClosed) -> None:
        told = [(s, bar.close_time) for s, bars in event.bars.items() for bar in bars]
        self._newest = max([self._newest, *(close for _, close in told)])
        for symbol, close in told:
            self.known[symbol, close] = event.at
            if close < self._newest:
                self.passed_over.add((symbol, close))

    def _fill(self, fill: Filled, at: Instant) -> None:
        found, name = self._by_order.get(fill.order_id), (fill.order_id, fill.trade_id)
        if found is None or name in self._fills:
            return
        self._fills.add(name)
        found.bought += fill.quantity
        found.paid += fill.quantity * fill.price
        if found.filled_at is None:
            found.filled_at = at
        self._held[found.symbol] = found

    def _take(self, fact: object, event: Event) -> None:
        if isinstance(fact, Decided):
            self._decided(fact, event)
        elif isinstance(fact, TradeClosed):
            self._sold(fact)
        elif isinstance(fact, OrderFailed):
            found = self._by_order.get(fact.order_id) or self._held.get(fact.symbol)
            if found is not None:
                found.failed.append(fact.text)
        elif isinstance(fact, Noticed) and fact.code == "strategy_failed":
            self.broken[event.at] = fact.text
        elif isinstance(fact, Discrepancy):
            self._differs(fact, event.at)

    def _decided(self, fact: Decided, event: Event) -> None:
        proposal = fact.proposal
        symbol, signal = proposal.symbol, _signal(event, proposal.symbol)
        if proposal.purpose is Purpose.EXIT:
            late = 0 if signal is None else event.at - signal
            self._leaving.setdefault(symbol, (signal, late))
            held = self._held.get(symbol)
            if held is not None and isinstance(event, OperatorAsked):
                held.meddled = f"{event.who} asked to {event.wish.value}: {event.why}"
        if proposal.purpose is not Purpose.ENTRY or signal is None:
            return
        key = (symbol, proposal.strategy, signal)
        if fact.refused_by is not None:
            self.refused[key] = fact.refused_by
            return
        made = Round(symbol, proposal.strategy, signal, event.at)
        self.all[key] = made
        for order in proposal.orders:
            made.by_amount = order.quote_amount is not None
            made.asked += order.quote_amount or order.quantity or ZERO
            self._by_order[order.id] = made

    def _sold(self, fact: TradeClosed) -> None:
        trade = fact.trade
        held = self._held.get(trade.symbol)
        if held is None:  # of what was not bought on a signal
            held = Round(trade.symbol, trade.strategy, trade.entry_time, trade.entry_time)
            held.bought, held.paid = trade.quantity, trade.quantity * trade.entry_price
            held.filled_at, held.meddled = trade.entry_time, _owner(trade)
            self.all[held.key] = self._held[trade.symbol] = held
        signal, late = self._leaving.get(trade.symbol, (None, 0))
        held.exits.append(Exit(trade, signal, late))
        if fact.flat:
            held.flat = True
            del self._held[trade.symbol]
            self._leaving.pop(trade.symbol, None)

    def _differs(self, fact: Discrepancy, at: Instant) -> None:
        if fact.kind is Difference.BALANCE:
            self.moved[at] = fact.text
        held = self._held.get(Symbol(fact.subject))
        if held is None or fact.kind not in (Difference.PHANTOM, Difference.FOREIGN_FILL):
            return
        held.meddled = fact.text
        if fact.kind is Difference.PHANTOM:
            held.flat = True
            del self._held[held.symbol]


def _owner(trade: Trade) -> str:
    who = "nobody here" if trade.strategy == ADOPTED else str(trade.strategy)
    return f"bought by {who}, on no signal"


def _signal(event: Event, symbol: Symbol) -> Instant | None:
    """The close of the bar that a step about `symbol` decides on; None if on none."""
    if not isinstance(event, BarsClosed):
        return None
    bars = event.bars.get(symbol)
    return bars[-1].close_time if bars else event.at
