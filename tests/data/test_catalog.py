"""The catalog holds whole series only, whatever interrupts an import."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.data.made import (
    MINUTE,
    START,
    checked,
    picked,
    refused,
    same,
    saved,
    sound_bars,
    with_value,
)
from thunes.adapters.storage.bars import catalog, importing
from thunes.adapters.storage.bars.catalog import entries, writing
from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.bars.importing import Imported, import_reports
from thunes.adapters.storage.bars.paths import Shelf, symbol_in_name
from thunes.core.domain.errors import DataError, ThunesError, UsageError
from thunes.core.domain.units import NS_PER_DAY, format_instant

BARS = sound_bars()


def imported(root: Path, *files: Path, symbol: str = "BTCUSDT") -> Imported:
    return import_reports([checked(path) for path in files], root, "binance", symbol)


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*.*")
        if path.is_file()
    }


def test_import_lands_at_venue_symbol_timeframe(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    done = imported(root, saved(tmp_path / "a.parquet", BARS))
    assert done.path == root / "binance" / "BTCUSDT" / "1m.parquet"
    assert (done.rows, done.new, done.quarantine) == (60, 60, ())
    assert same(read_bars(done.path), BARS)


def test_months_are_merged_and_imported_again_without_harm(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    first = saved(tmp_path / "a.parquet", picked(BARS, range(40)))
    second = saved(tmp_path / "b.parquet", picked(BARS, range(30, 60)))
    assert imported(root, second).new == 30
    assert imported(root, first, second).new == 30
    assert imported(root, first).new == 0
    assert same(read_bars(root / "binance/BTCUSDT/1m.parquet"), BARS)


def test_contradicting_files_change_nothing(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    imported(root, saved(tmp_path / "a.parquet", BARS))
    before = contents(root)
    other = saved(tmp_path / "b.parquet", with_value(BARS, "volume", 33, 100.5))
    message = refused(lambda: imported(root, other))
    assert "b.parquet contradicts" in message
    assert "2024-01-01T00:33:00Z: volume 100.5 against 5.0 (1 bars differ)" in message
    assert contents(root) == before


def test_one_refused_file_stops_all(tmp_path: Path) -> None:
    empty = tmp_path / "b.csv"
    empty.touch()
    with pytest.raises(DataError, match=r"b.csv: empty file: 0 bytes.*Nothing was imported"):
        imported(tmp_path / "catalog", saved(tmp_path / "a.parquet", BARS), empty)
    assert not (tmp_path / "catalog").exists()


def test_timeframes_are_not_mixed(tmp_path: Path) -> None:
    files = (
        saved(tmp_path / "a.parquet", BARS),
        saved(tmp_path / "b.parquet", sound_bars(9, 2 * MINUTE)),
    )
    with pytest.raises(UsageError, match=r"a.parquet is 1m, .*b.parquet is 2m"):
        imported(tmp_path / "catalog", *files)


@pytest.mark.parametrize("there", [True, False], ids=["into the catalog", "at once"])
@pytest.mark.parametrize("weeks_later", [0, 40])
def test_weeks_that_begin_on_two_days_are_no_series(
    weeks_later: int, there: bool, tmp_path: Path
) -> None:
    """Monday's weeks and Thursday's are of two venues: no series holds both."""
    root, week = tmp_path / "catalog", 7 * NS_PER_DAY
    monday = saved(tmp_path / "a.parquet", sound_bars(30, week))
    start = START + 3 * NS_PER_DAY + weeks_later * week
    thursday = saved(tmp_path / "b.parquet", sound_bars(30, week, start))
    if there:
        imported(root, monday)
    before = contents(root)
    files = [thursday] if there else [monday, thursday]
    message = refused(lambda: imported(root, *files))
    first = root / "binance/BTCUSDT/7d.parquet" if there else monday
    assert f"{first} opens at 2024-01-01T00:00:00Z" in message
    assert f"{thursday} at {format_instant(start)}" in message
    assert "no multiple of 7d apart" in message
    assert "Nothing was imported" in message
    assert {**contents(root), ".lock": b""} == {**before, ".lock": b""}


def test_bad_rows_go_aside_with_their_reasons(tmp_path: Path) -> None:
    spoiled = with_value(with_value(BARS, "high", 7, 90.0), "volume", 7, -1.0)
    spoiled = with_value(spoiled, "close", 20, np.nan)
    done = imported(tmp_path / "catalog", saved(tmp_path / "a.parquet", spoiled))
    assert done.rows == 58
    with done.quarantine[0].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["8", "21"]
    assert rows[0]["time"] == "2024-01-01T00:07:00Z"
    assert rows[0]["high"] == "90.0"
    assert rows[0]["reason"] == "negative volume; OHLC violation"
    assert rows[1]["close"] == "nan"
    note = json.loads(done.quarantine[0].with_suffix(".json").read_text(encoding="utf-8"))
    assert note["rows_put_aside"] == 2
    assert {k["kind"] for k in note["findings"]} >= {"OHLC violation", "not a number"}
    assert [entry.rows for entry in entries(tmp_path / "catalog")] == [58]


def test_list(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    imported(root, saved(tmp_path / "a.parquet", BARS), symbol="币安人生USDT")
    imported(root, saved(tmp_path / "b.parquet", picked(BARS, [*range(9), *range(12, 60)])))
    (root / "notes.txt").write_text("mine")
    first, second = entries(root)
    assert (first.shelf.symbol, first.rows, first.gaps, first.missing) == ("BTCUSDT", 57, 1, 3)
    assert (second.shelf.symbol, second.gaps) == ("币安人生USDT", 0)
    assert (first.first, first.last) == (START, START + 59 * MINUTE)
    with pytest.raises(UsageError, match="no catalog at"):
        entries(tmp_path / "none")


@pytest.mark.parametrize(
    "symbol",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "BTC/USDT",
        ".hidden",
        "-x",
        "a b",
        "a\n",
        "a\0",
        "C:",
        "x" * 300,
    ],
)
def test_symbols_that_would_leave_their_folder(symbol: str) -> None:
    with pytest.raises(UsageError, match="symbol"):
        Shelf("binance", symbol, MINUTE)


@pytest.mark.parametrize("venue", ["", "..", "Binance", "a/b", "quarantine", "x" * 40])
def test_venues_that_are_no_name(venue: str) -> None:
    with pytest.raises(UsageError, match="venue"):
        Shelf(venue, "BTCUSDT", MINUTE)


def test_one_symbol_in_two_spellings_of_unicode_is_one() -> None:
    assert Shelf("x", "CAFE\u0301", MINUTE).symbol == Shelf("x", "CAF\u00c9", MINUTE).symbol


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-1m-2024-01.zip", "BTCUSDT"),
        ("BTC_USDT-1h.feather", "BTCUSDT"),
        ("币安人生USDT_30m.parquet", "币安人生USDT"),
        ("data.csv", None),
        ("data/binance/ETHUSDT/1h.parquet", "ETHUSDT"),
        ("btc_usdt-1h.feather", "BTCUSDT"),
        ("outage33h_BTC_USDT_1m_2018-02.parquet", "BTCUSDT"),
    ],
)
def test_symbol_told_by_the_file_name(name: str, symbol: str | None) -> None:
    assert symbol_in_name(Path(name)) == symbol


@pytest.mark.parametrize("where", ["write_parquet", "_sync", "_put_aside", "save_bars"])
def test_an_error_in_the_middle_leaves_the_catalog_as_it_was(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "catalog"
    imported(root, saved(tmp_path / "a.parquet", picked(BARS, range(30))))
    before = contents(root)

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "the disk made a noise")

    more = saved(tmp_path / "b.parquet", with_value(BARS, "high", 45, 1.0))
    module = importing if where in ("_put_aside", "save_bars") else catalog
    monkeypatch.setattr(module, where, fails)
    with pytest.raises((OSError, ThunesError), match="made a noise"):
        imported(root, more)
    kept = {name: data for name, data in contents(root).items() if "quarantine" not in name}
    assert kept == before
    assert not list(root.rglob("*unfinished*"))


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from thunes.adapters.storage.bars import catalog
    from thunes.adapters.storage.bars.check import Source, check_file
    from thunes.adapters.storage.bars.importing import import_reports

    def die(path):
        assert path.name.endswith("unfinished"), path
        os.kill(os.getpid(), signal.SIGKILL)

    catalog._sync = die
    import_reports([check_file(Source(Path(sys.argv[1])))], Path(sys.argv[2]), "binance", "BTCUSDT")
"""


def run(code: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_kill_in_the_middle_leaves_the_catalog_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    imported(root, saved(tmp_path / "a.parquet", picked(BARS, range(30))))
    before = contents(root)
    killed = run(KILLED, saved(tmp_path / "b.parquet", BARS), root)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    leftover = [name for name in contents(root) if "unfinished" in name]
    assert leftover == ["binance/BTCUSDT/1m.parquet.thunes-unfinished"]
    assert {k: v for k, v in contents(root).items() if k not in leftover} == before
    assert [entry.rows for entry in entries(root)] == [30]
    assert imported(root, tmp_path / "b.parquet").new == 30
    assert not [name for name in contents(root) if "unfinished" in name]


FULL = """
    import resource, sys
    from pathlib import Path
    from thunes.adapters.storage.bars.check import Source, check_file
    from thunes.adapters.storage.bars.importing import import_reports
    from thunes.core.domain.errors import ThunesError

    report = check_file(Source(Path(sys.argv[1])))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
    try:
        import_reports([report], Path(sys.argv[2]), "binance", "BTCUSDT")
    except ThunesError as error:
        print(error)
"""


def test_no_room_on_the_disk_is_one_clear_message(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    imported(root, saved(tmp_path / "a.parquet", picked(BARS, range(30))))
    before = contents(root)
    full = run(FULL, saved(tmp_path / "b.parquet", sound_bars(5_000)), root)
    assert full.returncode == 0, full.stderr
    assert full.stdout.startswith(f"cannot write {root}/binance/BTCUSDT/1m.parquet")
    assert full.stdout.count("\n") == 1
    assert contents(root) == before


def test_a_full_device_is_said_so() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    columns = {"ts": np.arange(9, dtype=np.int64)}
    with pytest.raises(ThunesError, match="cannot write /dev/full: the disk is full"):
        catalog.write_parquet(Path("/dev/full"), columns)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    source = saved(tmp_path / "a.parquet", BARS)
    with pytest.raises(ThunesError, match=r"cannot write the catalog .*file/x: Not a dir"):
        imported(file / "x", source)
    if os.geteuid() != 0:
        tmp_path.chmod(0o500)
        with pytest.raises(ThunesError, match="Permission denied"):
            imported(tmp_path / "catalog", source)
        tmp_path.chmod(0o700)


def test_two_imports_at_once(tmp_path: Path) -> None:
    source = saved(tmp_path / "a.parquet", BARS)
    with (
        writing(tmp_path / "catalog"),
        pytest.raises(ThunesError, match="another import is writing"),
    ):
        imported(tmp_path / "catalog", source)
    assert imported(tmp_path / "catalog", source).new == 60
