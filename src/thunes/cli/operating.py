"""The verbs that change what a running process does."""

import sys
from pathlib import Path

from thunes.cli.asking import (
    AsJson,
    Preview,
    State,
    Symbols,
    Why,
    Yes,
    agreed,
    confirmed,
    show,
    told,
)
from thunes.cli.verbs import app

_VAR = Path("var")


@app.command()
def halt(state: State = _VAR, why: Why = "", as_json: AsJson = False) -> None:
    """Begin nothing new: entries on their way are taken back, stops stay.

    Exit code 0: halted, 1: nothing runs or it does not answer, 2: asked wrongly.

    Example: thunes halt --state var --why "news at noon"
    """
    show("halt", told(state, "halt", {"why": why}), as_json=as_json)


@app.command()
def resume(state: State = _VAR, why: Why = "", yes: Yes = False, as_json: AsJson = False) -> None:
    """Let entries begin again after a halt; it says first what that means.

    Exit code 0: resumed, 1: not confirmed, or nothing runs, 2: asked wrongly.

    Example: thunes resume --state var --yes
    """
    show("resume", confirmed(state, "resume", {"why": why}, yes=yes), as_json=as_json)


@app.command()
def flatten(
    symbol: Symbols = None,
    state: State = _VAR,
    why: Why = "",
    yes: Yes = False,
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Halt, then sell at market what is held. It stays halted.

    At a terminal it says first what that is and asks, unless --yes is given; elsewhere it waits for
    nobody. `--preview` only says it.

    Exit code 0: on its way, 1: not agreed to, or nothing runs, 2: asked wrongly.

    Example: thunes flatten BTCUSDT --state var --yes
    """
    arguments = {"symbols": symbol or [], "why": why}
    if preview or (sys.stdin.isatty() and not yes):
        said = told(state, "flatten", arguments | {"preview": True})
        if preview:
            show("flatten", said, as_json=as_json)
            return
        agreed(said["text"])
    show("flatten", told(state, "flatten", arguments), as_json=as_json)


@app.command()
def protect(
    symbol: Symbols = None, state: State = _VAR, why: Why = "", as_json: AsJson = False
) -> None:
    """Place the stops that are missing.

    Exit code 0: done, 1: nothing runs or it does not answer, 2: asked wrongly.

    Example: thunes protect --state var
    """
    said = told(state, "protect", {"symbols": symbol or [], "why": why})
    show("protect", said, as_json=as_json)


@app.command()
def reconcile(state: State = _VAR, as_json: AsJson = False) -> None:
    """Look at the whole account at the venue now, and tell what is other than we believe.

    Exit code 0: looked at, 1: the venue did not tell, or nothing runs, 2: asked wrongly.

    Example: thunes reconcile --state var
    """
    show("reconcile", told(state, "reconcile"), as_json=as_json)
