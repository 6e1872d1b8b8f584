"""`thunes db`: the SQL tables of a journal, made anew, compared with it, and asked."""

import json
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thunes.adapters.storage.places import JOURNAL, TABLES
from thunes.cli.extras import brought_by

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from msgspec import Struct

    from thunes.adapters.storage.projections.keeping import Checked, Projections

app = typer.Typer(
    name="db",
    help="The SQL tables of a journal: rebuild, check and show them.",
    no_args_is_help=True,
)

_NICE = 5  # what trades comes first
_TABLES = ("orders", "trades", "positions", "balances")

_State = Annotated[Path, typer.Option(help="The directory with `journal` and `thunes.db` in it.")]
_Url = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME. Default: STATE/thunes.db.",
    ),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@app.command()
def rebuild(state: _State = Path("var"), url: _Url = None, as_json: _AsJson = False) -> None:
    """Make the tables anew from the journal; whoever reads sees the old ones until it is done.

    A program that writes the journal may go on. Exit code 0: done, 1: the journal is damaged or
    the database cannot be used, 2: asked wrongly.

    Example: thunes db rebuild --state var
    """
    from thunes.cli.progress import progress_bar

    with _sql(), _tables(state, url) as tables, progress_bar("lines") as told:
        total = tables.lines()
        lines = tables.rebuild(lambda last: told(last + 1, total))
    place = url or str(state / TABLES)
    if as_json:
        typer.echo(json.dumps({"database": place, "lines": lines}))
    else:
        typer.echo(f"{place}: {lines} lines of the journal are in the tables")


@app.command()
def check(state: _State = Path("var"), url: _Url = None, as_json: _AsJson = False) -> None:
    """Compare the tables with new ones made from the same lines; tells the first difference.

    Exit code 0: all rows are equal, 1: one is not, or there is nothing to compare, 2: asked
    wrongly.

    Example: thunes db check --state var
    """
    with _sql(), _tables(state, url) as tables:
        found = tables.check()
    if as_json:
        typer.echo(json.dumps(_checked(found), ensure_ascii=False))
    else:
        place = url or str(state / TABLES)
        said = "every row is what the journal tells" if found.difference is None else "DIFFERENT"
        late = f", {found.behind} lines behind" if found.behind else ""
        typer.echo(f"{place}: {said} up to line {found.sequence}{late}")
        if found.difference is not None:
            typer.echo(f"  {found.difference}")
            typer.echo("  `thunes db rebuild` mends it")
    raise typer.Exit(0 if found.difference is None else 1)


@app.command()
def follow(
    state: _State = Path("var"),
    url: _Url = None,
    as_json: _AsJson = False,
    child_of: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Keep the tables up with the journal, within about a second, until Ctrl-C or SIGTERM.

    A process that trades has this done by itself. A database that is locked or gone is told once
    and tried again; whatever it missed is made up for.

    Example: thunes db follow --state var
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if child_of is not None:
        os.nice(_NICE)

    def wait(seconds: float) -> bool:
        # A parent that was killed tells nobody; whoever comes next has tables kept of its own.
        return not stop.wait(seconds) and child_of in (None, os.getppid())

    def told(text: str) -> None:
        print(json.dumps({"tables": text}) if as_json else text, flush=True)

    with _sql():
        from thunes.adapters.storage.projections.keeping_up import keep_up

        with _tables(state, url) as tables:
            keep_up(tables, wait, told)


@app.command()
def show(
    table: Annotated[str, typer.Argument(help=", ".join(_TABLES))],
    state: _State = Path("var"),
    url: _Url = None,
    symbol: Annotated[str | None, typer.Option(help="Only those of this symbol.")] = None,
    working: Annotated[bool, typer.Option(help="Only orders that are not over.")] = False,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last N.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Tell what the tables hold, a line each; nothing has to run.

    Example: thunes db show trades --state var --last 20
    """
    if table not in _TABLES:
        raise typer.BadParameter(f"{table!r} is none of {', '.join(_TABLES)}", param_hint="TABLE")
    with _sql():
        from thunes.adapters.storage.projections import queries

        place = url or state / TABLES
        answers: dict[str, Any] = {
            "orders": lambda: queries.orders(place, symbol=symbol, working=working, last=last),
            "trades": lambda: queries.trades(place, symbol=symbol, last=last),
            "positions": lambda: queries.positions(place, symbol=symbol),
            "balances": lambda: queries.balances(place),
        }
        rows = [_row(each) for each in answers[table]()]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        typer.echo(" ".join(f"{name}={value}" for name, value in row.items() if value is not None))
    if not rows:
        typer.echo(f"no {table}", err=True)


def _sql() -> "AbstractContextManager[None]":
    return brought_by("sql", "the tables", "sqlalchemy", "alembic")


def _tables(state: Path, url: str | None) -> "Projections":
    from thunes.adapters.storage.projections.keeping import Projections

    return Projections(url or state / TABLES, state / JOURNAL)


def _checked(found: "Checked") -> dict[str, Any]:
    different = found.difference
    return {
        "equal": different is None,
        "sequence": found.sequence,
        "behind": found.behind,
        "difference": None
        if different is None
        else {name: _plain(value) for name, value in different._asdict().items()},
    }


def _row(answer: "Struct") -> dict[str, Any]:
    """An answer for a program: decimals exact, times in ISO 8601."""
    from thunes.core.domain.units import format_instant

    row: dict[str, Any] = {}
    for name in answer.__struct_fields__:
        value = getattr(answer, name)
        if name.endswith("at") and (name == "at" or name.endswith("_at")):
            name = name.removesuffix("at") + "time"
            value = None if value is None else format_instant(value)
        row[name] = _plain(value)
    return row


def _plain(value: Any) -> Any:
    from decimal import Decimal

    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return format(value, "f") if isinstance(value, Decimal) else value
