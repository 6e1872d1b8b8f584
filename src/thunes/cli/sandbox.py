"""`thunes sandbox`: a venue on this machine that real clients can be pointed at."""

from pathlib import Path
from typing import Annotated

from typer import Option

from thunes.cli.extras import brought_by
from thunes.cli.verbs import app

_Venue = Annotated[str, Option(help="Whose protocols: binance.")]
_Port = Annotated[int, Option(min=0, max=65_535, help="0: any that is free.")]
_Seed = Annotated[int, Option(min=0, help="Of the made-up market.")]
_Speed = Annotated[float, Option(min=0.001, max=100_000, help="How many times as fast it moves.")]
_Tape = Annotated[
    Path | None,
    Option(help="Play the bar files of this folder instead, such as BTCUSDT_1m.parquet."),
]
_TapeTime = Annotated[
    bool,
    Option(
        "--tape-time",
        help="The venue's time runs with --speed: from the tape's beginning, or from now.",
    ),
]
_Tls = Annotated[
    Path | None, Option(help="Serve TLS; the test authority to trust is written to this folder.")
]
_Faults = Annotated[
    Path | None,
    Option(help="A script of faults: TOML, a table named fault for each.", dir_okay=False),
]
_AsOf = Annotated[
    str | None, Option(help="Behave as on that day, such as 2026-01-31. Default: the newest known.")
]
_Unlimited = Annotated[
    bool, Option("--unlimited", help="No request weights, order counts or other limits.")
]
_Idle = Annotated[
    float | None, Option(min=1.0, help="End after so many seconds with nobody connected.")
]
_Json = Annotated[bool, Option("--json", help="Print JSON instead of text.")]


@app.command()
def sandbox(
    venue: _Venue = "binance",
    port: _Port = 0,
    seed: _Seed = 7,
    tape: _Tape = None,
    tape_time: _TapeTime = False,
    speed: _Speed = 1.0,
    faults: _Faults = None,
    as_of: _AsOf = None,
    tls: _Tls = None,
    unlimited: _Unlimited = False,
    idle_exit: _Idle = None,
    as_json: _Json = False,
) -> None:
    """Serve a venue on this machine: REST, streams, and an account with made-up money.

    The first line (with --json one line of JSON) says where it is and which key to use; it serves
    until it is interrupted. Faults, accounts and quotes can be set while it runs by calls below
    /sandbox. On the wire time is the wall's, unless --tape-time is given.

    Exit code 0: stopped by Ctrl-C or SIGTERM, 1: something failed, 2: asked wrongly, a port in use.

    Example: thunes sandbox --venue binance --port 0 --seed 7 --json
    """
    with brought_by("sandbox", "the sandbox", "cryptography"):
        from thunes.cli.sandboxed import Asked, serve

    asked = Asked(
        venue=venue,
        port=port,
        seed=seed,
        tape=tape,
        tape_time=tape_time,
        speed=speed,
        faults=faults,
        as_of=as_of,
        tls=tls,
        unlimited=unlimited,
        as_json=as_json,
        idle_s=idle_exit,
    )
    serve(asked)
