"""Screened runs: the terms of a specification for the screen, and a winner run by the engine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import Friction, RunSpec
from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Instant, Symbol
from thunes.core.strategy.protocol import SignalStrategy
from thunes.research.agreement import EngineFills, refuse_difference
from thunes.research.screen import Fill, Screened, trace
from thunes.research.sweep.terms import Terms


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A parameter set that the engine has run as well, with the same outcome."""

    screened: Screened
    fills: tuple[Fill, ...]


def terms_of(spec: RunSpec, world: World) -> Terms:
    """What a screen has to know of a run. UsageError: it does something that is not screened."""
    if len(spec.strategies) != 1:
        raise UsageError("a screen takes one strategy: run several of them by the engine")
    if world.friction != Friction() or world.operators:
        raise UsageError(
            "a screen knows no delay, no share of volume, no optimistic bars and no operator: "
            "leave them out, or run the engine"
        )
    return Terms(
        quote=spec.quote,
        instruments=spec.instruments,
        traded=spec.strategies[0].symbols,
        balances=world.balances,
        sizing=spec.sizing,
        exits=spec.exits,
        limits=spec.limits,
        fee_rate=spec.costs.fee_rate,
        fee_asset=spec.costs.fee_asset,
        slippage=spec.costs.slippage_bps / 10_000,
        entry_cap=spec.entry_cap,
    )


def confirm(
    spec: RunSpec, columns: Mapping[Symbol, BarColumns], world: World, since: int = 0
) -> Confirmed:
    """Run the one strategy of `spec` both ways. ScreenDisagrees: not the same trades."""
    built = build_engine(spec, columns, since=since)
    strategies = list(built.desks.values())
    terms = replace(terms_of(spec, world), since=since)
    if not strategies or not isinstance(strategies[0], SignalStrategy):
        raise UsageError("a screen takes strategies that give signals, not those that ask events")
    screened, fills = trace(built.tape.bars, strategies[0], terms)
    if screened.doubts[0]:
        raise UsageError(
            f"{strategies[0]} cannot be screened to its end: {screened.doubts[0]}, and what "
            "follows from that only the engine knows"
        )
    engine = EngineFills(built.engine.state, built.tape)
    run_backtest(spec, columns, world, (built, engine))
    account = built.engine.state.view(Instant(int(built.tape.times[-1]))).account
    steps = {each.symbol: each.step for each in spec.instruments}
    equities = (float(screened.final_equity[0]), float(account.equity()))
    refuse_difference(fills, engine.fills, built.tape, steps, equities)
    return Confirmed(screened, tuple(fills))
