"""Running a walk forward for a person: progress, verdict first, windows, files."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from thunes.adapters.storage.note import Note
from thunes.cli.artifacts import page, place_of, places
from thunes.cli.past import PastFlags
from thunes.cli.progress import progress_bar
from thunes.cli.search_json import judgement_json
from thunes.cli.search_tables import print_verdict
from thunes.cli.searching import SpaceFlags, ground_of
from thunes.compose.asked import Asked
from thunes.compose.walking import RESULTS, walk_forward
from thunes.core.domain.units import format_instant
from thunes.research.search.result import Walked, Window
from thunes.research.search.walk_page import write_walk_page
from thunes.research.search.windows import Plan
from thunes.research.wording import moment, percent, ratio


def walk(
    past: PastFlags,
    flags: SpaceFlags,
    how: tuple[Asked, Plan],
    report: Path | None,
    *,
    as_json: bool,
) -> None:
    """Walk forward, write what was found, and tell it."""
    asked, plan = how
    ground, space = ground_of(past, flags)
    places(asked.artifacts)
    with progress_bar("walk forward") as told:
        found = walk_forward(ground, space, asked, plan, told)
    place = asked.artifacts / "optuna"
    result = place / f"{found.ran.study}.json"
    Note(result).write(json.dumps(walk_json(found), indent=2, allow_nan=False).encode())
    shown = page(report, place_of(found.ran, asked.artifacts), partial(write_walk_page, found))
    files = [place / RESULTS, result, *shown]
    if as_json:
        typer.echo(json.dumps(walk_json(found), indent=2, allow_nan=False))
    else:
        print_walk(found, files)


def walk_json(found: Walked) -> dict[str, Any]:
    """The figures of a walk as plain values; Sharpe ratios are a year, `track_record` is days."""
    last = next(each for each in reversed(found.windows) if each.parameters)
    return {
        "study": found.ran.study,
        "strategy": found.ran.strategy,
        "symbols": list(found.ran.symbols),
        "data": found.ran.data,
        **judgement_json(found.judgement),
        "sharpe": found.sharpe,
        "sharpe_interval": found.interval,
        "total_return": found.total_return,
        "max_drawdown": found.max_drawdown,
        "hold_return": found.hold_return,
        "efficiency": found.efficiency,
        "positive": found.positive,
        "psr": found.psr,
        "dsr": found.dsr,
        "track_record_needed": found.periods_needed,
        "parameters": {**found.ran.fixed, **last.parameters},
        "windows": [_window_json(each) for each in found.windows],
        "settings": dict(found.ran.settings),
    }


def _window_json(window: Window) -> dict[str, Any]:
    times = ("train_start", "train_end", "test_start", "test_end")
    figures = (
        *("trials", "train_score", "train_sharpe", "train_return_a_year"),
        *("test_sharpe", "test_return", "test_return_a_year", "test_drawdown", "trades"),
    )
    return {
        "number": window.number,
        **{name: format_instant(getattr(window, name)) for name in times},
        "parameters": dict(window.parameters),
        **{name: getattr(window, name) for name in figures},
    }


def print_walk(found: Walked, files: Sequence[Path]) -> None:
    """Verdict and reasons, the one curve's figures, the windows, where the files are."""
    console = Console()
    print_verdict(console, found.ran, found.judgement)
    console.print(_figures(found))
    console.print(_windows(found))
    for path in files:
        console.print(f"written: {path}", highlight=False, soft_wrap=True)


def _figures(found: Walked) -> Table:
    table = Table(title="Out of sample, test after test", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    low, high = found.interval or (None, None)
    needed = "no record would" if found.periods_needed is None else f"{found.periods_needed:,.0f}"
    rows = (
        ("return", percent(found.total_return, 1, signed=True)),
        ("held instead", percent(found.hold_return, 1, signed=True)),
        ("Sharpe, a year", f"{ratio(found.sharpe)}, 95 % within {ratio(low)} to {ratio(high)}"),
        ("max drawdown", percent(found.max_drawdown, 1)),
        ("PSR, above zero", percent(found.psr, 1)),
        ("DSR, all walks on these bars", percent(found.dsr, 1)),
        ("days that would prove it", f"{needed} (there are {found.days.size:,})"),
        ("growth a year, tests over training", percent(found.efficiency, 0)),
        ("tests that earned", percent(found.positive, 0)),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _windows(found: Walked) -> Table:
    title = f"{len(found.windows)} windows, parameters frozen before each test"
    table = Table(title=title, title_justify="left")
    table.add_column("test from")
    for name in found.names:
        table.add_column(name, justify="right")
    for name in ("train Sharpe", "test Sharpe", "test return", "max drawdown", "trades"):
        table.add_column(name, justify="right")
    for each in found.windows:
        table.add_row(
            moment(each.test_start)[:10],
            *(each.parameters.get(name, "-") for name in found.names),
            ratio(each.train_sharpe),
            ratio(each.test_sharpe),
            percent(each.test_return, 1, signed=True),
            percent(each.test_drawdown, 1),
            f"{each.trades:,}",
        )
    return table
