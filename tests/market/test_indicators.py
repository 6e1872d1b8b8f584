"""Indicators: the numbers others publish, causal, and the same bits in both forms.

Where TA-Lib differs by design: RSI of a market that never moved is 50 here, 0 there.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from tests.market.sample import real_bars, same_bits, walk, walk_bars
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.market import Floats
from thunes.core.market import aggregate, exact_mean, indicators, recursive, rolling
from thunes.core.market.bars import Bars
from thunes.core.market.indicators import atr, bollinger, donchian, ema, rsi, sma
from thunes.core.market.rolling import rolling_max, rolling_min
from thunes.core.stats.kernel import compile_kernel

Outputs = dict[str, Floats]


def everything(bars: Bars, n: int) -> Outputs:
    """Every indicator, by name."""
    upper, lower = donchian(bars.high, bars.low, n)
    above, middle, below = bollinger(bars.close, n)
    return {
        "sma": sma(bars.close, n),
        "ema": ema(bars.close, n),
        "rsi": rsi(bars.close, n),
        "atr": atr(bars.high, bars.low, bars.close, n),
        "upper": upper,
        "lower": lower,
        "above": above,
        "middle": middle,
        "below": below,
        "rolling_max": rolling_max(bars.high, n),
        "rolling_min": rolling_min(bars.low, n),
        "higher": bars.at("4h").align(sma(bars.at("4h").volume, n)),
    }


def theirs(bars: Bars, n: int) -> Outputs:
    above, middle, below = talib.BBANDS(bars.close, n, 2.0, 2.0)
    return {
        "sma": talib.SMA(bars.close, n),
        "ema": talib.EMA(bars.close, n),
        "rsi": talib.RSI(bars.close, n),
        "atr": talib.ATR(bars.high, bars.low, bars.close, n),
        "above": above,
        "middle": middle,
        "below": below,
        "rolling_max": talib.MAX(bars.high, n),
        "rolling_min": talib.MIN(bars.low, n),
    }


def assert_as_talib(bars: Bars, n: int) -> None:
    ours = everything(bars, n)
    for name, wanted in theirs(bars, n).items():
        got = ours[name]
        assert np.array_equal(np.isnan(got), np.isnan(wanted)), f"{name}: first valid row"
        valid = ~np.isnan(wanted)
        # TA-Lib's variance is E[x^2] - E[x]^2, good to half the digits.
        loose = 1e-6 if name in ("above", "below") else 1e-10
        assert np.allclose(got[valid], wanted[valid], rtol=loose, atol=1e-9), name
    before = slice(n - 1, len(bars) - 1)
    assert np.array_equal(ours["upper"][n:], talib.MAX(bars.high, n)[before])
    assert np.array_equal(ours["lower"][n:], talib.MIN(bars.low, n)[before])


@pytest.mark.parametrize("n", [2, 3, 14, 100])
def test_random_bars_give_the_numbers_of_talib(n: int) -> None:
    for seed in range(3):
        assert_as_talib(walk_bars(seed, 1_500), n)


@pytest.mark.real_data
@pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT"])
def test_real_bars_give_the_numbers_of_talib(real_data: Path, symbol: str) -> None:
    folder = real_data / "binance_spot/universe_2024/1h"
    bars = real_bars(folder / f"{symbol}_1h.parquet", "1h")
    assert_as_talib(bars, 14)


def test_rsi_gives_the_published_series() -> None:
    """StockCharts' worked example, RSI(14)."""
    said = (
        "44.3389 44.0902 44.1497 43.6124 44.3278 44.8264 45.0955 45.4245 45.8433 46.0826 "
        "45.8931 46.0328 45.6140 46.2820 46.2820 46.0028 46.0328 46.4116 46.2222 45.6439"
    )
    close = np.array([float(price) for price in said.split()])
    got = rsi(close, 14)
    assert np.isnan(got[:14]).all()
    assert np.round(got[14:], 2).tolist() == [70.53, 66.32, 66.55, 69.41, 66.36, 57.97]


def test_rsi_at_the_ends() -> None:
    assert rsi(np.full(5, 7.0), 2).tolist()[2:] == [50.0, 50.0, 50.0]
    assert rsi(np.arange(5.0), 2).tolist()[2:] == [100.0, 100.0, 100.0]
    assert rsi(-np.arange(5.0), 2).tolist()[2:] == [0.0, 0.0, 0.0]


def test_the_first_true_range_needs_a_close_before_it() -> None:
    high, low, close = np.array([[9.0, 8, 7, 9], [1.0, 6, 5, 6], [5.0, 7, 6, 8]])
    assert atr(high, low, close, 1).tolist()[1:] == [3.0, 2.0, 3.0]
    assert math.isnan(atr(high, low, close, 1)[0])
    assert atr(high, low, close, 2).tolist()[2:] == [2.5, 2.75]


def test_donchian_leaves_the_current_bar_out() -> None:
    upper, lower = donchian(np.array([1.0, 2, 3, 9]), np.array([0.0, 1, 2, -5]), 3)
    assert upper[3] == 3.0
    assert lower[3] == 0.0


def test_bollinger_counts_the_whole_population() -> None:
    above, middle, below = bollinger(np.array([1.0, 3.0]), 2, 3.0)
    assert (above[1], middle[1], below[1]) == (5.0, 2.0, -1.0)


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_few_rows_and_short_windows(rows: int, n: int) -> None:
    bars = walk_bars(1, rows)
    for name, got in everything(bars, n).items():
        assert got.shape == (rows,), name
        assert got.dtype == np.float64, name
        if n > rows:
            assert np.isnan(got).all(), name
    if n == 1:
        for same in (sma, ema, rolling_max, rolling_min):
            assert same_bits(same(bars.close, 1), bars.close)


@given(st.integers(0, 10_000), st.integers(1, 30), st.data())
def test_rows_do_not_know_what_comes_after(seed: int, n: int, data: st.DataObject) -> None:
    bars = walk_bars(seed, 80)
    full = everything(bars, n)
    cut = data.draw(st.integers(0, 80))
    for name, got in everything(bars.prefix(cut), n).items():
        assert same_bits(got, full[name][:cut]), name


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_hole_passes(hole: float) -> None:
    """Windows over it have no value; then all goes on, the recursive ones from a new seed."""
    values = walk(9, 120)
    values[50] = hole
    for make in (ema, rsi, lambda x, n: atr(x, x, x, n)):
        got = make(values, 5)
        after = make(values[51:], 5)
        assert np.isfinite(got[5:50]).all()
        assert same_bits(got[51:], after)
        assert not np.isfinite(got[50])
    highs = rolling_max(values, 5)
    assert np.isfinite(highs[4:50]).all()
    assert np.isfinite(highs[55:]).all()
    assert not np.isfinite(highs[50:55]).any()


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_scaled_prices_give_scaled_indicators(seed: int, n: int) -> None:
    bars = walk_bars(seed, 60)
    for power in (1, 7):
        by = 2.0**power
        assert same_bits(sma(bars.close * by, n), sma(bars.close, n) * by)
        assert same_bits(ema(bars.close * by, n), ema(bars.close, n) * by)
        assert same_bits(rsi(bars.close * by, n), rsi(bars.close, n))
        scaled = atr(bars.high * by, bars.low * by, bars.close * by, n)
        assert same_bits(scaled, atr(bars.high, bars.low, bars.close, n) * by)


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_mirrored_prices_give_mirrored_indicators(seed: int, n: int) -> None:
    bars = walk_bars(seed, 60, tick="0.25")  # quarters: 200 - p is exact
    high, low, close = 200 - bars.low, 200 - bars.high, 200 - bars.close
    upper, lower = donchian(bars.high, bars.low, n)
    mirrored = donchian(high, low, n)
    assert np.array_equal(mirrored[0], 200 - lower, equal_nan=True)
    assert np.array_equal(mirrored[1], 200 - upper, equal_nan=True)
    assert same_bits(atr(high, low, close, n), atr(bars.high, bars.low, bars.close, n))
    assert np.allclose(rsi(close, n), 100 - rsi(bars.close, n), equal_nan=True)
    assert np.allclose(sma(close, n), 200 - sma(bars.close, n), equal_nan=True)


KERNELS = [
    (exact_mean, "_grid"),
    (exact_mean, "_window_mean"),
    (rolling, "_rolling_max"),
    (recursive, "smoothed"),
    (recursive, "wilder"),
    (indicators, "_deviation"),
    (aggregate, "_sums"),
]


@pytest.fixture(scope="module")
def compiled() -> Iterator[list[Callable[..., object]]]:
    return [compile_kernel(getattr(room, name).__wrapped__) for room, name in KERNELS]


def put(patch: pytest.MonkeyPatch, forms: list[Callable[..., object]]) -> None:
    for (room, name), form in zip(KERNELS, forms, strict=True):
        patch.setattr(room, name, form)
        if room is recursive:
            patch.setattr(indicators, name, form)


@pytest.mark.parametrize("n", [1, 3, 40])
def test_both_forms_give_the_same_bits(
    n: int, compiled: list[Callable[..., object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pure = [getattr(room, name).__wrapped__ for room, name in KERNELS]
    for spoil in (None, np.nan, np.inf, 1e308, 0.0, math.pi, 1e-9):
        bars = walk_bars(4, 400)
        if spoil is not None:
            columns = bars.columns
            spoilt = [getattr(columns, c).copy() for c in ("open", "high", "low", "close")]
            for each in spoilt:
                each[[0, 100, 101, 250]] = spoil
            columns = type(columns)(columns.open_time, *spoilt, columns.volume)
            bars = Bars(bars.symbol, bars.timeframe, columns)
        put(monkeypatch, pure)
        slow = everything(bars, n)
        put(monkeypatch, compiled)
        for name, got in everything(bars, n).items():
            assert same_bits(got, slow[name]), (name, spoil)


def test_a_kernel_is_compiled_once(compiled: list[Callable[..., object]]) -> None:
    """Arrays that may be written to and those that may not would be two compilations."""
    for form, (_, name) in zip(compiled, KERNELS, strict=True):
        assert len(form.signatures) <= 1, name


def test_outputs_are_new_and_inputs_untouched() -> None:
    values = walk(2, 50)
    before = values.copy()
    for make in (sma, ema, rsi, rolling_max, rolling_min):
        got = make(values, 3)
        assert got.flags.writeable
        assert not np.shares_memory(got, values)
    assert same_bits(values, before)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sma([1.0, 2.0], 1), "values must be a float64 array, not list"),
        (lambda: sma(np.arange(3), 1), "not int64"),
        (lambda: ema(np.zeros((2, 2)), 1), "one dimension, not 2"),
        (lambda: rsi(np.zeros(3), 0), "at least one bar, not 0"),
        (lambda: sma(np.zeros(3), 1.5), "whole number of bars, not 1.5"),
        (lambda: atr(np.zeros(3), np.zeros(3), np.zeros(2), 1), "close has 2 rows"),
        (lambda: donchian(np.zeros(3), np.zeros(4), 1), "high has 3, low has 4 rows"),
        (lambda: rolling_max(np.zeros(3, dtype=np.float32), 1), "not float32"),
    ],
)
def test_what_is_not_a_column_is_refused(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ThunesError, match=says):
        call()


def test_columns_with_strides_are_taken() -> None:
    values = walk(2, 100)
    assert same_bits(sma(values[::2], 3), sma(values[::2].copy(), 3))
