"""Numbers from a seed, resampling in blocks, intervals, the automatic length of blocks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.core.stats.bootstrap import (
    Sampling,
    automatic_block,
    interval,
    resampled,
    resampled_rows,
)
from thunes.core.stats.chance import permutations, words
from thunes.core.stats.series import BadSeries, checked_matrix, idle_columns


def ar1(rho: float, rows: int, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal(rows)
    for i in range(1, rows):
        x[i] += rho * x[i - 1]
    return x


def test_the_numbers_are_those_of_splitmix64() -> None:
    # Stream and place are independent of each other: a stream is one SplitMix64 from its own seed.
    state, mask = int(words(5, range(1), 1)[0, 0]), 2**64 - 1

    def mixed(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return z ^ z >> 31

    weyl = 0x9E3779B97F4A7C15
    key = mixed((mixed(5) + weyl) & mask)
    assert state == mixed((key + weyl) & mask)
    # The published first outputs of SplitMix64 from the seed 1234567.
    first = [mixed((1234567 + weyl * place) & mask) for place in (1, 2)]
    assert first == [6457827717110365317, 3203168211198807973]


@given(st.integers(-(2**70), 2**70), st.integers(0, 1_000), st.integers(1, 9), st.integers(1, 30))
def test_a_draw_does_not_depend_on_the_others(seed: int, at: int, many: int, count: int) -> None:
    together = words(seed, range(at, at + many), count)
    alone = [words(seed, range(i, i + 1), count + 5)[0, :count] for i in range(at, at + many)]
    assert (together == alone).all()


def test_the_numbers_are_evenly_spread_and_not_alike() -> None:
    u = words(1, range(400), 500) / 2.0**64
    assert abs(u.mean() - 0.5) < 5 * math.sqrt(1 / 12 / u.size)
    for other in (u[:, 1:] * u[:, :-1], u[1:] * u[:-1]):
        assert abs(other.mean() - 0.25) < 0.002
    assert np.unique(u).size == u.size


@given(st.integers(0, 99), st.integers(1, 20))
def test_a_permutation_has_each_once(seed: int, count: int) -> None:
    orders = permutations(seed, range(3), count)
    assert (np.sort(orders, axis=1) == np.arange(count)).all()


@given(st.integers(2, 60), st.floats(1, 60), st.integers(0, 999))
def test_blocks_run_through_the_rows_and_around(rows: int, block: float, seed: int) -> None:
    sampling = Sampling(min(block, rows), draws=5, seed=seed)
    picked = resampled_rows(rows, sampling, range(5))
    assert ((picked >= 0) & (picked < rows)).all()
    steps = (picked[:, 1:] - picked[:, :-1]) % rows
    if block == 1:
        return
    assert (steps == 1).mean() > 0 or rows / block > 1


@pytest.mark.parametrize("block", [1.0, 2.5, 20.0])
def test_blocks_are_as_long_as_asked_and_rows_equally_likely(block: float) -> None:
    rows, draws = 400, 500
    picked = resampled_rows(rows, Sampling(block, draws), range(draws))
    goes_on = ((picked[:, 1:] - picked[:, :-1]) % rows == 1).mean()
    # A new block may happen to begin where the old one would have gone on.
    expected = 1 - 1 / block + 1 / block / rows
    assert goes_on == pytest.approx(expected, abs=4 * math.sqrt(0.25 / draws / rows))
    share = np.bincount(picked.ravel(), minlength=rows) / picked.size * rows
    assert abs(share.mean() - 1) < 1e-12
    assert share.std() < 3 * math.sqrt(2 * block / draws)


def test_turns_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    x, sampling = ar1(0.3, 50, 1), Sampling(4.0, 100, 7)
    whole = resampled(x, lambda r: r.mean(axis=1), sampling)
    monkeypatch.setattr("thunes.core.stats.bootstrap.CELLS_AT_ONCE", 50 * 7)
    assert (resampled(x, lambda r: r.mean(axis=1), sampling) == whole).all()


def test_an_interval_of_the_mean_holds_it_as_often_as_it_says() -> None:
    # Dependent data: without blocks far too narrow.
    held = {1.0: 0, 12.0: 0}
    for seed in range(200):
        x = ar1(0.5, 300, seed)
        for block in held:
            drawn = resampled(x, lambda r: r.mean(axis=1), Sampling(block, 200, seed))
            low, high = interval(drawn, 0.9)
            held[block] += low <= 0 <= high
    assert held[1.0] < 150
    assert 165 <= held[12.0] <= 192


def test_the_automatic_block_grows_with_the_dependence() -> None:
    lengths = [
        np.median([automatic_block(ar1(rho, 1_000, seed)) for seed in range(20)])
        for rho in (0.0, 0.3, 0.7)
    ]
    assert lengths[0] < 3.5
    assert lengths[0] < lengths[1] < lengths[2] < 60


def test_the_automatic_block_of_an_ar1_is_what_theory_gives() -> None:
    # b = (2 G^2 / D)^(1/3) n^(1/3) with G = 2 rho / (1 - rho)^2 / (1 - rho^2) ... over the same
    # scale as g(0) = (1 + rho) / (1 - rho) / (1 - rho^2); Politis & White 2004.
    rho, n = 0.5, 20_000
    scale = 1 / (1 - rho * rho)
    slope = 2 * rho / (1 - rho) ** 2 * scale
    level = (1 + rho) / (1 - rho) * scale
    expected = (n * slope**2 / level**2) ** (1 / 3)
    found = np.median([automatic_block(ar1(rho, n, seed)) for seed in range(15)])
    assert found == pytest.approx(expected, rel=0.15)


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=60))
def test_an_automatic_block_lies_within_its_limits(values: list[float]) -> None:
    x = np.array(values)
    if np.ptp(x) < 1e-9:
        return
    n = x.size
    assert 1 <= automatic_block(x) <= math.ceil(min(3 * math.sqrt(n), n / 3))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Sampling(0.5), "blocks of 0.5 rows"),
        (lambda: Sampling(math.nan), "blocks of nan rows"),
        (lambda: Sampling(2, draws=0), "0 draws"),
        (lambda: resampled([0.1, 0.2], np.mean, Sampling(3)), "blocks of 3 rows, but .* only 2"),
        (lambda: resampled([0.1], np.mean, Sampling(1)), "1 rows of returns, 1 fewer than the 2"),
        (lambda: automatic_block([0.1] * 20), "all 20 returns are 0.1"),
        (lambda: automatic_block([0.1, math.nan] * 20), "row 1 of column 0 is nan"),
        (lambda: automatic_block(np.zeros((20, 2))), "these have 2"),
        (lambda: checked_matrix(np.zeros(3), 1), "these have 1 dimensions"),
        (lambda: checked_matrix(np.zeros((3, 0)), 1), "0 trials, 1 fewer than the 1 needed"),
        (lambda: checked_matrix([[0.0, -math.inf]], 1), "row 0 of column 1 is -inf"),
        (lambda: idle_columns(np.full((4, 2), 0.5)), "column 0 is 0.5 in every row"),
    ],
)
def test_bad_input_says_what_is_wrong(make: object, said: str) -> None:
    with pytest.raises(BadSeries, match=said):
        make()


def test_large_but_finite_returns_are_finite() -> None:
    assert checked_matrix(np.full((3, 2), 1e308), 1).shape == (3, 2)


def test_idle_columns_are_those_that_are_zero_throughout() -> None:
    matrix = np.zeros((5, 3))
    matrix[1, 1] = 0.1
    assert idle_columns(matrix).tolist() == [True, False, True]
