"""The result of a backtest as a table on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from thunes.core.domain.units import format_instant, format_timeframe
from thunes.research.result import BacktestResult
from thunes.research.wording import money, percent, ratio


def print_result(result: BacktestResult, files: Sequence[Path]) -> None:
    """The figures with their units, then the warnings, gravest first."""
    console = Console()
    console.print(_figures(result))
    for finding in result.findings:
        console.print(f"[yellow]{finding.rank}.[/] {finding.text}", highlight=False)
    limits = dict(result.settings).get("limits")
    if limits is not None:
        console.print(f"limits: {limits}", style="dim", highlight=False)
    for path in files:
        console.print(f"written: {path}", highlight=False, soft_wrap=True)
    console.print(f"outcome {result.outcome_hash}", style="dim", highlight=False, soft_wrap=True)


def _figures(result: BacktestResult) -> Table:
    m, unit = result.metrics, result.quote
    title = f"{result.title}, {format_timeframe(result.timeframe)} bars"
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    rows = (
        ("period", f"{format_instant(result.start)} to {format_instant(result.end)}"),
        ("bars", f"{m.bars:,}"),
        ("final equity", f"{money(m.final_equity, unit)} from {money(m.initial_equity, unit)}"),
        ("total return", percent(m.total_return, 2, signed=True)),
        ("buy and hold", percent(m.buy_and_hold_return, 2, signed=True)),
        ("CAGR", percent(m.cagr, 2, signed=True)),
        ("max drawdown", percent(m.max_drawdown, 2)),
        ("Sharpe (daily, 365)", ratio(m.sharpe)),
        ("Sortino", ratio(m.sortino)),
        ("trades", f"{m.trades:,} closed, {m.wins:,} won, {m.open_positions:,} open"),
        ("exposure", percent(m.exposure)),
        ("fees", money(m.fees, unit)),
        ("slippage, estimated", money(m.slippage, unit)),
        ("ambiguous bars", f"{m.ambiguous_bars:,}"),
    )
    for label, value in rows:
        table.add_row(label, value)
    return table
