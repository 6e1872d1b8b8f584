"""Parameter versions: whoever keeps one, whatever crashes, it is there, and says what it was."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.adapters.storage.lines import LineFile
from thunes.adapters.storage.parameters import DailyReturns, ParameterSnapshot, ParameterVersions
from thunes.core.domain.errors import DataError, ThunesError, UsageError


def snapshot(number: int = 1, **other: Any) -> ParameterSnapshot:
    told: dict[str, Any] = {
        "timestamp": 1_700_000_000_000_000_000 + number,
        "strategy_id": "sma_cross",
        "source": "sma_cross",
        "parameters": {"fast": str(number), "slow": "30"},
    }
    return ParameterSnapshot(**{**told, **other})


def test_f227_a_snapshot_holds_what_was_chosen_and_what_it_came_to(tmp_path: Path) -> None:
    returns = np.random.default_rng(1).standard_normal(40) * 0.01
    whole = snapshot(
        git_sha="0" * 40,
        strategy_hash="1" * 64,
        data_hash="2" * 64,
        trials=25,
        in_sample={"sharpe": 1.8},
        out_of_sample={"sharpe": 1.1},
        sharpe_7d=0.7,
        sharpe_30d=1.2,
        backtest_sharpe=1.5,
        verdict="PROMOTE",
        reasons=("the deflated Sharpe ratio is 0.97, as at least 0.95",),
        notes="first",
        returns=DailyReturns.of(20_000, returns),
    )
    versions = ParameterVersions(tmp_path / "new" / "parameter_versions.jsonl")
    assert versions.append(whole) == (1, whole)
    ((number, found),) = versions.load_history("sma_cross").kept
    assert (number, found) == (1, whole)
    assert found.promoted
    assert not snapshot().promoted
    assert found.returns is not None
    assert found.returns.values == pytest.approx(returns, abs=1e-8)
    assert (found.returns.first_day, found.returns.last_day) == (20_000, 20_039)
    asked_for = (
        "timestamp strategy_id parameters git_sha sharpe_7d sharpe_30d backtest_sharpe notes"
    )
    assert set(asked_for.split()) <= set(ParameterSnapshot.__struct_fields__)


def test_f228_lines_of_json_are_only_added(tmp_path: Path) -> None:
    versions = ParameterVersions(tmp_path / "parameter_versions.jsonl")
    versions.append(snapshot(1))
    before = versions.path.read_bytes()
    versions.append(snapshot(2))
    after = versions.path.read_bytes()
    assert after.startswith(before)
    told = [json.loads(line)["line"] for line in after.splitlines()]
    assert [each["parameters"]["fast"] for each in told] == ["1", "2"]


def test_f229_history_is_newest_first_and_of_one_strategy(tmp_path: Path) -> None:
    versions = ParameterVersions(tmp_path / "parameter_versions.jsonl")
    assert versions.load_history("sma_cross").kept == ()
    for number in range(1, 111):
        name = "rsi" if number % 10 == 0 else "sma_cross"
        versions.append(snapshot(number, strategy_id=name))
    newest = [each.number for each in versions.load_history("sma_cross").kept]
    assert newest == [n for n in range(110, 0, -1) if n % 10]
    assert [each.number for each in versions.load_history().kept] == list(range(110, 10, -1))
    assert [each.number for each in versions.load_history("rsi", limit=3).kept] == [110, 100, 90]
    assert len(versions.load_history(None, limit=1_000).kept) == 110
    assert versions.find(None, "rsi")[0].number == 110
    assert versions.find(7)[0].snapshot.parameters["fast"] == "7"
    with pytest.raises(UsageError, match="holds no snapshot 121: the newest is 110"):
        versions.find(121)
    with pytest.raises(UsageError, match="no snapshot of grid: `thunes parameters keep` adds one"):
        versions.find(None, "grid")


def encoded(**changes: Any) -> bytes:
    return msgspec.json.encode(msgspec.to_builtins(snapshot()) | changes)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (encoded(version=2), "it has version 2; this program reads 1"),
        (encoded(version=2, future=1), "it has version 2; this program reads 1"),
        (b"{}", "it has version None"),
        (b"[1]", "it is no snapshot of ours"),
        (encoded(future=1), "it is no snapshot of ours: Object contains unknown field `future`"),
        (encoded(trials="many"), "it is no snapshot of ours"),
        (
            encoded(returns={"first_day": 1, "column": "AAAA"}),
            "its daily returns are no finite numbers",
        ),
        (
            encoded(returns={"first_day": 1, "column": "AADAfw=="}),
            "its daily returns are no finite numbers",
        ),
    ],
)
def test_a_line_that_says_something_else_is_put_aside(
    tmp_path: Path, body: bytes, why: str
) -> None:
    versions = ParameterVersions(tmp_path / "versions.jsonl")
    versions.append(snapshot(1))
    LineFile(versions.path, "snapshots").append([body])
    assert versions.append(snapshot(3)).number == 3
    found = versions.load_history()
    assert [each.number for each in found.kept] == [3, 1]
    (line,) = found.damaged
    assert line.number == 2
    assert line.why.startswith(why)


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=60)
def test_a_damaged_byte_costs_its_line_and_no_number_of_another(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    versions = ParameterVersions(tmp_path_factory.mktemp("versions") / "versions.jsonl")
    for number in range(1, 5):
        versions.append(snapshot(number))
    data = bytearray(versions.path.read_bytes())
    place %= len(data)
    if data[place] in (value, 10) or value == 10:  # lines broken in two or joined: other numbers
        return
    data[place] = value
    versions.path.write_bytes(data)
    hit = data[:place].count(b"\n") + 1
    found = versions.load_history()
    assert [(each.number, each.snapshot) for each in reversed(found.kept)] == [
        (number, snapshot(number)) for number in range(1, 5) if number != hit
    ]
    assert [line.number for line in found.damaged] == [hit]


WRITER = """
import os, signal, sys
from pathlib import Path
from tests.storage.test_parameters import snapshot
from thunes.adapters.storage.disk import DISK
from thunes.adapters.storage.parameters import ParameterVersions
versions = ParameterVersions(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    versions.append(snapshot(number))
if sys.argv[4:]:
    write = DISK.write
    def half(descriptor, data, offset):
        write(descriptor, data[: len(data) // 2], offset)
        os.kill(os.getpid(), signal.SIGKILL)
    DISK.write = half
    versions.append(snapshot(int(sys.argv[3])))
"""


def writer(path: Path, first: int, last: int, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(first), str(last), *more])


def test_eight_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "versions.jsonl"
    processes = [writer(path, 100 * i, 100 * i + 6) for i in range(8)]
    assert [process.wait(120) for process in processes] == [0] * 8
    found = ParameterVersions(path).load_history(limit=1_000)
    assert found.damaged == ()
    numbers = [int(each.snapshot.parameters["fast"]) for each in found.kept]
    assert sorted(numbers) == [100 * i + n for i in range(8) for n in range(6)]
    for i in range(8):  # each in its own order
        assert [n for n in numbers if n // 100 == i] == [100 * i + n for n in range(5, -1, -1)]


def test_killed_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "versions.jsonl"
    assert writer(path, 1, 3, "killed").wait(60) == -signal.SIGKILL
    versions = ParameterVersions(path)
    torn = versions.load_history()
    assert [each.number for each in torn.kept] == [2, 1]
    (line,) = torn.damaged
    assert (line.number, "cut short" in line.why) == (3, True)
    assert versions.append(snapshot(9)).number == 4
    found = versions.load_history()
    assert [each.number for each in found.kept] == [4, 2, 1]
    assert [each.number for each in found.damaged] == [3]


def test_what_cannot_be_kept_says_why(tmp_path: Path) -> None:
    versions = ParameterVersions(tmp_path / "versions.jsonl")
    with pytest.raises(DataError, match=r"one of the snapshots has \d+ bytes, more than 65536"):
        versions.append(snapshot(notes="x" * 70_000))
    assert not versions.path.exists()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ThunesError, match="Is a directory; 1 snapshots are not recorded"):
        ParameterVersions(tmp_path / "folder").append(snapshot())
