"""The rodage: days of an account in minutes, lived by the live engine in a faulty world."""

import decimal
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np

from thunes.adapters.venues.simulated.costs import Charged, FeeModel
from thunes.adapters.venues.simulated.models import Models, ParticipationModel
from thunes.compose.engine import build_live_engine, strategies_over
from thunes.compose.headers import live_header
from thunes.compose.spec import Account, RunSpec
from thunes.compose.strategies import keep_texts
from thunes.core.domain.decision import Signal
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import Bar, BarColumns
from thunes.core.domain.units import EXACT, NS_PER_SECOND, ONE, Instant, Symbol, format_instant
from thunes.core.domain.view import View
from thunes.core.engine import Engine
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape
from thunes.core.strategy.anchored import LATE_MAX_NS
from thunes.core.strategy.feed import Strategies
from thunes.simulation.chance import Chance
from thunes.simulation.drill import Drill
from thunes.simulation.faults import Faults
from thunes.simulation.floor import Listing
from thunes.simulation.notes import Note
from thunes.simulation.process import Process
from thunes.simulation.scene import Scene
from thunes.simulation.setting import Setting
from thunes.simulation.ticks import path_of
from thunes.simulation.trial import Trial
from thunes.simulation.verdict import Verdict
from thunes.simulation.world import World

HISTORY_BARS = 500
QUOTES_NS = 20 * NS_PER_SECOND
HOUR_NS = 3_600 * NS_PER_SECOND
HALF_SPREAD = 0.0001
LEAST_HOURS = 0.1
"""The last five minutes of a run are healed and quiet."""


@dataclass(frozen=True, slots=True)
class Rodage:
    """What is to be lived through: rules, cash, bars (with a past), how long, and what befalls it.

    `plan` says what befalls a run that begins at an instant.
    """

    spec: RunSpec
    cash: Decimal
    columns: Mapping[Symbol, BarColumns]
    hours: float
    seed: int
    plan: Callable[[Instant], Faults]


class Lived(NamedTuple):
    """What became of it: `equity` is a sample an hour, `bars` how many there were to be known (the
    past included), `memory_bytes` the most that was used."""

    start: Instant
    end: Instant
    verdict: Verdict
    notes: Sequence[Note]
    equity: Sequence[tuple[Instant, Decimal]]
    drill: Drill
    bars: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage(Scene):
    """A scene whose processes know no bar before it has closed, as those of an account."""

    spec: RunSpec

    def engine(self) -> Engine:
        return build_live_engine(self.spec)

    def closing(self, row: int, engine: Engine) -> BarsClosed | None:
        known = len(engine.state.market.tape)
        if row < known or (not known and engine.state.memory.unreconciled):
            return None  # told already, or not to be told before it is known what is held
        bars: dict[Symbol, tuple[Bar, ...]] = {}
        for symbol in self.tape.bars:
            found = [self.tape.bar_closing(symbol, each) for each in range(known, row + 1)]
            if new := tuple(bar for bar in found if bar is not None):
                bars[symbol] = new
        return BarsClosed(Instant(int(self.tape.times[row])), row, bars)


class _Prompt:
    """What strategies would say with all bars on the table, where a closing comes in time."""

    failures: Sequence[str] = ()

    def __init__(self, strategies: Strategies, tape: Tape) -> None:
        self._strategies, self._tape = strategies, tape

    def observe(self, event: Event, view: View) -> Sequence[Signal]:
        if not isinstance(event, BarsClosed):
            return ()
        late = event.at - int(self._tape.times[event.sequence]) > LATE_MAX_NS
        return () if late else self._strategies.observe(event, view)


def live_through(
    rodage: Rodage, directory: Path, told: Callable[[Instant], object] = lambda _: None
) -> Lived:
    """Live through it and write the journal of the account into `directory`.

    The same seed, bars and plan give the same journal. UsageError: the bars do not suffice.
    """
    with decimal.localcontext(EXACT):
        scene = _scene(rodage)
        world = World(Setting(Chance(rodage.seed), scene, rodage.plan(scene.start)))
        trial = Trial(world)
        drill = Drill(trial.sight, Instant((scene.start + world.end) // 2))
        sampler = _Sampler(told)
        world.watch(sampler)
        trial.run()
        verdict = trial.verdict("plan", ())
        _write(world, directory)
        keep_texts(rodage.spec.strategies, directory)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Lived(
            start=scene.start,
            end=world.end,
            verdict=verdict,
            notes=world.notebook.notes,
            equity=sampler.equity,
            drill=drill,
            bars=sum(len(bars) for bars in scene.tape.bars.values()),
            memory_bytes=peak if sys.platform == "darwin" else peak * 1_024,
        )


class _Sampler:
    """Notes the equity once an hour."""

    def __init__(self, told: Callable[[Instant], object]) -> None:
        self.equity: list[tuple[Instant, Decimal]] = []
        self._told = told
        self._hour = -1

    def __call__(self, process: Process, event: Event, _: Outcome) -> None:
        if isinstance(event, BarsClosed) and event.at // HOUR_NS != self._hour:
            self._hour = event.at // HOUR_NS
            account = process.live.engine.state.view(event.at).account
            self.equity.append((event.at, account.equity()))
            self._told(event.at)


def _scene(rodage: Rodage) -> _Stage:
    spec = rodage.spec
    tape = Tape({s: Bars(s, spec.timeframe, bars) for s, bars in rodage.columns.items()})
    start, end = _window(rodage, tape)
    kept = {
        s: _between(bars, start - HISTORY_BARS * spec.timeframe, end)
        for s, bars in tape.bars.items()
    }
    tape = Tape({s: Bars(s, spec.timeframe, columns) for s, columns in kept.items()})
    lived = {s: _between(bars, start, end) for s, bars in tape.bars.items()}
    instruments = {one.symbol: one for one in spec.instruments}
    fees = FeeModel(spec.costs.fee_rate, spec.costs.fee_rate, Charged(spec.costs.fee_asset))
    return _Stage(
        start=start,
        minutes=(end - start) // (60 * NS_PER_SECOND),
        listing=Listing(
            spec.instruments,
            {spec.quote: rodage.cash},
            models=Models(fees=fees, participation=ParticipationModel(ONE)),
        ),
        paths={
            s: path_of(instruments[s], columns, spec.timeframe, HALF_SPREAD)
            for s, columns in lived.items()
        },
        tape=tape,
        plan=spec.exits,
        limits=spec.limits,
        sizing="",
        strategies=_Prompt(strategies_over(spec, tape), tape),
        quotes_ns=QUOTES_NS,
        header=live_header(spec, Account("simulated", f"seed {rodage.seed}")),
        spec=spec,
    )


def _window(rodage: Rodage, tape: Tape) -> tuple[Instant, Instant]:
    """When the run begins and ends: after a past of some bars, as far as there are any."""
    frame = rodage.spec.timeframe
    first = max(int(bars.open_time[0]) for bars in tape.bars.values())
    last = min(int(bars.close_time[-1]) for bars in tape.bars.values())
    length = int(rodage.hours * 3_600) * NS_PER_SECOND // frame * frame
    start = min(first + HISTORY_BARS * frame, last - length)
    if rodage.hours < LEAST_HOURS or length < 2 * frame:
        raise UsageError(f"--hours {rodage.hours:g} is too short: give {LEAST_HOURS} or more")
    if start < first:
        held = max(0, last - first) / HOUR_NS
        raise UsageError(
            f"--hours {rodage.hours:g}: the bars reach {held:.1f} h only, from "
            f"{format_instant(first)} to {format_instant(last)}; give fewer hours or more bars"
        )
    return Instant(start), Instant(start + length)


def _between(bars: Bars, start: int, end: int) -> BarColumns:
    low, high = np.searchsorted(bars.open_time, (start, end)).tolist()
    columns = bars.columns
    return BarColumns(
        *(getattr(columns, name)[low:high].copy() for name in BarColumns.__dataclass_fields__)
    )


def _write(world: World, directory: Path) -> None:
    try:
        world.journal.finish(directory)
    except OSError as error:
        raise ThunesError(f"{directory} cannot be written: {error.strerror}") from error
