"""The tape: every float comes back bit for bit, and another market is noticed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from thunes.adapters.storage.tape import load_tape, save_tape, tape_digest, tape_file
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol

BTC = Symbol("BTCUSDT")
NAMES = ("open", "high", "low", "close", "volume")


def columns(rows: int, seed: int = 1) -> BarColumns:
    random = np.random.default_rng(seed)
    times = np.arange(rows, dtype=np.int64) * 3_600_000_000_000 + 1_700_000_000_000_000_000
    return BarColumns(times, *(random.lognormal(size=rows) for _ in NAMES))


def same_bits(one: BarColumns, two: BarColumns) -> bool:
    return all(
        getattr(one, name).tobytes() == getattr(two, name).tobytes()
        for name in ("open_time", *NAMES)
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(allow_nan=True), min_size=0, max_size=60))
def test_floats_come_back_bit_for_bit(tmp_path: Path, values: list[float]) -> None:
    prices = np.array(values, dtype=np.float64)
    prices[np.isnan(prices)] = np.nan
    tape = BarColumns(np.arange(prices.size, dtype=np.int64), *([prices] * 5))
    save_tape(tmp_path, {BTC: tape})
    again = load_tape(tmp_path, {BTC: tape_digest(tape)})[BTC]
    assert same_bits(tape, again)
    assert all(getattr(again, name).flags.c_contiguous for name in ("open_time", *NAMES))
    assert again.open_time.dtype == np.int64


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    tapes = {BTC: columns(300_000), Symbol("ETHUSDT"): columns(50, 2)}
    save_tape(tmp_path, tapes)
    again = load_tape(tmp_path, {symbol: tape_digest(tape) for symbol, tape in tapes.items()})
    assert list(again) == list(tapes)
    assert all(same_bits(tapes[symbol], again[symbol]) for symbol in tapes)


def test_any_changed_value_changes_the_digest() -> None:
    tape = columns(3)
    digests = {tape_digest(tape)}
    for name in ("open_time", *NAMES):
        for row in range(3):
            other = columns(3)
            values = getattr(other, name)
            values[row] = np.nextafter(values[row], 9.0) if name != "open_time" else 7
            digests.add(tape_digest(other))
    assert len(digests) == 1 + 6 * 3


def test_another_market_is_refused(tmp_path: Path) -> None:
    save_tape(tmp_path, {BTC: columns(10, 2)})
    with pytest.raises(DataError, match=r"BTCUSDT.parquet is not the market of this journal"):
        load_tape(tmp_path, {BTC: tape_digest(columns(10, 1))})


def test_a_missing_or_damaged_tape_is_named(tmp_path: Path) -> None:
    digest = tape_digest(columns(10))
    with pytest.raises(DataError, match=r"BTCUSDT.parquet is missing"):
        load_tape(tmp_path, {BTC: digest})
    save_tape(tmp_path, {BTC: columns(10)})
    path = tmp_path / tape_file(BTC)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"BTCUSDT.parquet is damaged inside"):
        load_tape(tmp_path, {BTC: digest})


def test_odd_symbols_stay_below_the_journal(tmp_path: Path) -> None:
    for name in ("币安人生USDT", "../up", "BTC/USDT:USDT", "..", "a'b"):
        symbol = Symbol(name)
        save_tape(tmp_path / "j", {symbol: columns(3)})
        assert same_bits(
            load_tape(tmp_path / "j", {symbol: tape_digest(columns(3))})[symbol], columns(3)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["j"]
    assert [path.name for path in (tmp_path / "j").iterdir()] == ["tape"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "tape").write_text("")
    with pytest.raises(ThunesError, match="cannot be written: File exists"):
        save_tape(tmp_path, {BTC: columns(3)})
