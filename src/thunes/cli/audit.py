"""`thunes audit`: is a journal whole, what happened in it, and would it happen again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from thunes.ops.audit import Difference, Verification
    from thunes.ops.show import Choice, Entry

app = typer.Typer(
    name="audit",
    help="Verify, read, replay and export the journal of a run.",
    no_args_is_help=True,
)

Directory = Annotated[
    Path,
    typer.Argument(metavar="JOURNAL", help="The directory of the journal.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@app.command()
def verify(directory: Directory, as_json: AsJson = False) -> None:
    """Check every byte: numbers, hash chain, compressed segments, tape.

    Prints what is damaged and where. Exit code 0: whole, 1: damaged, 2: wrong use.

    Example: thunes audit verify runs/demo
    """
    from thunes.ops import audit

    found = audit.verify(directory)
    if as_json:
        _print_json(_verification(found))
    else:
        for problem in found.problems:
            typer.echo(f"{problem.damage.value}: {problem}")
        state = "whole" if found.ok else f"DAMAGED in {len(found.problems)} place(s)"
        still = ", still being written" if found.writing else ""
        typer.echo(f"{directory}: {found.lines} lines, {state}{still}. Head: {found.head}")
        if found.note:
            typer.echo(f"note: {found.note}")
    raise typer.Exit(0 if found.ok else 1)


@app.command()
def show(
    directory: Directory,
    symbol: Annotated[str | None, typer.Option(help="Only what concerns this symbol.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only decisions, orders, trades, modes or other.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="From this ISO time on.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Before this ISO time.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N entries.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what happened, in plain words. With --json: one object per line.

    Example: thunes audit show runs/demo --kind decisions --symbol BTCUSDT --last 20
    """
    from thunes.ops import show as telling

    told = False
    for entry in telling.show(directory, _choice((symbol, kind), (start, end), last)):
        typer.echo(_json(_entry(entry)) if as_json else str(entry))
        told = True
    if not told:
        typer.echo(f"{directory}: nothing in it is of that kind", err=True)


@app.command()
def replay(directory: Directory, as_json: AsJson = False) -> None:
    """Run the engine again from the journal's events and compare every outcome, bit for bit.

    Stops at the first difference. Exit code 0: all equal, 1: a difference or damage.

    Example: thunes audit replay runs/demo
    """
    from thunes.adapters.storage.reading import read_header
    from thunes.compose import engine_from_header
    from thunes.ops import audit

    engine = engine_from_header(read_header(directory), directory)
    result = audit.replay(directory, engine.step)
    different = result.difference
    if as_json:
        _print_json(
            {
                "equal": different is None,
                "steps": result.steps,
                "difference": None if different is None else _difference(different),
            }
        )
    elif different is None:
        typer.echo(f"{directory}: {result.steps} steps replayed, every outcome is the same.")
    else:
        _tell_difference(directory, result.steps, different)
    raise typer.Exit(0 if different is None else 1)


@app.command()
def export(
    directory: Directory,
    table: Annotated[str, typer.Argument(help="decisions, orders, fills or trades.")],
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write decisions, orders, fills or trades as CSV: exact decimals, ISO times.

    Example: thunes audit export runs/demo trades trades.csv
    """
    from thunes.core.domain.errors import UsageError
    from thunes.ops.export import Table, export_csv

    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise UsageError(f"{file} is not a plain file; name one")
    names = [known.value for known in Table]
    if table not in names:
        raise typer.BadParameter(f"{table!r} is none of {', '.join(names)}", param_hint="TABLE")
    rows = export_csv(directory, Table(table), file)
    if as_json:
        _print_json({"table": table, "file": str(file), "rows": rows})
    else:
        typer.echo(f"{file}: {rows} {table}")


def _choice(
    about: tuple[str | None, str | None], span: tuple[str | None, str | None], last: int | None
) -> "Choice":
    from thunes.cli.times import window_asked
    from thunes.core.domain.units import Symbol
    from thunes.ops.show import Choice
    from thunes.ops.story import Topic

    symbol, kind = about
    start, end = window_asked(*span)
    names = [topic.value for topic in Topic]
    if kind is not None and kind not in names:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(names)}", param_hint="--kind")
    return Choice(
        symbol=None if symbol is None else Symbol(symbol),
        topic=None if kind is None else Topic(kind),
        start=start,
        end=end,
        last=last,
    )


def _verification(found: "Verification") -> dict[str, Any]:
    return {
        "ok": found.ok,
        "lines": found.lines,
        "sequence": found.sequence,
        "head": found.head,
        "writing": found.writing,
        "note": found.note,
        "problems": [
            {**problem._asdict(), "damage": problem.damage.value} for problem in found.problems
        ],
    }


def _entry(entry: "Entry") -> dict[str, Any]:
    from thunes.core.domain.units import format_instant

    return {
        "sequence": entry.sequence,
        "time": format_instant(entry.at),
        "kind": entry.sentence.topic.value,
        "symbol": entry.sentence.symbol,
        "text": entry.sentence.text,
    }


def _difference(different: "Difference") -> dict[str, Any]:
    from thunes.core.domain.units import format_instant

    return {
        "sequence": different.sequence,
        "time": format_instant(different.at),
        "recorded": list(different.recorded),
        "replayed": list(different.replayed),
    }


def _tell_difference(directory: Path, steps: int, different: "Difference") -> None:
    from thunes.core.domain.units import format_instant

    typer.echo(f"{directory}: {steps} steps came out the same, then a different one:")
    typer.echo(f"step {different.sequence} at {format_instant(different.at)}")
    for name, texts in (("recorded", different.recorded), ("replayed", different.replayed)):
        for text in texts or ("(nothing)",):
            typer.echo(f"  {name}: {text}")


def _print_json(value: dict[str, Any]) -> None:
    typer.echo(_json(value))


def _json(value: dict[str, Any]) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
