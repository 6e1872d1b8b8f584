"""Every recorded defect is named, and the import does with it what it should."""

import shutil
from pathlib import Path

import pytest

from tests.data.made import checked, found, refused, saved
from thunes.adapters.storage.bars.check import Source, check_file, compared, read_bars
from thunes.adapters.storage.bars.findings import Kind, Severity
from thunes.adapters.storage.bars.importing import import_reports
from thunes.core.domain.units import format_instant, parse_instant

pytestmark = pytest.mark.real_data
NOW = parse_instant("2026-03-03T00:00:00Z")
REFUSE, QUARANTINE, NOTE = Severity.REFUSE, Severity.QUARANTINE, Severity.NOTE

# file: (kind, severity, row, time of that row, words, rows that import keeps or None)
SERIES: dict[str, tuple[Kind, Severity, int | None, str | None, str, int | None]] = {
    "offgrid_BTCUSDT_1m_2017-12.parquet": (
        *(Kind.OFF_GRID, QUARANTINE, 1802, "2017-12-04T06:00:20.799Z"),
        "opens 20.799s after the 1m grid (20401 rows, the last is row 22202)",
        None,
    ),
    "outage33h_BTCUSDT_1m_2018-02.parquet": (
        *(Kind.OFF_GRID, QUARANTINE, 1470, "2018-02-09T09:59:14.789Z"),
        "14.789s after the 1m grid (1201 rows",
        5380,
    ),
    "outage33h_ETHUSDT_1m_2018-02.parquet": (
        *(Kind.OFF_GRID, QUARANTINE, 1470, "2018-02-09T09:59:14.8Z"),
        "14.8s after the 1m grid (1201 rows",
        5380,
    ),
    "badprint_ETHUSDT_1m_2017-08.parquet": (
        *(Kind.SPIKE, NOTE, 1681, "2017-08-22T04:00:00Z"),
        "-48% against the close before and back; 4 such bars",
        4320,
    ),
    "outage_BTCUSDT_1m_2020-02-19.parquet": (
        *(Kind.GAP, NOTE, 2137, "2020-02-19T17:30:00Z"),
        "354 bars are missing (5h 54m), from 2020-02-19T11:36:00Z on",
        3966,
    ),
    "outage_BTCUSDT_1m_2021-04-25.parquet": (
        *(Kind.GAP, NOTE, 1682, "2021-04-25T08:45:00Z"),
        "284 bars are missing",
        4036,
    ),
    "outage_BTCUSDT_1m_2023-03-24.parquet": (
        *(Kind.GAP, NOTE, 2201, "2023-03-24T14:00:00Z"),
        "80 bars are missing",
        4240,
    ),
    "crash_ETHUSDT_1m_2021-05-19.parquet": (
        *(Kind.SPIKE, NOTE, 2242, "2021-05-19T13:21:00Z"),
        "-10% against the close before and stayed. Kept",
        4320,
    ),
    "listing_SUIUSDT_1m_2023-05-03.parquet": (
        *(Kind.LISTING_JUMP, NOTE, 1, "2023-05-03T12:00:00Z"),
        "opens at 0.1 and closes at 1.77",
        2160,
    ),
    "delisted_FXSUSDT_30m.parquet": (
        *(Kind.SERIES_END, NOTE, 12000, "2026-01-13T02:30:00Z"),
        "the last bar is 48 days old: delisted, or an old download",
        12000,
    ),
    "zero_volume_WBTCUSDT_30m.parquet": (
        *(Kind.ZERO_VOLUME, NOTE, 38, "2023-04-29T04:30:00Z"),
        "306 of 15000 bars (2.0%) have no volume",
        15000,
    ),
    "stable_XUSDUSDT_30m.parquet": (
        *(Kind.NEARLY_CONSTANT, NOTE, 1, "2025-03-19T08:00:00Z"),
        "between 0.9992 and 1.0013",
        16721,
    ),
    "nonascii_symbol_30m.parquet": (
        *(Kind.SPIKE, NOTE, 49, "2026-01-08T14:00:00Z"),
        "+32%",
        2597,
    ),
    "inprogress_last_bar_EURUSDT_1d.parquet": (
        *(Kind.FORMING, NOTE, 400, "2026-03-04T00:00:00Z"),
        "import drops it",
        399,
    ),
    "testnet_BTCUSDT_1m.parquet": (
        *(Kind.REGULAR_GAPS, REFUSE, 201, "2024-09-08T23:32:00Z"),
        "99 gaps, nearly all of 801 bars after every 200 bars",
        None,
    ),
    "paging_bug_ADAUSDT_1m.parquet": (
        *(Kind.REGULAR_GAPS, REFUSE, 201, "2024-09-09T01:40:00Z"),
        "79299 bars are missing, 20000 are there",
        None,
    ),
    "synthetic_BTCUSDT_1h.parquet": (
        *(Kind.OHLC, QUARANTINE, 8, "2023-06-01T07:00:00Z"),
        "(1320 rows",
        None,
    ),
    "raw/lfs_pointer_BTC_USDT-15m.feather": (
        *(Kind.LFS_POINTER, REFUSE, None, None),
        "git lfs pull",
        None,
    ),
    "raw/zero_rows_KAIA_USDT-1d.feather": (
        *(Kind.ZERO_ROWS, REFUSE, None, None),
        "holds no bar",
        None,
    ),
    "raw/zero_bytes_SOL_USDT-1m.feather": (
        *(Kind.EMPTY_FILE, REFUSE, None, None),
        "0 bytes",
        None,
    ),
    "raw/truncated_XRP_USDT-4h.feather": (
        *(Kind.TRUNCATED, REFUSE, None, None),
        "cut short",
        None,
    ),
    "raw/headerless_seconds_KRAKEN_XBTUSDC_1m.csv": (
        *(Kind.GAP, NOTE, 425, "2023-01-02T03:17:00Z"),
        "the longest of 353 gaps",
        500,
    ),
    "raw/date_only_BTCUSDT_1d.csv": (
        *(Kind.SERIES_END, NOTE, 400, "2018-09-19T00:00:00Z"),
        "days old",
        399,
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_recorded_defect(name: str, real_data: Path, tmp_path: Path) -> None:
    kind, severity, row, time, words, kept = SERIES[name]
    report = check_file(Source(real_data / "defects" / name), NOW)
    named = [k for k in report.findings if k.kind is kind and k.row == row]
    assert len(named) == 1, [k.sentence() for k in report.findings]
    assert named[0].severity is severity
    assert (None if named[0].at is None else format_instant(named[0].at)) == time
    assert words in named[0].text
    if kept is None:
        message = refused(lambda: import_reports([report], tmp_path / "c", "binance", "X"))
        assert "Nothing was imported" in message
        assert str(kind) in message
        assert not (tmp_path / "c").exists()
    else:
        assert import_reports([report], tmp_path / "c", "binance", "X").rows == kept


def test_the_folder_of_defects_is_covered(real_data: Path) -> None:
    folder = real_data / "defects"
    files = [p for p in (*folder.iterdir(), *(folder / "raw").iterdir()) if p.is_file()]
    assert {str(path.relative_to(folder)) for path in files} == set(SERIES)


def test_layouts_are_told(real_data: Path) -> None:
    raw = real_data / "defects" / "raw"
    kraken = checked(raw / "headerless_seconds_KRAKEN_XBTUSDC_1m.csv").series
    dated = checked(raw / "date_only_BTCUSDT_1d.csv").series
    assert kraken is not None
    assert dated is not None
    assert kraken.layout == "CSV, Kraken layout without header, times in s"
    assert dated.layout == "CSV, header, times in ISO 8601"


def test_a_symbol_that_is_not_ascii(real_data: Path, tmp_path: Path) -> None:
    report = checked(real_data / "defects" / "nonascii_symbol_30m.parquet")
    done = import_reports([report], tmp_path, "binance", "币安人生USDT")
    assert done.path == tmp_path / "binance" / "币安人生USDT" / "30m.parquet"
    assert len(read_bars(done.path)) == 2597


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("synthetic_BTCUSDT_1h.parquet", "binance_spot/multiyear/1h/BTCUSDT_1h.parquet"),
        ("testnet_BTCUSDT_1m.parquet", "binance_spot/multiyear/1d/BTCUSDT_1d.parquet"),
    ],
)
def test_prices_that_are_not_the_markets(name: str, other: str, real_data: Path) -> None:
    report = compared(checked(real_data / "defects" / name), checked(real_data / other))
    assert found(report, Kind.DISAGREES).severity is REFUSE


def test_sound_real_series_are_usable_and_agree(real_data: Path) -> None:
    spot = real_data / "binance_spot"
    minutes = checked(spot / "1m" / "BTCUSDT_1m.parquet")
    assert minutes.worst is NOTE
    for name in ("1h", "4h"):
        report = compared(minutes, checked(spot / f"universe_2024/{name}/BTCUSDT_{name}.parquet"))
        assert found(report, Kind.AGREES).count > 1_400
    for path in sorted((spot / "universe_2024" / "1h").glob("*.parquet")):
        assert checked(path).worst is NOTE, path


def test_written_and_read_again_is_the_same_file(real_data: Path, tmp_path: Path) -> None:
    path = real_data / "binance_spot" / "universe_2024" / "1h" / "SHIBUSDT_1h.parquet"
    bars = read_bars(path)
    again = read_bars(saved(tmp_path / "a.parquet", bars))
    assert bars.close.tobytes() == again.close.tobytes()
    shutil.copy(path, tmp_path / "b.parquet")
    assert read_bars(tmp_path / "b.parquet").open_time.tobytes() == bars.open_time.tobytes()
