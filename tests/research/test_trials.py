"""The trial ledger: nothing is forgotten, whatever crashes, whoever else writes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thunes.adapters.storage.disk import DISK
from thunes.adapters.storage.lines import LineFile
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.stats.performance import sharpe
from thunes.core.stats.series import BadSeries
from thunes.research.trials import Attempt, Trial, TrialLedger, trial_of

DATA, OTHER = "a" * 64, "b" * 64


def attempt(number: int, data: str = DATA) -> Attempt:
    return Attempt(
        data=data,
        config=f"{number:016x}",
        study="sweep",
        strategy="sma_cross",
        parameters={"fast": str(number), "slow": "30"},
        seed=7,
        at=1_700_000_000_000_000_000 + number,
    )


def trial(number: int, data: str = DATA, rows: int = 40) -> Trial:
    returns = np.random.default_rng(number).standard_normal(rows) * 0.01
    return trial_of(attempt(number, data), returns)


def test_what_is_recorded_is_read(tmp_path: Path) -> None:
    ledger = TrialLedger(tmp_path / "new" / "place", DATA)
    assert ledger.read().trials == ()
    first, second = [trial(1), trial(2)], [trial(3)]
    ledger.append(first)
    ledger.append(second)
    found = TrialLedger(tmp_path / "new" / "place", DATA).read()
    assert found.trials == (*first, *second)
    assert found.damaged == ()
    assert found.trials[0].attempt.parameters == {"fast": "1", "slow": "30"}


def test_a_trial_measures_its_returns() -> None:
    returns = np.random.default_rng(1).standard_normal(365) * 0.01
    found = trial_of(attempt(1), returns)
    assert found.periods == 365
    assert found.sharpe == sharpe(returns)
    assert np.frombuffer(found.column, "<f4") == pytest.approx(returns, rel=1e-5, abs=1e-8)
    assert trial_of(attempt(1), np.zeros(20)).sharpe is None
    with pytest.raises(BadSeries, match="row 1 of column 0 is nan"):
        trial_of(attempt(1), np.array([0.1, np.nan]))
    with pytest.raises(BadSeries, match="0 rows"):
        trial_of(attempt(1), np.zeros(0))


def test_long_returns_are_kept_compounded_and_the_ratio_in_full() -> None:
    returns = np.random.default_rng(2).standard_normal(10_000) * 0.001
    found = trial_of(attempt(1), returns)
    column = np.frombuffer(found.column, "<f4").astype(float)
    assert column.size == 4_096
    assert np.prod(1 + column) == pytest.approx(np.prod(1 + returns), rel=1e-5)
    assert (found.periods, found.sharpe) == (10_000, sharpe(returns))


def test_the_same_configuration_counts_once_and_another_result_counts_again(
    tmp_path: Path,
) -> None:
    ledger = TrialLedger(tmp_path, DATA)
    changed = msgspec.structs.replace(trial(1), digest="0" * 64)
    ledger.append([trial(1), trial(2), trial(1), changed])
    found = ledger.read()
    assert len(found.trials) == 4
    assert len(found.distinct) == 3


def test_returns_stand_side_by_side_only_over_the_same_periods(tmp_path: Path) -> None:
    ledger = TrialLedger(tmp_path, DATA)
    ledger.append([trial(1), trial(2, rows=12), trial(3), trial(3)])
    chosen, matrix = ledger.read().returns()
    assert [each.attempt.parameters["fast"] for each in chosen] == ["1", "3"]
    assert matrix.shape == (40, 2)
    assert matrix[:, 1] == pytest.approx(
        np.random.default_rng(3).standard_normal(40) * 0.01, rel=1e-5, abs=1e-8
    )
    assert TrialLedger(tmp_path, OTHER).read().returns()[1].shape == (0, 0)


def test_two_data_sets_never_mix(tmp_path: Path) -> None:
    mine, theirs = TrialLedger(tmp_path, DATA), TrialLedger(tmp_path, OTHER)
    with pytest.raises(DataError, match="never counted together"):
        mine.append([trial(1), trial(2, data=OTHER)])
    assert mine.read().trials == ()
    theirs.append([trial(2, data=OTHER)])
    # Even a line that somebody copied over is put aside.
    mine.append([trial(1)])
    mine.path.write_bytes(mine.path.read_bytes() + theirs.path.read_bytes())
    found = mine.read()
    assert found.trials == (trial(1),)
    assert [(line.number, line.why) for line in found.damaged] == [
        (2, f"it belongs to data set {OTHER}")
    ]


@given(st.data())
@settings(max_examples=40)
def test_a_crash_at_any_byte_loses_no_finished_trial(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    ledger = TrialLedger(tmp_path_factory.mktemp("ledger"), DATA)
    ledger.append([trial(1), trial(2)])
    whole = ledger.path.stat().st_size
    ledger.append([trial(3)])
    size = ledger.path.stat().st_size
    cut = data.draw(st.integers(whole, size - 1))
    os.truncate(ledger.path, cut)
    torn = ledger.read()
    assert torn.trials == (trial(1), trial(2))
    assert [line.number for line in torn.damaged] == ([3] if cut > whole else [])
    ledger.append([trial(4)])
    found = ledger.read()
    # A line that lacked only its end is whole again.
    complete = cut == size - 1
    assert found.trials == (trial(1), trial(2), *([trial(3)] if complete else []), trial(4))
    assert len(found.damaged) == (cut > whole and not complete)


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=60)
def test_a_damaged_byte_costs_its_line_only(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int
) -> None:
    ledger = TrialLedger(tmp_path_factory.mktemp("ledger"), DATA)
    trials = [trial(number) for number in range(4)]
    ledger.append(trials)
    data = bytearray(ledger.path.read_bytes())
    place %= len(data)
    line = data[:place].count(b"\n")
    if data[place] == value:
        return
    data[place] = value
    ledger.path.write_bytes(data)
    found = ledger.read()
    assert found.damaged
    lost = {line, line + 1} if data[place] != 10 else {line}
    for number, each in enumerate(trials):
        assert each in found.trials or number in lost
    assert all(each in trials for each in found.trials)
    assert all("checksum" in each.why or "cut short" in each.why for each in found.damaged)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"future": 1}', "it was written by another version"),
        (
            msgspec.json.encode(msgspec.structs.replace(trial(1), column=b"1234")),
            "it has 4 bytes of returns for 40 periods",
        ),
    ],
)
def test_a_line_that_says_something_else_is_put_aside(
    tmp_path: Path, body: bytes, why: str
) -> None:
    ledger = TrialLedger(tmp_path, DATA)
    ledger.append([trial(1)])
    LineFile(ledger.path, "trials").append([body])
    ledger.append([trial(2)])
    found = ledger.read()
    assert found.trials == (trial(1), trial(2))
    assert found.damaged[0].number == 2
    assert found.damaged[0].why.startswith(why)


WRITER = """
import sys
from pathlib import Path
from tests.research.test_trials import DATA, trial
from thunes.research.trials import TrialLedger
ledger = TrialLedger(Path(sys.argv[1]), DATA)
print("ready", flush=True)
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    ledger.append([trial(number)])
    print(number, flush=True)
"""


def writer(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_many_processes_record_and_one_is_killed(tmp_path: Path) -> None:
    killed = writer(tmp_path, 1_000, 100_000)
    others = [writer(tmp_path, 100 * i, 100 * i + 40) for i in range(3)]
    said = [process.communicate(timeout=120)[0] for process in others]
    assert killed.stdout is not None
    while int(killed.stdout.readline().strip().replace("ready", "0")) < 1_003:
        time.sleep(0)
    killed.send_signal(signal.SIGKILL)
    finished = killed.communicate()[0].split()
    assert all(text.split()[-1] == str(100 * i + 39) for i, text in enumerate(said))
    last = int(finished[-1]) if finished and finished[-1].isdigit() else 1_003
    found = TrialLedger(tmp_path, DATA).read()
    numbers = [int(each.attempt.parameters["fast"]) for each in found.trials]
    assert len(numbers) == len(set(numbers))
    expected = [100 * i + n for i in range(3) for n in range(40)]
    assert set(numbers) >= {*expected, *range(1_000, last + 1)}
    assert len(found.damaged) <= 1


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = TrialLedger(tmp_path, DATA)
    ledger.append([trial(1)])
    before = ledger.path.read_bytes()
    write, full = DISK.write, False

    def half(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal full
        if full:
            raise OSError(28, "No space left on device")
        full = True
        return write(descriptor, data[: len(data) // 2], offset)

    monkeypatch.setattr(DISK, "write", half)
    with pytest.raises(ThunesError, match="No space left on device; 2 trials are not recorded"):
        ledger.append([trial(2), trial(3)])
    assert ledger.path.read_bytes() == before


def test_bad_input_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'\.\./x' is no hash of a data set"):
        TrialLedger(tmp_path, "../x")
    long = msgspec.structs.replace(attempt(1), study="x" * 70_000)
    with pytest.raises(DataError, match="bytes, more than 65536"):
        TrialLedger(tmp_path, DATA).append([trial_of(long, np.zeros(3))])
    (tmp_path / f"{OTHER}.trials").mkdir()
    with pytest.raises(ThunesError, match="cannot be read: Is a directory"):
        TrialLedger(tmp_path, OTHER).read()
