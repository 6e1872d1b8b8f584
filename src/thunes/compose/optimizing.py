"""Optimizing: a search over bars from its space to its verdict, each trial on record first."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice

import msgspec

from thunes.adapters.cluster import DaskCluster
from thunes.adapters.studies import OptunaStudy
from thunes.compose.asked import Asked
from thunes.compose.concluded import concluded
from thunes.compose.fingerprint import code_version, terms_hash
from thunes.compose.searched import Ground, run_sets
from thunes.core.domain.errors import DataError
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.core.stats.series import BadSeries
from thunes.research.search.choosing import choose, scores_of, surround
from thunes.research.search.concluding import scored
from thunes.research.search.result import Searched
from thunes.research.search.samplers import (
    WORST,
    Batch,
    Score,
    Study,
    grid_points,
    random_points,
    try_all,
    try_study,
)
from thunes.research.search.space import Space
from thunes.research.search.trying import Outcome, Runs, Terms, Trying
from thunes.research.trials import Trial, TrialLedger

AT_ONCE = 250
"""Sets that are run and recorded together."""

_COPIES = 6
"""How often the returns of all sets lie in memory while they are judged."""

Told = Callable[[int, int, float | None], object]
"""Hears how many trials there are, of how many, and the best score."""


def optimize(ground: Ground, space: Space, asked: Asked, told: Told) -> Searched:
    """Search, choose, confirm by the engine, and judge. ScreenDisagrees, ThunesError."""
    try:
        with _runs(ground, asked) as runs:
            trying = trying_of(ground, space, asked, runs)
            run_trials(trying, ground, asked, told)
            best = surround(trying, asked.objective)
            scores = scores_of(trying.found, asked.objective)
            all_scored = scored(scores)
            chosen = choose(all_scored if asked.sampler == "grid" else best, scores)
        return concluded(ground, trying, chosen, scores, asked)
    except BadSeries as error:
        raise DataError(f"{error}") from error


def run_trials(trying: Trying, ground: Ground, asked: Asked, told: Told) -> None:
    """Every trial that was asked for; those on record are not run again."""

    best: float | None = None
    seen = 0

    def progress(done: int, total: int) -> None:
        nonlocal best, seen
        new = dict(islice(trying.found.items(), seen, None))
        seen += len(new)
        scores = [each for each in scores_of(new, asked.objective).values() if each == each]
        best = max(scores if best is None else [best, *scores], default=None)
        told(done, total, best)

    if asked.sampler == "grid":
        fits = _fits(ground)
        try_all(grid_points(trying.space, fits), trying, Batch(AT_ONCE, progress))
    elif asked.sampler == "random":
        points = list(random_points(trying.space, min(asked.trials, _fits(ground)), asked.seed))
        try_all(points, trying, Batch(AT_ONCE, progress))
    else:
        study = study_of(trying, asked)
        try_study(study, asked.trials, trying, _score(asked), progress)


def trying_of(
    ground: Ground,
    space: Space,
    asked: Asked,
    runs: Runs,
) -> Trying:
    """What tries the sets of a space on a ground, and keeps the record of these bars."""
    return Trying(
        space=space,
        runs=runs,
        ledger=TrialLedger(asked.artifacts / "trials", ground.data),
        terms=Terms(
            config=terms_hash(ground),
            code=code_version(),
            study=study_name(ground, space, asked),
            strategy=ground.spec.strategies[0].source,
            seed=asked.seed,
        ),
        now=time.time_ns,
    )


def study_of(trying: Trying, asked: Asked) -> Study:
    """The study of a sampler that learns, in memory or in the database that is shared."""
    axes = {each.name: (len(each.values), each.ordered) for each in trying.space.axes}
    better = ("maximize", "minimize") if asked.sampler == "nsga2" else ("maximize",)
    shared = None
    if asked.storage is not None:
        ranges = {each.name: ",".join(each.values) for each in trying.space.axes}
        card = {
            "strategy": trying.terms.strategy,
            "data set": trying.ledger.data,
            "set of rules (costs, sizing, exits, window)": trying.terms.config,
            "code": trying.terms.code,
            "sampler": asked.sampler,
            "objective": repr(asked.objective),
            "space": msgspec.json.encode(ranges).decode(),
        }
        shared = (asked.storage, card)
    return OptunaStudy(trying.terms.study, axes, (asked.sampler, asked.seed), better, shared)


def study_name(ground: Ground, space: Space, asked: Asked) -> str:
    """What a search is called unless told: the same search, the same name."""
    if asked.study:
        return asked.study
    symbols = ground.spec.strategies[0].symbols
    where = symbols[0] if len(symbols) == 1 else f"{len(symbols)}symbols"
    said = repr((terms_hash(ground), space.axes, sorted(space.fixed.items()), asked.objective))
    told = f"{said}{asked.seed}{ground.data}".encode()
    return f"{ground.spec.strategies[0].id}-{where}-{asked.sampler}-{sha256(told).hexdigest()[:8]}"


@contextmanager
def _runs(ground: Ground, asked: Asked) -> Iterator[Runs]:
    if asked.dask is None:
        yield lambda sets: run_sets(ground, sets)
        return
    with DaskCluster(asked.dask, code_version) as cluster:
        shared = cluster.share(ground)

        def spread(sets: Sequence[Mapping[str, str]]) -> Sequence[Outcome]:
            size = max(1, -(-len(sets) // (2 * max(1, cluster.workers))))
            parts = [sets[first : first + size] for first in range(0, len(sets), size)]
            return [each for part in cluster.map(run_sets, shared, parts) for each in part]

        yield spread


def _fits(ground: Ground) -> int:
    """How many sets can be judged together in the memory that is allowed."""
    return max(2, ground.memory // (8 * _COPIES * ground.days.size))


def _score(asked: Asked) -> Score:
    """What a study is told: the score, or Sharpe ratio and depth of the drawdown."""

    def one(trial: Trial | None) -> Sequence[float]:
        if trial is None:
            return (WORST,)
        score = float(asked.objective.scores(trial.returns[:, None])[0])
        return (score if score == score else WORST,)

    def two(trial: Trial | None) -> Sequence[float]:
        if trial is None or trial.sharpe is None or trial.drawdown is None:
            return (WORST, 1.0)
        return (trial.sharpe * DAYS_A_YEAR**0.5, -trial.drawdown)

    return two if asked.sampler == "nsga2" else one
