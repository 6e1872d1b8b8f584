"""`thunes backtest`: what a strategy would have done on bars, measured by the engine itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    pass

Many = Annotated[list[str] | None, typer.Option()]


def backtest(
    strategy: Annotated[str, typer.Option(help="A name of `thunes strategies`, or FILE.py:Class.")],
    bars: Annotated[
        list[str], typer.Option(help="FILE, or SYMBOL=FILE for each symbol of one account.")
    ],
    param: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, a parameter of the strategy.")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="What to trade; every symbol with bars if absent.")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="1m, 1h, 1d ...: finer bars are aggregated to it.")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="First open, ISO 8601, UTC.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="First open left out, ISO.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="thunes.toml: its limits apply; without it they are open.")
    ] = None,
    cash: Annotated[str | None, typer.Option(help="Quote money to begin with. [10000]")] = None,
    balance: Annotated[
        list[str] | None, typer.Option(help="ASSET=AMOUNT held besides the cash, as BNB=2.")
    ] = None,
    quote: Annotated[str | None, typer.Option(help="The quote asset, told by the symbol.")] = None,
    fee_bps: Annotated[str | None, typer.Option(help="Fee a side in basis points. [10]")] = None,
    fee_asset: Annotated[
        str | None, typer.Option(help="quote, received (as Binance) or bnb. [quote]")
    ] = None,
    slippage_bps: Annotated[
        str | None, typer.Option(help="Half spread and slippage a side, basis points. [5]")
    ] = None,
    tick: Annotated[str, typer.Option(help="Step of prices.")] = "0.01",
    step: Annotated[str, typer.Option(help="Step of quantities.")] = "0.00001",
    min_notional: Annotated[str, typer.Option(help="Least value of an order.")] = "5",
    exchange_info: Annotated[
        Path | None, typer.Option(help="A saved exchangeInfo (JSON): its filters are used.")
    ] = None,
    sizing: Annotated[
        str | None,
        typer.Option(
            help="all_cash, fixed:100, quantity:1, equity:10%, risk:1%, volatility:40%. [all_cash]"
        ),
    ] = None,
    stop: Annotated[str | None, typer.Option(help="Stop below the entry, as 2%.")] = None,
    take_profit: Annotated[
        str | None, typer.Option(help="Target, as 4%, or a ladder 2%:0.4,4%:0.4 and a runner.")
    ] = None,
    trail: Annotated[
        str | None, typer.Option(help="Trail the stop this far below the highest close.")
    ] = None,
    trail_after: Annotated[int | None, typer.Option(help="Targets hit before trailing.")] = None,
    break_even_after: Annotated[
        int | None, typer.Option(help="Targets hit before the stop goes to break-even.")
    ] = None,
    latency_ms: Annotated[int, typer.Option(min=0, help="Delay of orders.")] = 0,
    participation: Annotated[
        str | None, typer.Option(help="Most of a bar's volume that we may be, as 2%.")
    ] = None,
    every_bar: Annotated[
        bool, typer.Option(help="Visit every bar; slower, with the same outcome.")
    ] = False,
    trades: Annotated[Path | None, typer.Option(help="Write the trades to this CSV file.")] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Keep the journal of every step in this directory.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write an HTML report.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Run a strategy over bars through the whole engine and measure it.

    A signal at a close fills at the next open, moved against you by the slippage. Inside a bar the
    stop comes before the target. Exit code 0: done, 1: failed, 2: asked wrongly.

    Example: thunes backtest --strategy sma_cross --param fast=10 --param slow=30
    --bars BTCUSDT_1h.parquet --stop 2% --take-profit 4% --report report.html
    """
    from thunes.cli.market import MarketFlags
    from thunes.cli.request import Flags
    from thunes.cli.run import Wanted, run

    market = MarketFlags(
        symbols=symbol or (),
        bars=bars,
        timeframe=timeframe,
        window=(start, end),
        quote=quote,
        filters=(tick, step, min_notional),
        exchange_info=exchange_info,
    )
    flags = Flags(
        market=market,
        strategy=strategy,
        parameters=param or (),
        cash=cash,
        fee_bps=fee_bps,
        fee_asset=fee_asset,
        slippage_bps=slippage_bps,
        sizing=sizing,
        stop=stop,
        take_profit=take_profit,
        trail=trail,
        trail_after=trail_after,
        break_even_after=break_even_after,
        balances=balance or (),
    )
    wanted = Wanted(config, latency_ms, participation, every_bar, trades, journal, report, as_json)
    run(flags, wanted)
