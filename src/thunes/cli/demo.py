"""`thunes demo`: a market, two strategies, a kill and its proof, in a minute."""

import typer


def demo() -> None:
    """Show the whole system at work."""
    typer.echo("soon")
