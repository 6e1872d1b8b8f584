"""`thunes data tape`: what a process that trades has recorded of the market, and what it missed."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thunes.adapters.storage.places import TAPE
from thunes.cli.data import Json, app
from thunes.core.domain.units import NS_PER_SECOND, format_instant

if TYPE_CHECKING:
    from thunes.adapters.storage.market.gaps import Day, Gap

_State = Annotated[
    Path, typer.Option(help="The directory that keeps the state; the tape is in it.")
]
_Longest = Annotated[
    float,
    typer.Option("--gap-s", min=0.1, help="Longer without a quote of a symbol is a gap, in s."),
]


@app.command("tape")
def tape_command(
    state: _State = Path("var"), longest_s: _Longest = 20.0, as_json: Json = False
) -> None:
    """List the recorded days: quotes, trades, bytes, and when a symbol was not heard of.

    Its bars are a catalog: `thunes data list --catalog var/tape/bars`.

    Example: thunes data tape --state var
    """
    from thunes.adapters.storage.market.gaps import look_through

    days = look_through(state / TAPE, longest_s)
    if as_json:
        typer.echo(json.dumps([_plain(day) for day in days], indent=2))
        return
    for day in days:
        size = f"{day.size / 1e6:.1f} MB"
        typer.echo(f"{day.day}  {day.quotes:,} quotes  {day.trades:,} trades  {size}")
        for gap in day.gaps:
            typer.echo(f"  no quote of {gap.symbol} from {_said(gap)}")
    if not days:
        typer.echo(f"nothing is recorded in {state / 'tape'}", err=True)


def _said(gap: "Gap") -> str:
    lasted = (gap.end - gap.begin) / NS_PER_SECOND
    return f"{format_instant(gap.begin)} to {format_instant(gap.end)} ({lasted:,.0f} s)"


def _plain(day: "Day") -> dict[str, object]:
    gaps = [
        {"symbol": gap.symbol, "begin": format_instant(gap.begin), "end": format_instant(gap.end)}
        for gap in day.gaps
    ]
    return day._asdict() | {"gaps": gaps}
