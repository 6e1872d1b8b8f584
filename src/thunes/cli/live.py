"""`thunes live`: trades real money, once everything that has to be there is there."""

import signal
from pathlib import Path
from typing import Annotated

from typer import Option

from thunes.cli.verbs import app
from thunes.core.domain.errors import UsageError

_Config = Annotated[
    Path, Option(help='The configuration; mode = "live" and venue = "binance" stand in it.')
]
_State = Annotated[Path, Option(help="The directory that keeps the state; the journal is in it.")]
_Checklist = Annotated[Path, Option(help="The checklist, answered within the last seven days.")]
_Write = Annotated[
    Path | None,
    Option(help="Write a checklist with every question for this configuration, and end."),
]
_Check = Annotated[
    bool, Option("--check", help="Look at everything, take consent, and end before any order.")
]
_Json = Annotated[bool, Option("--json", help="Print one line of JSON at the end, nothing else.")]


@app.command()
def live(
    config: _Config = Path("thunes.toml"),
    state: _State = Path("var"),
    checklist: _Checklist = Path("checklist.toml"),
    write_checklist: _Write = None,
    check: _Check = False,
    as_json: _Json = False,
) -> None:
    """Trade real money at Binance: everything is as in a rehearsal, but for whose money it is.

    It asks for four things, and says all that lacks at once. The configuration says mode = "live"
    and venue = "binance". `thunes doctor` finds nothing that fails. A checklist is answered, within
    seven days, for this very configuration (--write-checklist writes one). And a person types at a
    terminal the sentence that they are shown; no flag and no variable does it for them. What was
    typed counts for restarts that nobody attends, until the checklist ends, the configuration
    changes, or the key does.

    Keys are BINANCE_API_KEY and BINANCE_API_SECRET: in the keyring, in the environment, or in .env
    (mode 0600) beside the configuration.

    Exit code 0: stopped, 1: something failed, or the doctor objects, 2: something lacks.

    Example: thunes live --config thunes.toml --state var --checklist checklist.toml
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # until there is a connection to renew
    try:
        from thunes.cli.real_money import Asked, trade_real_money
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("ccxt", "cryptography"):
            raise
        raise UsageError("trading needs an extra: pip install 'thunes[live]'") from error

    trade_real_money(Asked(config, state, checklist, write_checklist, check, as_json))
