"""Runs of the whole engine on small made markets, with every step kept for the telling."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from tests.core.bench import BTC, HOUR, Listening
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import Costs, Friction, RunSpec, StrategySpec
from thunes.core.domain.decision import Proposal, Purpose
from thunes.core.domain.event import Event, OperatorActed
from thunes.core.domain.fact import Decided, ModeChanged, TradeClosed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import BarColumns
from thunes.core.domain.order import Filled, Order
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import StrategyId, Symbol, parse_instant
from thunes.core.domain.view import Memory
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN
from thunes.core.state import State

EAGER = f"{Path(__file__).with_name('eager.py')}:Eager"
START = parse_instant("2024-01-03T00:00:00Z")


@dataclass
class Step:
    """One step, what was proposed in it, and what was remembered after it."""

    event: Event
    outcome: Outcome
    proposed: Sequence[Proposal]
    memory: Memory

    def facts(self, kind: Any) -> list[Any]:
        return [fact for fact in self.outcome.facts if isinstance(fact, kind)]


@dataclass
class Run:
    """All steps of a run, oldest first."""

    state: State
    steps: list[Step] = field(default_factory=list)

    def facts(self, kind: Any) -> list[Any]:
        return [fact for step in self.steps for fact in step.facts(kind)]

    def decided(self, purpose: Purpose = Purpose.ENTRY) -> Iterator[tuple[Step, Decided]]:
        for step in self.steps:
            for each in step.facts(Decided):
                if each.proposal.purpose is purpose:
                    yield step, each

    def orders(self) -> list[Order]:
        found: list[Order] = []
        for step in self.steps:
            for command in step.outcome.commands:
                found.extend(getattr(command, "orders", ()))
        return found

    def fills(self) -> list[tuple[Order, Filled]]:
        sent = {order.id: order for order in self.orders()}
        reports = [r for s in self.steps for r in getattr(s.event, "reports", ())]
        return [(sent[r.order_id], r) for r in reports if isinstance(r, Filled)]

    def trades(self) -> list[Any]:
        return [fact.trade for fact in self.facts(TradeClosed)]

    def changes(self) -> list[ModeChanged]:
        return self.facts(ModeChanged)


def bars(*closes: float, timeframe: int = HOUR, first: int = 0, volume: float = 1e6) -> BarColumns:
    """Bars that open at the close before, and reach no farther than both."""
    close = np.array(closes, dtype=np.float64)
    opened = np.concatenate([close[:1], close[:-1]])
    times = START + timeframe * (first + np.arange(close.size, dtype=np.int64))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return BarColumns(times, opened, high, low, close, np.full(close.size, volume))


def lasting(price: float, rows: int, **more: Any) -> BarColumns:
    return bars(*[price] * rows, **more)


def run(columns: BarColumns | dict[str, BarColumns], source: str = EAGER, **more: Any) -> Run:
    """One strategy over these bars, through driver, engine and simulated venue."""
    market = columns if isinstance(columns, dict) else {"BTCUSDT": columns}
    instrument: Instrument = more.pop("instrument", BTC)
    known = tuple(named(instrument, symbol) for symbol in market)
    cash: Decimal = more.pop("cash", Decimal(10_000))
    operators: Sequence[OperatorActed] = more.pop("operators", ())
    friction: Friction = more.pop("friction", Friction())
    parameters: dict[str, str] = more.pop("parameters", {})
    spec = RunSpec(
        quote=instrument.quote,
        timeframe=more.pop("timeframe", HOUR),
        instruments=known,
        strategies=(
            StrategySpec(StrategyId("me"), source, parameters, tuple(map(Symbol, market))),
        ),
        sizing=parse_sizing(more.pop("sizing", "fixed:1000")),
        exits=more.pop("exits", ExitPlan()),
        limits=more.pop("limits", WIDE_OPEN),
        costs=more.pop("costs", Costs()),
    )
    assert not more, f"a run knows no {', '.join(more)}"
    built = build_engine(spec, market)
    listening = Listening(spec.exits, spec.costs.fee_rate)
    built.engine.rooms = with_fields(built.engine.rooms, execution=listening)
    kept = Run(built.engine.state)

    def watch(event: Event, outcome: Outcome) -> None:
        memory = built.engine.state.memory
        remembered = Memory(*(getattr(memory, name) for name in memory.__struct_fields__))
        kept.steps.append(Step(event, outcome, listening.proposed, remembered))

    world = World({instrument.quote: cash}, friction, operators=operators, every_bar=True)
    run_backtest(spec, market, world, (built, watch))
    return kept


def named(instrument: Instrument, symbol: str) -> Instrument:
    return replace(instrument, symbol=symbol, base=symbol.removesuffix("USDT"))
