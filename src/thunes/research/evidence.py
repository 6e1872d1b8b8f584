"""What the trials of a search say, all together, about the one that was chosen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from thunes.core.domain.errors import DataError
from thunes.core.domain.market import Floats
from thunes.core.stats.bootstrap import Sampling, automatic_block, interval, resampled
from thunes.core.stats.cscv import overfitting
from thunes.core.stats.effective import EffectiveTrials, effective_trials
from thunes.core.stats.neighbourhood import Surroundings, surroundings
from thunes.core.stats.overfitting import deflated_sharpe
from thunes.core.stats.paths import column_sharpes, path_sharpes
from thunes.core.stats.series import BadSeries, checked_matrix
from thunes.core.stats.sharpe import (
    TrackRecord,
    minimum_track_record,
    probabilistic_sharpe,
    track_record,
)
from thunes.core.stats.splits import CombinatorialPurgedCV
from thunes.core.stats.superior import superior_ability, superior_trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search over one data set: `returns` of every trial, periods (oldest first) x trials, net of
    costs, and the column that was `chosen`.

    `trials_before` were run on these data and are not among the columns. `steps` are the trials'
    parameters in steps, trials x parameters (see `neighbourhood`), and `scores` what the search
    maximised; both or neither.
    """

    returns: ArrayLike
    chosen: int
    trials_before: int = 0
    steps: ArrayLike | None = None
    scores: Sequence[float] | Floats | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrutiny:
    """How the search is put to the test: resamples, blocks of CSCV, combined folds."""

    draws: int = 1_000
    seed: int = 0
    blocks: int = 16
    folds: CombinatorialPurgedCV = field(default_factory=CombinatorialPurgedCV)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Figures of a search and its choice; Sharpe ratios are per period, probabilities in [0, 1].

    `dsr_raw` counts every trial, `dsr` the effective number (the stricter estimate); both deflate
    by the variance of the trials' Sharpe ratios. `periods_needed` is the track record, in periods,
    that would prove a ratio above zero at 95 %. `spa` is Hansen's consistent p-value, `survivors`
    how many trials earn at 5 % when all of them are counted (StepM), `path_low` the 5 % quantile of
    the Sharpe ratios of the choice's paths out of sample.

    None: not measured. `doubled_costs` (the return of the choice with twice its costs) and
    `gates_hold` (no look-ahead, and nothing earned on markets without an edge) are measured
    elsewhere.
    """

    record: TrackRecord
    trials: int
    effective: EffectiveTrials
    interval: tuple[float, float]
    psr: float | None
    dsr_raw: float | None
    dsr: float | None
    periods_needed: float | None
    pbo: float
    loss_probability: float
    degradation: float | None
    spa: float
    survivors: int
    path_low: float
    around: Surroundings | None = None
    doubled_costs: float | None = None
    gates_hold: bool | None = None


PATH_QUANTILE = 0.05


def weigh(search: Search, scrutiny: Scrutiny | None = None) -> Evidence:
    """Measure a search of at least two trials over at least 32 periods, two for each block.

    Blocks of the resamples are as long as the dependence of the chosen returns asks for. DataError
    where a figure cannot be computed: it says which row, column or number is to blame.
    """
    try:
        return _weighed(search, Scrutiny() if scrutiny is None else scrutiny)
    except BadSeries as error:
        raise DataError(f"the search cannot be judged: {error}") from error


def _weighed(search: Search, tests: Scrutiny) -> Evidence:
    matrix = checked_matrix(search.returns, 2 * tests.blocks, 2)
    if not 0 <= search.chosen < matrix.shape[1]:
        raise BadSeries(f"trial {search.chosen} of {matrix.shape[1]}: there is no such trial")
    own = matrix[:, search.chosen]
    record = track_record(own)
    if record is None:
        raise BadSeries(f"trial {search.chosen} never earned nor lost: it has no Sharpe ratio")
    sampling = Sampling(automatic_block(own), tests.draws, tests.seed)
    effective = effective_trials(matrix)
    raw = matrix.shape[1] + search.trials_before
    # Trials that came before are taken to be as alike as those at hand.
    strict = effective.strictest * raw / matrix.shape[1]
    variance = float(np.var(column_sharpes(matrix), ddof=1))
    luck = overfitting(matrix, tests.blocks)
    return Evidence(
        record=record,
        trials=raw,
        effective=effective,
        interval=interval(resampled(own, _row_sharpes, sampling)),
        psr=probabilistic_sharpe(record),
        dsr_raw=deflated_sharpe(record, raw, variance),
        dsr=deflated_sharpe(record, strict, variance),
        periods_needed=minimum_track_record(record),
        pbo=luck.probability,
        loss_probability=luck.loss_probability,
        degradation=luck.degradation,
        spa=superior_ability(matrix, sampling).consistent,
        survivors=superior_trials(matrix, sampling).size,
        path_low=float(np.quantile(path_sharpes(matrix, tests.folds), PATH_QUANTILE)),
        around=_around(search),
    )


def _around(search: Search) -> Surroundings | None:
    if search.steps is None or search.scores is None:
        return None
    return surroundings(search.steps, search.scores, search.chosen)


def _row_sharpes(resamples: Floats) -> Floats:
    return column_sharpes(resamples.T)
