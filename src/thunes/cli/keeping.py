"""The verbs around a running process: its connections, its end, its journal, a backup."""

import time
from pathlib import Path
from typing import Annotated

import typer

from thunes.cli.asking import AsJson, State, journal_of, show, told
from thunes.cli.verbs import app

_VAR = Path("var")
_END_S, _LOOK_S, _BACKUP_S = 60.0, 0.1, 3_600.0

journal = typer.Typer(name="journal", help="Read the journal of an account.", no_args_is_help=True)


@app.command()
def reconnect(state: State = _VAR, as_json: AsJson = False) -> None:
    """Give up every connection to the venue and dial anew, as SIGUSR1 does.

    Exit code 0: begun, 1: nothing runs or it does not answer, 2: asked wrongly.

    Example: thunes reconnect --state var
    """
    show("reconnect", told(state, "reconnect"), as_json=as_json)


@app.command()
def stop(state: State = _VAR, as_json: AsJson = False) -> None:
    """End the process in order, as SIGTERM does, and wait until it has ended.

    What was sent is answered first; what is held and its stops stay at the venue.

    Exit code 0: ended, 1: nothing runs or it does not end, 2: asked wrongly.

    Example: thunes stop --state var
    """
    from thunes.adapters.storage.journal import in_use
    from thunes.core.domain.errors import ThunesError

    said = told(state, "stop")
    until = time.monotonic() + _END_S
    while in_use(journal_of(state)):
        if time.monotonic() > until:
            raise ThunesError(f"it was told to stop and has not ended after {_END_S:g} s")
        time.sleep(_LOOK_S)
    show("stop", said | {"text": "stopped; what is held and its stops stay"}, as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Named .tar.zst or .tar.gz.", show_default=False)],
    state: State = _VAR,
    as_json: AsJson = False,
) -> None:
    """Keep journal, state and configuration in one file, while all goes on; no secrets are in it.

    To restore it, unpack it into an empty directory and begin there with the same key.

    Exit code 0: written, 1: it could not be, 2: asked wrongly, such as a file that stands.

    Example: thunes backup var-monday.tar.zst --state var
    """
    target = {"file": str(file.absolute())}
    said = told(state, "backup", target, at_rest=True, timeout_s=_BACKUP_S)
    show("backup", said, as_json=as_json)


@journal.command()
def tail(
    state: State = _VAR,
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries.")] = 20,
    kind: Annotated[
        str | None, typer.Option(help="Only decisions, orders, trades, modes or other.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell the newest entries of the journal in plain words; quotes are left out.

    Exit code 0: told, 1: no answer, 2: asked wrongly.

    Example: thunes journal tail --state var --last 50 --kind trades
    """
    asked = {"last": last} | ({} if kind is None else {"kind": kind})
    show("journal-tail", told(state, "journal-tail", asked, at_rest=True), as_json=as_json)
