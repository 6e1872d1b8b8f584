"""Probes: rare paths by name, seen from outside, so that a run can say which it never took."""

from collections.abc import Mapping

from thunes.core.domain.decision import Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.fact import DayRolled, Decided, Difference, Discrepancy, Fact, ModeChanged
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Filled,
    OrderRole,
    Rejected,
    Report,
)
from thunes.core.domain.units import OrderId
from thunes.core.domain.view import OrderState
from thunes.simulation.faults import Fault
from thunes.simulation.lives import KILLED
from thunes.simulation.sight import Sight, Step

_FOUND: Mapping[Difference, str] = {
    Difference.LATE_FILL: "fill found by a look",
    Difference.FOREIGN_ORDER: "foreign order quarantined",
    Difference.PHANTOM: "phantom given up",
    Difference.UNKNOWN_POSITION: "unknown position taken over",
}
_MOVED: Mapping[Cause, str] = {
    Cause.DAILY_LOSS: "daily loss halted",
    Cause.DRAWDOWN_LIMIT: "drawdown halted",
    Cause.DRAWDOWN_RECOVERED: "drawdown recovered",
    Cause.OPERATOR_KILL: "killed",
}
_RESOLVED: Mapping[OrderState, str] = {
    OrderState.ACCEPTED: "unknown was open",
    OrderState.PARTLY_FILLED: "unknown was filling",
    OrderState.FILLED: "unknown was filled",
    OrderState.REJECTED: "unknown was never there",
    OrderState.CANCELED: "unknown was canceled",
    OrderState.EXPIRED: "unknown had ended",
}
PROBES = (
    *_FOUND.values(),
    *_MOVED.values(),
    *_RESOLVED.values(),
    "daily loss lifted by day",
    "day rolled while down",
    "kill survived a restart",
    "manual close met",
    "manual buy met",
    "deposit adopted",
    "withdrawal adopted",
    "unknown position protected",
    "late fill after cancel",
    "fill before acknowledgement",
    "acknowledgement after cancel",
    "cancel not found",
    "stop refused as already triggered",
    "target dropped from a refused list",
    "replace half failed",
    "refused for funds",
    "exit tried again",
    "given up unprotected",
    "stop moved up",
    "entry filled while down",
    "stop filled while down",
    "lease refused to a second instance",
    "second crash in recovery",
    "crash between journal and send",
    "torn tail",
    "power failed",
    "disk failed",
    "fenced after a pause",
    "hang killed by the watchdog",
    "outage over a naked position",
)
"""Every probe; a release has seen them all."""


class Probes:
    """Counts the rare paths that one world takes."""

    def __init__(self, sight: Sight) -> None:
        self.counts = dict.fromkeys(PROBES, 0)
        self._sight = sight
        self._acked: dict[OrderId, None] = {}
        self._canceled: dict[OrderId, None] = {}
        self._unknown: dict[OrderId, None] = {}
        self._epoch = 0
        self._first_bar = True
        self._killed = False
        self._hung = self._ready = False
        self._deaths = self._fills = self._seconds = 0
        self._naked_outage = False

    def see(self, step: Step) -> None:
        """One step, after it was taken."""
        event = step.event
        if self._sight.epoch != self._epoch:
            self._epoch, self._first_bar = self._sight.epoch, True
            self._hit("kill survived a restart", self._killed)
        for fact in step.outcome.facts:
            self._fact(fact, step)
        if isinstance(event, VenueReported):
            for report in event.reports:
                self._report(report, step)
        if isinstance(event, VenueReported | AccountSeen):
            self._resolve()
        if isinstance(event, BarsClosed):
            self._first_bar = False

    def look(self, naked: bool) -> None:
        """Something has happened; `naked` if a position lacks its stop now."""
        sight, world = self._sight, self._sight.world
        process = world.process
        if world.deaths != self._deaths:
            self._deaths = world.deaths
            self._hit("hang killed by the watchdog", self._hung)
            self._hit("second crash in recovery", not self._ready)
            self._hit("crash between journal and send", sight.unsent)
            sight.unsent = False
            self._ready = False
        if process is not None:
            self._ready = not process.live.engine.state.memory.unreconciled
            self._hung = process.hangs
        fills = sight.truth.fills
        for seen in fills[self._fills :]:
            promise = sight.promises.get(seen.fill.order_id)
            if process is None and promise is not None:
                role = promise.order.role
                self._hit("entry filled while down", role is OrderRole.ENTRY)
                self._hit("stop filled while down", role is OrderRole.STOP)
        self._fills = len(fills)
        seconds = world.box.counts.get(Fault.SECOND_INSTANCE, 0)
        self._hit("lease refused to a second instance", seconds > self._seconds and bool(process))
        self._seconds = seconds
        outage = naked and world.exchange.gate.lasts(Fault.OUTAGE)
        self._hit("outage over a naked position", outage and not self._naked_outage)
        self._naked_outage = outage

    def finish(self) -> dict[str, int]:
        """The counts, with what the world itself has counted."""
        journal, causes = self._sight.world.journal, self._sight.world.causes
        self.counts["torn tail"] = journal.torn
        self.counts["power failed"] = journal.power_failures
        self.counts["fenced after a pause"] = causes.get("Fenced", 0)
        self.counts["disk failed"] = sum(causes.values()) - sum(
            causes.get(each, 0) for each in KILLED
        )
        return self.counts

    def _hit(self, name: str, whether: bool = True) -> None:
        if whether:
            self.counts[name] += 1

    def _fact(self, fact: Fact, step: Step) -> None:
        if isinstance(fact, Discrepancy):
            self._discrepancy(fact)
        elif isinstance(fact, ModeChanged):
            if fact.cause in _MOVED:
                self._hit(_MOVED[fact.cause])
            self._killed = fact.cause is Cause.OPERATOR_KILL or (
                self._killed and fact.cause is not Cause.OPERATOR_RESUME
            )
            lifted = fact.cause is Cause.DAY_ROLLED and step.cause is Cause.DAILY_LOSS
            self._hit("daily loss lifted by day", lifted)
        elif isinstance(fact, DayRolled):
            self._hit("day rolled while down", self._first_bar and step.day >= 0)
        elif isinstance(fact, Decided) and fact.refused_by is None:
            self._decided(fact, step)

    def _discrepancy(self, fact: Discrepancy) -> None:
        if fact.kind in _FOUND:
            self._hit(_FOUND[fact.kind])
        elif fact.kind is Difference.FOREIGN_FILL:
            self._hit("manual close met" if fact.text.startswith("sell") else "manual buy met")
        elif fact.kind is Difference.BALANCE:
            came = fact.text.startswith("+")
            self._hit("deposit adopted" if came else "withdrawal adopted")

    def _decided(self, fact: Decided, step: Step) -> None:
        proposal = fact.proposal
        self._hit("stop moved up", proposal.purpose is Purpose.MOVE_STOP)
        if proposal.purpose is not Purpose.EXIT:
            return
        self._hit("given up unprotected", proposal.reason == "unprotected")
        again = proposal.reason in self._sight.reasons.get(proposal.symbol, ())
        self._hit("exit tried again", isinstance(step.event, AccountSeen) and again)

    def _report(self, report: Report, step: Step) -> None:
        order_id = report.order_id
        promise = self._sight.promises.get(order_id)
        if promise is None:
            return
        role = promise.order.role
        if isinstance(report, Accepted):
            self._hit("acknowledgement after cancel", order_id in self._canceled)
            adopted = promise.order.strategy == "adopted" and role is OrderRole.STOP
            self._hit("unknown position protected", adopted and order_id not in self._acked)
            self._acked[order_id] = None
        elif isinstance(report, Filled):
            self._hit("fill before acknowledgement", order_id not in self._acked)
            self._hit("late fill after cancel", order_id in self._canceled)
        elif isinstance(report, Canceled):
            self._canceled[order_id] = None
        elif isinstance(report, CancelRefused):
            self._hit("cancel not found", order_id not in self._sight.truth.open)
        elif isinstance(report, Rejected):
            self._rejected(report, role, step)

    def _rejected(self, report: Rejected, role: OrderRole, step: Step) -> None:
        self._hit("replace half failed", report.code == -2021)
        self._hit("refused for funds", report.again and "insufficient" in report.text)
        triggered = "trigger" in report.text
        self._hit("stop refused as already triggered", triggered and role is OrderRole.STOP)
        placed = any(
            isinstance(fact, Decided) and fact.proposal.purpose is Purpose.PROTECT
            for fact in step.outcome.facts
        )
        alone = role is OrderRole.TARGET and report.code not in (-2021, -2022)
        self._hit("target dropped from a refused list", alone and not report.again and placed)

    def _resolve(self) -> None:
        """Orders that were unknown and are not any more; those that are now."""
        state = self._sight.state
        if state is None:
            return
        orders = state.ledger.orders
        for order_id in list(self._unknown):
            record = orders.find(order_id)
            if record is None or record.state is not OrderState.UNKNOWN:
                del self._unknown[order_id]
                if record is not None and record.state in _RESOLVED:
                    self._hit(_RESOLVED[record.state])
        for record in orders.by_age():
            if record.state is OrderState.UNKNOWN:
                self._unknown.setdefault(record.order.id)
