"""`thunes check`: whether a strategy looks ahead, and if so at which row and column."""

from typing import Annotated

from typer import Argument, Exit, Option

from thunes.cli.verbs import app

_Texts = list[str] | None
_Strategy = Annotated[str, Argument(help="FILE.py:Class, or a name of `thunes strategies`.")]
_Bars = Annotated[
    _Texts,
    Option(help="FILE, or SYMBOL=FILE. May repeat. Without it on markets that are made up."),
]
_Param = Annotated[_Texts, Option(help="NAME=VALUE of the strategy. May repeat.")]
_Timeframe = Annotated[
    str | None, Option(help="1m, 1h, 1d ...: finer bars are aggregated to it. Default: the bars'.")
]
_Quote = Annotated[str | None, Option(help="The quote asset, where the symbol does not tell.")]
_Seconds = Annotated[float, Option(min=0, help="Most that the null market may take, a symbol.")]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
def check(
    strategy: _Strategy,
    bars: _Bars = None,
    param: _Param = None,
    timeframe: _Timeframe = None,
    quote: _Quote = None,
    seconds: _Seconds = 5.0,
    as_json: _Json = False,
) -> None:
    """Ask a strategy about bars that were cut, replaced, scaled and made up, and say by row and
    column where it knows what comes.

    docs/look-ahead.md says what each gate asks and what it cannot see. Exit code 0: nothing is held
    against it, 1: a gate is not passed, or it raised, 2: asked wrongly, 130: interrupted.

    Example: thunes check my_file.py:MyStrategy --param length=20 --bars BTCUSDT_1h.parquet
    """
    from thunes.cli.checking import Asked, check_asked

    asked = Asked(strategy, bars or (), param or (), timeframe, quote, seconds, as_json)
    raise Exit(0 if check_asked(asked) else 1)
