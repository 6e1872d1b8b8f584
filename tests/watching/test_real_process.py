"""A real process: it tells its manager that it lives, serves metrics, and ends when it hangs."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from thunes.adapters.systemd import notify

STANDS_STILL = """
import sys, time
from pathlib import Path
from thunes.compose.watching import end_at_once
from thunes.ops.logs import Logs, Output
from thunes.runtime.supervisor import Patience, Supervisor, Ways

logs = Logs(Output(file=Path(sys.argv[1])))
ways = Ways(logs.trouble, print, lambda why: end_at_once(why, logs))
supervisor = Supervisor([], ways, Patience(acting_s=3.0, look_s=0.05))
supervisor.start()
for _ in range(40):
    supervisor.beat()
    time.sleep(0.1)
print("acting", flush=True)
time.sleep(60)  # what acts stands still
"""


class Manager(threading.Thread):
    """A service manager that listens: who is not read would hold up whoever tells."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.address = str(path)
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)

    def run(self) -> None:
        while (told := self._socket.recv(4_096).decode()) != "END":
            self.told.append(told)

    def heard(self) -> list[str]:
        """All that was told; nothing is heard any more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(b"END", self.address)
        self.join(10)
        self._socket.close()
        return self.told


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    manager.start()
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
    yield manager
    if manager.is_alive():
        manager.heard()


def test_the_manager_is_told_and_nobody_else_waits_for_it(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert notify("READY=1")
    assert manager.heard() == ["READY=1"]
    monkeypatch.setenv("NOTIFY_SOCKET", manager.address + "-gone")
    assert not notify("READY=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    assert not notify("READY=1")


def test_the_manager_may_be_at_an_address_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"thunes-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        assert notify("WATCHDOG=1")
        assert listening.recv(100) == b"WATCHDOG=1"


@pytest.mark.slow
def test_an_acting_thread_that_stands_still_ends_its_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-c", STANDS_STILL, str(log)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stdout == "acting\n", "not while it acted"
    (line,) = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert "the acting thread stands still for more than 3 s" in line["text"]
    assert "Current thread" in done.stderr, "where every thread stood is told"


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Scraper(threading.Thread):
    """Reads the metrics of a process; keeps the last ones of when it was connected."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.samples: dict[tuple[str, str], float] = {}
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    text = answer.read().decode()
            except OSError:
                continue
            found = {
                (each.name, ",".join(each.labels.values())): each.value
                for family in text_string_to_metric_families(text)
                for each in family.samples
            }
            streams = ("thunes_stream_up", "market"), ("thunes_stream_up", "account")
            if all(found.get(stream) for stream in streams):
                self.samples = found


def _paper(state: Path, port: int, *more: str) -> "subprocess.CompletedProcess[str]":
    config = state.parent / "thunes.toml"
    config.write_text(f"[metrics]\nport = {port}\n[limits]\nmax_age_s = 1200\n")
    words = ["--state", str(state), "--config", str(config), "--speed", "120"]
    words += ["--timeframe", "1m", "--param", "fast=3", "--param", "slow=8", *more]
    done = subprocess.run(
        [sys.executable, "-m", "thunes", "paper", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"XDG_STATE_HOME": str(state.parent / "leases")},
    )
    sandbox = json.loads((state / "sandbox.json").read_text())
    os.kill(sandbox["pid"], signal.SIGTERM)
    return done


@pytest.mark.slow
def test_a_process_that_trades_is_watched_from_its_first_word_to_its_last(
    tmp_path: Path, manager: Manager
) -> None:
    port, state = _free_port(), tmp_path / "var"
    scraper = Scraper(port)
    scraper.start()
    done = _paper(state, port, "--for", "12", "--json")
    scraper.done.set()
    assert done.returncode == 0, done.stderr
    secret = json.loads((state / "sandbox.json").read_text())["api_secret"]

    told = manager.heard()
    assert told[0] == "READY=1"
    assert told.count("STOPPING=1") == 1
    assert told.count("WATCHDOG=1") == len(told) - 2 > 5

    samples = scraper.samples
    assert samples["thunes_ws_connected", "BTCUSDT"] == 1
    assert samples["thunes_stream_up", "account"] == 1
    assert samples["thunes_circuit_breaker_state", "BinanceAPI"] == 0
    assert samples["thunes_rest_requests_total", ""] > 3
    assert samples["thunes_rest_fallbacks_total", ""] >= 1
    assert samples["thunes_rest_budget_used", "weight_60s"] > 0
    assert abs(samples["thunes_clock_offset_seconds", ""]) < 60
    assert samples["thunes_ws_gap_seconds_count", ""] > 10
    assert samples["thunes_task_beat_age_seconds", "acting"] < 5
    assert samples["thunes_task_starts_total", "schedule"] == 1
    assert samples["thunes_log_age_seconds", ""] < 5
    assert samples["thunes_equity", ""] > 9_000
    assert samples["process_resident_memory_bytes", ""] > 1e7

    text = (state / "thunes.log").read_text("utf-8")
    assert secret not in text + done.stderr + done.stdout
    lines = [json.loads(line) for line in text.splitlines()]
    assert time.time() - (state / "thunes.log").stat().st_mtime < 60
    said = [line["event"] for line in lines]
    assert said[0] in ("HEARTBEAT", "RESTARTED")
    assert said.count("CYCLE_SUMMARY") > 5
    assert "CYCLE_SUMMARY_FAILED" not in said
    assert "TROUBLE" not in said, [line for line in lines if line["event"] == "TROUBLE"]
    notes = json.loads((state / "schedule.json").read_text())["jobs"]
    assert set(notes) == {"daily_summary", "parameter_snapshot", "reconcile", "signal_check"}


@pytest.mark.slow
def test_a_port_that_is_taken_is_told_before_anything_trades(tmp_path: Path) -> None:
    state = tmp_path / "var"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = _paper(state, port, "--for", "12")
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "[metrics] port" in done.stderr
    assert not (state / "journal").exists()
