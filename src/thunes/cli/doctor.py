"""`thunes doctor`: everything that trading stands on, looked at before anything is traded."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thunes.cli.verbs import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from thunes.compose.doctor import Look
    from thunes.ops.doctor.finding import Finding

_LOOKS_WITH = ("ccxt", "cryptography", "aiohttp")


@app.command()
def doctor(
    config: Annotated[Path, typer.Option(help="The configuration.")] = Path("thunes.toml"),
    state: Annotated[Path, typer.Option(help="The state directory.")] = Path("var"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Look at machine, configuration, secrets, state and venue, and say what to do.

    Nothing is changed and no order is placed; what a strategy file does when it is loaded is done.

    Exit code 0: nothing fails (warnings are told), 1: something fails, 2: asked wrongly.

    Example: thunes doctor --config thunes.toml --state var --json
    """
    from thunes.compose.doctor import examine, may_start

    found = examine(config, state, look())
    if as_json:
        rows = [{**each._asdict(), "verdict": each.verdict.value} for each in found]
        typer.echo(json.dumps({"ok": may_start(found), "checks": rows}, indent=2))
    else:
        tell(found, typer.echo)
    if not may_start(found):
        raise typer.Exit(1)


def look() -> "Look | None":
    """What looks at a venue; None where its libraries are not there."""
    try:
        from thunes.ops.doctor.venue import visit
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in _LOOKS_WITH:
            raise
        return None  # the check of the libraries says so
    return visit


def tell(found: "list[Finding]", say: "Callable[[str], object]") -> None:
    """A line for each check, and what to do below it."""
    wide = max(len(each.name) for each in found)
    for each in found:
        seen = each.seen.replace("\n", f"\n{'':<{wide + 9}}")
        say(f"{each.verdict.value:<7} {each.name:<{wide}} {seen}")
        if each.do:
            say(f"{'':<{wide + 9}}-> {each.do}")
