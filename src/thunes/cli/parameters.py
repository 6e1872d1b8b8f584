"""`thunes parameters list|show|compare`: what was chosen for a strategy, and on what evidence."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

if TYPE_CHECKING:
    from thunes.adapters.storage.lines import DamagedLine
    from thunes.adapters.storage.parameters import Kept

app = typer.Typer(
    name="parameters",
    help="Keep what was chosen for a strategy, compare it, and watch for its decay.",
    no_args_is_help=True,
)

Versions = Annotated[Path, Option("--versions", help="The file of snapshots; it only grows.")]
PATH = Path("artifacts") / "parameter_versions.jsonl"
AsJson = Annotated[bool, Option("--json", help="Print JSON for a program to read.")]
_Number = Annotated[int | None, Argument(min=1, help="As `list` numbers it; the newest if absent.")]
_Of = Annotated[str | None, Option("--strategy", help="Only those of this strategy.")]


@app.command("list")
def history(
    strategy: _Of = None,
    limit: Annotated[int, Option(min=1, help="How many of the newest.")] = 100,
    versions: Versions = PATH,
    as_json: AsJson = False,
) -> None:
    """List snapshots, newest first. Damaged lines are told with their numbers.

    Example: thunes parameters list --strategy sma_cross
    """
    from thunes.adapters.storage.parameters import ParameterVersions
    from thunes.cli.parameters_text import print_history, snapshot_json

    told = ParameterVersions(versions).load_history(strategy, limit)
    tell_damaged(versions, told.damaged)
    if as_json:
        typer.echo(json.dumps([snapshot_json(each) for each in told.kept], ensure_ascii=False))
    elif told.kept:
        print_history(told.kept)
    else:
        typer.echo(f"{versions}: no snapshots{f' of {strategy}' if strategy else ''}", err=True)


@app.command()
def show(
    number: _Number = None,
    strategy: _Of = None,
    flags: Annotated[bool, Option("--flags", help="As flags of the other verbs.")] = False,
    toml: Annotated[bool, Option("--toml", help="As the [[strategy]] of a thunes.toml.")] = False,
    versions: Versions = PATH,
    as_json: AsJson = False,
) -> None:
    """Show one snapshot: all of it, or its parameters as they are given to THUNES.

    Example: thunes parameters show 3 --toml >> thunes.toml
    """
    from thunes.cli.parameters_text import print_snapshot, snapshot_json
    from thunes.core.domain.errors import UsageError

    if flags + toml + as_json > 1:
        raise UsageError("--flags, --toml and --json are three forms: give one of them")
    kept = found(versions, number, strategy)
    if as_json:
        typer.echo(json.dumps(snapshot_json(kept, whole=True), ensure_ascii=False))
    elif flags or toml:
        typer.echo(_given(kept, toml=toml).rstrip())
    else:
        print_snapshot(kept)
    warn(kept)


@app.command()
def compare(
    one: Annotated[int, Argument(min=1, help="A snapshot, as `list` numbers it.")],
    other: Annotated[int, Argument(min=1, help="Another one.")],
    versions: Versions = PATH,
    as_json: AsJson = False,
) -> None:
    """Show two snapshots side by side, and what differs.

    Example: thunes parameters compare 3 7
    """
    from thunes.cli.parameters_text import compared_json, print_compared

    pair = found(versions, one, None), found(versions, other, None)
    if as_json:
        typer.echo(json.dumps(compared_json(*pair), ensure_ascii=False))
    else:
        print_compared(*pair)


def found(path: Path, number: int | None, strategy: str | None) -> "Kept":
    """The snapshot of that number, or the newest; damaged lines are told."""
    from thunes.adapters.storage.parameters import ParameterVersions

    kept, history = ParameterVersions(path).find(number, strategy)
    tell_damaged(path, history.damaged)
    return kept


def tell_damaged(path: Path, damaged: "tuple[DamagedLine, ...]") -> None:
    for each in damaged:
        typer.echo(f"{path}, line {each.number} is left out: {each.why}", err=True)


def warn(kept: "Kept") -> None:
    """Say it where what is shown or kept was not promoted."""
    one = kept.snapshot
    if not one.promoted:
        why = f": {one.reasons[0]}" if one.reasons else ""
        said = f"its verdict is {one.verdict}{why}" if one.verdict else "nobody has judged it"
        typer.echo(f"snapshot {kept.number} is not promoted: {said}", err=True)


def _given(kept: "Kept", *, toml: bool) -> str:
    """The parameters as THUNES is given them."""
    import shlex

    one = kept.snapshot
    if not toml:
        words = (f"--param {shlex.quote(f'{k}={v}')}" for k, v in one.parameters.items())
        return " ".join((f"--strategy {shlex.quote(one.source)}", *words))
    from thunes.config.tables import Plan
    from thunes.config.writing import strategy_text

    name = "" if one.strategy_id == one.source.rpartition(":")[2] else one.strategy_id
    return strategy_text(Plan(source=one.source, name=name, parameters=one.parameters))
