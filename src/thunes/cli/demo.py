"""`thunes demo`: a market, two strategies, a kill and its proof, in a minute."""

from pathlib import Path
from typing import Annotated

import typer

from thunes.cli.verbs import app


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the demo writes; emptied of an older demo.")] = (
        Path("demo")
    ),
) -> None:
    """Show the whole system at work on a made-up market: no key, no account, no network.

    Example: thunes demo --out demo
    """
    from thunes.cli.demonstration import demonstrate

    demonstrate(out)
