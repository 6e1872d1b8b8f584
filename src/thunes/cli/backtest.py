"""`thunes backtest`: what a strategy would have done on bars, measured by the engine itself."""

from pathlib import Path
from typing import Annotated

from typer import Option

from thunes.cli.verbs import app

_Texts = list[str] | None
_Strategy = Annotated[
    list[str],
    Option(help="A name of `thunes strategies`, or FILE.py:Class. May repeat: one account."),
]
_Bars = Annotated[
    list[str], Option(help="FILE, or SYMBOL=FILE for each symbol of one account. May repeat.")
]
_Param = Annotated[
    _Texts, Option(help="NAME=VALUE of the strategy; STRATEGY.NAME=VALUE where several run.")
]
_Symbol = Annotated[_Texts, Option(help="What to trade; every symbol with bars if absent.")]
_Timeframe = Annotated[
    str | None, Option(help="1m, 1h, 1d ...: finer bars are aggregated to it. Default: the bars'.")
]
_From = Annotated[str | None, Option("--from", help="First open time, ISO 8601, UTC.")]
_To = Annotated[str | None, Option("--to", help="First open time left out, ISO 8601, UTC.")]
_Config = Annotated[
    Path | None,
    Option(
        help="A thunes.toml (`thunes init`) for what no flag says. Its limits apply; "
        "without it they stand wide open. THUNES_LIMITS__DAILY_LOSS and the like win over it."
    ),
]
_Cash = Annotated[str | None, Option(help="Quote money to begin with. Default: 10000.")]
_Balance = Annotated[_Texts, Option(help="ASSET=AMOUNT held besides the cash, as BNB=2.")]
_Quote = Annotated[str | None, Option(help="The quote asset, where the symbol does not tell.")]
_FeeBps = Annotated[str | None, Option(help="Fee a side, basis points. Default: 10.")]
_FeeAsset = Annotated[
    str | None, Option(help="quote, received (as Binance) or bnb. Default: quote.")
]
_SlippageBps = Annotated[
    str | None, Option(help="Half spread and slippage a side, basis points. Default: 5.")
]
_Tick = Annotated[str, Option(help="Step of prices, in quote.")]
_Step = Annotated[str, Option(help="Step of quantities, in base.")]
_MinNotional = Annotated[str, Option(help="Least value of an order, in quote.")]
_ExchangeInfo = Annotated[
    Path | None,
    Option(help="A saved exchangeInfo (JSON, may be gzip): its filters replace the three above."),
]
_Sizing = Annotated[
    str | None,
    Option(
        help="all_cash, fixed:100 (quote), quantity:1 (base), equity:10%, risk:1% (of equity, "
        "lost at the stop) or volatility:40% (a year). Default: all_cash."
    ),
]
_EntryCap = Annotated[
    str | None,
    Option(
        help="Most an entry at market pays above the last close, as 0.5%: it fills at once and "
        "wholly or not at all, and brings its stop along. Default: any price, the stop after it."
    ),
]
_Stop = Annotated[str | None, Option(help="Stop this far below the entry, as 2%.")]
_TakeProfit = Annotated[
    str | None, Option(help="Target, as 4%, or a ladder with shares and a runner: 2%:0.4,4%:0.4.")
]
_Trail = Annotated[
    str | None, Option(help="Trail the stop this far below the highest close, as 3%.")
]
_TrailAfter = Annotated[int | None, Option(min=0, help="Targets hit before trailing begins.")]
_BreakEvenAfter = Annotated[
    int | None, Option(min=1, help="Targets hit before the stop goes to break-even.")
]
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
def backtest(
    strategy: _Strategy,
    bars: _Bars,
    param: _Param = None,
    symbol: _Symbol = None,
    timeframe: _Timeframe = None,
    start: _From = None,
    end: _To = None,
    config: _Config = None,
    cash: _Cash = None,
    balance: _Balance = None,
    quote: _Quote = None,
    fee_bps: _FeeBps = None,
    fee_asset: _FeeAsset = None,
    slippage_bps: _SlippageBps = None,
    tick: _Tick = "0.01",
    step: _Step = "0.00001",
    min_notional: _MinNotional = "5",
    exchange_info: _ExchangeInfo = None,
    sizing: _Sizing = None,
    entry_cap: _EntryCap = None,
    stop: _Stop = None,
    take_profit: _TakeProfit = None,
    trail: _Trail = None,
    trail_after: _TrailAfter = None,
    break_even_after: _BreakEvenAfter = None,
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
    from thunes.cli.market import MarketFlags
    from thunes.cli.request import AccountFlags, ExitFlags, Flags
    from thunes.cli.run import Wanted, run

    window, filters, files = (start, end), (tick, step, min_notional), (trades, journal, report)
    flags = Flags(
        MarketFlags(symbol or (), bars, timeframe, window, quote, filters, exchange_info),
        strategy,
        param or (),
        AccountFlags(cash, balance or (), fee_bps, fee_asset, slippage_bps, sizing, entry_cap),
        ExitFlags(stop, take_profit, trail, trail_after, break_even_after),
    )
    run(flags, Wanted(config, latency_ms, participation, every_bar, *files, as_json))
