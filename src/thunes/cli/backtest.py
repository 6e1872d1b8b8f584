"""`thunes backtest`: what a strategy would have done on bars, measured by the engine itself."""

from pathlib import Path
from typing import Annotated

from typer import Option

from thunes.cli.past import PastFlags, spread
from thunes.cli.verbs import app

_LatencyMs = Annotated[int, Option(min=0, help="Delay of orders, milliseconds.")]
_Participation = Annotated[
    str | None, Option(help="Most of a bar's volume that we may be, as 2%. Default: any size.")
]
_EveryBar = Annotated[
    bool, Option("--every-bar", help="Visit every bar: slower, with the same outcome.")
]
_Trades = Annotated[Path | None, Option(help="Write the trades to this CSV file.")]
_Journal = Annotated[Path | None, Option(help="Keep the journal of every step in this directory.")]
_Report = Annotated[Path | None, Option(help="Write an HTML report to this file.")]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
@spread
def backtest(
    past: PastFlags,
    latency_ms: _LatencyMs = 0,
    participation: _Participation = None,
    every_bar: _EveryBar = False,
    trades: _Trades = None,
    journal: _Journal = None,
    report: _Report = None,
    as_json: _Json = False,
) -> None:
    """Run strategies over bars through the whole engine and measure what they did.

    A signal at a close fills at the next open, moved against you by the slippage. Inside a bar the
    stop comes before the target. Exit code 0: done, 1: failed, 2: asked wrongly, 130: interrupted.

    Example: thunes backtest --strategy sma_cross --param fast=10 --param slow=30
    --bars BTCUSDT_1h.parquet --stop 2% --take-profit 4% --report report.html
    """
    from thunes.cli.run import Wanted, run

    files = (trades, journal, report)
    wanted = Wanted(past.config, latency_ms, participation, every_bar, *files, as_json)
    run(past.flags(), wanted)
