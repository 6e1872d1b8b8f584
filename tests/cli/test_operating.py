"""The verbs of an operator, with real processes: paper trades, and another terminal asks."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cli.conftest import Ask
from thunes.adapters.lease import AccountHeld
from thunes.adapters.storage.reading import read_header
from thunes.adapters.venues.binance.venue import Gone
from thunes.cli import app
from thunes.cli.asking import confirmed, told
from thunes.cli.rehearsed import _obey_signals
from thunes.compose.engine import engine_from_header
from thunes.core.domain.errors import ThunesError
from thunes.ops.audit import replay, verify

PATIENCE_S = 120
THUNES = (sys.executable, "-m", "thunes")
EAGER = """
import numpy as np
from thunes.core.strategy.protocol import SignalStrategy, Signals

class Eager(SignalStrategy):
    def signals(self, bars):
        return Signals(enter=np.ones(len(bars), bool), exit=np.zeros(len(bars), bool))
"""
READING = ("status", "positions", "orders", "balance", "trades", "journal tail", "why BTCUSDT")
ACTING = ("halt", "resume --yes", "flatten --yes", "protect", "reconcile", "reconnect", "stop")


class Terminal:
    """Another terminal, with its own processes, that asks about one state directory."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.journal = state / "journal"
        self.processes: list[subprocess.Popen[str]] = []
        self.environment = os.environ | {"XDG_STATE_HOME": str(state.parent / "home")}

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        command = [*THUNES, *line.split(), "--state", str(self.state)]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            env=self.environment,
            stdin=subprocess.DEVNULL,
        )

    def ask(self, line: str) -> Any:
        done = self.run(f"{line} --json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def until(self, true: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The status once it is so: asked often, and without a process for each time."""
        deadline, said = time.monotonic() + PATIENCE_S, dict[str, Any]()
        while time.monotonic() < deadline:
            for each in self.processes:
                assert each.poll() is None, each.communicate()
            try:
                said = told(self.state, "status")
            except ThunesError as error:
                said = {"error": str(error)}
            if "error" not in said and true(said):
                return said
            time.sleep(0.1)
        raise AssertionError(said)

    @contextmanager
    def paper(self) -> Iterator["subprocess.Popen[str]"]:
        with subprocess.Popen(
            [*THUNES, *self.wanted(), "--state", str(self.state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        ) as process:
            self.processes.append(process)
            try:
                yield process
            finally:
                self.processes.remove(process)
                process.kill()

    def wanted(self) -> list[str]:
        strategy = self.state.parent / "eager.py"
        strategy.write_text(EAGER)
        return ["paper", "--strategy", f"{strategy}:Eager", "--speed", "120"]

    def at_the_venue(self, path: str) -> Any:
        """What the sandbox itself says of the account."""
        known = json.loads((self.state / "sandbox.json").read_text())
        with urllib.request.urlopen(f"{known['rest']}/api/v3/time", timeout=PATIENCE_S) as answer:
            query = urlencode({"timestamp": json.load(answer)["serverTime"], "recvWindow": 60_000})
        seal = hmac.new(known["api_secret"].encode(), query.encode(), hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"{known['rest']}/api/v3/{path}?{query}&signature={seal}",
            headers={"X-MBX-APIKEY": known["api_key"]},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    yield Terminal(tmp_path / "var")
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(json.loads((tmp_path / "var" / "sandbox.json").read_text())["pid"], signal.SIGTERM)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_terminal(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal.paper() as process:
        assert terminal.until(lambda said: said["fills"])["mode"] == "normal"
        terminal.until(lambda said: said["positions"] == 1 and not said["naked"])
        assert terminal.ask("halt --why lunch")["mode"] == "halted"
        (stop,) = terminal.at_the_venue("openOrders")
        assert (stop["type"], stop["side"]) == ("STOP_LOSS", "SELL")

        monkeypatch.setenv("XDG_STATE_HOME", terminal.environment["XDG_STATE_HOME"])
        with pytest.raises(AccountHeld, match=f"already, by process {process.pid} with state"):
            app([*terminal.wanted(), "--state", str(terminal.state)])

        assert terminal.run("resume").returncode == 2  # nobody there to say yes
        assert confirmed(terminal.state, "resume", {}, yes=True)["mode"] == "normal"
        assert terminal.ask("flatten --yes --why enough")["mode"] == "halted"
        flat = terminal.until(lambda said: not said["positions"] and not said["open_orders"])
        assert (flat["mode"], flat["trades"], flat["fills"]) == ("halted", 1, 2)
        assert terminal.at_the_venue("openOrders") == []

        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGUSR1)
        terminal.until(lambda said: said["venue"]["streams"]["market"]["connections"] > 1)
        process.send_signal(signal.SIGUSR1)
        assert "stopped" in terminal.ask("stop")["text"]
        assert process.wait(PATIENCE_S) == 0
    left = told(terminal.state, "status", at_rest=True)
    assert (left["running"], left["mode"]) == (False, "halted")
    assert (left["fills"], left["trades"]) == (2, 1)
    verified(terminal)
    engine = engine_from_header(read_header(terminal.journal), terminal.journal)
    assert replay(terminal.journal, engine.step).difference is None
    assert not (terminal.state / "control.sock").exists()


class Renewed:
    """What signals are to do, counted."""

    def __init__(self) -> None:
        self.process = self.venue = self
        self.asked: list[str] = []

    def stop(self) -> None:
        self.asked.append("stop")

    def reconnect(self) -> None:
        self.asked.append("reconnect")
        if len(self.asked) > 2:
            raise Gone("it has ended")


def test_signals() -> None:
    running, numbers = Renewed(), (signal.SIGUSR1, signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        _obey_signals(running)  # type: ignore[arg-type]
        for number in (*numbers, signal.SIGUSR1):
            os.kill(os.getpid(), number)
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    assert running.asked == ["reconnect", "stop", "stop", "reconnect"]


def test_a_wish_for_other_connections_ends_no_process_that_has_none_yet(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(_: object) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)

    monkeypatch.setattr("thunes.cli.rehearsed.rehearse", impatient)
    before = signal.signal(signal.SIGUSR1, lambda *_: pytest.fail("nobody has to hear of it yet"))
    try:
        assert ask("paper").code == 0
    finally:
        signal.signal(signal.SIGUSR1, before)


def verified(terminal: Terminal) -> None:
    found = verify(terminal.journal)
    assert (found.problems, found.writing) == ((), False)
    assert found.note.startswith("open: its process ended in order")


@pytest.mark.parametrize("verb", [*READING, *ACTING, "backup b.tar.gz", "trades --csv t.csv"])
def test_a_directory_without_an_account(ask: Ask, verb: str) -> None:
    answer = ask(f"{verb} --state nowhere")
    assert (answer.code, answer.out) == (2, "")
    assert "nowhere holds no account: `thunes paper --state nowhere` begins one" in answer.err


@pytest.mark.parametrize("verb", [*READING, *ACTING, "backup"])
def test_help_has_an_example(ask: Ask, verb: str) -> None:
    name = verb.partition(" --")[0].removesuffix(" BTCUSDT")
    assert f"Example: thunes {name}" in ask(f"{name} --help").out


@pytest.mark.parametrize("line", ["why", "backup", "trades --last 0", "journal tail --last x"])
def test_wrong_use(ask: Ask, line: str) -> None:
    assert ask(line).code == 2
