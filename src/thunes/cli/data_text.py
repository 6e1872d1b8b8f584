"""How the verbs of `thunes data` tell what they found."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from thunes.core.domain.units import format_instant, format_timeframe

if TYPE_CHECKING:
    from thunes.adapters.storage.bars.check import Report
    from thunes.core.domain.market import BarColumns


def print_made(out: Path, seed: int, made: "BarColumns", *, as_json: bool) -> None:
    """What was generated."""
    first, last = (format_instant(int(made.open_time[k])) for k in (0, -1))
    low, high = float(made.low.min()), float(made.high.max())
    answer = {
        "file": str(out),
        "rows": len(made),
        "first": first,
        "last": last,
        "low": low,
        "high": high,
        "seed": seed,
    }
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        typer.echo(
            f"{out}: {len(made)} bars, {first} to {last}, prices {low} to {high} (seed {seed})"
        )


def report_json(report: "Report") -> dict[str, object]:
    """A report as plain values; times are ISO 8601."""
    series, timeframe = report.series, report.timeframe
    span = report.span()
    first, last = (None, None) if span is None else map(format_instant, span)
    return {
        "file": str(report.path),
        "verdict": _verdict(report),
        "rows": 0 if series is None else int(series.rows.size),
        "rows_left_out": int(report.left_out().sum()),
        "timeframe": None if timeframe is None else format_timeframe(timeframe),
        "first": first,
        "last": last,
        "read_as": None if series is None else series.layout,
        "findings": [finding.as_json() for finding in report.findings],
    }


def _verdict(report: "Report") -> str:
    from thunes.adapters.storage.bars.findings import Severity

    match report.worst:
        case Severity.REFUSE:
            return "unusable"
        case Severity.QUARANTINE:
            return "usable after import"
        case Severity.NOTE:
            return "usable"


def print_report(report: "Report") -> None:
    """The verdict, what was read, and each finding on a line of its own."""
    told = report_json(report)
    typer.echo(f"{report.path}: {told['verdict']}")
    if told["read_as"]:
        typer.echo(
            f"  {told['rows']} bars of {told['timeframe'] or 'unknown timeframe'}, "
            f"{told['first'] or 'no time'} to {told['last'] or 'no time'} ({told['read_as']})"
        )
    for finding in report.findings:
        typer.echo(f"  {finding.severity.value}: {finding.sentence()}")
    if not report.findings:
        typer.echo("  nothing found")


def print_table(lines: Iterable[dict[str, object]]) -> None:
    """The series of the catalog in columns."""
    from rich.cells import cell_len

    names = ("venue", "symbol", "timeframe", "rows", "first", "last", "gaps", "bars_missing")
    rows = [names, *(tuple(str(line[name]) for name in names) for line in lines)]
    # Some symbols are Chinese: their characters are two cells wide.
    widths = [max(cell_len(row[k]) for row in rows) for k in range(len(names))]
    for row in rows:
        cells = zip(row, widths, strict=True)
        line = "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in cells)
        typer.echo(line.rstrip())
