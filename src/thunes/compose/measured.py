"""A measured backtest: run, recorded, measured, and warned about."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import msgspec

from thunes.adapters.venues.simulated.costs import Charged
from thunes.compose.backtest import Ran, World, run_backtest
from thunes.compose.engine import Built, build_engine
from thunes.compose.spec import RunSpec
from thunes.compose.suspicion import suspicions
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Asset, Instant, Symbol
from thunes.core.risk.limits import WIDE_OPEN
from thunes.research.findings import Circumstances, findings
from thunes.research.measure import Priced, equity_curve, measure, trade_rows
from thunes.research.recording import Recording
from thunes.research.result import BacktestResult, Metrics


@dataclass(frozen=True, slots=True)
class Measured:
    """The result as it is shown, and how it came about."""

    result: BacktestResult
    refusals: dict[str, int]
    steps: int


def measured_backtest(
    spec: RunSpec, columns: Mapping[Symbol, BarColumns], world: World
) -> Measured:
    """Run and measure. Where bars were ambiguous, a second run shows the other end."""
    built = build_engine(spec, columns)
    recording, tape = Recording(built.engine.state), built.tape
    ran = run_backtest(spec, columns, world, (built, recording))
    curve = equity_curve(recording, tape, spec.quote)
    rows = trade_rows(recording)
    fee, slippage = spec.costs.fee_bps / 10_000, spec.costs.slippage_bps / 10_000
    priced = Priced(spec.quote, float(fee), float(slippage), ran.venue.ambiguous_bars)
    metrics = measure(recording, tape, curve, rows, priced)
    interval = _interval(spec, columns, world, metrics) if metrics.ambiguous_bars else None
    seen = _circumstances(spec, built, recording, interval)
    result = BacktestResult(
        title=f"{' and '.join(each.id for each in spec.strategies)} on {_traded(spec)}",
        strategy=", ".join(each.source for each in spec.strategies),
        parameters=_parameters(spec),
        symbols=tuple(columns),
        quote=spec.quote,
        timeframe=spec.timeframe,
        start=min(int(bars.open_time[0]) for bars in columns.values()),
        end=int(tape.times[-1]),
        settings=settings_of(spec, world),
        metrics=metrics,
        curve=curve,
        trades=rows,
        candles=columns,
        findings=findings(metrics, seen),
        interval=interval,
        outcome_hash=ran.outcome_hash,
    )
    refusals = {gate.value: count for gate, count in recording.refusals.items()}
    return Measured(result, refusals, ran.steps)


def _circumstances(
    spec: RunSpec, built: Built, recording: Recording, interval: tuple[float, float] | None
) -> Circumstances:
    return Circumstances(
        tape=built.tape,
        recording=recording,
        stop_distance=spec.exits.stop_distance,
        parameters=sum(len(each.parameters) for each in spec.strategies),
        interval=interval,
        ticks={instrument.symbol: instrument.tick for instrument in spec.instruments},
        noticed=tuple(suspicions(spec, built)),
    )


def _parameters(spec: RunSpec) -> dict[str, str]:
    """By name; by strategy and name where there are several."""
    if len(spec.strategies) == 1:
        return dict(spec.strategies[0].parameters)
    return {
        f"{each.id}.{name}": value
        for each in spec.strategies
        for name, value in each.parameters.items()
    }


def _interval(
    spec: RunSpec, columns: Mapping[Symbol, BarColumns], world: World, metrics: Metrics
) -> tuple[float, float]:
    friction = msgspec.structs.replace(world.friction, optimistic=True)
    other = replace(world, friction=friction, journal=None)
    ran = run_backtest(spec, columns, other)
    return metrics.final_equity, float(_equity(ran))


def _equity(ran: Ran) -> Decimal:
    last = Instant(int(ran.built.tape.times[-1]))
    return ran.built.engine.state.view(last).account.equity()


def _traded(spec: RunSpec) -> str:
    symbols = tuple(dict.fromkeys(s for each in spec.strategies for s in each.symbols))
    return ", ".join(symbols[:3]) + (f" and {len(symbols) - 3} more" if len(symbols) > 3 else "")


def settings_of(spec: RunSpec, world: World) -> tuple[tuple[str, str], ...]:
    """What a run does beside its strategy, in words: (name, text), in order."""
    costs, friction = spec.costs, world.friction
    instrument = spec.instruments[0]
    wide_open = spec.limits == WIDE_OPEN
    share = friction.participation
    rows = (
        ("entry", _entry_said(spec)),
        ("inside a bar", "the stop before the target; a target only when traded through"),
        ("fees", f"{costs.fee_bps} bps a side, in {_fees_said(spec, world)}"),
        ("slippage", f"{costs.slippage_bps} bps a side, rounded to the tick against us"),
        ("sizing", _sizing_said(spec)),
        ("exits", _exits_said(spec)),
        (
            "filters",
            (
                f"tick {instrument.tick}, step {instrument.step}, "
                f"at least {instrument.min_notional} {spec.quote} an order"
            ),
        ),
        ("latency", f"{friction.latency_ms} ms"),
        ("participation", "any size fills" if share is None else f"{share:.2%} of a bar's volume"),
        (
            "limits",
            "wide open: the strategy is measured, not the limits (no --config)"
            if wide_open
            else _limits_said(spec),
        ),
    )
    return tuple(rows)


def _entry_said(spec: RunSpec) -> str:
    said = "a signal at a close fills at the next open, moved against us"
    if spec.entry_cap is None:
        return said
    return f"{said}, at most {spec.entry_cap:.2%} above that close or not at all, with its stop"


def _fees_said(spec: RunSpec, world: World) -> str:
    if spec.costs.fee_asset != Charged.BNB.value:
        return spec.costs.fee_asset
    held = world.balances.get(Asset("BNB"), 0)
    return f"bnb ({held} held to begin with; in the received asset while there is none)"


def _sizing_said(spec: RunSpec) -> str:
    kind, value = spec.sizing.kind, spec.sizing.value
    if kind in ("equity", "risk", "volatility"):
        return f"{kind} {value:.2%}"
    return kind if kind == "all_cash" else f"{kind} {value}"


def _exits_said(spec: RunSpec) -> str:
    plan, parts = spec.exits, []
    if plan.stop_distance is not None:
        parts.append(f"stop {plan.stop_distance:.2%}")
    parts += [f"target {each.distance:.2%} for {each.share:.0%}" for each in plan.targets]
    if plan.trail_distance is not None:
        parts.append(f"trailing {plan.trail_distance:.2%} after {plan.trail_after} targets")
    if plan.break_even_after is not None:
        parts.append(f"break-even after {plan.break_even_after} targets")
    return ", ".join(parts) or "by signal only"


def _limits_said(spec: RunSpec) -> str:
    values = msgspec.structs.asdict(spec.limits)
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
