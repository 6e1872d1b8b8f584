"""`thunes sandbox`: says where it is, serves, ends cleanly, and refuses what makes no sense."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thunes.adapters.storage.bars.catalog import save_bars
from thunes.core.domain.market import BarColumns

PATIENCE_S = 60
THUNES = (sys.executable, "-c", "from thunes.cli import main; main()")


@contextmanager
def started(*flags: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [*THUNES, "sandbox", "--json", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            yield process, json.loads(line)
        finally:
            process.kill()


def fetch(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def failed(*flags: str) -> str:
    """What a run says that was asked wrongly."""
    command = [*THUNES, "sandbox", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2, done.stderr
    return done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_stopped(stop: signal.Signals) -> None:
    with started("--seed", "3") as (process, said):
        assert set(said) == {"venue", "rest", "stream", "ws_api", "api_key", "api_secret"}
        assert fetch(f"{said['rest']}/api/v3/ping") == {}
        rows = fetch(f"{said['rest']}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=200")
        assert len(rows) == 200
        assert failed("--port", said["rest"].rsplit(":", 1)[1]).startswith("error: port ")
        process.send_signal(stop)
        assert process.wait(PATIENCE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_tape(tmp_path: Path) -> None:
    times = 1_700_000_040_000_000_000 + 60_000_000_000 * np.arange(50, dtype=np.int64)
    price = np.full(50, 200.0)
    save_bars(
        tmp_path / "XYZUSDT_1m.parquet",
        BarColumns(times, price, price + 1, price - 1, price, price),
    )
    with started("--tape", str(tmp_path), "--speed", "10000") as (process, said):
        info = fetch(f"{said['rest']}/api/v3/exchangeInfo")
        assert [symbol["symbol"] for symbol in info["symbols"]] == ["XYZUSDT"]
        assert process.stderr is not None
        assert process.stderr.readline() == "the tape is over: prices stand still\n"
        assert fetch(f"{said['rest']}/api/v3/ticker/price?symbol=XYZUSDT")["price"].startswith(
            "200"
        )


def test_tape_time_and_tls(tmp_path: Path) -> None:
    times = 1_700_000_040_000_000_000 + 60_000_000_000 * np.arange(600, dtype=np.int64)
    price = np.full(600, 200.0)
    save_bars(
        tmp_path / "BTCUSDT_1m.parquet",
        BarColumns(times, price, price + 1, price - 1, price, price),
    )
    with started("--tape", str(tmp_path), "--tape-time") as (_, said):
        start = int(times[500]) // 1_000_000
        told = fetch(f"{said['rest']}/api/v3/time")["serverTime"]
        assert start <= told < start + PATIENCE_S * 1_000
        rows = fetch(f"{said['rest']}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2")
        assert rows[0][0] == start - 60_000
    with started("--tls", str(tmp_path / "tls")) as (_, said):
        assert said["rest"].startswith("https://")
        assert Path(said["ca"]).read_text("utf-8").startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--venue", "kraken"], "the sandbox speaks: binance"),
        (["--tape", "nowhere"], "there is no such folder"),
        (["--as-of", "yesterday"], "is not a day"),
        (["--faults", "nowhere.toml"], "cannot be read"),
    ],
)
def test_asked_wrongly(flags: list[str], said: str) -> None:
    assert said in failed(*flags)


def test_an_empty_tape(tmp_path: Path) -> None:
    assert "no file there is named like" in failed("--tape", str(tmp_path))


def test_a_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in failed("--port", str(port))


def test_without_its_extra() -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from thunes.cli import main; main(['sandbox'])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 2
    assert "thunes[sandbox]" in done.stderr
