"""Optimizing: a search over bars from its space to its verdict, each trial on record first."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

from thunes.adapters.cluster import DaskCluster
from thunes.adapters.studies import OptunaStudy
from thunes.compose.concluded import concluded
from thunes.compose.fingerprint import code_version, terms_hash
from thunes.compose.searched import Ground, run_sets
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.core.stats.series import BadSeries
from thunes.research.search.choosing import choose, scores_of, surround
from thunes.research.search.concluding import scored
from thunes.research.search.objective import Objective
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

SAMPLERS = ("tpe", "nsga2", "grid", "random")
AT_ONCE = 250
"""Sets that are run and recorded together."""

_COPIES = 6
"""How often the returns of all sets lie in memory while they are judged."""

Told = Callable[[int, int, float | None], object]
"""Hears how many trials there are, of how many, and the best score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How to search, and where its records lie. `storage` is the URL of a database that workers
    share, `dask` the address of a cluster."""

    sampler: str = "tpe"
    trials: int = 25
    seed: int = 0
    objective: Objective = field(default_factory=Objective)
    study: str = ""
    storage: str | None = None
    dask: str | None = None
    artifacts: Path = Path("artifacts")

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise UsageError(f"--sampler {self.sampler!r} is none of {', '.join(SAMPLERS)}")
        if self.trials < 1:
            raise UsageError(f"--trials {self.trials}: at least one is needed")
        if self.storage and self.sampler in ("grid", "random"):
            raise UsageError(
                f"--storage shares what a study learns, and --sampler {self.sampler} learns "
                "nothing: leave it out, or spread the sets with --dask"
            )
        if self.dask and self.sampler in ("tpe", "nsga2"):
            raise UsageError(
                f"--dask spreads sets that are known beforehand, and --sampler {self.sampler} "
                "learns from each: take --sampler grid or random, or several workers on one "
                "--storage"
            )


def optimize(ground: Ground, space: Space, asked: Asked, told: Told) -> Searched:
    """Search, choose, confirm by the engine, and judge. ScreenDisagrees, ThunesError."""
    try:
        with _runs(ground, asked) as runs:
            trying = trying_of(ground, space, asked, runs)
            run_trials(trying, ground, asked, told)
            best = surround(trying, asked.objective)
            scores = scores_of(trying.found, asked.objective)
            candidates = scored(scores) if asked.sampler == "grid" else best
            chosen = choose(candidates, scores)
        return concluded(ground, trying, chosen, scores, asked.seed)
    except BadSeries as error:
        raise DataError(f"{error}") from error


def run_trials(trying: Trying, ground: Ground, asked: Asked, told: Told) -> None:
    """Every trial that was asked for; those on record are not run again."""

    def progress(done: int, total: int) -> None:
        scores = scores_of(trying.found, asked.objective).values()
        told(done, total, max((each for each in scores if each == each), default=None))

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
