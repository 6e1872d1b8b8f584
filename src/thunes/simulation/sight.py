"""Sight: what an onlooker knows of a running world, without asking anybody in it.

The exchange's truth, the lines of the journal as they come and go, and the state of the living
process are read, never written. What a line promised is kept by order, so that what arrives at
the exchange can be held against it.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from thunes.core.domain.command import CancelOrders, SetTimer, VenueCommand
from thunes.core.domain.decision import Purpose
from thunes.core.domain.event import AccountSeen, BarsClosed, Event, QuoteReceived, Restarted
from thunes.core.domain.fact import Decided, Difference, Discrepancy, TradeClosed
from thunes.core.domain.line import Line, Outcome, decode_line
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Order
from thunes.core.domain.units import Instant, Money, OrderId, Symbol
from thunes.core.state import State
from thunes.simulation.faults import Fault
from thunes.simulation.truth import Received
from thunes.simulation.world import World

_encode = msgspec.json.Encoder(decimal_format="string").encode
_COINS = (Difference.PHANTOM, Difference.UNKNOWN_POSITION, Difference.FOREIGN_FILL)
_SHUT = (Fault.OUTAGE, Fault.MAINTENANCE, Fault.BANNED, Fault.RATE_LIMITED, Fault.CANCEL_ONLY)


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


class Sight:
    """Follows one world; `look` after each action, `see` at each step."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.scene = world.scene
        self.truth = world.exchange.truth
        self.promises: dict[OrderId, Promise] = {}
        self.recorded: dict[VenueCommand, int] = {}
        self.arrived: dict[VenueCommand, int] = {}
        self.gone: list[str] = []  # lines that a crash took though they had been acted on
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
        self._undone: list[tuple[Line, int, int]] = []
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
    def able(self) -> bool:
        """Whether a process is awake and the exchange would take its orders."""
        process, gate = self.world.process, self.world.exchange.gate
        if process is None or process.hangs:
            return False
        return not any(gate.lasts(fault) for fault in _SHUT)

    @property
    def calm_since(self) -> Instant | None:
        """Since when nothing has gone wrong any more; None while faults strike."""
        return None if self.healed_at is None else max(self.healed_at, self.started_at)

    def see(self, event: Event, outcome: Outcome) -> Step:
        """A step was just taken; its line is the newest one."""
        self._read(len(self.world.journal.lines) - 1)
        self.unsent = False
        self._take(Line(event, outcome.commands, outcome.facts), self.world.journal.lines[-1])
        before, self._before = self._before, _remembered(self.state, self._before)
        return Step(event, outcome, *before)

    def look(self) -> None:
        """Something has happened: keep up with the journal, with deaths and with the healing."""
        world, lines = self.world, self.world.journal.lines
        if len(lines) != self.lines_read:
            self._read(len(lines))
        if self.healed_at is None and world.box.healed:
            self.healed_at = self.now

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
        self._undone.append((line, self.epoch, self.bar))
        if isinstance(event, Restarted):
            self.epoch = event.epoch
            self.started_at = self.starts[event.epoch] = self.now
            self._before = _remembered(self.state, self._before)
            self.looks = 0
        elif isinstance(event, AccountSeen):
            self.looks += 1
        elif isinstance(event, BarsClosed):
            self.bar = event.sequence
        for fact in line.facts:
            if isinstance(fact, TradeClosed):
                self.earned.append(fact.trade.pnl)
            elif isinstance(fact, Discrepancy):
                self.lost_coins |= fact.kind in _COINS
        if not line.commands:
            return
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
        line, self.epoch, self.bar = self._undone.pop()
        self.lines_read -= 1
        for fact in line.facts:
            if isinstance(fact, TradeClosed):
                self.earned.pop()
        for command in line.commands:
            if isinstance(command, SetTimer):
                continue
            self.recorded[command] -= 1
            if self.arrived.get(command, 0) > self.recorded[command]:
                self.gone.append(f"the line at {line.event.at} asked for what arrived, and is gone")
            if not isinstance(command, CancelOrders):
                for order in command.orders:
                    del self.promises[order.id]


def _remembered(state: State | None, before: _Memory) -> _Memory:
    """What the memory says of mode and day; what it said before while nobody lives."""
    if state is None:
        return before
    memory = state.memory
    return (memory.mode, memory.cause, memory.day, memory.day_start_equity)
