"""Walking forward: in each window sets are searched, one is frozen, and the engine tests it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256

import numpy as np

from thunes.adapters.storage.note import Note
from thunes.compose.asked import Asked
from thunes.compose.concluded import doubled, gates_pass, ran_on
from thunes.compose.optimizing import run_trials, study_name, trying_of
from thunes.compose.searched import Ground, initial_equity, run_engine, run_sets
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.market import Floats, Ints
from thunes.core.domain.units import NS_PER_DAY
from thunes.core.stats.series import BadSeries
from thunes.research.search.choosing import choose, scores_of, surround
from thunes.research.search.concluding import scored
from thunes.research.search.result import Ran, Walked
from thunes.research.search.space import Point, Space
from thunes.research.search.trying import Trying
from thunes.research.search.walk import Beside, Stage, trajectory, walked
from thunes.research.search.windows import Plan, Span, windows
from thunes.research.trials import Trial, TrialLedger

RESULTS = "wf_results.csv"
TESTED = "/test"
"""Ends the name of the study under which the tests of a walk are on record."""

Told = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class _Choice:
    point: Point | None
    score: float | None
    trial: Trial | None


def walk_forward(ground: Ground, space: Space, asked: Asked, plan: Plan, told: Told) -> Walked:
    """Search, freeze and test window after window; each finished one is in `wf_results.csv`."""
    if asked.sampler == "nsga2":
        raise UsageError("a walk forward freezes one set a window: --sampler tpe, grid or random")
    for asset, amount in ground.world.balances.items():
        if amount and asset != ground.spec.quote:
            raise UsageError(
                f"{amount} {asset} is held besides the cash, and a walk forward carries only "
                f"{ground.spec.quote} from test to test: leave --balance out"
            )
    try:
        return _walked(ground, space, asked, plan, told)
    except BadSeries as error:
        raise DataError(f"{error}") from error


def _walked(ground: Ground, space: Space, asked: Asked, plan: Plan, told: Told) -> Walked:
    spans = windows(ground.days, plan)
    names = tuple(axis.name for axis in space.axes)
    asked = replace(asked, study=asked.study or _name(ground, space, asked, plan))
    stages: list[Stage] = []
    money = initial_equity(ground)
    for span in spans:
        told(span.number, len(spans))
        tested = _test_ground(ground, span, money)
        stage = _stage(ground, space, asked, (span, tested))
        stages.append(stage)
        money *= float(np.prod(1 + stage.test))
        Note(asked.artifacts / "optuna" / RESULTS).write(trajectory(names, stages).encode())
    told(len(spans), len(spans))
    last = next((each for each in reversed(stages) if each.parameters), None)
    if last is None:
        raise DataError(
            "no set ever traded in any training window: give longer windows than the longest "
            "look-back, or wider --range"
        )
    beside = Beside(
        walks=_walks(ground, asked),
        doubled_costs=_at_doubled_costs(ground, space, stages),
        gates_hold=gates_pass(ground, {**space.fixed, **last.parameters}),
        hold=_held(ground, stages),
        initial=initial_equity(ground),
        seed=asked.seed,
    )
    return walked(_ran(ground, space, asked, plan, spans), names, stages, plan, beside)


def _stage(ground: Ground, space: Space, asked: Asked, of: tuple[Span, Ground]) -> Stage:
    span, tested = of
    train = ground.between(span.train_start, span.train_end)
    trying = trying_of(train, space, asked, lambda sets: run_sets(train, sets))
    chosen = _chosen(trying, train, asked)
    if chosen.point is None:
        nothing = np.zeros(tested.days.size)
        return Stage(
            span=span,
            tried=len(trying.found),
            parameters={},
            score=None,
            train=None,
            test=nothing,
            drawdown=0.0,
            closed=0,
        )
    test = replace(asked, study=f"{asked.study}{TESTED}")
    tests = trying_of(
        tested,
        space,
        test,
        lambda sets: [run_engine(tested.with_parameters(each)) for each in sets],
    )
    tests([chosen.point])
    found = tests.found[chosen.point]
    return Stage(
        span=span,
        tried=len(trying.found),
        parameters=space.parameters(chosen.point),
        score=chosen.score,
        train=chosen.trial,
        test=found.returns,
        drawdown=found.drawdown or 0.0,
        closed=found.closed or 0,
    )


def _chosen(trying: Trying, train: Ground, asked: Asked) -> _Choice:
    """The set to freeze; no point where none ever traded."""
    run_trials(trying, train, asked, lambda *_: None)
    best = surround(trying, asked.objective)
    scores = scores_of(trying.found, asked.objective)
    if not best:
        return _Choice(None, None, None)
    point = choose(scored(scores) if asked.sampler == "grid" else best, scores)
    return _Choice(point, scores[point], trying.found[point])


def _test_ground(ground: Ground, span: Span, money: float) -> Ground:
    """The bars of a test, with the money that the tests before it have left."""
    there = ground.between(span.test_start, span.test_end)
    world = replace(there.world, balances={there.spec.quote: Decimal(f"{money:.8f}")})
    return replace(there, world=world, closing=True)


def _at_doubled_costs(ground: Ground, space: Space, stages: Sequence[Stage]) -> float:
    """What the same choices come to at twice the costs."""
    money = initial = initial_equity(ground)
    for stage in stages:
        if not stage.parameters:
            continue
        twice = doubled(_test_ground(ground, stage.span, money))
        parameters = {**space.fixed, **stage.parameters}
        money *= float(np.prod(1 + run_engine(twice.with_parameters(parameters)).returns))
    return money / initial - 1


def _walks(ground: Ground, asked: Asked) -> int:
    """How many walks forward these bars have seen, this one included."""
    known = TrialLedger(asked.artifacts / "trials", ground.data).read().trials
    tested = {each.attempt.study for each in known if each.attempt.study.endswith(TESTED)}
    return len(tested | {f"{asked.study}{TESTED}"})


def _held(ground: Ground, stages: Sequence[Stage]) -> Floats:
    """Equal amounts of every symbol, held over the days of the tests."""
    first, last = stages[0].span.test_start, stages[-1].span.test_end
    days = np.arange(first, last, NS_PER_DAY) + NS_PER_DAY
    growth = []
    for bars in ground.bars.values():
        begin = int(np.searchsorted(bars.open_time, first))
        if begin < len(bars):
            closes = np.concatenate(([1.0], bars.close[begin:] / bars.open[begin]))
            growth.append(closes[np.searchsorted(bars.close_time[begin:], days, side="right")])
    tested = np.concatenate([_days(stage) for stage in stages])
    whole = np.mean(growth, axis=0)[np.searchsorted(days, tested)]
    return np.asarray(initial_equity(ground) * whole)


def _days(stage: Stage) -> Ints:
    return stage.span.test_start + NS_PER_DAY * np.arange(1, stage.test.size + 1)


def _name(ground: Ground, space: Space, asked: Asked, plan: Plan) -> str:
    whole = study_name(ground, space, asked)
    return f"walk-{whole}-{sha256(repr(plan).encode()).hexdigest()[:6]}"


def _ran(ground: Ground, space: Space, asked: Asked, plan: Plan, spans: Sequence[Span]) -> Ran:
    kind = "anchored" if plan.anchored else "rolling"
    said = (
        ("windows", f"{kind}, {len(spans)} of them; {_lengths(spans[0])}"),
        ("before each test", f"{plan.purge} days purged, an embargo of {plan.embargo} more"),
        *asked.settings(space),
    )
    return ran_on(ground, asked.study, said)


def _lengths(span: Span) -> str:
    train = (span.train_end - span.train_start) // NS_PER_DAY
    test = (span.test_end - span.test_start) // NS_PER_DAY
    return f"the first trains on {train} days and tests {test}"
