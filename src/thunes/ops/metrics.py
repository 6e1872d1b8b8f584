"""Metrics: what Prometheus may know of a live account, fed by its steps."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from decimal import Decimal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from thunes.core.domain.command import Command, PlaceOrders, ReplaceOrders
from thunes.core.domain.event import AccountSeen, BarsClosed, Event, VenueReported
from thunes.core.domain.fact import Decided, Difference, Discrepancy, Fact, ModeChanged, TradeClosed
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.mode import Mode
from thunes.core.domain.order import Expired, Filled, Order, Rejected, Report
from thunes.core.domain.units import ZERO, OrderId, Symbol
from thunes.core.domain.view import OrderState
from thunes.core.engine import Engine
from thunes.ops.once import Once
from thunes.ops.worth import worth

LATENCY_MS = (5, 10, 25, 50, 100, 250, 500, 1_000)
GAP_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAITING_MAX = 10_000
_MODES: Mapping[Mode, int] = {Mode.NORMAL: 0, Mode.DEGRADED: 1, Mode.HALTED: 2}


class Gaps:
    """Hears every quote and trade on the venue's thread: how long each symbol was quiet."""

    def __init__(
        self, registry: CollectorRegistry, count: Callable[[], float] = time.monotonic
    ) -> None:
        text = "Seconds between two messages of a symbol"
        self._seconds = Histogram("thunes_ws_gap_seconds", text, registry=registry, buckets=GAP_S)
        self._count = count
        self._heard: dict[Symbol, float] = {}

    def quoted(self, quote: Quote) -> None:
        self._hear(quote.symbol)

    def traded(self, trade: PublicTrade) -> None:
        self._hear(trade.symbol)

    def _hear(self, symbol: Symbol) -> None:
        now = self._count()
        before = self._heard.get(symbol)
        self._heard[symbol] = now
        if before is not None:
            self._seconds.observe(now - before)


class AccountMetrics:
    """Watches a live engine; `watch` is called on the acting thread after each step.

    Labels are words of ours (a venue, a kind, a side, a gate) and never what somebody else says.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        engine: Engine,
        venue: str,
        count: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._venue, self._count = engine, venue, count
        self._sent: OrderedDict[OrderId, float] = OrderedDict()
        self._once = Once()
        self._gauges = {
            name: Gauge(f"thunes_{name}", text, registry=registry) for name, text in _GAUGES.items()
        }
        kinds = ("venue", "order_type", "side")
        self._placed = _counter(registry, "orders_placed", "Orders that left", *kinds)
        self._fills = _counter(registry, "fills", "Fills of our orders", "found_by")
        self._trades = _counter(registry, "trades_closed", "Closed parts of positions", "won")
        self._refused = _counter(registry, "entries_refused", "Entries a gate refused", "gate")
        self._rejected = _counter(
            registry, "orders_rejected", "Orders that the venue refused", "code"
        )
        self._ended = _counter(registry, "orders_ended_by_venue", "Orders that the venue ended")
        self._changes = _counter(registry, "mode_changes", "Changes of the mode", "cause")
        self._differences = _counter(
            registry, "differences", "What the venue had and the books had not", "kind"
        )
        self._looks = _counter(registry, "account_looks", "Looks at the whole account")
        self._steps = _counter(registry, "steps", "Steps of the engine")
        self._latency = Histogram(
            "thunes_order_latency_ms",
            "Milliseconds from handing an order over to the first word about it",
            registry=registry,
            buckets=LATENCY_MS,
        )
        self._look()

    def watch(self, event: Event, outcome: Outcome) -> None:
        self._steps.inc()
        for command in outcome.commands:
            self._command(command)
        if isinstance(event, VenueReported):
            for report in event.reports:
                self._report(report)
        elif isinstance(event, AccountSeen):
            self._looks.inc()
        for fact in outcome.facts:
            self._fact(fact)
        if outcome.facts or isinstance(event, BarsClosed | VenueReported | AccountSeen):
            self._look()

    def _command(self, command: Command) -> None:
        if isinstance(command, PlaceOrders | ReplaceOrders):
            for order in command.orders:
                self._place(order)

    def _place(self, order: Order) -> None:
        self._placed.labels(self._venue, order.type.value, order.side.value).inc()
        self._sent[order.id] = self._count()
        if len(self._sent) > _WAITING_MAX:
            self._sent.popitem(last=False)

    def _report(self, report: Report) -> None:
        sent = self._sent.pop(report.order_id, None)
        if sent is not None:
            self._latency.observe((self._count() - sent) * 1e3)
        if isinstance(report, Filled) and self._once.first(report):
            self._fills.labels("report").inc()
        elif isinstance(report, Rejected):
            self._rejected.labels(_code(report.code)).inc()
        elif isinstance(report, Expired):
            self._ended.inc()

    def _fact(self, fact: Fact) -> None:
        if isinstance(fact, Decided):
            if fact.refused_by is not None:
                self._refused.labels(fact.refused_by.value).inc()
        elif isinstance(fact, TradeClosed):
            self._trades.labels("yes" if fact.trade.pnl > ZERO else "no").inc()
        elif isinstance(fact, ModeChanged):
            self._changes.labels(fact.cause.value).inc()
        elif isinstance(fact, Discrepancy):
            self._differences.labels(fact.kind.value).inc()
            if fact.kind is Difference.LATE_FILL:
                self._fills.labels("look").inc()

    def _look(self) -> None:
        """What stands now."""
        state, gauges = self._engine.state, self._gauges
        gauges["kill_switch_active"].set(state.memory.mode is Mode.HALTED)
        gauges["mode"].set(_MODES[state.memory.mode])
        gauges["open_positions"].set(len(state.ledger.positions))
        gauges["naked_positions"].set(len(state.guard.naked))
        orders = state.ledger.orders.by_age()
        gauges["open_orders"].set(len(orders))
        unknown = sum(1 for each in orders if each.state is OrderState.UNKNOWN)
        gauges["unknown_orders"].set(unknown)
        gauges["reconciled"].set(not state.memory.unreconciled)
        if state.market.sequence >= 0:
            gauges["last_bar_seconds"].set(state.market.closed_at() / 1e9)
            self._money()

    def _money(self) -> None:
        state, limits = self._engine.state, self._engine.rooms.risk.limits
        equity, start = worth(self._engine), state.memory.day_start_equity
        if equity is None:
            return
        self._gauges["equity"].set(float(equity))
        if start is None:
            return
        shares: list[Decimal] = [] if limits.daily_loss is None else [limits.daily_loss]
        if limits.daily_loss_share is not None:
            shares.append(limits.daily_loss_share * start)
        lost = start - equity
        self._gauges["daily_pnl"].set(float(-lost))
        used = max((lost / limit for limit in shares if limit > ZERO), default=ZERO)
        self._gauges["daily_pnl_used"].set(float(max(ZERO, used)))


_GAUGES = {
    "kill_switch_active": "1 while trading is halted",
    "mode": "0 normal, 1 degraded, 2 halted",
    "daily_pnl": "Equity gained since the UTC day began, in the quote asset",
    "daily_pnl_used": "Lost since the UTC day began, as a fraction of the tightest limit",
    "equity": "Everything held at its last price, in the quote asset",
    "open_positions": "Positions held",
    "naked_positions": "Positions without the stop that they should have",
    "open_orders": "Orders that are not known to be over",
    "unknown_orders": "Orders of which nobody knows what became of them",
    "reconciled": "1 once the account was found as the books have it",
    "last_bar_seconds": "When the newest bar closed, in seconds since 1970",
}


def _counter(registry: CollectorRegistry, name: str, text: str, *labels: str) -> Counter:
    return Counter(f"thunes_{name}", text, labels, registry=registry)


def _code(code: int) -> str:
    """Codes of the venue are few; what is no such number is one label."""
    return str(code) if -10_000 < code < 1_000 else "other"


def new_registry() -> CollectorRegistry:
    """One for this process: its memory, processor time and open files are in it already."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry
