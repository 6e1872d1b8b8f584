"""`thunes strategies`: what there is to trade with, and its parameters with their bounds."""

import json
from typing import Annotated

import typer

from thunes.cli.verbs import app


@app.command()
def strategies(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names, or FILE.py:Class; all shipped if absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """List strategies with their parameters, types, defaults and bounds.

    Example: thunes strategies sma_cross my_file.py:MyStrategy
    """
    from rich.console import Console
    from rich.table import Table

    from thunes.compose.strategies import load_kind
    from thunes.core.strategy.catalog import SHIPPED, describe

    kinds = [(name, load_kind(name)[0]) for name in names or SHIPPED]
    if as_json:
        rows = [
            {
                "name": name,
                "about": (kind.__doc__ or "").strip(),
                "parameters": [
                    {"name": p.name, "type": p.type, "default": p.default, "bounds": p.bounds}
                    for p in describe(kind)
                ],
            }
            for name, kind in kinds
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    console = Console()
    for name, kind in kinds:
        about = " ".join((kind.__doc__ or "").split())
        table = Table(title=name, caption=about, title_justify="left", caption_justify="left")
        for column in ("parameter", "type", "default", "bounds"):
            table.add_column(column)
        for p in describe(kind):
            table.add_row(p.name, p.type, _default(p.default), p.bounds)
        console.print(table)
        console.print()


def _default(value: object) -> str:
    return "must be given" if value is None else str(value)
