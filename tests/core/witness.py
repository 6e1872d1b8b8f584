"""The witness: looks at the account after every step, and adds up the fills by itself."""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from thunes.compose.backtest import Ran, World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import RunSpec
from thunes.core.domain.command import PlaceOrders, ReplaceOrders
from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.event import AccountOpened, BarsClosed, Event, VenueReported
from thunes.core.domain.fact import (
    Decided,
    Noticed,
    OrderChanged,
    PositionChanged,
    TradeClosed,
)
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import BarColumns
from thunes.core.domain.mode import Mode
from thunes.core.domain.order import Filled, Order, OrderRole, Rejected, Side
from thunes.core.domain.units import NS_PER_SECOND, Asset, Instant, OrderId, Symbol
from thunes.core.domain.view import OrderState, StepView, waits
from thunes.core.risk.invariants import broken_invariants
from thunes.core.risk.limits import Limits
from thunes.core.state import State

ZERO = Decimal(0)
IMMEDIATE = -2010  # a stop that the market has passed already


@dataclass
class Witness:
    """A watch that fails at the first step after which something does not hold."""

    state: State
    limits: Limits
    smooth: bool
    held: dict[Asset, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    spare: dict[Asset, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    fees_of_spare: Decimal = ZERO  # quote worth of the fees that spare coins have paid
    spare_sold: Decimal = ZERO
    earned: Decimal = ZERO
    opened: dict[Asset, Decimal] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    refused: set[Symbol] = field(default_factory=set)
    steps: int = 0
    fills: int = 0
    entries: int = 0
    lost_at: int | None = None
    entered_at: dict[Symbol, int] = field(default_factory=dict)
    told: dict[str, OrderChanged | PositionChanged] = field(default_factory=dict)

    def __call__(self, event: Event, outcome: Outcome) -> None:
        self.steps += 1
        spared = self._spared()
        view = self.state.view(event.at)
        broken = list(broken_invariants(self.state.ledger, view))
        assert not broken, f"{broken} after {event} -> {outcome}"
        if isinstance(event, AccountOpened):
            self.opened = dict(event.balances)
            for asset, amount in event.balances.items():
                self.held[asset] += amount
                self.spare[asset] += amount
        elif isinstance(event, VenueReported):
            for report in event.reports:
                if isinstance(report, Filled):
                    self._filled(report)
                elif isinstance(report, Rejected) and report.code == IMMEDIATE:
                    self.refused.add(self.orders[report.order_id].symbol)
        for fact in outcome.facts:
            if isinstance(fact, Noticed) and fact.code in ("broken_S15", "oversold"):
                # What an exit was to replace went on filling, and the venue found other coins.
                assert spared, fact
                assert not self.smooth, fact
                assert self.state.memory.mode is Mode.HALTED
            elif isinstance(fact, Noticed):
                assert fact.code in ("fee_from_position", "sold_from_dust"), fact
            if isinstance(fact, TradeClosed):
                self.earned += fact.trade.pnl
                self.lost_at = event.at if fact.trade.pnl < ZERO else None
                if fact.trade.exit_reason == "unprotected" and self.smooth:
                    assert fact.trade.symbol in self.refused, "given up without a need"
        for fact in outcome.facts:
            if isinstance(fact, Decided) and fact.refused_by is None:
                self._approved(fact.proposal, view)
        for command in outcome.commands:
            if isinstance(command, PlaceOrders | ReplaceOrders):
                self.orders.update((order.id, order) for order in command.orders)
        self._told(outcome)
        oversold = any(isinstance(f, Noticed) and f.code == "oversold" for f in outcome.facts)
        for symbol in self.state.market.instruments:
            self._owned(symbol)
            if isinstance(event, VenueReported):
                self._accounted(symbol, event if oversold else None)
        if self.smooth and isinstance(event, BarsClosed):
            # A stop that this very step has moved is on its way; any other one rests.
            assert all(since == event.at for since in self.state.guard.naked.values())
        if self.state.memory.mode is Mode.HALTED:
            for entry in view.account.entries():
                assert entry.state in (OrderState.CANCELING, OrderState.UNKNOWN), entry

    def _told(self, outcome: Outcome) -> None:
        """The last that facts tell of each order and each position is what the ledger has."""
        changed = [f for f in outcome.facts if isinstance(f, OrderChanged | PositionChanged)]
        self.told |= {getattr(f, "order_id", None) or f.symbol: f for f in changed}
        ledger = self.state.ledger
        held = {s: f for s in ledger.instruments if (f := self.told.get(s)) and f.quantity}
        assert held.keys() == ledger.positions.keys()
        for symbol, fact in held.items():
            has = ledger.positions[symbol]
            assert (fact.quantity, fact.entry_price) == (has.quantity, has.entry_price)
            assert (fact.strategy, fact.stop_price) == (has.strategy, has.stop_price)
            assert fact.opened_at == has.opened_at
        for record in (*ledger.orders.by_age(), *ledger.orders.closed.values()):
            fact = self.told.get(record.order.id)
            if fact is None:
                assert record.state is OrderState.SUBMITTED
                assert not record.filled
            else:
                assert (fact.state, fact.filled) == (record.state, record.filled)
                assert (fact.value, fact.fees) == (record.value, record.fees)

    def _filled(self, fill: Filled) -> None:
        order = self.orders[fill.order_id]
        sign = 1 if order.side is Side.BUY else -1
        instrument = self.state.market.instruments[order.symbol]
        self.held[instrument.base] += sign * fill.quantity
        self.held[instrument.quote] -= sign * fill.quantity * fill.price
        self.held[fill.fee_asset] -= fill.fee
        self.fills += 1
        pays = {each.base: each.symbol for each in self.state.market.instruments.values()}
        own = fill.fee_asset == instrument.base
        if fill.fee_asset in pays and not (own and order.side is Side.BUY):
            part = min(fill.fee, self.spare[fill.fee_asset])
            self.spare[fill.fee_asset] -= part
            mark = self.state.market.mark(pays[fill.fee_asset])
            self.fees_of_spare += part * (fill.price if own else mark)

    def _accounted(self, symbol: Symbol, oversold: Event | None) -> None:
        """Each coin is in one lot or spare, and spare coins pay fees before lots do."""
        ledger, base = self.state.ledger, self.state.market.instruments[symbol].base
        lots = [*ledger.lots.get(symbol, ()), *ledger.dust.get(symbol, ())]
        spare = ledger.books.held(base) - sum((lot.quantity for lot in lots), ZERO)
        if spare != self.spare[base]:
            assert isinstance(oversold, VenueReported)
            (fill,) = [report for report in oversold.reports if isinstance(report, Filled)]
            assert self.orders[fill.order_id].symbol == symbol
            assert 0 <= spare < self.spare[base]
            self.spare_sold += (self.spare[base] - spare) * fill.price
            self.spare[base] = spare

    def _spared(self) -> bool:
        """Whether there are coins that a symbol could sell though no position holds them."""
        ledger = self.state.ledger
        return any(self.spare[each.base] >= each.step for each in ledger.instruments.values())

    def _money(self) -> None:
        """Equity is what was begun with, earned and not yet earned, to the last digit."""
        ledger = self.state.ledger
        (cash,) = {each.quote for each in self.state.market.instruments.values()}
        lots = [lot for each in (*ledger.lots.values(), *ledger.dust.values()) for lot in each]
        selling = [r for each in ledger.orders.open.values() for r in each.values() if r.lots]
        earned = self.earned
        for record in selling:
            earned += record.value - record.traded_value - record.fees + record.traded_fees
            earned -= sum((lot.cost for lot in record.lots), ZERO)
        cost = sum((lot.cost for lot in lots), ZERO)
        begun = self.opened[cash] + self.fees_of_spare + self.spare_sold
        assert ledger.books.held(cash) == begun + earned - cost

    def _owned(self, symbol: Symbol) -> None:
        """A position and all that is sent for its symbol are of one strategy."""
        ledger = self.state.ledger
        owners = {record.order.strategy for record in ledger.orders.working(symbol)}
        if symbol in ledger.positions:
            owners.add(ledger.positions[symbol].strategy)
        assert len(owners) <= 1

    def _approved(self, proposal: Proposal, view: StepView) -> None:
        for order_id in proposal.cancels:
            if self.orders[order_id].role is OrderRole.EXIT:
                record = self.state.ledger.orders.find(order_id)
                held = view.account.position(record.order.symbol)
                outgrown = record.remaining > (held.quantity if held else ZERO)
                assert outgrown, "an exit is never taken back"
        if proposal.purpose is Purpose.ENTRY:
            self._entered(proposal, view)

    def _entered(self, proposal: Proposal, view: StepView) -> None:
        """The caps, as the account stands once the entry is in flight."""
        limits, account, symbol = self.limits, view.account, proposal.symbol
        self.entries += 1
        assert self.state.memory.mode is Mode.NORMAL
        assert proposal.notional is not None
        equity = account.equity()
        if limits.max_positions is not None:
            busy = {held.symbol for held in account.positions()}
            busy |= {entry.order.symbol for entry in account.entries()}
            assert len(busy) <= limits.max_positions
        if limits.order_size is not None:
            assert proposal.notional <= limits.order_size
        if limits.symbol_exposure is not None:
            assert account.exposure(symbol) <= limits.symbol_exposure * equity
        if limits.total_exposure is not None:
            assert account.total_exposure() <= limits.total_exposure * equity
        if limits.loss_per_trade is not None:
            assert proposal.stop_price is not None
            assert proposal.reference is not None
            lost = proposal.notional * (1 - proposal.stop_price / proposal.reference)
            assert lost <= limits.loss_per_trade
        start = self.state.memory.day_start_equity
        if limits.daily_loss is not None:
            assert start is not None
            assert start - equity < limits.daily_loss
        if not proposal.adds:
            self._cooled(limits.loss_cool_down_s, self.lost_at, view.at)
            self._cooled(limits.signal_cool_down_s, self.entered_at.get(symbol), view.at)
            self.entered_at[symbol] = view.at

    def _cooled(self, limit: int | None, since: int | None, now: int) -> None:
        if limit is not None and since is not None:
            assert now - since >= limit * NS_PER_SECOND

    def settle(self, ran: Ran, at_once: bool) -> None:
        """At the end the fills, the ledger and the venue tell of the same coins."""
        self._money()
        balances = ran.venue.balances()
        for asset in {*self.held, *balances}:
            free, locked = balances.get(asset, (ZERO, ZERO))
            assert free + locked == self.held[asset] == self.state.ledger.books.held(asset)
        entries = self.state.ledger.orders.open_entries.values()
        if at_once and all(each.order.quote_amount or each.order.limit_price for each in entries):
            # What is kept back for entries is what the venue has locked for them.
            (cash,) = {each.quote for each in self.state.market.instruments.values()}
            available = self.state.view(Instant(0)).account.available()
            assert available == balances[cash].free
        # What is still on its way where that takes time may come to find nothing left to sell: a
        # fee took it, and the venue will say so.
        gone = [OrderState.CANCELING, *([] if at_once else [OrderState.SUBMITTED])]
        selling = [
            record
            for records in self.state.ledger.orders.open.values()
            for record in records.values()
            if record.order.role is not OrderRole.ENTRY and record.state not in gone
            if not waits(record.order, self.state.ledger.orders.find)
        ]
        assert all(r.order.symbol in self.state.ledger.positions for r in selling)


def witnessed(spec: RunSpec, columns: dict[Symbol, BarColumns], world: World) -> Witness:
    """Run with a witness, and settle."""
    built = build_engine(spec, columns)
    friction = world.friction
    smooth = not friction.latency_ms and friction.participation is None
    witness = Witness(built.engine.state, spec.limits, smooth)
    ran = run_backtest(spec, columns, world, (built, witness))
    witness.settle(ran, at_once=not world.friction.latency_ms)
    return witness
