"""Averages of prices compare as the exact rationals do; what is on no grid still has a mean."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.market.sample import real_bars, same_bits, walk
from thunes.core.market.indicators import sma

TICKS = [1, 10, 100, 1_000, 100_000, 10**8]


@st.composite
def decimals(draw: st.DrawFn) -> list[float]:
    """A walk on a coarse tick, so that averages often tie, sometimes with a finer tick later."""
    rows = draw(st.integers(1, 60))
    per_one = draw(st.sampled_from(TICKS))
    start = draw(st.integers(0, 70_000)) * draw(st.sampled_from([1, per_one]))
    steps = draw(st.lists(st.integers(-2, 2), min_size=rows, max_size=rows))
    finer_from = draw(st.integers(0, 2 * rows))
    finer = draw(st.sampled_from([1, 2, 5, 10]))
    prices = []
    for row, level in enumerate(itertools.accumulate(steps, initial=start)):
        if row >= finer_from:
            prices.append((level * finer + row % finer) / (per_one * finer))
        else:
            prices.append(level / per_one)
    return prices


def rational_means(prices: list[float], n: int) -> list[Fraction]:
    exact = [Fraction(repr(p)) for p in prices]
    return [sum(exact[t - n + 1 : t + 1], Fraction(0)) / n for t in range(n - 1, len(exact))]


@given(decimals(), st.integers(1, 20), st.integers(1, 20))
def test_averages_compare_as_the_rationals_do(prices: list[float], f: int, s: int) -> None:
    values = np.array(prices)
    fast, slow = sma(values, f), sma(values, s)
    exact_fast, exact_slow = rational_means(prices, f), rational_means(prices, s)
    for t in range(max(f, s) - 1, len(prices)):
        one, two = exact_fast[t - f + 1], exact_slow[t - s + 1]
        assert (fast[t] > slow[t]) == (one > two)
        assert (fast[t] == slow[t]) == (one == two)


@given(decimals(), st.integers(1, 20))
def test_the_average_is_the_rational_rounded_once(prices: list[float], n: int) -> None:
    got = sma(np.array(prices), n)[n - 1 :]
    assert got.tolist() == [float(mean) for mean in rational_means(prices, n)]


def test_ties_do_happen_and_floats_would_miss_them() -> None:
    values = walk(3, 4_000, tick="0.1")
    exact = [Fraction(repr(p)) for p in values.tolist()]
    fast, slow = sma(values, 5), sma(values, 10)
    ties = missed = 0
    for t in range(9, values.size):
        tie = sum(exact[t - 4 : t + 1]) * 2 == sum(exact[t - 9 : t + 1])
        assert (fast[t] == slow[t]) == tie
        ties += tie
        missed += tie and sum(values[t - 4 : t + 1]) / 5 != sum(values[t - 9 : t + 1]) / 10
    assert ties > 50
    assert missed > 20


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e300, 0.1 + 1e-15, np.pi])
def test_a_value_on_no_grid_spoils_its_own_windows_only(odd: float) -> None:
    values = walk(5, 200)
    spoilt = values.copy()
    spoilt[100] = odd
    clean, got = sma(values, 7), sma(spoilt, 7)
    assert same_bits(clean[:100], got[:100])
    assert same_bits(clean[107:], got[107:])
    with np.errstate(all="ignore"):
        for t in range(100, 107):
            plain = 0.0
            for x in spoilt[t - 6 : t + 1]:
                plain += x
            np.testing.assert_equal(got[t], plain / 7)


@pytest.mark.real_data
@pytest.mark.parametrize("symbol", ["SHIBUSDT", "BTCUSDT", "PEPEUSDT"])
def test_real_prices_lie_on_the_grid(real_data: Path, symbol: str) -> None:
    folder = real_data / "binance_spot/universe_2024/1h"
    close = real_bars(folder / f"{symbol}_1h.parquet", "1h", 1_500).close
    for n in (10, 30):
        exact = rational_means(close.tolist(), n)
        assert sma(close, n)[n - 1 :].tolist() == [float(mean) for mean in exact]


def test_a_finer_price_leaves_what_was_before_and_stays_exact() -> None:
    coarse = walk(6, 300, tick="0.5")
    finer = coarse.copy()
    finer[150] += 0.00000001
    got = sma(finer, 20)
    assert same_bits(got[:150], sma(coarse, 20)[:150])
    exact = rational_means(finer.tolist(), 20)
    assert got[19:].tolist() == [float(mean) for mean in exact]


def test_prices_too_long_for_the_grid_are_summed_as_floats() -> None:
    values = walk(7, 3_000, start=60_000.0) + 1e-9  # 14 digits times 2,000 rows pass 2^53
    assert np.allclose(sma(values, 2_000)[1_999:], values_mean(values, 2_000), rtol=1e-12)


def values_mean(values: np.ndarray, n: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(values, n).mean(axis=1)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40), st.integers(1, 8))
def test_any_floats_have_a_mean_or_none(values: list[float], n: int) -> None:
    column = np.array(values, dtype=np.float64)
    got = sma(column, n)
    assert got.shape == column.shape
    assert np.isnan(got[: n - 1]).all()
    for cut in range(len(values)):
        assert same_bits(sma(column[:cut], n), got[:cut])
