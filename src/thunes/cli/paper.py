"""`thunes paper`: trades with made-up or test money, as live does with real money."""

import signal
from pathlib import Path
from typing import Annotated

from typer import Option

from thunes.cli.verbs import app
from thunes.core.domain.errors import UsageError

_Venue = Annotated[
    str,
    Option(
        help="sandbox, binance-testnet, binance-demo, or where a sandbox is: http://127.0.0.1:8080."
    ),
]
_State = Annotated[Path, Option(help="The directory that keeps the state; the journal is in it.")]
_Config = Annotated[
    Path | None, Option(help="Money, costs, sizing, exits and limits; `thunes init` writes one.")
]
_Strategy = Annotated[str, Option(help="A name of `thunes strategies`, or FILE.py:Class.")]
_Param = Annotated[list[str] | None, Option(help="A parameter of the strategy, as name=value.")]
_Symbol = Annotated[list[str] | None, Option(help="Like BTCUSDT; repeat it for more.")]
_Timeframe = Annotated[str, Option(help="Of the bars: 1s, 1m, 5m, 15m, 1h, 4h, 1d.")]
_Speed = Annotated[
    float,
    Option(min=0.1, max=200.0, help="Of a sandbox that is started: times as fast as real time."),
]
_Seed = Annotated[int, Option(min=0, help="Of the market of a sandbox that is started.")]
_For = Annotated[
    float | None, Option("--for", min=1.0, help="Stop after so many seconds; until then Ctrl-C.")
]
_Json = Annotated[bool, Option("--json", help="Print one line of JSON at the end, nothing else.")]


@app.command()
def paper(
    venue: _Venue = "sandbox",
    state: _State = Path("var"),
    config: _Config = None,
    strategy: _Strategy = "sma_cross",
    param: _Param = None,
    symbol: _Symbol = None,
    timeframe: _Timeframe = "1m",
    speed: _Speed = 60.0,
    seed: _Seed = 7,
    for_s: _For = None,
    as_json: _Json = False,
) -> None:
    """Trade with made-up money: everything is as live, but for whose money it is.

    Without a word it starts a sandbox on this machine, in which an hour passes in a minute: no key,
    no account, no server. What is held and what protects it stay there when this ends; the same
    command goes on. The sandbox ends ten minutes after the last one has left.

    Exit code 0: stopped, 1: something failed, 2: asked wrongly.

    Example: thunes paper --state var --for 60
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until there is a connection to renew
    try:
        from thunes.cli.rehearsed import Asked, rehearse
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("ccxt", "cryptography"):
            raise
        raise UsageError("trading needs an extra: pip install 'thunes[live,sandbox]'") from error

    rehearse(
        Asked(
            venue=venue,
            state=state,
            config=config,
            strategy=strategy,
            parameters=tuple(param or ()),
            symbols=tuple(symbol or ("BTCUSDT",)),
            timeframe=timeframe,
            speed=speed,
            seed=seed,
            for_s=for_s,
            as_json=as_json,
        )
    )
