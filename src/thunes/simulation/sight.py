"""Sight: what an onlooker knows of a running world, without asking anybody in it.

The exchange's truth, the lines of the journal as they come and go, and the state of the living
process are read, never written. What a line promised is kept by order, so that what arrives at
the exchange can be held against it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from thunes.core.domain.command import CancelOrders, SetTimer, VenueCommand
from thunes.core.domain.decision import Purpose
from thunes.core.domain.event import (
    AccountSeen,
    BarsClosed,
    Event,
    QuoteReceived,
    Restarted,
    VenueReported,
)
from thunes.core.domain.evidence import FENCE_NS
from thunes.core.domain.fact import (
    Decided,
    Difference,
    Discrepancy,
    TradeClosed,
)
from thunes.core.domain.line import Line, Outcome, decode_line
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import CancelRefused, Order
from thunes.core.domain.units import NS_PER_SECOND, Instant, Money, OrderId, Symbol
from thunes.core.state import State
from thunes.simulation.faults import Fault
from thunes.simulation.host import WRONG_NS_MAX
from thunes.simulation.rebuilt import Rebuilt
from thunes.simulation.said import Said, never_to_miss, told_by
from thunes.simulation.truth import Received
from thunes.simulation.world import World

_encode = msgspec.json.Encoder(decimal_format="string").encode
_CLOCKS = (Fault.CLOCK_SKEW, Fault.CLOCK_JUMP, Fault.CLOCK_DRIFT, Fault.CLOCK_STEP)
_COINS = (Difference.PHANTOM, Difference.UNKNOWN_POSITION, Difference.FOREIGN_FILL)


_Memory = tuple[Mode, Cause | None, int, Money | None]


class Promise(NamedTuple):
    """An order as the journal has it: when decided, by which process, at which bar (or -1)."""

    order: Order
    at: Instant
    epoch: int
    bar: int
    decided: Decided | None


class Step(NamedTuple):
    """One step with what the memory said before it."""

    event: Event
    outcome: Outcome
    mode: Mode
    cause: Cause | None
    day: int
    day_start: Money | None
    said: Said = Said()
    naked: Mapping[Symbol, Instant] = {}
    alive: Sequence[OrderId] = ()  # orders that were not over before it


class Sight:
    """Follows one world; `look` after each action, `see` at each step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.scene = world.scene
        self.truth = world.exchange.truth
        self.rebuilt = Rebuilt(world.scene)
        self.promises: dict[OrderId, Promise] = {}
        self.recorded: dict[VenueCommand, int] = {}
        self.arrived: dict[VenueCommand, int] = {}
        self.gone: list[tuple[str, str]] = []  # what a crash took that was to stay
        self.unsent = False  # whether the last line asked for something, and a crash came first
        self.epoch = 0
        self.bar = -1
        self.earned: list[Money] = []  # by each trade that was closed
        self.lost_coins = False  # whether coins were ever found missing, or more than expected
        self.looks = 0  # at the account, by this process
        self.reasons: dict[Symbol, dict[str, None]] = {}  # for which exits were decided before
        self.healed_at: Instant | None = None
        self.started_at = world.agenda.now
        self.starts: dict[int, Instant] = {}
        self.lines_read = 0
        self.said = Said()
        self._undone: list[tuple[Line, int, int, Said]] = []
        self._seen: list[bool] = []  # of each line: whether its step was seen to its end
        self._naked: Mapping[Symbol, Instant] = {}
        self._alive: list[OrderId] = []
        self.newest = Instant(0)  # of the looks that this process has taken
        self.is_news = False  # whether the last look is newer than all before it
        self.refused: dict[OrderId, None] = {}  # orders that a cancel was refused of
        self.absent: dict[OrderId, Instant] = {}  # past its fence: first in which look
        self.clocks_off_ns = _clocks_off_ns(world)
        self._hash = hashlib.sha256()
        self._requests = 0
        self._before: _Memory = (Mode.NORMAL, None, -1, None)
        self._reasons: list[tuple[Symbol, str]] = []

    @property
    def now(self) -> Instant:
        return self.world.agenda.now

    @property
    def state(self) -> State | None:
        """What the living process believes; None while there is none."""
        process = self.world.process
        return None if process is None else process.live.engine.state

    @property
    def trace(self) -> str:
        return self._hash.hexdigest()

    @property
    def calm_since(self) -> Instant | None:
        """Since when nothing has gone wrong any more; None while faults strike."""
        return None if self.healed_at is None else max(self.healed_at, self.started_at)

    def see(self, event: Event, outcome: Outcome) -> Step:
        """A step was just taken; its line is the newest one."""
        self._read(len(self.world.journal.lines) - 1)
        self.unsent = False
        said = self.said
        self._take(Line(event, outcome.commands, outcome.facts), self.world.journal.lines[-1])
        self._seen[-1] = True
        before, self._before = self._before, _remembered(self.state, self._before)
        naked, self._naked = self._naked, _bare(self.state, self._naked)
        alive, self._alive = self._alive, _working(self.state)
        if isinstance(event, AccountSeen):
            self.is_news = event.as_of > self.newest
            self.newest = max(self.newest, event.as_of)
            for order_id in _lacking(self.state, event):
                self.absent.setdefault(order_id, event.as_of)
        if isinstance(event, VenueReported):
            for report in event.reports:
                if isinstance(report, CancelRefused):
                    self.refused[report.order_id] = None
        return Step(event, outcome, *before, said, naked, alive)

    def look(self) -> None:
        """Something has happened: keep up with the journal and the healing."""
        if (lines := len(self.world.journal.lines)) != self.lines_read:
            self._read(lines)
        if self.healed_at is None and self.world.box.healed:
            # What has told a time to come stands still until then.
            self.healed_at = Instant(self.now + max(0, _ahead_ns(self.world)))

    def arrivals(self) -> Iterator[Received]:
        """Requests that reached the exchange since this was last asked."""
        received = self.truth.received
        while self._requests < len(received):
            each = received[self._requests]
            self._requests += 1
            self._hash.update(b"%d %d " % (each.at, each.stamp) + _encode(each.command))
            self.arrived[each.command] = self.arrived.get(each.command, 0) + 1
            yield each

    def _read(self, until: int) -> None:
        """Lines that no step was seen of: those of a start, and those of steps that were died in.

        Fewer lines than before: a crash has taken the last ones.
        """
        lines = self.world.journal.lines
        while self.lines_read > len(lines):
            self._forget()
        while self.lines_read < until:
            payload = lines[self.lines_read]
            line = decode_line(payload)
            self.unsent = bool(line.commands)
            self._take(line, payload)

    def _take(self, line: Line, payload: bytes) -> None:
        self.lines_read += 1
        self._hash.update(payload)
        event = line.event
        for symbol, reason in self._reasons:
            self.reasons.setdefault(symbol, {})[reason] = None
        self._reasons.clear()
        self._undone.append((line, self.epoch, self.bar, self.said))
        self._seen.append(False)
        if line.facts:
            self.said = told_by(self.said, line)
        if isinstance(event, Restarted):
            self.epoch = event.epoch
            self.started_at = self.starts[event.epoch] = self.now
            self._before = _remembered(self.state, self._before)
            self._naked = _bare(self.state, self._naked)
            self.looks = 0
            self._alive, self.absent, self.newest = _working(self.state), {}, Instant(0)
        elif isinstance(event, AccountSeen):
            self.looks += 1
        elif isinstance(event, BarsClosed):
            self.bar = event.sequence
        for fact in line.facts:
            if isinstance(fact, TradeClosed):
                self.earned.append(fact.trade.pnl)
            elif isinstance(fact, Discrepancy):
                self.lost_coins |= fact.kind in _COINS
        if line.commands:
            self._promise(line)

    def _promise(self, line: Line) -> None:
        """The line asks for something: keep what, and by which decision."""
        event = line.event
        decided = [each for each in line.facts if isinstance(each, Decided)]
        self._reasons += [
            (each.proposal.symbol, each.proposal.reason)
            for each in decided
            if each.proposal.purpose is Purpose.EXIT
        ]
        for command in line.commands:
            if isinstance(command, SetTimer):
                continue
            self.recorded[command] = self.recorded.get(command, 0) + 1
            if isinstance(command, CancelOrders):
                continue
            for order in command.orders:
                said = next((d for d in decided if order in d.proposal.orders), None)
                bar = self.bar if isinstance(event, BarsClosed | QuoteReceived) else -1
                self.promises[order.id] = Promise(order, event.at, self.epoch, bar, said)

    def _forget(self) -> None:
        line, self.epoch, self.bar, self.said = self._undone.pop()
        self.lines_read -= 1
        if self._seen.pop():
            self.gone.extend(never_to_miss(line))
        for fact in line.facts:
            if isinstance(fact, TradeClosed):
                self.earned.pop()
        for command in line.commands:
            if isinstance(command, SetTimer):
                continue
            self.recorded[command] -= 1
            if self.arrived.get(command, 0) > self.recorded[command]:
                said = f"the line at {line.event.at} asked for what arrived, and is gone"
                self.gone.append(("S1", said))
            if not isinstance(command, CancelOrders):
                for order in command.orders:
                    del self.promises[order.id]


def _remembered(state: State | None, before: _Memory) -> _Memory:
    """What the memory says of mode and day; what it said before while nobody lives."""
    if state is None:
        return before
    memory = state.memory
    return (memory.mode, memory.cause, memory.day, memory.day_start_equity)


def _ahead_ns(world: World) -> int:
    """By how much the time of the process is ahead of the venue's (behind, if negative)."""
    lines, clock = world.journal.lines, world.clock
    if not lines or clock is None:
        return 0
    return max(decode_line(lines[-1]).event.at - world.agenda.now, clock.error_ns)


def _clocks_off_ns(world: World) -> int:
    """By how much the clock of a process may be wrong: by much only where clocks fail."""
    wrong = any(fault in world.box.faults.intensity for fault in _CLOCKS)
    return NS_PER_SECOND + (WRONG_NS_MAX if wrong else 0)


def _bare(state: State | None, before: Mapping[Symbol, Instant]) -> Mapping[Symbol, Instant]:
    return before if state is None else dict(state.guard.naked)


def _working(state: State | None) -> list[OrderId]:
    return [] if state is None else [record.order.id for record in state.ledger.orders.by_age()]


def _lacking(state: State | None, seen: AccountSeen) -> Iterator[OrderId]:
    """Working orders that this look would tell of, past their deadline, were they there."""
    told = [each.order_id for each in seen.orders]
    for record in () if state is None else state.ledger.orders.by_age():
        if record.order.id not in told and seen.as_of > record.asked_at + FENCE_NS:
            yield record.order.id
