"""Findings: what a reader must know before believing the figures, gravest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_DAY, Symbol
from thunes.core.market.tape import Tape
from thunes.research.recording import Recording
from thunes.research.result import Finding, Metrics

TRADES_MIN = 30
TRADES_PER_PARAMETER = 20
CONFIDENCE = 0.95


Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the warnings look at beside the figures."""

    tape: Tape
    recording: Recording
    stop_distance: Decimal | None
    parameters: int
    interval: tuple[float, float] | None
    ticks: dict[Symbol, Decimal]
    noticed: tuple[Row, ...] = ()
    """What was seen before the run: (code, text). Looking ahead is the gravest of all."""


def findings(metrics: Metrics, seen: Circumstances) -> tuple[Finding, ...]:
    """Warnings, ranked from 1; empty when there is nothing to say."""
    cheats = [row for row in seen.noticed if row[0] == "look_ahead"]
    found = [
        *cheats,
        *_trading(metrics, seen),
        *_halts(seen),
        *_intrabar(metrics, seen),
        *_data(seen),
        *_evidence(metrics, seen),
        *(row for row in seen.noticed if row not in cheats),
    ]
    return tuple(Finding(rank, code, text) for rank, (code, text) in enumerate(found, start=1))


def _trading(metrics: Metrics, seen: Circumstances) -> Iterator[Row]:
    refusals = seen.recording.refusals
    refused = ""
    if refusals:
        gate = max(refusals, key=lambda each: refusals[each])
        refused = (
            f"{sum(refusals.values())} entries were refused, most often by {gate.value} "
            f"({refusals[gate]} times)"
        )
    if metrics.trades == 0:
        entered = "what was entered is still open" if metrics.open_positions else refused
        why = entered or "nothing was entered"
        yield "no_trades", f"Not one trade was closed; {why}: no figure here says anything."
    elif metrics.trades < TRADES_MIN:
        yield (
            "few_trades",
            f"{metrics.trades} trades are few: below {TRADES_MIN} the averages are mostly luck.",
        )
    if refused and (metrics.trades or metrics.open_positions):
        yield "refusals", f"{refused}."


def _halts(seen: Circumstances) -> Iterator[Row]:
    for change in seen.recording.modes:
        if change.after.value == "halted":
            yield (
                "halted",
                f"Trading was halted by {change.cause.value}"
                + ("" if change.actual is None else f" ({change.actual:.2f} of {change.limit:.2f})")
                + ": later bars show a system that stands still.",
            )
            return


def _intrabar(metrics: Metrics, seen: Circumstances) -> Iterator[Row]:
    if metrics.ambiguous_bars:
        text = f"{metrics.ambiguous_bars} bars held both the stop and the target; "
        if seen.interval is None:
            yield "ambiguous_bars", text + "the stop is taken to come first."
        else:
            low, high = seen.interval
            yield (
                "ambiguous_bars",
                text + f"final equity is {low:,.2f} if the stop came first in all of them "
                f"(shown here) and {high:,.2f} if the target did. Finer bars would tell.",
            )
    if seen.stop_distance is None:
        return
    for symbol, bars in seen.tape.bars.items():
        spans = float(np.median((bars.high - bars.low) / bars.close))
        if float(seen.stop_distance) < spans:
            yield (
                "stop_within_bar",
                (
                    f"The stop of {float(seen.stop_distance):.2%} is tighter than half of the "
                    f"bars of {symbol} are high (median range {spans:.2%}): bars cannot tell."
                ),
            )


def _data(seen: Circumstances) -> Iterator[Row]:
    for symbol, bars in seen.tape.bars.items():
        steps = np.diff(bars.open_time)
        holes = steps > bars.timeframe
        if holes.any():
            missing = int(np.sum(steps[holes] // bars.timeframe - 1))
            yield (
                "gaps",
                (
                    f"{symbol}: {int(holes.sum())} gaps, {missing} bars missing; a stop inside a "
                    "gap fills at the next open."
                ),
            )
        finer = _finer_than(bars.columns, float(seen.ticks[symbol]))
        if finer:
            yield (
                "tick",
                (
                    f"{symbol}: {finer:.0%} of the closes lie between ticks of "
                    f"{seen.ticks[symbol]}; give the real tick with --tick."
                ),
            )


def _finer_than(columns: BarColumns, tick: float) -> float:
    closes = columns.close[:: max(1, len(columns) // 10_000)]
    steps = closes / tick
    return float(np.mean(np.abs(steps - np.rint(steps)) > 1e-6 * np.maximum(1.0, steps)))


def _evidence(metrics: Metrics, seen: Circumstances) -> Iterator[Row]:
    if seen.parameters and 0 < metrics.trades < TRADES_PER_PARAMETER * seen.parameters:
        yield (
            "parameters",
            (
                f"{metrics.trades} trades for {seen.parameters} parameters: below "
                f"{TRADES_PER_PARAMETER} a parameter a good figure is easily fitted by chance."
            ),
        )
    if metrics.psr is not None and metrics.psr < CONFIDENCE:
        days = int(seen.tape.times[-1] - seen.tape.times[0]) / NS_PER_DAY
        longer = metrics.days_needed
        yield (
            "not_significant",
            (
                f"After {days:.0f} days the confidence that the true Sharpe ratio is above zero is "
                f"{metrics.psr:.0%}, below {CONFIDENCE:.0%}"
                + ("." if longer is None else f"; it takes {longer:,.0f} days of such a record.")
            ),
        )
    baseline = metrics.baseline
    if baseline is not None and baseline.beaten < CONFIDENCE:
        yield (
            "no_better_than_chance",
            (
                f"Random entries with the same exposure did worse in {baseline.beaten:.0%} of "
                f"{baseline.draws} draws: the timing is not shown to help."
            ),
        )
    costs = metrics.fees + metrics.slippage
    gross = metrics.final_equity - metrics.initial_equity + costs
    if costs > 0.0 and gross > 0.0 and costs > 0.5 * gross:
        yield "costs", f"Fees and slippage took {costs / gross:.0%} of what was earned before them."
    if metrics.open_positions:
        yield (
            "open_positions",
            f"{metrics.open_positions} open at the end: marked at the last close, not sold.",
        )
