"""The walk forward: windows through time, and what the tests say one after the other."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import Floats, Ints
from thunes.core.domain.units import NS_PER_DAY, format_instant
from thunes.core.stats.bootstrap import Sampling, automatic_block, interval, resampled
from thunes.core.stats.drawdown import max_drawdown
from thunes.core.stats.overfitting import deflated_sharpe
from thunes.core.stats.paths import column_sharpes
from thunes.core.stats.performance import DAYS_A_YEAR, sharpe
from thunes.core.stats.series import BadSeries
from thunes.core.stats.sharpe import minimum_track_record, probabilistic_sharpe, track_record
from thunes.research.search.concluding import DRAWS, fortunes_of
from thunes.research.search.result import Parameters, Ran, Walked, Window
from thunes.research.search.windows import Plan, Span
from thunes.research.trials import Trial
from thunes.research.verdict import Criterion, Judgement, judged_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one window came to: how many sets were tried, the choice (no parameters: none of them
    ever traded, so nothing was), its score and trial in training, and its trial in the test."""

    span: Span
    tried: int
    parameters: Parameters
    score: float | None
    train: Trial | None
    test: Floats
    drawdown: float
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What was measured of a walk elsewhere: how many walks these bars have seen, the return of its
    tests at doubled costs, whether the gates hold, what holding came to, the money it began with,
    and the seed of resampling."""

    walks: int
    doubled_costs: float | None
    gates_hold: bool | None
    hold: Floats
    initial: float
    seed: int


def walked(
    ran: Ran, names: tuple[str, ...], stages: Sequence[Stage], plan: Plan, beside: Beside
) -> Walked:
    """Put the tests together, one after the other, into the only curve that is performance."""
    returns = np.concatenate([stage.test for stage in stages])
    days = np.concatenate([_days(stage.span, stage.test.size) for stage in stages])
    shown = tuple(_window(stage) for stage in stages)
    record = track_record(returns)
    equity = beside.initial * np.cumprod(1 + returns)
    figures = _Figures(
        gates=None if beside.gates_hold is None else float(beside.gates_hold),
        dsr=None if record is None else deflated_sharpe(record, beside.walks, 1 / returns.size),
        efficiency=_efficiency(stages),
        positive=float(np.mean([each.test_return > 0 for each in shown])),
        days=returns.size,
        trades=sum(each.trades for each in shown),
        low=None if (band := _interval(returns, beside.seed)) is None else band[0],
        doubled_costs=beside.doubled_costs,
    )
    return Walked(
        ran=ran,
        names=names,
        windows=shown,
        anchored=plan.anchored,
        initial=beside.initial,
        days=days,
        equity=equity,
        hold=beside.hold,
        sharpe=sharpe(returns, DAYS_A_YEAR),
        total_return=float(equity[-1] / beside.initial - 1),
        max_drawdown=max_drawdown(np.concatenate(([beside.initial], equity))) or 0.0,
        efficiency=figures.efficiency,
        positive=figures.positive,
        judgement=_judged(figures),
        interval=band,
        psr=None if record is None else probabilistic_sharpe(record),
        dsr=figures.dsr,
        periods_needed=None if record is None else minimum_track_record(record),
        fortunes=fortunes_of(returns, beside.seed),
    )


def trajectory(names: Sequence[str], stages: Sequence[Stage]) -> str:
    """The windows as CSV, one row each: what was chosen, and what came of it."""
    text = io.StringIO()
    rows = csv.writer(text)
    times = ("train_start", "train_end", "test_start", "test_end")
    figures = (
        *("trials", "train_score", "train_sharpe", "train_return_a_year"),
        *("test_sharpe", "test_return", "test_return_a_year", "test_drawdown", "trades"),
    )
    rows.writerow(("window", *times, *names, *figures))
    for each in map(_window, stages):
        told = (format_instant(getattr(each, name)) for name in times)
        values = (each.parameters.get(name, "") for name in names)
        rows.writerow((each.number, *told, *values, *(getattr(each, name) for name in figures)))
    return text.getvalue()


DAYS_MIN, TRADES_MIN = 60, 30
"""Fewer say nothing of what comes after them, however good they were."""

_LEAST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    gates: float | None
    dsr: float | None
    efficiency: float | None
    positive: float
    days: int
    trades: int
    low: float | None
    doubled_costs: float | None


_CRITERIA: tuple[Criterion[_Figures], ...] = (
    Criterion(
        "gates",
        "the share of look-ahead and null-market gates that hold",
        lambda f: f.gates,
        1.0,
        hopeless=1.0,
    ),
    Criterion(
        "dsr",
        "the confidence that the tests earn, deflated by the walks on these bars",
        lambda f: f.dsr,
        0.95,
        hopeless=0.5,
    ),
    Criterion(
        "efficiency",
        "the growth a year of the tests over that of the training",
        lambda f: f.efficiency,
        0.5,
        hopeless=0.0,
    ),
    Criterion("positive", "the share of tests that earned", lambda f: f.positive, 0.5),
    Criterion("days", "the number of days tested", lambda f: f.days, DAYS_MIN),
    Criterion("trades", "the number of trades closed in tests", lambda f: f.trades, TRADES_MIN),
    Criterion(
        "low",
        "the lower end of the Sharpe ratio's interval",
        lambda f: f.low,
        0.0,
        strict=True,
    ),
    Criterion(
        "doubled_costs",
        "the return of the tests at doubled costs",
        lambda f: f.doubled_costs,
        0.0,
        strict=True,
    ),
)


def _judged(figures: _Figures) -> Judgement:
    return judged_by(_CRITERIA, figures)


def _window(stage: Stage) -> Window:
    span, train = stage.span, None if stage.train is None else stage.train.returns
    return Window(
        number=span.number,
        train_start=span.train_start,
        train_end=span.train_end,
        test_start=span.test_start,
        test_end=span.test_end,
        parameters=stage.parameters,
        trials=stage.tried,
        train_score=stage.score,
        train_sharpe=None if train is None else sharpe(train, DAYS_A_YEAR),
        train_return_a_year=None if train is None else _a_year(train),
        test_sharpe=sharpe(stage.test, DAYS_A_YEAR),
        test_return=float(np.prod(1 + stage.test) - 1),
        test_return_a_year=_a_year(stage.test),
        test_drawdown=stage.drawdown,
        trades=stage.closed,
    )


def _days(span: Span, count: int) -> Ints:
    return span.test_start + NS_PER_DAY * np.arange(1, count + 1)


def _a_year(returns: Floats) -> float | None:
    """The return a year, compounded; None where it is too large to write down."""
    grown = _growth(returns)
    return math.expm1(grown) if grown < 700.0 else None


def _growth(returns: Floats) -> float:
    """The logarithm of what the equity is multiplied by in a year; -inf for a loss of all."""
    with np.errstate(divide="ignore"):
        return float(np.log1p(np.maximum(returns, -1.0)).sum()) * DAYS_A_YEAR / returns.size


def _efficiency(stages: Sequence[Stage]) -> float | None:
    """Mean growth a year of the tests over that of the training; None unless that was above 1 %.

    Of logarithms, which for a few percent are the returns themselves, and which no single window
    that doubled within a week rules.
    """
    both = [(_growth(each.train.returns), _growth(each.test)) for each in stages if each.train]
    trained = float(np.mean([train for train, _ in both])) if both else 0.0
    if not trained > _LEAST:
        return None
    found = float(np.mean([test for _, test in both])) / trained
    return found if math.isfinite(found) else None


def _interval(returns: Floats, seed: int) -> tuple[float, float] | None:
    try:
        sampling = Sampling(automatic_block(returns), DRAWS, seed)
        low, high = interval(resampled(returns, lambda each: column_sharpes(each.T), sampling))
    except BadSeries:
        return None
    year = math.sqrt(DAYS_A_YEAR)
    return low * year, high * year
