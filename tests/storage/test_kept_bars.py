"""Bars that a process decided on are in its catalog once, whatever became of the process."""

from pathlib import Path

import numpy as np
import pytest

from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.market import kept_bars
from thunes.adapters.storage.market.kept_bars import KeptBars
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_SECOND, Symbol

MINUTE = 60 * NS_PER_SECOND
BTC = Symbol("BTCUSDT")
FIRST = 1_764_000_000 // 60 * MINUTE


def bars(begin: int, end: int) -> BarColumns:
    rows = np.arange(begin, end)
    price = 100.0 + rows / 7
    return BarColumns(FIRST + rows * MINUTE, price, price + 1, price - 1, price + 0.5, rows + 1.0)


def keeping(folder: Path) -> KeptBars:
    return KeptBars(folder, "binance", MINUTE)


def there(folder: Path) -> BarColumns:
    return read_bars(folder / "binance" / BTC / "1m.parquet", MINUTE)


def same(one: BarColumns, other: BarColumns) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("open_time", "open", "high", "low", "close", "volume")
    )


def test_what_was_not_written_when_a_process_died_is_written_by_the_next(tmp_path: Path) -> None:
    kept = keeping(tmp_path)
    assert kept.lacks(BTC, bars(0, 1))
    kept.add(BTC, bars(0, 10))
    assert not kept.lacks(BTC, bars(0, 10))
    assert kept.lacks(BTC, bars(0, 11))
    after = keeping(tmp_path)
    assert after.lacks(BTC, bars(5, 40)), "what is there is not known before it was read"
    after.add(BTC, bars(5, 40))
    assert same(there(tmp_path), bars(0, 40))
    assert set(np.diff(there(tmp_path).open_time)) == {MINUTE}, "no gap"


def test_bars_that_are_there_are_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping(tmp_path).add(BTC, bars(0, 10))
    monkeypatch.setattr(kept_bars, "save_bars", None)
    keeping(tmp_path).add(BTC, bars(0, 10))
    keeping(tmp_path).add(BTC, bars(3, 8))


def test_a_long_file_is_not_rewritten_for_each_bar(tmp_path: Path) -> None:
    kept = keeping(tmp_path)
    kept.add(BTC, bars(0, 3_000))
    assert not kept.lacks(BTC, bars(0, 3_003))
    assert kept.lacks(BTC, bars(0, 3_004))


def test_a_catalog_that_is_damaged_or_locked_is_told(tmp_path: Path) -> None:
    keeping(tmp_path).add(BTC, bars(0, 10))
    with kept_bars.writing(tmp_path), pytest.raises(ThunesError, match="another import"):
        keeping(tmp_path).add(BTC, bars(0, 20))
    (tmp_path / "binance" / BTC / "1m.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="BTCUSDT"):
        keeping(tmp_path).add(BTC, bars(0, 20))
