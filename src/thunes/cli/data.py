"""`thunes data`: bring market data in, see what is wrong with it, list it, make some up."""

import json
import sys
import time
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thunes.cli.data_text import print_made, print_report, print_table, report_json
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import (
    format_instant,
    format_timeframe,
    parse_instant,
    parse_timeframe,
)

if TYPE_CHECKING:
    from thunes.adapters.storage.bars.check import Source

app = typer.Typer(no_args_is_help=True, help="Fetch, import, check, list and generate market data.")

_NOT_CHECKED = (
    "A file alone does not tell whether its prices are the market's (testnet, invented but "
    "consistent); --against FILE compares with an independent source."
)

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Parquet, CSV, Binance kline CSV/ZIP, Feather."),
]
Columns = Annotated[
    str | None,
    typer.Option(help="Column names in order, for a file without header: ts,open,high,...,skip"),
]
Timeframe = Annotated[
    str | None, typer.Option(help="1m, 15m, 1h, 1d ...; told by the spacing of the rows if absent.")
]
Catalog = Annotated[Path, typer.Option(help="The directory of the catalog.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command("check")
def check_command(
    files: Files,
    columns: Columns = None,
    timeframe: Timeframe = None,
    against: Annotated[
        Path | None, typer.Option(help="An independent source of the same symbol to compare with.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with files, where, and what to do. Nothing is changed.

    Exit code 1 when any file cannot be used as it is.

    Example: thunes data check BTCUSDT-1m-2024-01.zip --against BTCUSDT_1h.parquet
    """
    from thunes.adapters.storage.bars.check import Source, check_file, compared
    from thunes.adapters.storage.bars.findings import Severity

    other = check_file(Source(against)) if against else None
    reports = []
    for source in _with_progress(_sources(files, columns, timeframe), "checking"):
        report = check_file(source, time.time_ns())
        reports.append(compared(report, other) if other else report)
    if as_json:
        typer.echo(json.dumps([report_json(k) for k in reports], ensure_ascii=False, indent=2))
    else:
        for report in reports:
            print_report(report)
        if other is None:
            typer.echo(_NOT_CHECKED)
    if any(report.worst is not Severity.NOTE for report in reports):
        raise typer.Exit(1)


@app.command("import")
def import_command(
    files: Files,
    catalog: Catalog = Path("data"),
    venue: Annotated[str, typer.Option(help="Where the bars come from.")] = "binance",
    symbol: Annotated[
        str | None, typer.Option(help="Like BTCUSDT; told by names such as BTCUSDT-1h-2024-01.zip.")
    ] = None,
    columns: Columns = None,
    timeframe: Timeframe = None,
    as_json: Json = False,
) -> None:
    """Bring files of one symbol into the catalog, all of them or none.

    Rows that break a rule are put aside under `quarantine` with their reasons; a last bar that was
    still forming is dropped; a file that is unusable stops the import and changes nothing.

    Example: thunes data import BTCUSDT-1h-2024-*.zip --catalog data
    """
    from thunes.adapters.storage.bars.check import check_file
    from thunes.adapters.storage.bars.importing import import_reports

    name = symbol or _symbol_of(files)
    sources = _with_progress(_sources(files, columns, timeframe), "reading")
    reports = [check_file(source, time.time_ns()) for source in sources]
    done = import_reports(reports, catalog, venue, name)
    aside = sum(int(report.left_out().sum()) for report in reports)
    if as_json:
        answer = {
            "file": str(done.path),
            "venue": done.shelf.venue,
            "symbol": done.shelf.symbol,
            "timeframe": format_timeframe(done.shelf.timeframe),
            "rows": done.rows,
            "new_rows": done.new,
            "rows_left_out": aside,
            "quarantine": [str(path) for path in done.quarantine],
            "reports": [report_json(report) for report in reports],
        }
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for report in reports:
        print_report(report)
    typer.echo(f"{done.path}: {done.rows} bars, {done.new} of them new")
    for path in done.quarantine:
        typer.echo(f"{path}: rows left out, with reasons ({aside} in all)")


@app.command("list")
def list_command(catalog: Catalog = Path("data"), as_json: Json = False) -> None:
    """List the series of the catalog.

    Example: thunes data list --catalog data --json
    """
    from thunes.adapters.storage.bars.catalog import entries

    lines = [
        {
            "venue": entry.shelf.venue,
            "symbol": entry.shelf.symbol,
            "timeframe": format_timeframe(entry.shelf.timeframe),
            "rows": entry.rows,
            "first": format_instant(entry.first),
            "last": format_instant(entry.last),
            "gaps": entry.gaps,
            "bars_missing": entry.missing,
            "file": str(entry.shelf.file(catalog)),
        }
        for entry in entries(catalog)
    ]
    if as_json:
        typer.echo(json.dumps(lines, ensure_ascii=False, indent=2))
    else:
        print_table(lines)


@app.command("synth")
def synth_command(
    out: Annotated[Path, typer.Argument(metavar="OUT.parquet", help="The file to write.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bars.")] = 1,
    bars: Annotated[int, typer.Option(help="How many bars.")] = 2_400,
    timeframe: Annotated[str, typer.Option(help="1m, 15m, 1h, 1d ...")] = "1h",
    start: Annotated[str, typer.Option(help="Open time of the first bar.")] = "2024-01-01",
    price: Annotated[str, typer.Option(help="Where the price starts.")] = "30000",
    tick: Annotated[str, typer.Option(help="The step of prices.")] = "0.01",
    missing: Annotated[float, typer.Option(help="Share of bars lost in outages, 0 to 0.5.")] = 0.0,
    force: Annotated[bool, typer.Option(help="Replace the file if it exists.")] = False,
    as_json: Json = False,
) -> None:
    """Generate a market with trends, ranges, shocks and clustered volatility.

    Example: thunes data synth demo.parquet --seed 7 --bars 5000 --timeframe 15m
    """
    from thunes.adapters.storage.bars.catalog import save_bars
    from thunes.simulation.market import Recipe, synthesize

    recipe = Recipe(
        seed=seed,
        bars=bars,
        timeframe=parse_timeframe(timeframe),
        start=parse_instant(start),
        start_price=_decimal("--price", price),
        tick=_decimal("--tick", tick),
        missing=missing,
    )
    if out.suffix != ".parquet":
        raise UsageError(f"{out} should end in .parquet: that is what is written")
    if out.exists() and not force:
        raise UsageError(f"{out} exists; give another name, or --force to replace it")
    made = synthesize(recipe)
    save_bars(out, made)
    print_made(out, recipe.seed, made, as_json=as_json)


def _sources(files: list[Path], columns: str | None, timeframe: str | None) -> "list[Source]":
    from thunes.adapters.storage.bars.check import Source

    names = tuple(name.strip() for name in columns.split(",")) if columns else None
    return [Source(k, names, parse_timeframe(timeframe) if timeframe else None) for k in files]


def _symbol_of(files: list[Path]) -> str:
    """The one symbol that the names of all files tell."""
    from thunes.adapters.storage.bars.paths import symbol_in_name

    found = {symbol_in_name(path) for path in files}
    name = found.pop() if len(found) == 1 else None
    if name is None:
        raise UsageError("the file names do not tell one symbol; say --symbol, like BTCUSDT")
    return name


def _with_progress(sources: "list[Source]", what: str) -> "Iterator[Source]":
    """The sources one by one, with a bar on a terminal's standard error."""
    if len(sources) < 2 or not sys.stderr.isatty():
        yield from sources
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(sources, description=what, console=Console(stderr=True), transient=True)


def _decimal(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{option} {text!r} is not a number such as 0.01") from None
    if not value.is_finite():
        raise UsageError(f"{option} {text!r} is not a number such as 0.01")
    return value
