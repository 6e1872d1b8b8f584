"""Searches by real processes: killed, shared by workers, spread over a cluster, cut off."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.postgres import drop
from tests.search.grounds import bars
from thunes.adapters.cluster import DaskCluster
from thunes.adapters.storage.bars.catalog import save_bars
from thunes.core.domain.errors import UsageError
from thunes.research.trials import TrialLedger

SEARCH = ("optimize", "--strategy", "sma_cross", "--bars", "BTCUSDT_1h.parquet")
WALK = ("walkforward", "--strategy", "sma_cross", "--bars", "BTCUSDT_1h.parquet")
WIDE = ("--range", "fast=2:40", "--range", "slow=41:80")
PATIENCE_S = 180.0


@pytest.fixture
def room(tmp_path: Path) -> Path:
    save_bars(tmp_path / "BTCUSDT_1h.parquet", bars(120, 5))
    return tmp_path


def begin(room: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "thunes", *words],
        cwd=room,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, out + err
    return out if code == 0 else err


def recorded(room: Path, artifacts: str) -> list[tuple[str, str]]:
    """What is on record there, oldest first: of each trial the configuration and the study."""
    places = list((room / artifacts / "trials").glob("*.trials"))
    trials = TrialLedger(places[0].parent, places[0].stem).read().trials if places else ()
    return [(each.attempt.config, each.attempt.study) for each in trials]


def kill_after(process: subprocess.Popen[str], room: Path, artifacts: str, count: int) -> int:
    """Kill it as soon as so many trials are on record; how many there are then."""
    until = time.monotonic() + PATIENCE_S
    while len(recorded(room, artifacts)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return len(recorded(room, artifacts))


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ((*SEARCH, "--sampler", "tpe", "--trials", "30", "--range", "slow=41:80"), 8),
        ((*SEARCH, "--sampler", "grid", *WIDE), 400),
        ((*WALK, "--train", "60", "--test", "15", "--sampler", "random", "--trials", "40"), 60),
    ],
    ids=["study", "screen", "walk"],
)
def test_killed_in_the_middle_it_loses_no_finished_trial(
    room: Path, words: tuple[str, ...], at: int
) -> None:
    whole = json.loads(ended(begin(room, *words, "--json", "--artifacts", "whole")))
    killed = kill_after(begin(room, *words, "--artifacts", "cut"), room, "cut", at)
    before = recorded(room, "cut")
    again = json.loads(ended(begin(room, *words, "--json", "--artifacts", "cut")))
    after = recorded(room, "cut")
    assert again == whole
    assert after[:killed] == before
    # Nothing was run twice: one record of each trial, as without the interruption.
    assert sorted(after) == sorted(recorded(room, "whole"))
    assert killed < len(after)


def test_workers_share_one_study_on_postgresql(room: Path, postgres: str) -> None:
    shared = (*SEARCH, "--storage", postgres, "--study", "shared", "--trials", "24")
    workers = [
        begin(room, *shared[:1], "worker", *shared[1:], "--json", "--artifacts", f"w{n}")
        for n in range(2)
    ]
    told = [json.loads(ended(each)) for each in workers]
    assert all(each["ran"] > 0 for each in told), told
    assert sum(each["ran"] for each in told) >= 24
    result = json.loads(ended(begin(room, *shared, "--json")))
    # The neighbours of the best are tried by whoever ends the search.
    assert result["trials"] >= 24
    assert result["verdict"] in ("PROMOTE", "HOLD", "REJECT")


def test_a_study_of_other_bars_is_refused(room: Path, postgres: str) -> None:
    study = ("--storage", postgres, "--study", "one", "--trials", "3")
    ended(begin(room, "optimize", "worker", *SEARCH[1:], *study))
    save_bars(room / "ETHUSDT_1h.parquet", bars(120, 6))
    data = ("optimize", "--strategy", "sma_cross", "--bars", "ETHUSDT_1h.parquet")
    assert "begun with another data set" in ended(begin(room, *data, *study), 2)


def test_a_cluster_finds_what_one_process_finds(room: Path) -> None:
    words = (*SEARCH, "--sampler", "grid", *WIDE, "--json")
    alone = json.loads(ended(begin(room, *words, "--artifacts", "alone")))
    spread = json.loads(ended(begin(room, *words, "--dask", "local", "--artifacts", "spread")))
    assert spread == alone


def test_a_cluster_that_is_not_there_is_told(room: Path) -> None:
    words = (*SEARCH, "--sampler", "grid", "--dask", "tcp://127.0.0.1:9")
    assert "the cluster at tcp://127.0.0.1:9 does not answer" in ended(begin(room, *words), 1)


def test_a_database_that_goes_away_in_mid_study(room: Path, postgres: str, server: str) -> None:
    study = ("--storage", postgres, "--study", "lost", "--trials", "500", *WIDE)
    worker = begin(room, "optimize", "worker", *SEARCH[1:], *study)
    until = time.monotonic() + PATIENCE_S
    while len(recorded(room, "artifacts")) < 3:
        assert worker.poll() is None, worker.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    drop(server)
    assert "the database of study lost does not answer" in (said := ended(worker, 1))
    assert "What was finished is on record: run the same command again" in said
    assert len(recorded(room, "artifacts")) >= 3


def test_a_worker_of_a_cluster_with_other_code_is_refused() -> None:
    with pytest.raises(UsageError, match=r"worker .* has THUNES \d+, and here is \d+"):
        DaskCluster("local", lambda: str(os.getpid()))
