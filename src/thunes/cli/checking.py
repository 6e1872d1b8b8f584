"""Checking for a person: the bars or made-up ones, a table of the gates, and a verdict."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from thunes.cli.market import MarketAsked, MarketFlags, market_asked
from thunes.cli.progress import progress_bar
from thunes.compose.checked import Checked, check_strategy
from thunes.compose.spec import RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.amounts import pairs
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import (
    Asset,
    Price,
    Quantity,
    Symbol,
    format_instant,
    format_timeframe,
)
from thunes.core.portfolio.sizing import parse_sizing
from thunes.research.examination import Answer, Verdict
from thunes.simulation.market import Recipe, synthesize

# Fine enough for any price: what is asked is when a strategy trades, not in which steps.
_FINE = "0.00000001"
_MADE_UP = {
    Symbol("BTCUSDT"): Recipe(seed=10),
    Symbol("DOGEUSDT"): Recipe(
        seed=3, start_price=Decimal("0.1"), tick=Decimal("0.00001"), missing=0.02
    ),
}
_COLOURS = {
    Verdict.PASSED: "green",
    Verdict.NOT_PASSED: "bold red",
    Verdict.WARNED: "yellow",
    Verdict.UNTOLD: "dim",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line said."""

    strategy: str
    bars: Sequence[str]
    parameters: Sequence[str]
    timeframe: str | None
    quote: str | None
    seconds: float
    as_json: bool


def check_asked(asked: Asked) -> bool:
    """Check, tell, and say whether nothing is held against the strategy."""
    given = pairs("--param", asked.parameters)
    specify_strategy(asked.strategy, given, ())  # what is wrong with it is told before bars are
    market = _market(asked)
    spec = RunSpec(
        quote=market.instruments[0].quote,
        timeframe=market.timeframe,
        instruments=market.instruments,
        strategies=(specify_strategy(asked.strategy, given, market.traded),),
        sizing=parse_sizing("all_cash"),
    )
    with progress_bar("check") as progress:
        found = list(check_strategy(spec, market.columns, asked.seconds, progress))
    passed = all(each.passed for each in found)
    if asked.as_json:
        typer.echo(json.dumps(_plain(asked, spec, market.columns, found), indent=2))
    else:
        _print(asked, spec, found)
    return passed


def _market(asked: Asked) -> MarketAsked:
    if asked.bars:
        window, filters = (None, None), (_FINE, _FINE, "0")
        return market_asked(
            MarketFlags((), asked.bars, asked.timeframe, window, asked.quote, filters, None)
        )
    columns = {symbol: synthesize(recipe) for symbol, recipe in _MADE_UP.items()}
    described = tuple(
        Instrument(
            symbol=symbol,
            base=Asset(symbol.removesuffix("USDT")),
            quote=Asset("USDT"),
            tick=Price(recipe.tick),
            step=Quantity(Decimal(_FINE)),
        )
        for symbol, recipe in _MADE_UP.items()
    )
    return MarketAsked(Recipe(seed=0).timeframe, columns, described, tuple(columns))


def _print(asked: Asked, spec: RunSpec, found: Sequence[Checked]) -> None:
    console = Console()
    for each in found:
        made = "" if asked.bars else ", made up"
        title = (
            f"{spec.strategies[0].id} on {each.symbol}, {each.bars:,} bars of "
            f"{format_timeframe(spec.timeframe)}{made}"
        )
        table = Table(title=title, title_justify="left")
        for column in ("gate", "asked", "says", "why"):
            table.add_column(column, justify="right" if column == "asked" else "left")
        for answer in each.answers:
            colour = _COLOURS[answer.verdict]
            said = f"[{colour}]{answer.verdict.value}[/]"
            text = answer.text.removeprefix(f"{answer.gate.value}: ").replace("[", "\\[")
            table.add_row(answer.gate.value, f"{answer.asked:,}", said, text)
        console.print(table)
    console.print(_verdict(found), highlight=False, soft_wrap=True, markup=False)


def _verdict(found: Sequence[Checked]) -> str:
    held = [
        answer.finding
        for each in found
        for answer in each.answers
        if answer.verdict is Verdict.NOT_PASSED and answer.finding is not None
    ]
    if not held:
        return "Nothing is held against it. What the gates cannot see stands in docs/look-ahead.md."
    return f"It is not to be believed ({held[0].kind}). {held[0].text}"


def _plain(
    asked: Asked, spec: RunSpec, columns: Mapping[Symbol, BarColumns], found: Sequence[Checked]
) -> dict[str, Any]:
    return {
        "strategy": asked.strategy,
        "parameters": dict(spec.strategies[0].parameters),
        "made_up": not asked.bars,
        "timeframe": format_timeframe(spec.timeframe),
        "passed": all(each.passed for each in found),
        "symbols": [
            {
                "symbol": each.symbol,
                "bars": each.bars,
                "form": "signals" if each.signals else "events",
                "passed": each.passed,
                "gates": [
                    _answer(answer, columns[each.symbol], spec.timeframe) for answer in each.answers
                ],
            }
            for each in found
        ],
    }


def _answer(answer: Answer, columns: BarColumns, timeframe: int) -> dict[str, Any]:
    finding = answer.finding
    breach = None if finding is None else finding.breach
    row = None if finding is None else finding.row
    closed = None if row is None else format_instant(int(columns.open_time[row]) + timeframe)
    return {
        "gate": answer.gate.value,
        "asked": answer.asked,
        "verdict": answer.verdict.value,
        "text": answer.text,
        "kind": None if finding is None else finding.kind,
        "row": row,
        "closed": closed,
        "column": None if breach is None else breach.column,
        "was": None if breach is None else _value(breach.was),
        "became": None if breach is None else _value(breach.became),
    }


def _value(value: object) -> object:
    """JSON has no NaN."""
    return value if isinstance(value, bool | int | str) else str(value)
