"""The rehearsal: a sandbox beside the process that trades on it, which outlives it."""

import json
import os
import select
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import msgspec

from thunes.core.domain.errors import ThunesError

_FILE = "sandbox.json"
_START_S, _IDLE_S = 30.0, 600.0


class Rehearsal(msgspec.Struct, frozen=True):
    """Where the sandbox of a state directory is, and the account that is traded there."""

    rest: str
    api_key: str
    api_secret: str
    speed: float
    pid: int


def find(directory: Path) -> Rehearsal | None:
    """The sandbox that this state was begun with; None if it was begun with none."""
    path = directory / _FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Rehearsal)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ThunesError(f"{path} cannot be read: {error}; give --state another one") from error


def is_up(rehearsal: Rehearsal) -> bool:
    try:
        with urllib.request.urlopen(f"{rehearsal.rest}/api/v3/ping", timeout=5):
            return True
    except OSError:
        return False


def start(directory: Path, cash: dict[str, str], speed: float, seed: int) -> Rehearsal:
    """Start a sandbox with one account that holds `cash`, and remember it in `directory`.

    It ends by itself ten minutes after the last one has left. Raises ThunesError.
    """
    command = [
        *(sys.executable, "-m", "thunes", "sandbox", "--json", "--tape-time"),
        *("--speed", str(speed), "--seed", str(seed), "--idle-exit", str(_IDLE_S)),
    ]
    log = directory / "sandbox.log"
    try:
        with log.open("ab") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
    except OSError as error:
        raise ThunesError(f"{log} cannot be written: {error.strerror}") from error
    line = _first_line(process)
    if not line.endswith(b"\n"):
        process.kill()
        raise ThunesError(f"the sandbox did not start; {log} says why")
    said = json.loads(line)
    try:
        made = _call(f"{said['rest']}/sandbox/accounts", {"balances": cash})
        found = Rehearsal(said["rest"], made["api_key"], made["api_secret"], speed, process.pid)
        _remember(directory / _FILE, found)
    except OSError as error:
        process.kill()  # nobody would find it again
        raise ThunesError(f"the sandbox of {directory} cannot be used: {error}") from error
    return found


def _remember(path: Path, found: Rehearsal) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(found))


def _first_line(process: "subprocess.Popen[bytes]") -> bytes:
    """What it says first, as far as it says it in time."""
    assert process.stdout is not None, "it was asked for"
    line, until = b"", time.monotonic() + _START_S
    while not line.endswith(b"\n") and time.monotonic() < until:
        if select.select([process.stdout], [], [], 0.2)[0]:
            more = os.read(process.stdout.fileno(), 65_536)
            if not more:
                break
            line += more
    return line


def _call(url: str, words: dict[str, object]) -> dict[str, str]:
    request = urllib.request.Request(url, json.dumps(words).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, str] = json.load(answer)
        return found
