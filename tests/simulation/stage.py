"""A stage: one scripted world, small enough to crash it at each of its effects, one by one.

Prices and signals are written down, latencies and restarts are drawn from one seed. A death is
an effect by its number, counted from the first one, and whether it comes before or after it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from unittest.mock import patch

import numpy as np

from thunes.core.domain.decision import Action, Signal
from thunes.core.domain.event import BarsClosed, Event, VenueReported
from thunes.core.domain.fact import (
    Decided,
    Discrepancy,
    ModeChanged,
    Noticed,
    PositionOpened,
    TradeClosed,
)
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import OrderRole
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND, parse_instant
from thunes.core.domain.view import View
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.core.strategy.feed import Strategies
from thunes.core.strategy.protocol import Desk, EventStrategy
from thunes.runtime.live import KEEP_EVERY
from thunes.simulation.chance import Chance
from thunes.simulation.disk import DiskFaults
from thunes.simulation.faults import Fault, Faults
from thunes.simulation.floor import Listing, Rules
from thunes.simulation.holdings import uncovered
from thunes.simulation.manual import Person
from thunes.simulation.prices import MINUTE_NS, TICKS_A_BAR, Path
from thunes.simulation.process import Process
from thunes.simulation.recorder import Recorder
from thunes.simulation.scene import USDT, Scene
from thunes.simulation.setting import Setting
from thunes.simulation.trial import Trial
from thunes.simulation.world import World, rest

D = Decimal
S = NS_PER_SECOND
NOON = "2024-01-02T12:00:00Z"
AAA = "AAAUSDT"
SEED = 5
SPREAD = 0.0002
SIZE = 1_000.0
STOP = ExitPlan(stop_distance=D("0.05"))

SCRIPTED = Faults("scripted", {Fault.REQUEST_LOST: 0.0})
"""Nothing strikes by chance, but until it is said to be calm something may go wrong."""

Death = tuple[int, bool]
"""Die at this effect, counted from 1: before it, or (True) after it."""


class Spoken(EventStrategy, frozen=True):
    """Says at each row what was written down for it."""

    rows: dict[int, tuple[Signal, ...]]

    def period(self) -> int:
        return 1

    def observe(self, event: Event, view: View, desk: Desk) -> Sequence[Signal]:
        return self.rows.get(event.sequence, ()) if isinstance(event, BarsClosed) else ()


@dataclass(frozen=True)
class Scenario:
    """What happens, and how one sees that it did.

    `prices` has one word per minute and symbol: a price, or up to four parts `100/99` in it, each
    with the base units that it offers if they are few: `100x4`. `signals` are (row, signal); `acts`
    are done so many seconds after the start. `sees` is what an undisturbed run must show, `calm`
    the second from which on nothing goes wrong but crashes.
    """

    name: str
    prices: str | Mapping[str, str]
    signals: Sequence[tuple[int, Signal]] = ()
    acts: Sequence[tuple[float, Callable[["Stage"], None]]] = ()
    sees: Sequence[str] = ()
    plan: ExitPlan = STOP
    limits: Limits = WIDE_OPEN
    start: str = NOON
    calm: float = 0
    rules: Rules = Rules.BINANCE
    segment_bytes: int = 0
    keep_every: int = KEEP_EVERY
    core: bool = False

    def scene(self) -> Scene:
        prices = {AAA: self.prices} if isinstance(self.prices, str) else self.prices
        start = parse_instant(self.start)
        paths = {symbol: path(text, start) for symbol, text in prices.items()}
        bars = {symbol: Bars(symbol, MINUTE_NS, each.bars()) for symbol, each in paths.items()}
        instruments = tuple(instrument(symbol) for symbol in prices)
        tape = Tape(bars)
        return Scene(
            start=start,
            minutes=len(next(iter(paths.values())).at) // TICKS_A_BAR,
            listing=Listing(instruments, {USDT: D(10_000)}, self.rules),
            paths=paths,
            tape=tape,
            plan=self.plan,
            limits=self.limits,
            sizing="fixed:1000",
            strategies=Strategies(self._said(list(prices)), tape),
        )

    def _said(self, symbols: Sequence[str]) -> dict[Desk, Spoken]:
        rows: dict[Desk, dict[int, tuple[Signal, ...]]] = {
            Desk("script", symbol): {} for symbol in symbols
        }
        for row, signal in self.signals:
            desk = rows.setdefault(Desk(signal.strategy, signal.symbol), {})
            desk[row] = (*desk.get(row, ()), signal)
        return {desk: Spoken(rows=each) for desk, each in rows.items()}


def says(row: int, action: Action, symbol: str = AAA, **more: object) -> tuple[int, Signal]:
    return row, Signal(more.pop("strategy", "script"), symbol, action, **more)


def path(text: str, start: int) -> Path:
    """The ticks that a line of prices stands for."""
    prices: list[float] = []
    sizes: list[float] = []
    for word in text.split():
        parts = [part.partition("x") for part in word.split("/")]
        for price, _, size in parts:
            count = TICKS_A_BAR // len(parts)
            prices += [float(price)] * count
            sizes += [float(size) if size else SIZE] * count
    middle = np.array(prices)
    every = MINUTE_NS // TICKS_A_BAR
    return Path(
        at=start + np.arange(middle.size, dtype=np.int64) * every,
        bid=np.round(middle * (1.0 - SPREAD), 2),
        ask=np.round(middle * (1.0 + SPREAD), 2),
        size=np.array(sizes),
    )


def instrument(symbol: str) -> Instrument:
    base = symbol.removesuffix(USDT)
    return Instrument(
        symbol=symbol,
        base=base,
        quote=USDT,
        tick=D("0.01"),
        step=D("0.001"),
        min_quantity=D("0.001"),
        min_notional=D(5),
    )


@dataclass
class Down:
    """From the death of a process, at an effect, until another one is ready (0: none was)."""

    since: int
    first: int
    until: int = 0
    last: int = 0


class SmallSegments(Recorder):
    """A journal whose segments are soon full."""

    segment_bytes = 0

    def open(self) -> list[bytes]:
        found = super().open()
        if self.segment_bytes:
            assert self._journal is not None
            self._journal._segment_bytes = self.segment_bytes
        return found


class StagedWorld(World):
    """Nothing goes wrong in it but what is written, and the deaths that it is given."""

    def __init__(self, scenario: Scenario, deaths: Sequence[Death] = ()) -> None:
        super().__init__(Setting(Chance(SEED), scenario.scene(), SCRIPTED))
        self._scenario = scenario
        self._next_deaths = list(deaths)
        self.journal = SmallSegments(self.chance, b'{"simulated":true}', DiskFaults())
        self.journal.segment_bytes = scenario.segment_bytes
        self.downs: list[Down] = []
        self.watch(self._ready)
        self._plan_death()

    def run(self, look: Callable[[], None]) -> None:
        start, stage = self.scene.start, Stage(self)
        self._begin()
        for second, act in self._scenario.acts:
            self.agenda.at(start + int(second * S), partial(act, stage))
        self.agenda.at(start + int(self._scenario.calm * S), self.box.heal)
        self._live(self.end, look)

    def _plan_death(self) -> None:
        """Whether the power fails too, and what that leaves on disk, is a matter of the effect."""
        if self._next_deaths:
            effect, after = self._next_deaths.pop(0)
            self.effects.kill(effect, after=after)
            self.journal._chance = Chance(2 * effect + after)

    def die(self, cause: str, text: str = "") -> None:
        super().die(cause, text)
        self.downs.append(Down(self.agenda.now, self.effects.count))
        self._plan_death()

    def _ready(self, process: Process, event: Event, outcome: Outcome) -> None:
        down = self.downs[-1] if self.downs else None
        if (
            down is not None
            and not down.until
            and not process.live.engine.state.memory.unreconciled
        ):
            down.until, down.last = self.agenda.now, self.effects.count


class Stage:
    """What a script may do to its world."""

    def __init__(self, world: StagedWorld) -> None:
        self.world = world
        self.person = Person(world.exchange)

    def operate(self, cause: Cause) -> None:
        """The operator acts, again and again until it is on record."""
        said = f'"cause":"{cause.value}"'.encode()

        def heard() -> int:
            lines = self.world.journal.lines
            return sum(b'"operator_acted"' in line and said in line for line in lines)

        before = heard()

        def act() -> None:
            if heard() > before:
                return
            self.world.agenda.after(2 * S, act)
            self.world.act(cause)

        act()

    def force(self, fault: Fault, lasts_s: float) -> None:
        """The fault strikes at each occasion until then."""
        box = self.world.box
        box._strikes[fault] = (box.chance.stream(f"fault.{fault.value}"), 1.0)
        self.world.agenda.after(int(lasts_s * S), lambda: box._strikes.pop(fault, None))

    def shut(self, fault: Fault, lasts_s: float) -> None:
        self.world.exchange.gate.shut(fault, int(lasts_s * S))

    def drop_streams(self) -> None:
        self.world.exchange.backend.drop_listeners()


@dataclass
class Run:
    """What became of a scenario: what broke, how it ended, what happened on the way."""

    broken: list[str]
    effects: int
    causes: dict[str, int]
    entries: Counter[tuple[str, str, int]]
    strokes: dict[str, int]
    ending: dict[str, object]
    bare: list[str]
    downs: list[Down]
    seen: set[str] = field(default_factory=set)


def play(scenario: Scenario, *deaths: Death) -> Run:
    """Live through a scenario under the eyes of all checkers, dying as told."""
    world = StagedWorld(scenario, deaths)
    seen: set[str] = set()
    world.watch(lambda process, event, outcome: seen.update(_told(process, event, outcome)))
    trial = Trial(world)
    effects: list[int] = []

    def counted(world: World, look: Callable[[], None]) -> None:
        effects.append(world.effects.count)
        rest(world, look)

    with (
        patch("thunes.runtime.live.KEEP_EVERY", scenario.keep_every),
        patch("thunes.simulation.trial.rest", counted),
    ):
        trial.run()
    truth, sight = world.exchange.truth, trial.sight
    entries = Counter(
        (each.order.symbol, each.order.strategy, sight.promises[each.order.id].bar)
        for each in truth.orders
        if each.ours and each.order.role is OrderRole.ENTRY and each.order.id in sight.promises
    )
    symbols = [each.symbol for each in world.scene.listing.instruments]
    return Run(
        broken=[f"{each.name}: {each.text}" for each in trial.broken.values()],
        effects=effects[0] if effects else world.effects.count,
        causes=world.causes,
        entries=entries,
        strokes={fault.value: count for fault, count in world.box.counts.items()},
        ending=_ending(world) if sight.state is not None else {},
        bare=[symbol for symbol in symbols if uncovered(sight, symbol)],
        downs=world.downs,
        seen=seen | set(world.causes),
    )


def _ending(world: StagedWorld) -> dict[str, object]:
    """All that matters of where it ended, at the exchange and in the process."""
    process = world.process
    assert process is not None
    state = process.live.engine.state
    return {
        "totals": world.exchange.backend.floor.totals(),
        "orders": sorted(
            f"{o.role.value} {o.symbol}: {o.quantity} at {o.limit_price or o.stop_price}"
            for o in (each.order for each in world.exchange.truth.open.values())
        ),
        "positions": [
            (p.symbol, p.strategy, p.quantity, p.entry_price, p.stop_price, p.targets_hit)
            for p in state.ledger.positions.values()
        ],
        "leaving": [p.symbol for p in state.ledger.positions.values() if p.leaving],
        "mode": (state.memory.mode, state.memory.cause),
        "doubt": (state.memory.unreconciled, state.memory.strange, state.doubt.differences),
        "day": (state.memory.day, state.memory.day_start_equity),
    }


def _told(process: Process, event: Event, outcome: Outcome) -> set[str]:
    """What a step tells, in a few words each."""
    found: set[str] = set()
    find = process.live.engine.state.ledger.orders.find
    if isinstance(event, VenueReported):
        for report in event.reports:
            record = find(report.order_id)
            if record is not None:
                found.add(f"{type(report).__name__.lower()} {record.order.role.value}")
    for fact in outcome.facts:
        match fact:
            case PositionOpened():
                found.add("opened")
            case TradeClosed():
                found.add(f"closed by {fact.trade.exit_reason}")
            case ModeChanged():
                found.add(f"{fact.after.value} by {fact.cause.value}")
            case Discrepancy():
                found.add(f"found {fact.kind.value}")
            case Noticed():
                found.add(f"noticed {fact.code}")
            case Decided() if fact.refused_by is not None:
                found.add(f"refused by {fact.refused_by.value}")
            case Decided():
                found.add(f"{fact.proposal.purpose.value} {fact.proposal.reason}".strip())
            case _:
                found.add(type(fact).__name__)
    return found
