"""`thunes simulate`: the whole system in a faulty world, seed after seed, and what broke."""

from pathlib import Path
from typing import Annotated

from typer import Exit, Option

from thunes.cli.verbs import app

_Seeds = Annotated[int | None, Option(min=1, help="How many seeds to run. Default: 200.")]
_Start = Annotated[int | None, Option(min=0, help="The first of them. Default: 1.")]
_Profile = Annotated[
    str | None,
    Option(help="dense, sparse, crash, swarm (drawn by each seed) or quiet. Default: swarm."),
]
_Jobs = Annotated[
    int | None, Option(min=1, help="Processes to run them in. Default: one for each core.")
]
_Minutes = Annotated[
    int | None,
    Option(min=6, max=100_000, help="Simulated minutes of each, the last five quiet. Default: 60."),
]
_Seed = Annotated[int | None, Option(min=0, help="Run this seed alone.")]
_Explain = Annotated[bool, Option("--explain", help="Tell the whole story of --seed or --replay.")]
_Shrink = Annotated[
    bool, Option("--shrink", help="Cut what --seed breaks down, and keep it as a regression.")
]
_Into = Annotated[Path, Option(help="Where --shrink writes.", file_okay=False)]
_Replay = Annotated[
    Path | None, Option(help="Run a regression that --shrink wrote, or a directory of them.")
]
_Table = Annotated[
    Path | None, Option(help="Write what was found into this Markdown page, by profile.")
]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
def simulate(
    seeds: _Seeds = None,
    start: _Start = None,
    profile: _Profile = None,
    jobs: _Jobs = None,
    minutes: _Minutes = None,
    seed: _Seed = None,
    explain: _Explain = False,
    shrink: _Shrink = False,
    into: _Into = Path("tests/seeds"),
    replay: _Replay = None,
    table: _Table = None,
    as_json: _Json = False,
) -> None:
    """Crash it, lie to it, and see whether anything is lost: engine, journal and recovery at an
    exchange, on a network and on a machine that fail as the profile says.

    The same seed is the same world everywhere. Exit code 0: clean, 1: an invariant broke or
    something failed, 2: asked wrongly, 130: interrupted (what was found until then is printed).

    Example: thunes simulate --seeds 2000 --profile swarm --jobs 2

    Example: thunes simulate --seed 17 --explain
    """
    from thunes.cli.seeds import Asked, run_asked

    asked = Asked(
        seeds=seeds,
        start=start,
        profile=profile,
        jobs=jobs,
        minutes=minutes,
        seed=seed,
        explain=explain,
        shrink=shrink,
        into=into,
        replay=replay,
        table=table,
        as_json=as_json,
    )
    raise Exit(0 if run_asked(asked) else 1)
