"""`thunes rodage`: a week of an account in minutes, faults included, and GO or NO-GO."""

from pathlib import Path
from typing import Annotated

from typer import Exit, Option

from thunes.cli.unnamed import tell_of_unused
from thunes.cli.verbs import app

_Hours = Annotated[
    float, Option(help="Hours to live through, the last five minutes quiet; 168 are a week.")
]
_Tape = Annotated[
    Path | None, Option(help="A folder of bar files named like BTCUSDT_1m.parquet to live through.")
]
_Synthetic = Annotated[bool, Option("--synthetic", help="A made-up market: so without --tape.")]
_Seed = Annotated[int, Option(min=0, help="Of chance, and of a made-up market.")]
_Faults = Annotated[
    Path | None, Option(help="A plan of faults (TOML) instead of the one that THUNES brings.")
]
_State = Annotated[Path, Option(help="A new directory; the journal will be in it.")]
_Report = Annotated[Path | None, Option(help="Write a page (HTML).")]
_Config = Annotated[
    Path | None,
    Option(help="A thunes.toml: all of it but the bars' timeframe, and what a flag says."),
]
_Strategy = Annotated[
    str | None,
    Option(help="A name of `thunes strategies`, or FILE.py:Class. Default: sma_cross."),
]
_Param = Annotated[list[str] | None, Option(help="A parameter of the strategy, as name=value.")]
_Symbol = Annotated[
    list[str] | None, Option(help="Repeat it for more. Default: BTCUSDT, ETHUSDT; all of a tape.")
]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
def rodage(
    hours: _Hours = 168.0,
    tape: _Tape = None,
    synthetic: _Synthetic = False,
    seed: _Seed = 7,
    faults: _Faults = None,
    state: _State = Path("rodage"),
    report: _Report = None,
    config: _Config = None,
    strategy: _Strategy = None,
    param: _Param = None,
    symbol: _Symbol = None,
    as_json: _Json = False,
) -> None:
    """Live through days of trading in minutes, with crashes, outages and lost answers on plan.

    Engine, recovery and journal are those of `paper` and `live`; exchange, network, disk and clock
    are made up. The journal can be verified, replayed and held against a backtest
    (`thunes parity`). Interrupted, it has written nothing: the same command begins again.

    Exit code 0: GO, 1: NO-GO or something failed, 2: asked wrongly.

    Example: thunes rodage --hours 168 --state week --report week.html
    """
    from thunes.cli.flags import RunFlags
    from thunes.cli.lived import Asked, live_asked

    tell_of_unused(config)
    asked = Asked(
        hours=hours,
        tape=tape,
        synthetic=synthetic,
        seed=seed,
        faults=faults,
        state=state,
        report=report,
        config=config,
        flags=RunFlags(strategy, tuple(param or ()), tuple(symbol or ())),
        as_json=as_json,
    )
    raise Exit(0 if live_asked(asked) else 1)
