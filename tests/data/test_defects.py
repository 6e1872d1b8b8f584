"""Each defect, planted in a small sound file, is named with its row, its time and what to do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.data.made import (
    MINUTE,
    START,
    checked,
    csv_lines,
    found,
    picked,
    refused,
    saved,
    sound_bars,
    with_value,
    write_csv,
    write_zip,
)
from thunes.adapters.storage.bars.check import Source, check_file, compared, read_bars
from thunes.adapters.storage.bars.findings import Kind, Severity
from thunes.core.domain.errors import DataError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, format_instant

BARS = sound_bars()
QUARANTINE, REFUSE, NOTE = Severity.QUARANTINE, Severity.REFUSE, Severity.NOTE
HEADER = "ts,open,high,low,close,volume"


def test_a_sound_file_has_no_finding(tmp_path: Path) -> None:
    report = checked(saved(tmp_path / "a.parquet", BARS), now=int(BARS.open_time[-1]) + MINUTE)
    assert report.findings == ()
    assert report.timeframe == MINUTE
    assert not report.left_out().any()


def shifted(bars: BarColumns, first: int, last: int, by: int) -> BarColumns:
    times = bars.open_time.copy()
    times[first:last] += by
    return replace(bars, open_time=times)


def flat(bars: BarColumns, first: int, last: int) -> BarColumns:
    for name in ("open", "high", "low", "close"):
        for k in range(first, last):
            bars = with_value(bars, name, k, 100.0)
    return bars


# name: (bars, kind, severity, 1-based row, words of the text, rows that import leaves out)
PLANTED: dict[str, tuple[BarColumns, Kind, Severity, int, str, list[int]]] = {
    "off the grid": (
        shifted(BARS, 20, 25, 20_799_000_000),
        *(Kind.OFF_GRID, QUARANTINE, 21, "opens 20.799s after the 1m grid (5 rows"),
        [20, 21, 22, 23, 24],
    ),
    "same row twice": (
        picked(BARS, [*range(31), 30, *range(31, 60)]),
        *(Kind.DUPLICATE, QUARANTINE, 32, "one copy is kept"),
        [31],
    ),
    "same row thrice": (
        picked(BARS, [*range(31), 30, 30, *range(31, 60)]),
        *(Kind.DUPLICATE, QUARANTINE, 32, "(2 rows, the last is row 34)"),
        [31, 32],
    ),
    "one time, two truths": (
        with_value(picked(BARS, [*range(31), 30, *range(31, 60)]), "volume", 31, 9.5),
        *(Kind.CONFLICT, QUARANTINE, 31, "which one is true cannot be told"),
        [30, 31],
    ),
    "high below close": (
        with_value(BARS, "high", 7, 90.0),
        *(Kind.OHLC, QUARANTINE, 8, "high 90.0 is below close"),
        [7],
    ),
    "low above open": (
        with_value(BARS, "low", 7, 103.0),
        *(Kind.OHLC, QUARANTINE, 8, "low 103.0 is above open"),
        [7],
    ),
    "NaN": (
        with_value(BARS, "close", 9, np.nan),
        *(Kind.NOT_A_NUMBER, QUARANTINE, 10, "close is absent or not a number"),
        [9],
    ),
    "infinite": (
        with_value(BARS, "volume", 9, np.inf),
        *(Kind.INFINITE, QUARANTINE, 10, "volume is infinite"),
        [9],
    ),
    "price of zero": (
        with_value(BARS, "low", 11, 0.0),
        *(Kind.NOT_POSITIVE, QUARANTINE, 12, "low is 0.0"),
        [11],
    ),
    "negative volume": (
        with_value(BARS, "volume", 12, -1.0),
        *(Kind.NEGATIVE_VOLUME, QUARANTINE, 13, "volume is -1.0"),
        [12],
    ),
    "gap": (
        picked(BARS, [*range(20), *range(27, 60)]),
        *(Kind.GAP, NOTE, 21, "7 bars are missing (7m), from 2024-01-01T00:20:00Z on"),
        [],
    ),
    "many gaps": (
        picked(sound_bars(300), [k for k in range(300) if k % 50 not in (20, 7)]),
        *(Kind.GAP, NOTE, 8, "the longest of 12 gaps, 12 bars are missing in all"),
        [],
    ),
    "paging bug": (
        picked(sound_bars(600), [k for k in range(600) if k % 50 < 10]),
        *(Kind.REGULAR_GAPS, REFUSE, 11, "kept 10 of each 50 bars; 440 bars are missing"),
        [],
    ),
    "unsorted": (
        picked(BARS, [*range(10), 11, 10, *range(12, 60)]),
        *(Kind.UNSORTED, REFUSE, 12, "opens before the row above it (1 such steps)"),
        [],
    ),
    "newest first": (
        picked(BARS, range(59, -1, -1)),
        *(Kind.NEWEST_FIRST, NOTE, 1, "turned round"),
        [],
    ),
    "zero volume": (
        with_value(BARS, "volume", 30, 0.0),
        *(Kind.ZERO_VOLUME, NOTE, 31, "1 of 60 bars (1.7%) have no volume"),
        [],
    ),
    "frozen": (
        flat(BARS, 20, 35),
        *(Kind.FROZEN, NOTE, 22, "14 bars in a row stand at 100.0"),
        [],
    ),
    "pegged": (
        flat(sound_bars(200), 1, 199),
        *(Kind.NEARLY_CONSTANT, NOTE, 1, "a pegged pair"),
        [],
    ),
    "spike": (
        with_value(BARS, "high", 40, 160.0),
        *(Kind.SPIKE, NOTE, 41, "against the close before and back. Kept"),
        [],
    ),
    "listing day": (
        with_value(with_value(BARS, "open", 0, 1.0), "low", 0, 1.0),
        *(Kind.LISTING_JUMP, NOTE, 1, "opens at 1.0 and closes at 100.14: a listing day"),
        [],
    ),
    "last bar begun": (
        with_value(BARS, "volume", 59, 0.01),
        *(Kind.FORMING, NOTE, 60, "its volume is 0.2% of the usual"),
        [59],
    ),
    "computed": (
        replace(BARS, **{k: getattr(BARS, k) / 3 for k in ("open", "high", "low", "close")}),
        *(Kind.INVENTED, NOTE, 1, "more decimals than any venue quotes"),
        [],
    ),
    "columns in another order": (
        replace(BARS, high=BARS.low, low=BARS.high),
        *(Kind.INVENTED, REFUSE, 1, "60 of 60 bars contradict themselves"),
        list(range(60)),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_defect_is_named(name: str, tmp_path: Path) -> None:
    bars, kind, severity, row, words, out = PLANTED[name]
    path = write_csv(tmp_path / "a.csv", csv_lines(bars), HEADER)
    report = checked(path)
    finding = found(report, kind)
    assert (finding.severity, finding.row) == (severity, row + 1)  # the header is line 1
    assert words in finding.text
    assert finding.at == int(bars.open_time[row - 1])
    assert sorted(report.series.rows[report.left_out()] - 2) == out  # type: ignore[union-attr]
    if severity is NOTE:
        assert len(read_bars(path)) == len(bars)
    else:
        message = refused(lambda: read_bars(path))
        assert str(path) in message
        assert f"{kind} (row {row + 1}, {format_instant(finding.at)}): " in message


def spoiled(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def house(folder: Path) -> bytes:
    return saved(folder / "house.parquet", sound_bars(3_000)).read_bytes()


WHOLE_FILES: dict[str, tuple[Callable[[Path], Path], Kind, int | None]] = {
    "empty": (lambda d: spoiled(d / "x.csv", b""), Kind.EMPTY_FILE, None),
    "pointer": (
        lambda d: spoiled(d / "x.parquet", b"version https://git-lfs.github.com/spec/v1\noid a\n"),
        *(Kind.LFS_POINTER, None),
    ),
    "cut Parquet": (lambda d: spoiled(d / "x", house(d)[:-500]), Kind.TRUNCATED, None),
    "cut Feather": (lambda d: spoiled(d / "x", b"ARROW1\0\0" + bytes(900)), Kind.TRUNCATED, None),
    "cut ZIP": (
        lambda d: spoiled(d / "x", write_zip(d / "z", csv_lines(BARS)).read_bytes()[:-300]),
        *(Kind.TRUNCATED, None),
    ),
    "damaged ZIP": (
        lambda d: spoiled(
            d / "x", write_zip(d / "z", csv_lines(BARS)).read_bytes().replace(b"\x55", b"\x56")
        ),
        *(Kind.TRUNCATED, None),
    ),
    "two files in a ZIP": (
        lambda d: write_zip(d / "z", [], inside="readme.md"),
        *(Kind.UNREADABLE, None),
    ),
    "damaged Parquet": (
        lambda d: spoiled(d / "x", house(d)[:-300] + bytes(290) + house(d)[-10:]),
        *(Kind.UNREADABLE, None),
    ),
    "header alone": (lambda d: write_csv(d / "x.csv", [], HEADER), Kind.ZERO_ROWS, None),
    "blank lines": (lambda d: spoiled(d / "x.csv", b"\n\n\n"), Kind.ZERO_ROWS, None),
    "no rows in Parquet": (
        lambda d: saved(d / "x.parquet", picked(BARS, [])),
        *(Kind.ZERO_ROWS, None),
    ),
    "8 columns, no header": (
        lambda d: write_csv(d / "x.csv", [f"{line},1,2" for line in csv_lines(BARS)]),
        *(Kind.NO_HEADER, 1),
    ),
    "no volume": (
        lambda d: write_csv(d / "x.csv", ["1,1,1,1,1"], "ts,open,high,low,close"),
        *(Kind.NO_COLUMN, None),
    ),
    "not UTF-8": (
        lambda d: spoiled(d / "x.csv", f"{HEADER}\n1,2,3\n\xe9,2,3\n".encode("latin-1")),
        *(Kind.UNREADABLE, 3),
    ),
    "prose": (lambda d: spoiled(d / "x.csv", b"404: Not Found\n"), Kind.UNREADABLE, 1),
    "picture": (lambda d: spoiled(d / "x.csv", b"\x89PNG\r\n\0\0"), Kind.UNREADABLE, None),
    "too many fields": (
        lambda d: write_csv(d / "x.csv", [*csv_lines(BARS), csv_lines(BARS)[0] + ",9"], HEADER),
        *(Kind.UNREADABLE, 62),
    ),
}


@pytest.mark.parametrize("name", WHOLE_FILES)
def test_unreadable_file_is_refused_with_its_reason(name: str, tmp_path: Path) -> None:
    make, kind, row = WHOLE_FILES[name]
    path = make(tmp_path)
    report = checked(path)
    finding = found(report, kind)
    assert (finding.severity, finding.row) == (REFUSE, row)
    message = refused(lambda: read_bars(path))
    assert str(path) in message
    assert finding.text in message


def test_no_such_file(tmp_path: Path) -> None:
    assert "No such file" in refused(lambda: read_bars(tmp_path / "none.parquet"))
    assert "Is a directory" in refused(lambda: read_bars(tmp_path))


def test_text_cut_short_in_its_last_line(tmp_path: Path) -> None:
    lines = csv_lines(BARS)
    path = write_csv(tmp_path / "x.csv", [*lines[:-1], lines[-1][:30]], HEADER)
    finding = found(checked(path), Kind.NOT_A_NUMBER)
    assert finding.row == 61
    assert "cut short" in finding.text


def test_words_among_numbers_and_unknown_times(tmp_path: Path) -> None:
    lines = csv_lines(BARS)
    lines[5] = lines[5].replace(lines[5].split(",")[1], "n/a")
    lines[6] = "31/12/2023" + lines[6][13:]
    report = checked(write_csv(tmp_path / "x.csv", lines, HEADER))
    assert found(report, Kind.NOT_A_NUMBER).row == 7
    assert found(report, Kind.BAD_TIME).row == 8
    assert found(report, Kind.BAD_TIME).at is None


def test_every_row_of_a_file_with_unknown_times(tmp_path: Path) -> None:
    lines = [f"31/12/2023{line[13:]}" for line in csv_lines(BARS)]
    report = checked(write_csv(tmp_path / "x.csv", lines, HEADER))
    assert report.worst is REFUSE
    assert found(report, Kind.BAD_TIME).count == 60


def test_most_rows_off_the_grid_refuse_the_file(tmp_path: Path) -> None:
    report = checked(saved(tmp_path / "x.parquet", shifted(BARS, 0, 60, 7 * NS_PER_SECOND)))
    assert found(report, Kind.UNUSABLE).severity is REFUSE
    assert found(report, Kind.OFF_GRID).count == 60


def test_days_of_another_time_zone_are_told(tmp_path: Path) -> None:
    daily = sound_bars(30, NS_PER_DAY, START - 9 * 3_600 * NS_PER_SECOND)
    finding = found(checked(saved(tmp_path / "x.parquet", daily)), Kind.OFF_GRID)
    assert "opens 15h after the 1d grid" in finding.text
    assert "another time zone" in finding.text


def test_weeks_begin_on_mondays(tmp_path: Path) -> None:
    weekly = sound_bars(40, 7 * NS_PER_DAY, START)
    assert checked(saved(tmp_path / "w.parquet", weekly)).worst is NOTE


def test_last_bar_closes_after_now(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.parquet", BARS)
    report = checked(path, now=int(BARS.open_time[-1]) + MINUTE - 1)
    finding = found(report, Kind.FORMING)
    assert (finding.row, report.left_out().sum()) == (60, 1)
    assert finding.severity is NOTE
    assert "later than now" in finding.text


def test_series_that_ended(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.parquet", BARS)
    finding = found(checked(path, now=START + 100 * NS_PER_DAY), Kind.SERIES_END)
    assert (finding.row, "99 days old" in finding.text) == (60, True)


def test_a_thin_market_is_not_taken_for_a_bar_begun(tmp_path: Path) -> None:
    volume = np.where(np.arange(60) % 3, 5.0, 0.0)
    volume[-1] = 0.0
    report = checked(saved(tmp_path / "x.parquet", replace(BARS, volume=volume)))
    assert not report.left_out().any()


def test_sparse_but_irregular_is_no_paging_bug(tmp_path: Path) -> None:
    """A venue that writes no bar where nothing traded loses most minutes, at random."""
    kept = np.flatnonzero(np.random.Generator(np.random.PCG64(3)).random(2_000) < 0.35)
    kept = np.union1d(kept, kept[:200] + 1)
    path = saved(tmp_path / "x.parquet", picked(sound_bars(2_001), kept.tolist()))
    report = checked(path, timeframe=MINUTE)
    assert report.worst is NOTE
    assert "some venues write no bar where nothing traded" in found(report, Kind.GAP).text


def test_against_an_independent_source(tmp_path: Path) -> None:
    mine = checked(saved(tmp_path / "mine.parquet", BARS))
    other = with_value(with_value(BARS, "close", 19, 103.0), "high", 19, 103.0)
    report = compared(mine, checked(saved(tmp_path / "other.parquet", other)))
    finding = found(report, Kind.DISAGREES)
    assert (finding.row, finding.severity, finding.count) == (20, NOTE, 1)
    assert "1 of 60 common closes differ" in finding.text
    foreign = replace(BARS, **{k: getattr(BARS, k) * 2 for k in ("open", "high", "low", "close")})
    report = compared(mine, checked(saved(tmp_path / "foreign.parquet", foreign)))
    assert found(report, Kind.DISAGREES).severity is REFUSE
    assert found(compared(mine, mine), Kind.AGREES).count == 60


def test_against_another_timeframe_compares_at_common_closes(tmp_path: Path) -> None:
    mine = checked(saved(tmp_path / "mine.parquet", BARS))
    five = picked(BARS, range(4, 60, 5))
    five = replace(five, open_time=five.open_time - 4 * MINUTE)
    other = checked(saved(tmp_path / "five.parquet", five))
    assert other.timeframe == 5 * MINUTE
    assert found(compared(mine, other), Kind.AGREES).count == 12


def test_against_something_that_never_meets(tmp_path: Path) -> None:
    mine = checked(saved(tmp_path / "mine.parquet", BARS))
    later = checked(saved(tmp_path / "later.parquet", sound_bars(start=START + NS_PER_DAY)))
    assert found(compared(mine, later), Kind.NOT_COMPARED).severity is NOTE
    broken = check_file(Source(spoiled(tmp_path / "e.csv", b"")))
    with pytest.raises(DataError, match="cannot compare with"):
        compared(mine, broken)
    assert compared(broken, mine) is broken


@pytest.mark.parametrize("stamp", ["infinity", "nan", "9999-01-01", "99999999999999999999", ""])
def test_a_time_beyond_all_times_is_a_bad_row(stamp: str, tmp_path: Path) -> None:
    lines = csv_lines(BARS, format_instant)
    lines[30] = stamp + lines[30][lines[30].index(",") :]
    report = checked(write_csv(tmp_path / "x.csv", lines, HEADER))
    assert found(report, Kind.BAD_TIME).row == 32
    assert report.span() == (START, int(BARS.open_time[-1]))
    assert report.left_out().sum() == 1
