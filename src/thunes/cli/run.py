"""Running a backtest for a person: progress, table, files."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from thunes.cli.request import Flags, Request, prepare
from thunes.cli.trades import write_trades
from thunes.cli.unnamed import tell_of_unused
from thunes.compose.backtest import World
from thunes.compose.measured import Measured, measured_backtest
from thunes.compose.spec import Friction
from thunes.core.domain.amounts import fraction
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.research.report import write_report
from thunes.research.result import BacktestResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from thunes.config import Config

SHOW_PROGRESS_FROM_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made of the run."""

    config: Path | None
    latency_ms: int
    participation: str | None
    every_bar: bool
    trades: Path | None
    journal: Path | None
    report: Path | None
    as_json: bool


def run(flags: Flags, wanted: Wanted) -> None:
    """Prepare, run, measure, write and tell."""
    tell_of_unused(wanted.config)
    _refuse_places(flags, wanted)
    share = wanted.participation
    friction = Friction(
        latency_ms=wanted.latency_ms,
        participation=None if share is None else fraction("--participation", share),
    )
    request = prepare(flags, _config(wanted.config))
    for flag, path in _files(wanted).items():
        _make_writable(flag, path.parent)
    with _progress(request) as progress:
        world = World(
            balances=request.balances,
            friction=friction,
            journal=wanted.journal,
            every_bar=wanted.every_bar,
            progress=progress,
        )
        measured = measured_backtest(request.spec, request.columns, world)
    _write(measured.result, wanted)
    if wanted.as_json:
        typer.echo(json.dumps(as_json(measured), indent=2, allow_nan=False))
    else:
        from thunes.cli.tables import print_result

        written = (wanted.report, wanted.trades, wanted.journal)
        print_result(measured.result, [path for path in written if path is not None])


def _refuse_places(flags: Flags, wanted: Wanted) -> None:
    """No file that is read is written over, and no two are written into one."""
    read = [Path(text.rpartition("=")[2]) for text in flags.market.bars]
    read += [Path(source.rpartition(":")[0]) for source in flags.strategies if ":" in source]
    read += [path for path in (wanted.config, flags.market.exchange_info) if path is not None]
    taken = {path.resolve() for path in read}
    for flag, path in _files(wanted).items():
        if path.is_dir():
            raise UsageError(f"{flag}: {path} is a directory; name a file in it")
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UsageError(f"{flag}: {path} is not a plain file; name one")
        if path.resolve() in taken:
            raise UsageError(f"{flag}: {path} is used by this command already; name another file")
        taken.add(path.resolve())


def _files(wanted: Wanted) -> dict[str, Path]:
    named = {"--trades": wanted.trades, "--report": wanted.report}
    return {flag: path for flag, path in named.items() if path is not None}


def _make_writable(flag: str, directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ThunesError(
            f"{flag}: the directory {directory} cannot be made: {error.strerror}"
        ) from error
    if not os.access(directory, os.W_OK):
        raise ThunesError(f"{flag}: the directory {directory} cannot be written to")


def _write(result: BacktestResult, wanted: Wanted) -> None:
    if wanted.trades is not None:
        write_trades(result.trades, wanted.trades)
    if wanted.report is not None:
        beside = None if wanted.trades is None else str(wanted.trades)
        write_report(result, wanted.report, beside)


def as_json(measured: Measured) -> dict[str, Any]:
    """The figures, warnings and settings as plain values."""
    result = measured.result
    figures = asdict(result.metrics)
    figures["warnings"] = [
        {"rank": each.rank, "code": each.code, "text": each.text} for each in result.findings
    ]
    figures["interval"] = result.interval
    figures["settings"] = dict(result.settings)
    figures["strategy"] = {"name": result.strategy, "parameters": dict(result.parameters)}
    figures["symbols"] = list(result.symbols)
    figures["refusals"] = measured.refusals
    figures["steps"] = measured.steps
    figures["outcome_hash"] = result.outcome_hash
    return figures


def _config(path: Path | None) -> "Config | None":
    if path is None:
        return None
    from thunes.config import load_config

    return load_config(path)


@contextmanager
def _progress(request: Request) -> "Iterator[Callable[[int], None] | None]":
    """A bar on the terminal for long runs; nothing where nobody looks."""
    rows = max(len(columns) for columns in request.columns.values())
    if rows < SHOW_PROGRESS_FROM_ROWS:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("backtest", total=rows)
        yield lambda row: bar.update(task, completed=row)
