"""Lived days: what a journal tells of each day, as a table and as totals."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from thunes.core.domain.command import PlaceOrders, ReplaceOrders
from thunes.core.domain.event import BarsClosed, VenueReported
from thunes.core.domain.fact import Decided, Difference, Discrepancy, ModeChanged, TradeClosed
from thunes.core.domain.line import Line
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import CancelRefused, OutcomeUnknown, Rejected, Report
from thunes.core.domain.units import NS_PER_DAY, ZERO, Instant, OrderId

FILTER_CODE = -1013


@dataclass(slots=True)
class Day:
    """One UTC day: `refused_by_risk` never left, `rejected` were refused by the venue."""

    trades: int = 0
    won: int = 0
    pnl: Decimal = ZERO
    orders: int = 0
    rejected: int = 0
    refused_by_risk: int = 0
    failed_requests: int = 0
    halts: int = 0


@dataclass(slots=True)
class LivedDays:
    """Told of every line of a journal, oldest first."""

    days: dict[int, Day] = field(default_factory=dict)
    earned: list[Decimal] = field(default_factory=list)
    gates: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    failed_at: list[Instant] = field(default_factory=list)
    halts: list[tuple[Instant, Cause]] = field(default_factory=list)
    differences: Counter[Difference] = field(default_factory=Counter)
    stale: int = 0  # orders of ours that were told of as open, and were over
    closings: int = 0
    bars: int = 0
    _ours: set[OrderId] = field(default_factory=set)

    def __call__(self, line: Line) -> None:
        event = line.event
        day = self.days.setdefault(event.at // NS_PER_DAY, Day()) if event.at else Day()
        if isinstance(event, BarsClosed):
            self.closings += 1
            self.bars += sum(map(len, event.bars.values()))
        elif isinstance(event, VenueReported):
            for report in event.reports:
                self._told(day, report, event.at)
        for command in line.commands:
            if isinstance(command, PlaceOrders | ReplaceOrders):
                day.orders += len(command.orders)
                self._ours.update(order.id for order in command.orders)
        for fact in line.facts:
            self._found(day, fact, event.at)

    def total(self, name: str) -> int:
        """The sum of a count over all days."""
        return sum(int(getattr(day, name)) for day in self.days.values())

    def _told(self, day: Day, report: Report, at: Instant) -> None:
        if isinstance(report, Rejected) and not report.again:
            day.rejected += 1
            self.codes[report.code] += 1
        elif isinstance(report, OutcomeUnknown | Rejected) or (
            isinstance(report, CancelRefused) and report.again
        ):
            day.failed_requests += 1
            self.failed_at.append(at)

    def _found(self, day: Day, fact: object, at: Instant) -> None:
        if isinstance(fact, Decided) and fact.refused_by is not None:
            day.refused_by_risk += 1
            self.gates[fact.refused_by.value] += 1
        elif isinstance(fact, TradeClosed):
            day.trades += 1
            day.won += fact.trade.pnl > ZERO
            day.pnl += fact.trade.pnl
            self.earned.append(fact.trade.pnl)
        elif isinstance(fact, ModeChanged) and fact.after is Mode.HALTED:
            day.halts += 1
            self.halts.append((at, fact.cause))
        elif isinstance(fact, Discrepancy):
            self.differences[fact.kind] += 1
            ours = any(f"{order_id} " in fact.text for order_id in self._ours)
            self.stale += fact.kind is Difference.FOREIGN_ORDER and ours
