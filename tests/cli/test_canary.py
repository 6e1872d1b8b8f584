"""S45: secrets in every source at once, and no verb, error, log, journal or file ever shows one."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest

from tests.binance.arena import Arena
from tests.cli.conftest import Ask
from tests.secrets.test_secrets import Ring
from thunes.config.names import KEYS_OF, SECRETS

CANARY = "canary7f3a"
SHOWN_BY = (
    "config show",
    "config show --json",
    "config check --json",
    "doctor --state var",
    "doctor --state var --json",
    "init other.toml --defaults",
    "backtest --strategy sma_cross --bars BTCUSDT_1h.parquet --config thunes.toml --journal j",
    "audit show j --last 5",
    "probe --base-url {url} --record probes.jsonl",
    "probe --base-url http://127.0.0.1:9",
)
FAULTS = (
    "[limits]\ndaily_loss = 1",
    "[nonsense]\nx = 1",
    "not TOML",
    "[run]\nvenue = 'binance-demo'",
)


@pytest.fixture
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena


@pytest.fixture
def everywhere(room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A canary under every name of a secret, in the environment, both files and the keyring."""
    before, ring = keyring.get_keyring(), Ring()
    keyring.set_keyring(ring)
    names = (*SECRETS, "DATABASE_URL")
    for number, name in enumerate(names):
        value = (
            "postgresql://u:" + f"{CANARY}@h/d" if name == "DATABASE_URL" else f"{CANARY}{number}"
        )
        ring.set_password("thunes", name, value)
        if number % 3 == 0 or name == "DATABASE_URL":
            monkeypatch.setenv(name, value)
    for name in (".env", ".env.local"):
        text = "".join(f"{each}='{CANARY}{name}'\n" for each in SECRETS[1:])
        (room / name).write_text(text, "utf-8")
        (room / name).chmod(0o600)
    yield
    keyring.set_keyring(before)


def test_no_verb_and_no_file_shows_a_secret(
    ask: Ask, room: Path, arena: Arena, everywhere: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sources = {room / ".env", room / ".env.local"}
    said = []
    good = f'[run]\nsandbox_url = "{arena.url}"'
    for text in (good, *FAULTS):
        (room / "thunes.toml").write_text(text, "utf-8")
        for line in SHOWN_BY:
            answer = ask(line.format(url=arena.url))
            said.append(f"{text} | {line}: {answer.code} {answer.out} {answer.err}")
    files = [path for path in room.rglob("*") if path.is_file() and path not in sources]
    assert any(path.parent.name == "j" for path in files), "a journal was written"
    told = [*said, *(each.getMessage() for each in caplog.records)]
    told += [path.read_bytes().decode("latin-1") for path in files]
    shown = [text for text in told if CANARY in text]
    assert not shown, shown[0]
    assert sum('"set": true' in each for each in said) >= 1, (
        "they were found, and only that is told"
    )


def test_no_traceback_shows_a_secret(room: Path) -> None:
    """A program that dies with secrets in its hands says nothing of them, locals included."""
    code = """
import sys, traceback
from pathlib import Path
from thunes.config.loading import read_config
loaded = read_config(Path("thunes.toml"))
found = loaded.secrets.find("BINANCE_TESTNET_API_KEY")
try:
    raise RuntimeError(f"{loaded!r} {found} {loaded.secrets.layers()} {vars(loaded.secrets)}")
except RuntimeError as error:
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    print("".join(trace.format()))
    assert found.secret.reveal()
    raise
"""
    (room / "thunes.toml").write_text("", "utf-8")
    environment = {
        **os.environ,
        "BINANCE_TESTNET_API_KEY": CANARY,
        "DATABASE_URL": "postgresql://u:" + f"{CANARY}@h/d",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=room,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "RuntimeError" in done.stderr
    assert "Secret(***)" in done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_a_key_that_no_header_can_carry(
    ask: Ask, room: Path, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = KEYS_OF["sandbox"]
    monkeypatch.setenv(pair.key, f"{CANARY}\nX-Other: 1")
    monkeypatch.setenv(pair.secret, CANARY)
    (room / "thunes.toml").write_text(f'[run]\nsandbox_url = "{arena.url}"', "utf-8")
    for line in ("doctor --state var", f"probe --base-url {arena.url}"):
        answer = ask(line)
        assert answer.code in (1, 2), answer
        assert CANARY not in answer.out + answer.err
