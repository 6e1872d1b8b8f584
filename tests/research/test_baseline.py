"""The baselines: what holding and what chance would have earned, exactly where it can be known."""

import time

import numpy as np
import pytest

from tests.research.made_up import bars
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol
from thunes.research.baseline import (
    CELLS_MAX,
    DRAWS_MIN,
    Holdings,
    buy_and_hold_return,
    exposure_matched_random,
)

ONE, OTHER = Symbol("BTCUSDT"), Symbol("ETHUSDT")


def held(*lengths: int, weight: float = 1.0) -> Holdings:
    return Holdings(np.array(lengths, np.int64), np.full(len(lengths), weight))


def flat(count: int) -> BarColumns:
    price = np.full(count, 100.0)
    return BarColumns(np.arange(count, dtype=np.int64), price, price, price, price, price)


def rising(count: int, growth: float = 0.01) -> BarColumns:
    price = 100 * (1 + growth) ** np.arange(count + 1.0)
    o, c = price[:-1], price[1:]
    return BarColumns(np.arange(count, dtype=np.int64), o, c, o, c, o)


def test_buy_and_hold_is_the_mean_of_the_symbols() -> None:
    one, other = rising(10), flat(5)
    assert buy_and_hold_return({ONE: one}) == pytest.approx(1.01**10 - 1)
    assert buy_and_hold_return({ONE: one, OTHER: other}) == pytest.approx((1.01**10 - 1) / 2)
    assert buy_and_hold_return({}) is None


def test_chance_earns_what_steady_growth_gives_whatever_the_places() -> None:
    found = exposure_matched_random({ONE: rising(100)}, {ONE: held(5, 10, 20)}, 0.0, seed=1)
    assert found == pytest.approx(np.full(1_000, 1.01**35 - 1))


def test_holdings_that_fill_the_bars_are_buy_and_hold() -> None:
    candles = bars(60, 3)
    found = exposure_matched_random({ONE: candles}, {ONE: held(10, 20, 30)}, 0.0, seed=1)
    assert found == pytest.approx(np.full(1_000, buy_and_hold_return({ONE: candles})))


def test_costs_are_paid_on_both_sides_and_by_weight() -> None:
    full = exposure_matched_random({ONE: flat(50)}, {ONE: held(5, 5)}, 0.001, seed=1)
    half = exposure_matched_random({ONE: flat(50)}, {ONE: held(5, 5, weight=0.5)}, 0.001, seed=1)
    assert full == pytest.approx(np.full(1_000, 0.998**2 - 1))
    assert half == pytest.approx(np.full(1_000, 0.999**2 - 1))


def test_shorts_lose_where_longs_win_and_ruin_stays() -> None:
    short = exposure_matched_random({ONE: rising(50)}, {ONE: held(10, weight=-1)}, 0.0, seed=1)
    assert short == pytest.approx(np.full(1_000, 1 - 1.01**10))
    ruined = exposure_matched_random({ONE: rising(50, 0.5)}, {ONE: held(9, 9, weight=-1)}, 0.0, 1)
    assert (ruined == -1).all()


def test_symbols_compound() -> None:
    both = exposure_matched_random(
        {ONE: rising(50), OTHER: rising(50, 0.02)}, {ONE: held(10), OTHER: held(5)}, 0.0, seed=1
    )
    assert both == pytest.approx(np.full(1_000, 1.01**10 * 1.02**5 - 1))


def test_every_place_is_reached_and_none_is_outside() -> None:
    jump = flat(20)
    # Only the first and the last bar move: a holding of one bar meets each once in twenty draws.
    close = jump.close.copy()
    opened = jump.open.copy()
    opened[0], close[-1] = 50.0, 400.0
    found = exposure_matched_random(
        {ONE: BarColumns(jump.open_time, opened, close, opened, close, jump.volume)},
        {ONE: held(1)},
        0.0,
        seed=5,
        draws=20_000,
    )
    assert set(np.round(found, 9)) == {0.0, 1.0, 3.0}
    assert np.mean(found == 1) == pytest.approx(0.05, abs=0.01)
    assert np.mean(found == 3) == pytest.approx(0.05, abs=0.01)


def test_same_seed_same_draws() -> None:
    args = ({ONE: bars(300, 1)}, {ONE: held(*[5] * 20)}, 0.001)
    assert (exposure_matched_random(*args, seed=3) == exposure_matched_random(*args, seed=3)).all()
    assert (exposure_matched_random(*args, seed=3) != exposure_matched_random(*args, seed=4)).any()


def test_overlong_holdings_may_overlap() -> None:
    found = exposure_matched_random({ONE: rising(10)}, {ONE: held(8, 8, 99, 0)}, 0.0, seed=1)
    assert found == pytest.approx(np.full(1_000, 1.01 ** (8 + 8 + 10 + 1) - 1))


def test_nothing_held_earns_nothing() -> None:
    assert (exposure_matched_random({ONE: flat(10)}, {ONE: held()}, 0.1, seed=1) == 0).all()
    assert (exposure_matched_random({ONE: flat(0)}, {ONE: held(3)}, 0.1, seed=1) == 0).all()
    assert exposure_matched_random({}, {}, 0.1, seed=1).size == 1_000


def test_work_is_capped() -> None:
    candles = {ONE: bars(525_600, 2)}
    begun = time.perf_counter()
    found = exposure_matched_random(candles, {ONE: held(*[20] * 10_000)}, 0.001, seed=1)
    assert found.size == CELLS_MAX // 10_000
    assert time.perf_counter() - begun < 5
    many = exposure_matched_random(candles, {ONE: held(*[2] * 50_000)}, 0.001, seed=1)
    assert many.size == DRAWS_MIN
