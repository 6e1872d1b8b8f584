"""Downsampling keeps what the eye must not miss; monthly returns compound to the whole."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.research.made_up import HOUR, bars, result
from thunes.core.domain.units import NS_PER_DAY, parse_instant
from thunes.research.charts import bars_per_candle
from thunes.research.thinning import extreme_rows, merged_candles, monthly_returns
from thunes.research.wording import exact, moment, money, percent, ratio, span


@given(st.integers(1, 3_000), st.integers(4, 400), st.integers(0, 99))
def test_extremes_survive(size: int, limit: int, seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(size).cumsum()
    rows = extreme_rows(values, limit)
    assert rows.size <= max(limit, min(size, limit))
    assert (np.diff(rows) > 0).all()
    assert rows[0] == 0
    assert rows[-1] == size - 1
    assert values[rows].min() == values.min()
    assert values[rows].max() == values.max()


def test_every_bucket_keeps_its_own_spike() -> None:
    values = np.zeros(10_000)
    spikes = np.arange(50, 10_000, 100)
    values[spikes] = 1
    assert np.isin(spikes, extreme_rows(values, 202)).all()


def test_nothing_is_dropped_from_a_short_series_and_nan_hides_nothing() -> None:
    assert extreme_rows(np.zeros(10), 10).tolist() == list(range(10))
    values = np.full(1_000, np.nan)
    values[777] = 5
    assert 777 in extreme_rows(values, 10)


@given(st.integers(1, 500), st.integers(1, 60))
def test_merged_candles_keep_range_volume_open_and_close(size: int, each: int) -> None:
    one = bars(size, seed=size)
    merged = merged_candles(one, each)
    assert len(merged) == -(-size // each)
    assert merged.high.max() == one.high.max()
    assert merged.low.min() == one.low.min()
    assert merged.volume.sum() == pytest.approx(one.volume.sum())
    assert (merged.open[0], merged.close[-1]) == (one.open[0], one.close[-1])
    assert (merged.open_time == one.open_time[::each]).all()


def test_candles_get_a_usual_length() -> None:
    assert bars_per_candle(result(3_000, 0, 1)) == 1
    assert bars_per_candle(result(3_001, 0, 1)) == 2
    assert bars_per_candle(result(13_000, 0, 1)) == 6


def test_months_compound_to_years_and_the_whole() -> None:
    start = parse_instant("2023-11-15T00:00:00Z")
    at = start + np.arange(1, 120 * 24, dtype=np.int64) * HOUR
    equity = 100 * np.exp(np.random.default_rng(1).standard_normal(at.size).cumsum() * 0.01)
    months, years = monthly_returns(at, equity, 100.0)
    assert sorted(months) == [2023, 2024]
    assert [m is None for m in months[2023]] == [True] * 10 + [False] * 2
    growth = np.prod([1 + m for row in months.values() for m in row if m is not None])
    assert growth == pytest.approx(equity[-1] / 100)
    assert np.prod([1 + y for y in years.values()]) == pytest.approx(equity[-1] / 100)


def test_midnight_belongs_to_the_month_it_ends() -> None:
    midnight = parse_instant("2024-02-01T00:00:00Z")
    months, _ = monthly_returns(
        np.array([midnight, midnight + NS_PER_DAY]), np.array([110.0, 99]), 100.0
    )
    assert months[2024][:3] == [pytest.approx(0.1), pytest.approx(-0.1), None]
    assert monthly_returns(np.empty(0, np.int64), np.empty(0), 100.0) == ({}, {})


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (percent(0.1234), "12.3 %"),
        (percent(-0.1234, 2, signed=True), "\u221212.34 %"),
        (percent(0.00001, signed=True), "0.0 %"),
        (percent(None), "\u2013"),
        (percent(float("nan")), "\u2013"),
        (money(1234.5, "USDT"), "1,234.50 USDT"),
        (money(Decimal("-0.00012"), signed=True), "\u22120.00012000"),
        (money(-0.0), "0.00"),
        (ratio(1.234), "1.23"),
        (exact(Decimal("42000.5000")), "42,000.5"),
        (exact(Decimal("0.000012345678901")), "0.000012345679"),
        (exact(Decimal("123456789.987")), "123,456,789.99"),
        (exact(Decimal("1E+3")), "1,000"),
        (exact(Decimal(0)), "0"),
        (exact(None), "\u2013"),
        (moment(0), "1970-01-01 00:00"),
        (moment(None), "\u2013"),
        (span(27 * HOUR), "1 d 3 h"),
        (span(0), "0 s"),
    ],
)
def test_wording(said: str, expected: str) -> None:
    assert said == expected
