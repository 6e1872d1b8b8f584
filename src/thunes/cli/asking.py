"""Asks the process that trades on a state directory, or the journal where none does."""

import json
import secrets
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from thunes.adapters.messaging.local_client import Absent, ask
from thunes.adapters.storage.places import JOURNAL, SOCKET
from thunes.core.domain.errors import ThunesError, UsageError

State = Annotated[Path, typer.Option(help="The directory that keeps the state of the account.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON, nothing else.")]
Why = Annotated[str, typer.Option(help="Why; it stays in the journal.")]
Symbols = Annotated[
    list[str] | None, typer.Argument(metavar="[SYMBOL]...", help="Of these only; default: of all.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Confirm at once what it says it will do.")]

Preview = Annotated[bool, typer.Option("--preview", help="Only say what would be sold.")]

TIMEOUT_S = 20.0
_USAGE = ("bad_arguments", "unknown_command")


def told(
    state: Path,
    command: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    at_rest: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any]:
    """What the command says. With `at_rest` the journal answers where nothing runs.

    Raises UsageError and ThunesError as the command does, and where nothing runs.
    """
    line = _request(command, arguments or {})
    try:
        answer = ask(state / SOCKET, line, timeout_s) if at_rest else _heard(state, line, timeout_s)
    except Absent:
        _look_for(state)
        answer = _recalled(state, command, arguments or {})
    said: dict[str, Any] = _good(answer)["said"]
    return said


def confirmed(state: Path, command: str, arguments: Mapping[str, Any], *, yes: bool) -> Any:
    """What the command says once a person has agreed to what it said it would do."""
    confirm = _good(_heard(state, _request(command, arguments)))["confirm"]
    if not yes:
        agreed(confirm["text"])
    return _good(_heard(state, _request(command, arguments, confirm["token"])))["said"]


def show(name: str, said: dict[str, Any], *, as_json: bool) -> None:
    """What a command said, on the screen; what draws it is loaded only then."""
    from thunes.cli import shown

    shown.show(name, said, as_json=as_json)


def journal_of(state: Path) -> Path:
    """Where the journal of an account is; UsageError where there is none."""
    if not (state / JOURNAL).is_dir():
        raise UsageError(
            f"{state} holds no account: `thunes paper --state {state}` begins one, and --state "
            "names another directory"
        )
    return state / JOURNAL


def agreed(text: str) -> None:
    """A person says yes to this; without one it takes --yes. Raises UsageError, ThunesError."""
    if not sys.stdin.isatty():
        raise UsageError(f"this needs to be confirmed: {text}. Say --yes, or ask at a terminal")
    typer.echo(text, err=True)
    if not typer.confirm("Go on?", err=True):
        raise ThunesError("not confirmed: nothing was done")


def _heard(state: Path, line: bytes, timeout_s: float = TIMEOUT_S) -> bytes:
    """The answer of the process that runs. Raises ThunesError where none does."""
    try:
        return ask(state / SOCKET, line, timeout_s)
    except Absent as error:
        _look_for(state)
        raise ThunesError(
            f"nothing runs on {state}: `thunes paper --state {state}` (or live) goes on with it"
        ) from error


def _request(command: str, arguments: Mapping[str, Any], token: str = "") -> bytes:
    request = {
        "command": command,
        "id": secrets.token_hex(16),
        "at": time.time_ns(),
        "arguments": arguments,
        "token": token,
    }
    return json.dumps(request).encode()


def _good(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
        if found["ok"]:
            return dict(found)
        kind, text = found["error"]["kind"], found["error"]["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise ThunesError(f"the process answers with something else: {answer[:80]!r}") from error
    raise (UsageError if kind in _USAGE else ThunesError)(text)


def _look_for(state: Path) -> None:
    """Say what is wrong where nobody answers for this directory and nobody could."""
    from thunes.adapters.storage.journal import in_use

    journal = journal_of(state)
    if in_use(journal):
        raise ThunesError(
            f"a process writes {journal} and does not answer: it is starting or ending, "
            "or it is not one that can be asked"
        )


def _recalled(state: Path, command: str, arguments: Mapping[str, Any]) -> bytes:
    """The answer of the journal."""
    import os

    from thunes.compose.attended import owner
    from thunes.compose.recalled import recall
    from thunes.ops.commands.desk import Desk
    from thunes.ops.commands.registry import COMMANDS

    desk = Desk(recall(state), COMMANDS)
    return desk.answer(_request(command, arguments), owner(os.getuid()))
