"""`thunes walkforward`: parameters chosen on the past of each window, tested on what followed."""

from pathlib import Path
from typing import Annotated

from typer import Option

from thunes.cli.past import PastFlags, spread
from thunes.cli.searching import SpaceFlags
from thunes.cli.verbs import app

_Sampler = Annotated[str, Option(help="How each window is searched: grid, tpe or random.")]
_Objective = Annotated[str, Option(help="What the training maximises: sharpe or return.")]
_Train = Annotated[
    int | None, Option(min=2, help="Days of training. Default: a third of all days.")
]
_Test = Annotated[
    int | None, Option(min=1, help="Days of each test. Default: a sixth of the days after that.")
]
_Advance = Annotated[
    int | None, Option(min=1, help="Days from window to window. Default: as long as a test.")
]
_Anchored = Annotated[
    bool, Option("--anchored", help="Training begins at the first day, and grows.")
]
_Purge = Annotated[int, Option(min=0, help="Days before a test that are not trained on.")]
_Embargo = Annotated[int, Option(min=0, help="Days besides the purge that are not trained on.")]
_Report = Annotated[
    Path | None, Option(help="The HTML report. Default: optuna/STUDY.html in the artifacts.")
]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
@spread
def walkforward(
    past: PastFlags,
    space: SpaceFlags,
    sampler: _Sampler = "grid",
    objective: _Objective = "sharpe",
    train: _Train = None,
    test: _Test = None,
    advance: _Advance = None,
    anchored: _Anchored = False,
    purge: _Purge = 1,
    embargo: _Embargo = 0,
    report: _Report = None,
    as_json: _Json = False,
) -> None:
    """Choose parameters in each window of the past, freeze them, and test them on what followed.

    The tests one after the other are the only curve that is called performance. Each starts flat
    and sells what it holds at its end. The windows are written to optuna/wf_results.csv in the
    artifacts as they finish; asked again after a crash, the walk goes on where it was. Exit code 0:
    done, whatever the verdict; 1: failed, 2: asked wrongly, 130: interrupted.

    Example: thunes walkforward --strategy sma_cross --bars BTCUSDT_1h.parquet --train 365
    --test 90
    """
    from thunes.cli.walking import walk
    from thunes.compose.optimizing import Asked
    from thunes.research.search.objective import Objective
    from thunes.research.search.windows import Plan

    asked = Asked(
        sampler=sampler,
        trials=space.trials,
        seed=space.seed,
        objective=Objective(objective, "none"),
        study=space.study or "",
        artifacts=space.artifacts,
    )
    plan = Plan(
        train=train, test=test, step=advance, anchored=anchored, purge=purge, embargo=embargo
    )
    walk(past, space, (asked, plan), report, as_json=as_json)
