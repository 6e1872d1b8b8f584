"""Environments of the clients: each its own, since their packages clash, and each made once."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

PLAY = Path(__file__).parent / "clients" / "play.py"
# The SDK asks for a certifi of the week that it was made in; no client here needs its roots.
OVERRIDES = "certifi\n"
PACKAGES: Mapping[str, str] = {
    "ccxt": "ccxt==4.5.90",
    "ccxt_pro": "ccxt==4.5.90",
    "ccxt_tls": "ccxt==4.5.90",
    "python_binance": "python-binance==1.0.37",
    "connector": "binance-connector==3.13.0",
    "sdk": "binance-sdk-spot==13.3.0",
}
# Where nobody keeps compiled modules, ccxt takes seconds to import.
FLAGS = ("--quiet", "--compile-bytecode")
_MAKE_S, _PLAY_S = 300, 60


class Unmakeable(Exception):
    """An environment cannot be made here: no uv, no network."""


def played(piece: str, client: str, place: Mapping[str, str]) -> dict[str, str]:
    """What came of a piece, played by a client in its environment. Raises Unmakeable."""
    command = [str(interpreter(client)), str(PLAY), piece, client, json.dumps(place)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_PLAY_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = [line for line in done.stdout.splitlines() if line.startswith("SAID:")]
    assert said, f"{client} did not finish: {done.stderr[-3_000:]}"
    found: dict[str, Any] = json.loads(said[-1].removeprefix("SAID:"))
    return found


def interpreter(client: str) -> Path:
    """The Python of a client's environment, which is made if it is not there."""
    package = PACKAGES[client]
    place = _cache() / f"{package.replace('==', '-')}-{_mark(package)}"
    python, made = place / "bin" / "python", place / "made"
    if not made.exists():
        uv, overrides = _uv(), _cache() / "overrides.txt"
        overrides.parent.mkdir(parents=True, exist_ok=True)
        overrides.write_text(OVERRIDES, "utf-8")
        _run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(place))
        where = ("--python", str(python), "--override", str(overrides))
        _run(uv, "pip", "install", *FLAGS, *where, package)
        made.touch()
    return python


def _cache() -> Path:
    named = os.environ.get("THUNES_CONFORMANCE_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "thunes" / "conformance"


def _mark(package: str) -> str:
    """What an environment depends on beside the client's version."""
    text = f"{package} {OVERRIDES} {FLAGS} {sys.version_info[:3]}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _uv() -> str:
    own = ROOT / ".uv" / "bin" / "uv"
    found = os.environ.get("UV") or shutil.which("uv") or (str(own) if own.exists() else None)
    if found is None:
        raise Unmakeable("there is no uv to make the environments of the clients with")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_MAKE_S, check=False)
    if done.returncode:
        raise Unmakeable(f"{' '.join(command[1:3])}: {done.stderr.strip()[-400:]}")
