"""Running a search for a person: progress, verdict first, files."""

import csv
import io
import json
from functools import partial
from pathlib import Path

import typer

from thunes.adapters.storage.note import Note
from thunes.cli.artifacts import page, place_of, places, trials_bar
from thunes.cli.past import PastFlags
from thunes.cli.search_json import search_json
from thunes.cli.searching import SpaceFlags, ground_of
from thunes.compose.asked import Asked
from thunes.compose.optimizing import optimize, run_trials, trying_of
from thunes.compose.searched import run_sets
from thunes.core.domain.errors import UsageError
from thunes.research.search.result import Searched
from thunes.research.search.search_page import write_search_page


def search(
    past: PastFlags, flags: SpaceFlags, asked: Asked, report: Path | None, *, as_json: bool
) -> None:
    """Search, write what was found, and tell it."""
    ground, space = ground_of(past, flags)
    places(asked.artifacts)
    with trials_bar("optimize") as told:
        found = optimize(ground, space, asked, told)
    files = [
        *_write(found, asked.artifacts),
        *page(report, place_of(found.ran, asked.artifacts), partial(write_search_page, found)),
    ]
    if as_json:
        typer.echo(json.dumps(search_json(found), indent=2, allow_nan=False))
    else:
        from thunes.cli.search_tables import print_search

        print_search(found, files)


def work(past: PastFlags, flags: SpaceFlags, asked: Asked, *, as_json: bool) -> None:
    """Run trials of a shared study until there are enough."""
    if asked.storage is None:
        raise UsageError("a worker shares a study: give --storage, and the study's own flags")
    ground, space = ground_of(past, flags)
    places(asked.artifacts)
    trying = trying_of(ground, space, asked, lambda sets: run_sets(ground, sets))
    with trials_bar("worker") as told:
        run_trials(trying, ground, asked, told)
    done = {"study": trying.terms.study, "trials": len(trying.found), "ran": trying.ran}
    if as_json:
        typer.echo(json.dumps(done))
    else:
        typer.echo(
            f"study {trying.terms.study}: {len(trying.found)} trials, {trying.ran} of them run here"
        )


def _write(found: Searched, artifacts: Path) -> list[Path]:
    """The result, and every trial as a row."""
    place = artifacts / "optuna"
    result, trials = (place / f"{found.ran.study}.{ending}" for ending in ("json", "csv"))
    Note(result).write(json.dumps(search_json(found), indent=2, allow_nan=False).encode())
    text = io.StringIO()
    rows = csv.writer(text)
    figures = ("score", "sharpe", "total_return", "max_drawdown", "trades")
    rows.writerow(("number", *found.names, *figures))
    for each in found.trials:
        said = [getattr(each, name) for name in figures]
        rows.writerow((each.number, *(each.parameters[name] for name in found.names), *said))
    Note(trials).write(text.getvalue().encode())
    return [result, trials]
