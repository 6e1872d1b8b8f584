"""`thunes parity`: whether engine and backtest would do again what an account has done."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from thunes.adapters.storage.places import JOURNAL
from thunes.cli.verbs import app

if TYPE_CHECKING:
    from thunes.compose.parity import Second
    from thunes.ops.parity_certificate import Certificate

_State = Annotated[Path, Option(help="The directory of the account; the journal is in it.")]
_Day = Annotated[
    str | None, Option(help="A UTC day, as 2026-11-21. Default: the journal's last one.")
]
_All = Annotated[bool, Option("--all", help="The whole journal instead of one day.")]
_Bars = Annotated[
    list[str] | None,
    Option(help="Bars of another source to hold it against, as SYMBOL=FILE; repeat it."),
]
_Config = Annotated[
    Path | None,
    Option(help="Rules to hold it against instead of the journal's own; its strategies stay."),
]
_Report = Annotated[Path | None, Option(help="Write a page (HTML).")]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
def parity(
    state: _State = Path("var"),
    day: _Day = None,
    whole: _All = False,
    bars: _Bars = None,
    config: _Config = None,
    report: _Report = None,
    as_json: _Json = False,
) -> None:
    """Replay a day's decisions, and run its bars as a backtest: every difference has a cause.

    Exit code 0: every decision on record is the engine's own, 1: one is not, or something failed,
    2: asked wrongly.

    Example: thunes parity --state var --report parity.html
    """
    import json

    from thunes.compose.parity import parity as compared
    from thunes.ops.parity_page import as_json as in_json
    from thunes.ops.parity_page import write_certificate

    journal = state / JOURNAL
    number = None if day is None else _day(day, whole)
    found = compared(journal, number, whole, _second(journal, bars or [], config))
    if report is not None:
        write_certificate(found, f"Parity of {journal}", report)
    if as_json:
        typer.echo(json.dumps(in_json(found), ensure_ascii=False))
    else:
        _tell(journal, found)
        if report is not None:
            typer.echo(f"written: {report}")
    raise typer.Exit(0 if found.holds else 1)


def _day(text: str, whole: bool) -> int:
    from thunes.core.domain.errors import UsageError
    from thunes.core.domain.units import NS_PER_DAY, parse_instant

    if whole:
        raise UsageError("--day names one day and --all means every one: give one of them")
    try:
        at = parse_instant(text)
    except UsageError:
        at = None
    if at is None or at % NS_PER_DAY:
        raise UsageError(f"--day: {text!r} is not a day such as 2026-11-21")
    return at // NS_PER_DAY


def _second(journal: Path, bars: list[str], config: Path | None) -> "Second":
    """What else to hold the account against."""
    from msgspec.structs import replace

    from thunes.adapters.storage.reading import read_header
    from thunes.cli.market import MarketFlags, market_asked
    from thunes.compose.headers import read_header_of
    from thunes.compose.parity import Second
    from thunes.compose.rules import rules_of
    from thunes.config.loading import load
    from thunes.core.domain.errors import UsageError
    from thunes.core.domain.units import format_timeframe

    if not bars and config is None:
        return Second()
    run = read_header_of(read_header(journal), journal).run
    columns = {}
    if bars:
        smallest = ("0.00000001", "0.00000001", "0")
        flags = MarketFlags((), bars, None, (None, None), None, smallest, None)
        market = market_asked(flags)
        columns = dict(market.columns)
        if market.timeframe != run.timeframe:
            frames = [format_timeframe(each) for each in (market.timeframe, run.timeframe)]
            raise UsageError(f"--bars hold {frames[0]} bars; the journal has {frames[1]}")
    if config is None:
        return Second(columns)
    rules = rules_of(load(config), run.instruments)
    return Second(columns, replace(rules, timeframe=run.timeframe))


def _tell(journal: Path, found: "Certificate") -> None:
    from thunes.ops.parity_page import words_of

    words = words_of(found)
    decisions, fills = found.decisions, found.fills
    typer.echo(f"{journal}, {words['period']}")
    typer.echo(f"decisions: {words['decided']} of {decisions.steps:,} steps come out bit for bit")
    if decisions.departure is not None:
        first = decisions.departure
        typer.echo(f"  step {first.sequence} differs first, at {words['departure_at']}:")
        typer.echo(f"  {first.field}: {first.recorded} on record, {first.replayed} now")
    typer.echo(f"trades: {found.same} of {found.rounds} as in a backtest of the same bars")
    if fills.cases:
        typer.echo(
            f"fills: {words['within']} of {fills.cases} within the model of {words['model_bps']} "
            f"bps; against it {fills.p50:+.1f} bps (median), {fills.worst:+.1f} (worst)"
        )
    typer.echo(f"close to order: {words['to_order']}; order to fill: {words['to_fill']}")
    typer.echo(f"fees: {words['fees'][0]}, in the backtest {words['fees'][1]}")
    for name, count, _ in words["causes"]:
        if count:
            typer.echo(f"differences by {name}: {count}")
    for row in words["rows"]:
        where = f"{row['signal']} {row['symbol']} {row['what']}"
        said = f"{row['account']} here, {row['backtest']} in the backtest"
        typer.echo(f"  {where}: {said} ({row['cause']}: {row['why']})")
    for each in found.left_out:
        typer.echo(f"left out: {each}")
