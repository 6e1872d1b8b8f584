"""A real process is cut off, killed and started again: its tape has no gap, its tables are right."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.market.gaps import look_through
from thunes.adapters.storage.projections.keeping import Projections
from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.event import BarsClosed
from thunes.core.domain.line import decode_line
from thunes.core.domain.units import NS_PER_SECOND

MINUTE = 60 * NS_PER_SECOND


def _paper(state: Path, *more: str) -> "subprocess.Popen[bytes]":
    words = ["--state", str(state), "--speed", "60", "--param", "fast=3", "--param", "slow=8"]
    return subprocess.Popen(
        [sys.executable, "-m", "thunes", "paper", *words, "--json", *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"XDG_STATE_HOME": str(state.parent / "leases")},
    )


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _closed(state: Path) -> dict[int, float]:
    """The closes of all bars on record, by when they opened."""
    found = {}
    for _, payload in read_steps(state / "journal"):
        event = decode_line(payload).event
        if isinstance(event, BarsClosed):
            found |= {bar.open_time: bar.close for more in event.bars.values() for bar in more}
    return found


@pytest.mark.slow
def test_cut_off_killed_and_started_again(tmp_path: Path) -> None:
    state = tmp_path / "var"
    quotes = state / "tape" / "quotes"
    process = _paper(state)
    _until(lambda: list(quotes.glob("*/*.parquet")) and (state / "thunes.db").exists())
    process.send_signal(signal.SIGUSR1)  # whatever closes while it dials is fetched
    before = len(_closed(state))
    _until(lambda: len(_closed(state)) > before + 3)
    process.kill()
    process.wait()
    torn = next(quotes.iterdir()) / "999999.parquet.thunes-unfinished"
    torn.write_bytes(b"PAR1")

    again = _paper(state)
    _until(lambda: len(_closed(state)) > before + 10)
    again.send_signal(signal.SIGTERM)
    assert again.wait(60) == 0
    os.kill(json.loads((state / "sandbox.json").read_text())["pid"], signal.SIGTERM)

    bars = read_bars(state / "tape" / "bars" / "binance" / "BTCUSDT" / "1m.parquet", MINUTE)
    assert set(np.diff(bars.open_time)) == {MINUTE}, "no bar is missing"
    assert dict(zip(bars.open_time.tolist(), bars.close.tolist(), strict=True)) == _closed(state)
    assert not torn.exists()
    assert sum(day.quotes for day in look_through(state / "tape", longest_s=3_600)) > 100
    with Projections(state / "thunes.db", state / "journal") as tables:
        tables.catch_up()  # a crowded machine may have had no time for the last of it
        assert tables.check().difference is None
