"""Any shape of file that holds bars is read to the last digit, or refused with a way out."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather

from tests.data.made import (
    MINUTE,
    START,
    csv_lines,
    picked,
    refused,
    same,
    saved,
    sound_bars,
    write_csv,
    write_zip,
)
from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.bars.files import read_series
from thunes.adapters.storage.bars.times import NO_TIME, to_nanoseconds
from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_DAY

BARS = sound_bars()


def iso(at: int) -> str:
    return datetime.fromtimestamp(at // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


STAMPS: dict[str, Callable[[int], str]] = {
    "seconds": lambda at: str(at // 10**9),
    "milliseconds": lambda at: str(at // 10**6),
    "microseconds": lambda at: str(at // 10**3),
    "nanoseconds": str,
    "float seconds": lambda at: f"{at // 10**9}.0",
    "ISO with Z": iso,
    "ISO with space": lambda at: iso(at).replace("T", " ").removesuffix("Z"),
    "ISO with offset": lambda at: iso(at + 2 * 3600 * 10**9).replace("Z", "+02:00"),
    # Binance spot went from ms to us on 2025-01-01; files that were glued together have both.
    "ms, then us": lambda at: str(at // (10**6 if at < START + 30 * MINUTE else 10**3)),
}


@pytest.mark.parametrize("stamp", STAMPS)
def test_csv_stamps_of_any_unit(stamp: str, tmp_path: Path) -> None:
    lines = csv_lines(BARS, STAMPS[stamp])
    with_header = write_csv(tmp_path / "a.csv", lines, "timestamp,open,high,low,close,volume")
    without = write_csv(tmp_path / "b.csv", lines)
    assert same(read_bars(with_header), BARS)
    assert same(read_bars(without), BARS)


def test_csv_date_only_stamps_are_midnight_utc(tmp_path: Path) -> None:
    daily = sound_bars(40, NS_PER_DAY)
    lines = csv_lines(daily, lambda at: iso(at)[:10])
    assert same(
        read_bars(write_csv(tmp_path / "d.csv", lines, "date,open,high,low,close,volume")), daily
    )


@pytest.mark.parametrize(
    "header",
    [
        "ts,open,high,low,close,volume",
        "Open time,Open,High,Low,Close,Volume",
        '"Date","Open","High","Low","Close","Volume"',
        "time,o,h,l,c,v",
    ],
)
def test_csv_headers_met_in_the_wild(header: str, tmp_path: Path) -> None:
    assert same(read_bars(write_csv(tmp_path / "h.csv", csv_lines(BARS), header)), BARS)


@pytest.mark.parametrize("shape", ["semicolon", "tab", "CRLF", "byte order mark", "blank lines"])
def test_csv_dialects(shape: str, tmp_path: Path) -> None:
    text = "ts,open,high,low,close,volume\n" + "\n".join(csv_lines(BARS)) + "\n"
    changed = {
        "semicolon": text.replace(",", ";"),
        "tab": text.replace(",", "\t"),
        "CRLF": text.replace("\n", "\r\n"),
        "byte order mark": "\ufeff" + text,
        "blank lines": text.replace("\n", "\n\n", 3),
    }[shape]
    path = tmp_path / "strange [name] *.csv"
    path.write_bytes(changed.encode())
    series = read_series(path)
    assert same(series.bars, BARS)
    assert series.rows[-1] == (len(BARS) + 4 if shape == "blank lines" else len(BARS) + 1)


def binance_lines(unit: int) -> list[str]:
    step = MINUTE // unit
    plain = csv_lines(BARS, lambda at: str(at // unit))
    return [f"{line},{int(line.split(',')[0]) + step - 1},500.5,12,2.5,250.25,0" for line in plain]


HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore"
)


@pytest.mark.parametrize("unit", [10**6, 10**3])
@pytest.mark.parametrize("header", [None, HEADER])
def test_binance_klines_as_csv_and_zip(unit: int, header: str | None, tmp_path: Path) -> None:
    lines = [*([header] if header else []), *binance_lines(unit)]
    assert same(read_bars(write_csv(tmp_path / "k.csv", lines)), BARS)
    series = read_series(write_zip(tmp_path / "BTCUSDT-1m-2024-01.zip", lines))
    assert same(series.bars, BARS)
    assert series.layout.startswith("ZIP, CSV")


def test_kraken_seven_columns(tmp_path: Path) -> None:
    lines = [f"{line},3" for line in csv_lines(BARS, STAMPS["seconds"])]
    assert same(read_bars(write_csv(tmp_path / "k.csv", lines)), BARS)


def test_columns_as_said(tmp_path: Path) -> None:
    lines = [f"BTCUSDT,{line},7,8" for line in csv_lines(BARS)]
    path = write_csv(tmp_path / "x.csv", lines)
    said = refused(lambda: read_bars(path))
    assert "missing header" in said
    assert "--columns ts,open,high,low,close,volume" in said
    names = ("symbol", "ts", "open", "high", "low", "close", "volume", "a", "b")
    assert same(read_series(path, names).bars, BARS)
    assert "names 8 columns, the file has 9" in refused(lambda: read_series(path, names[:-1]))
    assert "(check ts)" in refused(lambda: read_series(path, ("x", *names[2:], "y", "z")))


PARQUET_STAMPS = {
    "BIGINT ms": "ts",
    "TIMESTAMP": "make_timestamp(ts * 1000)",
    "TIMESTAMP_NS": "make_timestamp(ts * 1000)::TIMESTAMP_NS",
    "TIMESTAMP_MS": "make_timestamp(ts * 1000)::TIMESTAMP_MS",
    "TIMESTAMPTZ": "to_timestamp(ts / 1000)",
    "VARCHAR": "strftime(make_timestamp(ts * 1000), '%Y-%m-%d %H:%M:%S')",
    "DOUBLE s": "ts / 1000",
    "INTEGER s": "(ts // 1000)::INTEGER",
}


@pytest.mark.parametrize("kind", PARQUET_STAMPS)
def test_parquet_stamps_of_any_type_under_any_name(kind: str, tmp_path: Path) -> None:
    house = saved(tmp_path / "house.parquet", BARS)
    other = tmp_path / "other.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        connection.execute(
            f"COPY (SELECT 'X' AS symbol, {PARQUET_STAMPS[kind]} AS \"Open Time\", close AS Close, "
            f"open AS Open, high AS High, low AS Low, volume AS Volume FROM '{house}') TO '{other}'"
        )
    assert same(read_bars(other), BARS)


def test_parquet_decimals_and_missing_column(tmp_path: Path) -> None:
    house = saved(tmp_path / "house.parquet", BARS)
    exact, lacking = tmp_path / "exact.parquet", tmp_path / "lacking.parquet"
    with duckdb.connect() as connection:
        prices = ", ".join(f"{k}::DECIMAL(18, 8) AS {k}" for k in ("open", "high", "low", "close"))
        connection.execute(f"COPY (SELECT ts, {prices}, volume FROM '{house}') TO '{exact}'")
        connection.execute(f"COPY (SELECT ts, funding: 0.1 FROM '{house}') TO '{lacking}'")
    assert same(read_bars(exact), BARS)
    said = refused(lambda: read_bars(lacking))
    assert "no column for 'open' among ts, funding" in said


@pytest.mark.parametrize("kind", ["ms", "ns", "int64"])
def test_freqtrade_feather(kind: str, tmp_path: Path) -> None:
    stamps = BARS.open_time // 10**6
    dates = (
        pa.array(stamps)
        if kind == "int64"
        else pa.array(stamps).cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp(kind, "UTC"))
    )
    names = ("open", "high", "low", "close", "volume")
    table = pa.table({"date": dates, **{name: getattr(BARS, name) for name in names}})
    path = tmp_path / "BTC_USDT-1m.feather"
    feather.write_feather(table, path, compression="lz4")
    bars = read_bars(path)
    assert same(bars, BARS)
    assert bars.close.flags.writeable
    assert bars.close.flags.c_contiguous


def test_feather_without_pyarrow_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.feather"
    feather.write_feather(pa.table({"date": [1]}), path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"thunes\[feather\]"):
        read_bars(path)


def test_newest_first_is_turned_round(tmp_path: Path) -> None:
    lines = csv_lines(BARS)[::-1]
    assert same(read_bars(write_csv(tmp_path / "n.csv", lines)), BARS)


PRICES = st.floats(1e-8, 1e9, allow_nan=False, width=64)


@settings(max_examples=30)
@given(st.lists(PRICES, min_size=2, max_size=20), st.randoms())
def test_floats_survive_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, prices: list[float], random: object
) -> None:
    close = np.array(prices)
    times = START + MINUTE * np.arange(close.size, dtype=np.int64)
    bars = BarColumns(times, close, close, close, close, close / 3)
    folder = tmp_path_factory.mktemp("floats")
    assert same(read_bars(saved(folder / "a.parquet", bars)), bars)
    assert same(read_bars(write_csv(folder / "a.csv", csv_lines(bars))), bars)


def test_absurd_stamps_are_no_times() -> None:
    stamps = np.array([20_240_101, 45_292, 0, -5, 1_704_067_200, 2**62, np.iinfo(np.int64).min])
    times = to_nanoseconds(stamps)
    assert list(times == NO_TIME) == [True, True, True, True, False, True, True]
    assert times[4] == START
    assert to_nanoseconds(np.array([np.nan, 1.7040672e9]))[1] == START


def test_timeframe_finer_than_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.parquet", BARS)
    assert "most bars are 1m apart, finer than 1h" in refused(lambda: read_bars(path, 60 * MINUTE))


def test_too_short_to_tell_the_timeframe(tmp_path: Path) -> None:
    path = saved(tmp_path / "one.parquet", picked(BARS, [0]))
    assert "say --timeframe" in refused(lambda: read_bars(path))
    assert len(read_bars(path, MINUTE)) == 1
