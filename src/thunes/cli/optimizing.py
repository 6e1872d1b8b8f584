"""Running a search for a person: progress, verdict first, files."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from thunes.adapters.storage.note import Note
from thunes.cli.past import PastFlags
from thunes.cli.searching import SpaceFlags, ground_of
from thunes.compose.optimizing import Asked, Told, optimize, run_trials, trying_of
from thunes.compose.searched import run_sets
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.stats.performance import DAYS_A_YEAR
from thunes.research.search.result import Ran, Searched
from thunes.research.search.search_page import write_search_page

if TYPE_CHECKING:
    from thunes.research.verdict import Judgement


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


def places(artifacts: Path) -> None:
    """Make the directory of the records; ThunesError where it cannot be."""
    try:
        (artifacts / "optuna").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ThunesError(
            f"--artifacts: {error.filename} cannot be made: {error.strerror}"
        ) from error


def place_of(ran: Ran, artifacts: Path) -> Path:
    """Where the page of a search lies unless told."""
    return artifacts / "optuna" / f"{ran.study}.html"


def page(asked: Path | None, usual: Path, write: Callable[[Path], None]) -> list[Path]:
    """Write the page where it was asked for; where it was not, only if the extra is there."""
    path = asked or usual
    try:
        write(path)
    except UsageError:
        if asked is not None:
            raise
        return []
    return [path]


@contextmanager
def trials_bar(what: str) -> Iterator[Told]:
    """A bar on the terminal with the best score so far; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def told(done: int, total: int, best: float | None) -> None:
            said = what if best is None else f"{what}, best {best:.3f}"
            bar.update(task, completed=done, total=total, description=said)

        yield told


def search_json(found: Searched) -> dict[str, Any]:
    """The figures of a search as plain values; Sharpe ratios are a year, `track_record` is days."""
    chosen, peak, e = found.trials[found.chosen], found.trials[found.peak], found.evidence
    year = DAYS_A_YEAR**0.5
    figures: dict[str, Any] = {
        "study": found.ran.study,
        "strategy": found.ran.strategy,
        "symbols": list(found.ran.symbols),
        "best": chosen.score,
        "parameters": dict(chosen.parameters),
        "trials": len(found.trials),
        "refused": found.refused,
        "dsr": None,
        "pbo": None,
        **judgement_json(found.judgement),
        "chosen": _trial_json(found, found.chosen),
        "peak": {"best": peak.score, "parameters": dict(peak.parameters)},
        "front": [_trial_json(found, n) for n, t in enumerate(found.trials) if t.on_front],
        "importance": dict(found.importance),
        "settings": dict(found.ran.settings),
    }
    if e is None:
        return figures
    return figures | {
        "dsr": e.dsr,
        "dsr_raw": e.dsr_raw,
        "psr": e.psr,
        "pbo": e.pbo,
        "loss_probability": e.loss_probability,
        "degradation": e.degradation,
        "spa": e.spa,
        "survivors": e.survivors,
        "trials_counted": e.trials,
        "trials_effective": e.effective.strictest,
        "sharpe_interval": [year * each for each in e.interval],
        "track_record_needed": e.periods_needed,
        "path_low": year * e.path_low,
        "doubled_costs": e.doubled_costs,
    }


def judgement_json(judgement: "Judgement") -> dict[str, Any]:
    """The verdict and its reasons, the gravest first."""
    return {
        "verdict": judgement.verdict.value,
        "reasons": [
            {
                "figure": each.figure,
                "value": each.value,
                "threshold": each.threshold,
                "says": each.says.value,
                "text": each.text,
            }
            for each in judgement.reasons
        ],
    }


def _trial_json(found: Searched, row: int) -> dict[str, Any]:
    trial = found.trials[row]
    return {
        "number": trial.number,
        "parameters": dict(trial.parameters),
        "score": trial.score,
        "sharpe": trial.sharpe,
        "total_return": trial.total_return,
        "max_drawdown": trial.max_drawdown,
        "trades": trial.trades,
    }


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
