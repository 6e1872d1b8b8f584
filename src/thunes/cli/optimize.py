"""`thunes optimize`: parameters searched for, and how likely it is that the best is luck."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from thunes.cli.past import PastFlags, spread
from thunes.cli.searching import SpaceFlags
from thunes.cli.verbs import app

_Role = Annotated[
    str | None,
    Argument(
        metavar="[worker]",
        help="`worker` only runs trials of the study in --storage; whoever is asked without it "
        "ends the search.",
    ),
]
_Sampler = Annotated[
    str,
    Option(
        help="tpe (learns), nsga2 (learns; Sharpe ratio up and drawdown down), grid (all), random."
    ),
]
_Objective = Annotated[str, Option(help="What is maximised over the tests: sharpe or return.")]
_Folds = Annotated[
    str, Option(help="combinatorial (each two parts are a test), walk-forward, or none.")
]
_Parts = Annotated[int, Option(min=3, help="Runs that the days are cut into.")]
_Purge = Annotated[int, Option(min=0, help="Days left out where a test begins.")]
_Storage = Annotated[
    str | None,
    Option(help="A database that workers share, as postgresql+psycopg://user@host/name."),
]
_Dask = Annotated[
    str | None, Option(help="Spread sets over a cluster: its address, or `local` to start one.")
]
_Report = Annotated[
    Path | None, Option(help="The HTML report. Default: optuna/STUDY.html in the artifacts.")
]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
@spread
def optimize(
    past: PastFlags,
    space: SpaceFlags,
    role: _Role = None,
    sampler: _Sampler = "tpe",
    objective: _Objective = "sharpe",
    folds: _Folds = "combinatorial",
    parts: _Parts = 10,
    purge: _Purge = 1,
    storage: _Storage = None,
    dask: _Dask = None,
    report: _Report = None,
    as_json: _Json = False,
) -> None:
    """Search the parameters of a strategy, and say whether what was found may trade.

    Every trial is on record before it counts: asked again after a crash, the search goes on where
    it was. The choice is not the peak but the set whose surroundings hold; the engine confirms what
    is shown. Exit code 0: done (whatever the verdict), 1: failed, 2: asked wrongly, 130:
    interrupted.

    Example: thunes optimize --strategy sma_cross --bars BTCUSDT_1h.parquet --range fast=5:50:5
    --range slow=20:200:20 --sampler grid
    """
    from thunes.cli.optimizing import search, work
    from thunes.compose.optimizing import Asked
    from thunes.core.domain.errors import UsageError
    from thunes.research.search.objective import Objective

    if role not in (None, "worker"):
        raise UsageError(f"thunes optimize {role}: only `worker` can stand there")
    asked = Asked(
        sampler=sampler,
        trials=space.trials,
        seed=space.seed,
        objective=Objective(objective, folds, parts, purge),
        study=space.study or "",
        storage=storage,
        dask=dask,
        artifacts=space.artifacts,
    )
    if role == "worker":
        work(past, space, asked, as_json=as_json)
    else:
        search(past, space, asked, report, as_json=as_json)
