"""A bench for the core: an engine on made bars, fed by hand, with every step held to the rules."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from thunes.core.domain.command import PlaceOrders, ReplaceOrders, SetTimer
from thunes.core.domain.decision import Action, Gate, Proposal, Purpose, Signal, Target
from thunes.core.domain.event import (
    AccountOpened,
    BarsClosed,
    Event,
    OperatorActed,
    QuoteReceived,
    TimerFired,
    VenueReported,
)
from thunes.core.domain.fact import Decided, Fact, ModeChanged, TradeClosed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import Line, Outcome, decode_line, encode
from thunes.core.domain.market import BarColumns, Quote
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OrderRole,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.terms import Terms
from thunes.core.domain.units import NS_PER_SECOND, ZERO, parse_instant
from thunes.core.domain.view import View
from thunes.core.engine import Engine, Rooms
from thunes.core.execution.propose import Execution
from thunes.core.market.bars import Bars
from thunes.core.market.market import Market
from thunes.core.market.tape import Tape
from thunes.core.portfolio.allocate import Portfolio
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.core.risk.review import Risk
from thunes.core.state import State
from thunes.core.strategy.feed import Strategies
from thunes.core.strategy.protocol import Desk, EventStrategy, Observer

D = Decimal
HOUR = 3_600 * NS_PER_SECOND
START = parse_instant("2024-01-03T15:00:00Z")
BTC = Instrument(
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=D("0.01"),
    step=D("0.00001"),
    min_quantity=D("0.00001"),
    min_notional=D(5),
)
ETH = Instrument(
    symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    tick=D("0.01"),
    step=D("0.0001"),
    min_quantity=D("0.0001"),
    min_notional=D(5),
)
ME = "me"


def flat_bars(
    closes: Sequence[float], symbol: str = "BTCUSDT", first: int = 0, timeframe: int = HOUR
) -> Bars:
    """Bars that open, stay and close at each of `closes`, from bar `first` on."""
    column = np.array(closes, dtype=np.float64)
    times = START + timeframe * (first + np.arange(column.size, dtype=np.int64))
    volume = np.full(column.size, 1_000.0)
    return Bars(symbol, timeframe, BarColumns(times, column, column, column, column, volume))


class Script:
    """A strategy that says what it was told to say, at the next event."""

    def __init__(self) -> None:
        self.queue: list[Signal] = []

    failures: Sequence[str] = ()

    def observe(self, event: Event, view: View) -> Sequence[Signal]:
        said, self.queue = self.queue, []
        return said


class Listening(Execution):
    """The house's execution, with what it proposed kept for comparison."""

    proposed: Sequence[Proposal] = ()

    def propose(self, targets: Sequence[Target], event: Event, view: View) -> Sequence[Proposal]:
        self.proposed = super().propose(targets, event, view)
        return self.proposed


class Bench:
    """An engine and, in place of a venue, a hand: reports are written, commands are read.

    `resting` is what a venue that does as it is told would hold. Every step is checked: the line
    survives its encoding, the books balance, every proposal is decided once with all its gates,
    nothing is cancelled twice, and nothing more is offered for sale than is held.
    """

    def __init__(self, **wanted: Any) -> None:
        bars: Mapping[str, Bars] = wanted.pop("bars", None) or {"BTCUSDT": flat_bars([100.0] * 400)}
        instruments = wanted.pop("instruments", (BTC, ETH))
        exits: ExitPlan = wanted.pop("exits", ExitPlan())
        limits: Limits = wanted.pop("limits", WIDE_OPEN)
        fee_rate: Decimal = wanted.pop("fee_rate", D("0.001"))
        strategies: Mapping[Desk, EventStrategy] | None = wanted.pop("strategies", None)
        self.instruments = {each.symbol: each for each in instruments}
        self.tape = Tape(bars)
        self.script = Script()
        observer: Observer = self.script
        if strategies is not None:
            observer = Strategies(strategies, self.tape)
        half_spread = wanted.pop("half_spread", ZERO)
        market = Market(self.tape, self.instruments, half_spread)
        cap, in_quote = wanted.pop("entry_cap", None), wanted.pop("fee_in_quote", False)
        self.execution = Listening(exits, fee_rate, cap, fee_in_quote=in_quote)
        sizing = parse_sizing(wanted.pop("sizing", "fixed:1000"))
        terms = Terms("USDT", fee_rate, limits.watches_equity, exits)
        portfolio = Portfolio(sizing, exits)
        rooms = Rooms(terms, Risk(limits), observer, portfolio, self.execution)
        self.engine = Engine(State(market, terms), rooms)
        self.orders: dict[str, Order] = {}
        self.resting: dict[str, Order] = {}
        self.waiting: dict[str, list[Order]] = {}  # what begins with an entry's fill
        self.left: dict[str, Decimal] = {}
        self.lines: list[Line] = []
        self.ended: list[Report] = []
        self.trades = 0
        self.balances = wanted.pop("balances", {"USDT": D(10_000)})
        assert not wanted, f"the bench knows no {', '.join(wanted)}"
        self.at = min(int(each.open_time[0]) for each in bars.values())
        self.step(AccountOpened(self.at, self.balances))

    # Events.

    def step(self, event: Event) -> Outcome:
        """One step of the engine, checked."""
        self.at = event.at
        outcome = self.engine.step(event)
        line = Line(event, outcome.commands, outcome.facts)
        assert decode_line(encode(line)) == line
        self.lines.append(line)
        for command in outcome.commands:
            if isinstance(command, PlaceOrders | ReplaceOrders):
                for order in command.orders:
                    assert order.id not in self.orders, "ids are never reused"
                    self.orders[order.id] = order
        self._check(outcome)
        return outcome

    def bar(self, *signals: Signal) -> Outcome:
        """The next bar closes, and the strategy says these signals."""
        sequence = self.state.market.sequence + 1
        self.script.queue = list(signals)
        return self.step(BarsClosed(int(self.tape.times[sequence]), sequence))

    def bars(self, count: int) -> None:
        for _ in range(count):
            self.obey(self.bar())

    def report(self, *reports: Report, after: int = 0, says: Sequence[Signal] = ()) -> Outcome:
        """The venue reports, `after` nanoseconds later."""
        self.script.queue = list(says)
        ended, self.ended = self.ended, []
        return self.step(VenueReported(self.at + after, (*reports, *ended)))

    def quote(self, symbol: str, bid: str, ask: str) -> Outcome:
        quote = Quote(self.at, symbol, D(bid), D(1), D(ask), D(1))
        return self.step(QuoteReceived(self.at, quote))

    def operator(self, cause: Cause) -> Outcome:
        return self.step(OperatorActed(self.at, cause, "operator", "a test"))

    def timer(self, due: int, name: str) -> Outcome:
        return self.step(TimerFired(due, name))

    # A venue that does as it is told.

    def obey(self, outcome: Outcome) -> list[Outcome]:
        """Answer all commands as a venue would, and the commands that come of that."""
        outcomes = []
        commands = list(outcome.commands)
        for _ in range(50):
            if not commands:
                return outcomes
            reports = self.answers(commands.pop(0))
            if reports:
                outcomes.append(self.report(*reports))
                commands.extend(outcomes[-1].commands)
        raise AssertionError("the core and the venue never come to rest")

    def answers(self, command: Any) -> list[Report]:
        """What a venue says to one command; `resting` follows."""
        if isinstance(command, SetTimer):
            return []
        cancels = getattr(command, "order_ids", ()) or getattr(command, "cancels", ())
        said: list[Report] = []
        if isinstance(command, ReplaceOrders) and any(c not in self.resting for c in cancels):
            for each in cancels:
                said.append(CancelRefused(each, -2022, "Order cancel-replace failed."))
                if each in self.resting:
                    said.append(Accepted(each))
            return [*said, *(Rejected(o.id, -2022, "no") for o in command.orders)]
        for each in cancels:
            if self.resting.pop(each, None) is None:
                said.append(CancelRefused(each, -2011, "Unknown order sent."))
            else:
                said.append(Canceled(each))
                said += [Canceled(one.id) for one in self.waiting.pop(each, ())]
        for order in getattr(command, "orders", ()):
            if order.after is not None:
                self.waiting.setdefault(order.after, []).append(order)
            else:
                said += self._rest(order)
        return said

    def _rest(self, order: Order) -> list[Report]:
        self.resting[order.id] = order
        self.left[order.id] = order.quantity or ZERO
        return [Accepted(order.id)]

    def fill(self, order: Order, price: str, quantity: str | Decimal = "", **more: Any) -> Filled:
        """A report of a fill; what is not said is all of the order, free of charge.

        The other order of a list ends with it, and what came along begins, in the same report.
        """
        whole = order.quantity if order.quantity is not None else D(quantity or 0)
        amount = D(quantity) if quantity else self.left.get(order.id, whole)
        left = self.left.get(order.id, whole) - amount
        self.left[order.id] = left
        complete = more.get("complete", left <= ZERO)
        if complete:
            self.resting.pop(order.id, None)
            for each in self.waiting.pop(order.id, ()):
                self.ended += self._rest(each)
        for other in list(self.resting.values()):
            if other.list_id and other.list_id == order.list_id and other is not order:
                del self.resting[other.id]
                self.ended.append(Expired(other.id, "the other of the list was executed"))
        self.trades += 1
        fee = D(more.get("fee", 0))
        asset = more.get("fee_asset", "USDT")
        name = more.get("trade_id", f"x{self.trades}")
        return Filled(order.id, name, D(price), amount, fee, asset, complete)

    def expire(self, order: Order) -> list[Report]:
        """The venue ends an order without a fill, and what came along with it."""
        self.resting.pop(order.id, None)
        along = self.waiting.pop(order.id, ())
        return [Expired(each.id, "not filled at once", ZERO) for each in (order, *along)]

    def enter(self, quantity: str, price: str = "100", symbol: str = "BTCUSDT") -> Outcome:
        """Buy at market, filled at once and whole: the step of the fill."""
        outcome = self.bar(signal(Action.ENTER, symbol))
        (order,) = placed(outcome)
        return self.report(self.fill(order, price, quantity, complete=True))

    # What is known.

    @property
    def state(self) -> State:
        return self.engine.state

    @property
    def view(self) -> View:
        return self.state.view(self.at)

    @property
    def mode(self) -> Mode:
        return self.state.memory.mode

    def cash(self) -> Decimal:
        return self.state.ledger.books.held("USDT")

    def held(self, symbol: str = "BTCUSDT") -> Decimal:
        position = self.state.ledger.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def working(self, role: OrderRole, symbol: str = "BTCUSDT") -> list[Order]:
        records = self.state.ledger.orders.working(symbol)
        return [record.order for record in records if record.order.role is role]

    def facts(self, kind: type[Fact]) -> list[Any]:
        return [fact for line in self.lines for fact in line.facts if isinstance(fact, kind)]

    # What must be true of every step.

    def _check(self, outcome: Outcome) -> None:
        decided = [fact for fact in outcome.facts if isinstance(fact, Decided)]
        proposed = list(self.execution.proposed)
        own = [d for d in decided if d.proposal not in proposed]
        assert all(d.proposal.reason == "kill_switch" for d in own), "risk itself only takes back"
        others = [d.proposal for d in decided if d not in own]
        assert others == proposed, "one verdict for each proposal, in order"
        for each in decided:
            entry = each.proposal.purpose is Purpose.ENTRY
            assert [check.gate for check in each.checks] == (list(Gate) if entry else [])
            failed = [check.gate for check in each.checks if not check.passed]
            assert each.refused_by == (failed[0] if failed else None)
        cancels = [c for command in outcome.commands for c in canceled(command)]
        assert len(cancels) == len(set(cancels)), f"cancelled twice: {cancels}"
        assert set(cancels) <= set(self.orders)
        assert self.state.ledger.books.imbalance() == {}
        for symbol in self.instruments:
            assert self.offered(symbol) <= self.held(symbol), "more is offered than is held"

    def offered(self, symbol: str) -> Decimal:
        """What rests for sale at the venue; a one-cancels-other list sells its quantity once."""
        lists: dict[str, Decimal] = {}
        for order in self.resting.values():
            if order.side is Side.SELL and order.symbol == symbol:
                lists[order.list_id or order.id] = self.left[order.id]
        return sum(lists.values(), ZERO)


def signal(action: Action = Action.ENTER, symbol: str = "BTCUSDT", **more: Any) -> Signal:
    return Signal(more.pop("strategy", ME), symbol, action, **more)


def placed(outcome: Outcome) -> list[Order]:
    """All orders that leave with this outcome."""
    found = []
    for command in outcome.commands:
        found.extend(getattr(command, "orders", ()))
    return found


def canceled(command: Any) -> list[str]:
    return [*getattr(command, "order_ids", ()), *getattr(command, "cancels", ())]


def decisions(outcome: Outcome) -> list[Decided]:
    return [fact for fact in outcome.facts if isinstance(fact, Decided)]


def changes(outcome: Outcome) -> list[ModeChanged]:
    return [fact for fact in outcome.facts if isinstance(fact, ModeChanged)]


def trades(outcome: Outcome) -> list[Any]:
    return [fact.trade for fact in outcome.facts if isinstance(fact, TradeClosed)]
