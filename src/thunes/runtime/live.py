"""The live process: events of a real venue into the core, one at a time, in the time of its own.

It waits for nothing and knows no threads: whoever runs it hears events and calls `tick` when
`due` says so. Whatever fails here ends the process; the next one recovers from the journal.
"""

from collections.abc import Callable

from msgspec.structs import replace

from thunes.core.domain.command import Command, SetTimer
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import BarsClosed, Event, TimerFired
from thunes.core.domain.evidence import DEADLINE_NS, FENCE_NS
from thunes.core.domain.line import Line, Outcome, encode, must_last
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.view import OrderState
from thunes.core.engine import Engine
from thunes.core.ledger.adoption import moves
from thunes.core.ledger.orders import OrderRecord
from thunes.runtime.closings import Closed
from thunes.runtime.horizon import Timers
from thunes.runtime.outside import Clock, KeepingStore, Lease, LiveVenue

Watch = Callable[[Event, Outcome], None]

LOOK_EVERY_NS = 30 * NS_PER_SECOND
LOOK_SOON_NS = 5 * NS_PER_SECOND
LOOK_AGAIN_NS = 2 * NS_PER_SECOND
LOOK_UNANSWERED_NS = 10 * NS_PER_SECOND
"""How often the account is looked at: always; while anything is unsettled; to confirm; when the
last look has shown nothing."""

KEEP_EVERY = 1_000
"""Steps after which the state is kept again."""

RENEW_EVERY_NS = 5 * NS_PER_SECOND
FILLS_MARGIN_NS = 60 * NS_PER_SECOND


class Fenced(ThunesError):
    """The lease is not ours for long enough to send anything: somebody else may trade soon."""


class Live:
    """Drives one engine against a venue that answers later."""

    def __init__(
        self, engine: Engine, venue: LiveVenue, store: KeepingStore, own: tuple[Clock, Lease]
    ) -> None:
        self.engine = engine
        self._venue = venue
        self._store = store
        self._clock, self._lease = own
        self._timers = Timers()
        self._watches: list[Watch] = []
        # The clock of the last process may have been ahead: what is on record stays in the past.
        self._now = max(engine.state.at, self._clock.now())
        self._lease.renew(self._now)
        self._looked_at = Instant(0)
        self._begun_at = self._renewed_at = self._now
        self.unkept = 0  # steps since the state was kept
        for record in engine.state.ledger.orders.by_age():
            if record.order.expires_at is not None:
                self._timers.set(record.order.expires_at, record.order.id)

    def watch(self, watch: Watch) -> None:
        """Tell `watch` of every step, after its commands were handed over."""
        self._watches.append(watch)

    def hear(self, event: Event) -> Outcome | None:
        """One step for what was heard, at the time of this process; None for old news."""
        if isinstance(event, BarsClosed) and event.sequence <= self.engine.state.market.sequence:
            return None
        event = replace(event, at=self._time())
        outcome = self.engine.step(event)
        # However little happens the state is kept in time, after its line: what is not is replayed.
        durable = must_last(event, outcome) or self.unkept + 1 >= KEEP_EVERY
        line = encode(Line(event, outcome.commands, outcome.facts))
        self._store.append(line, durable=durable)
        self.unkept += 1
        for command in outcome.commands:
            self._carry_out(command, event.at)
        for watch in self._watches:
            watch(event, outcome)
        if self.unkept >= KEEP_EVERY:
            self.keep()
        return outcome

    def close(self, bars: Closed) -> Outcome | None:
        """One step for bars that have closed: the tape grows by them."""
        tape = self.engine.state.market.tape
        last = int(tape.times[-1]) if len(tape) else -1
        new = {bar.close_time for more in bars.values() for bar in more if bar.close_time > last}
        return self.hear(BarsClosed(Instant(0), len(tape) - 1 + len(new), dict(bars)))

    def keep(self) -> None:
        """Keep the state of now, so that the next start is short."""
        self._store.keep(self.engine.state.snapshot())
        self.unkept = 0

    def reconnected(self) -> None:
        """What was told meanwhile is lost: look at the account at once."""
        self._look(self._time())

    def tick(self) -> None:
        """Do what is due: timers, a look at the account, the lease."""
        now = self._time()
        if now >= self._renewed_at + RENEW_EVERY_NS:
            self._renewed_at = now
            self._lease.renew(now)
        while (timer := self._timers.pop(now)) is not None:
            self.hear(TimerFired(at=now, name=timer[1]))
        if now >= self._look_due():
            self._look(now)

    def due(self) -> Instant:
        """When `tick` is to be called next."""
        soonest = min(self._look_due(), Instant(self._renewed_at + RENEW_EVERY_NS))
        timer = self._timers.due()
        return soonest if timer is None else min(soonest, timer)

    def _time(self) -> Instant:
        self._now = max(self._now, self._clock.now())
        return self._now

    def _carry_out(self, command: Command, at: Instant) -> None:
        if isinstance(command, SetTimer):
            self._timers.set(command.due, command.name)
            return
        if not self._lease.holds(Instant(at + DEADLINE_NS)):
            raise Fenced(
                "the lease of this account ends before what was decided could reach the venue: "
                "nothing was sent, another process may be taking over"
            )
        self._venue.send(command, at)

    def _look(self, now: Instant) -> None:
        self._looked_at = now
        since = self.engine.state.doubt.as_of - FILLS_MARGIN_NS
        self._venue.ask_account(now, Instant(max(0, since)))

    def _look_due(self) -> Instant:
        state, looked_at = self.engine.state, self._looked_at
        if state.doubt.missing or state.doubt.differences:
            return Instant(looked_at + LOOK_AGAIN_NS)
        every = LOOK_EVERY_NS if state.doubt.as_of >= looked_at else LOOK_UNANSWERED_NS
        soon = Instant(looked_at + LOOK_SOON_NS)
        fences = [
            record.asked_at + FENCE_NS + 1
            for record in state.ledger.orders.by_age()
            if record.state is OrderState.UNKNOWN
            or _is_inherited(record, self._begun_at, looked_at)
        ]
        if fences:
            due = min(fences)
            return Instant(due) if looked_at < due < soon else soon
        leaving = any(held.leaving for held in state.ledger.positions.values())
        uncompared = moves(state.ledger, state.doubt.as_of)
        unheeded = state.doubt.unheeded
        if state.memory.unreconciled or state.guard.naked or leaving or uncompared or unheeded:
            return soon
        return Instant(looked_at + every)


def _is_inherited(record: OrderRecord, begun_at: Instant, looked_at: Instant) -> bool:
    """Whether it was asked for shortly before this process began, and no look since then proves by
    its silence that it has gone."""
    return record.asked_at < begun_at and looked_at <= record.asked_at + FENCE_NS
