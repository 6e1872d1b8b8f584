"""Concluding: what the trials of a search come to together, and whether the choice may trade."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from thunes.core.domain.errors import DataError
from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.bootstrap import Sampling, automatic_block
from thunes.core.stats.cscv import overfitting
from thunes.core.stats.fortunes import Fortunes, resampled_fortunes
from thunes.core.stats.paths import column_sharpes
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.core.stats.series import BadSeries
from thunes.research.evidence import Evidence, Scrutiny, Search, weigh
from thunes.research.search.choosing import front, importance
from thunes.research.search.result import Ran, Searched, Tried
from thunes.research.search.space import Point
from thunes.research.search.trying import Trying
from thunes.research.trials import Trial
from thunes.research.verdict import Judgement, Reason, Verdict, judge

DRAWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The choice of a search, and what was measured of it elsewhere: the return at doubled costs,
    and whether the gates against look-ahead hold (None: not measured)."""

    point: Point
    scores: Mapping[Point, float]
    doubled_costs: float | None
    gates_hold: bool | None
    seed: int


def conclude(ran: Ran, days: Ints, initial: float, trying: Trying, choice: Chosen) -> Searched:
    """Put a search together. DataError: no set ever traded."""
    points, trials = list(trying.found), list(trying.found.values())
    scores = np.array([choice.scores[point] for point in points])
    matrix = np.array([trial.returns for trial in trials]).T
    chosen = points.index(choice.point)
    evidence, judgement = _judged(matrix, chosen, points, scores, (trying, choice))
    own = matrix[:, chosen]
    return Searched(
        ran=ran,
        names=tuple(axis.name for axis in trying.space.axes),
        trials=_tried(trials, scores, matrix),
        refused=len(trying.refused),
        chosen=chosen,
        peak=int(np.nanargmax(scores)),
        importance=_importance(trying, points, scores),
        days=days,
        equity=initial * np.cumprod(1 + own),
        judgement=judgement,
        evidence=evidence,
        luck=None if evidence is None else overfitting(matrix),
        fortunes=fortunes_of(own, choice.seed),
    )


def scored(scores: Mapping[Point, float]) -> list[Point]:
    """The points that have a score. DataError: there is none."""
    found = [point for point, score in scores.items() if not math.isnan(score)]
    if not found:
        raise DataError(
            f"none of {len(scores):,} sets ever won or lost anything: nothing can be chosen. Give "
            "more bars than the longest look-back, wider --range, or an account that can afford "
            "an order"
        )
    return found


def fortunes_of(returns: Floats, seed: int) -> Fortunes | None:
    """What else the same days could have come to; None for too few of them, or ruin."""
    try:
        return resampled_fortunes(returns, Sampling(automatic_block(returns), DRAWS, seed))
    except BadSeries:
        return None


def unjudged(why: object) -> Judgement:
    """The judgement where nothing could be measured."""
    text = f"the search cannot be judged: {why}"
    return Judgement(Verdict.HOLD, (Reason("evidence", None, "measured", Verdict.HOLD, text),))


def _judged(
    matrix: Floats,
    chosen: int,
    points: Sequence[Point],
    scores: Floats,
    of: tuple[Trying, Chosen],
) -> tuple[Evidence | None, Judgement]:
    trying, choice = of
    search = Search(
        returns=matrix,
        chosen=chosen,
        trials_before=trying.others,
        steps=np.array(points),
        # A set that never traded earned nothing, and that is how good it is to stand beside.
        scores=np.nan_to_num(scores),
    )
    try:
        evidence = weigh(search, Scrutiny(draws=DRAWS, seed=choice.seed))
    except DataError as error:
        return None, unjudged(str(error).removeprefix("the search cannot be judged: "))
    evidence = replace(evidence, doubled_costs=choice.doubled_costs, gates_hold=choice.gates_hold)
    return evidence, judge(evidence)


def _tried(trials: Sequence[Trial], scores: Floats, matrix: Floats) -> tuple[Tried, ...]:
    idle = (matrix == matrix[:1]).all(axis=0)
    sharpes = np.where(idle, np.nan, column_sharpes(matrix) * math.sqrt(DAYS_A_YEAR))
    drawdowns = np.array([np.nan if t.drawdown is None else t.drawdown for t in trials])
    grown = np.prod(1 + matrix, axis=0) - 1
    on_front = front(sharpes, drawdowns)
    return tuple(
        Tried(
            number=n,
            parameters=trial.attempt.parameters,
            score=_number(scores[n]),
            sharpe=_number(sharpes[n]),
            total_return=_number(grown[n]),
            max_drawdown=trial.drawdown,
            trades=trial.closed or 0,
            on_front=on_front[n],
        )
        for n, trial in enumerate(trials)
    )


def _importance(trying: Trying, points: Sequence[Point], scores: Floats) -> dict[str, float]:
    told = np.isfinite(scores)
    kept = [point for point, here in zip(points, told, strict=True) if here]
    shares = importance(kept, scores[told].tolist())
    return {axis.name: share for axis, share in zip(trying.space.axes, shares, strict=True)}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
