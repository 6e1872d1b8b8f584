"""The generated market: sound bars, the same for the same seed everywhere, moving as markets do."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.made import MINUTE, NAMES, checked, picked, same, saved
from thunes.adapters.storage.bars.findings import Severity
from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.stats.kernel import COMPILE_FROM_ROWS
from thunes.simulation import market
from thunes.simulation.market import DEMO_MARKET, Recipe, synthesize


def digest(bars: BarColumns) -> str:
    columns = (getattr(bars, name) for name in ("open_time", *NAMES))
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()[:16]


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**64),
    bars=st.integers(1, 400),
    tick=st.sampled_from(["0.01", "0.00000001", "0.5", "3", "0.0025"]),
    missing=st.sampled_from([0.0, 0.02, 0.5]),
)
def test_any_recipe_gives_sound_bars_on_tick_and_grid(
    seed: int, bars: int, tick: str, missing: float
) -> None:
    step = Decimal(tick)
    made = synthesize(
        Recipe(seed, bars, MINUTE, start_price=step * 5_000, tick=step, missing=missing)
    )
    assert 1 <= len(made) <= bars
    assert (np.diff(made.open_time) >= MINUTE).all()
    assert (made.open_time % MINUTE == 0).all()
    assert (made.high >= np.maximum(made.open, made.close)).all()
    assert (made.low <= np.minimum(made.open, made.close)).all()
    assert (made.low > 0).all()
    assert (made.volume > 0).all()
    for name in ("open", "high", "low", "close"):
        for value in getattr(made, name)[:50]:
            assert Decimal(repr(float(value))) % step == 0


def test_our_own_check_finds_nothing_wrong(tmp_path: Path) -> None:
    report = checked(saved(tmp_path / "demo.parquet", synthesize(DEMO_MARKET)))
    assert report.worst is Severity.NOTE
    assert not report.left_out().any()


def test_the_bits_of_a_seed_are_pinned() -> None:
    """A change of these is a change of every seeded test and demo: say so in the changelog."""
    assert digest(synthesize(Recipe(seed=1, bars=500))) == "4372c4994e081b75"


def test_another_process_makes_the_same_bits() -> None:
    code = (
        "from tests.data.test_synthesize import digest, synthesize, Recipe;"
        "print(digest(synthesize(Recipe(seed=1, bars=500))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77", "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == digest(synthesize(Recipe(seed=1, bars=500)))


def test_compiled_and_plain_make_the_same_bits() -> None:
    compiled = market._paths
    plain = compiled.__wrapped__  # type: ignore[attr-defined]
    draws = market._Draws(3)
    count = COMPILE_FROM_ROWS // 8 + 10
    arguments = (
        np.arange(count) % 4,
        draws.normal(count * 8).reshape(count, 8),
        draws.normal(count),
        0.008,
        3e6,
    )
    for a, b in zip(compiled(*arguments), plain(*arguments), strict=True):
        assert np.array_equal(a, b)


def test_seeds_differ_and_missing_bars_are_missing() -> None:
    whole = synthesize(Recipe(seed=5, bars=2_000))
    holed = synthesize(Recipe(seed=5, bars=2_000, missing=0.1))
    assert not same(whole, synthesize(Recipe(seed=6, bars=2_000)))
    share = 1 - len(holed) / len(whole)
    assert 0.04 < share < 0.16
    kept = np.flatnonzero(np.isin(whole.open_time, holed.open_time))
    assert same(picked(whole, kept.tolist()), holed)


def test_it_moves_as_markets_do() -> None:
    bars = synthesize(Recipe(seed=2, bars=20_000))
    moves = np.diff(np.log(bars.close))
    kurtosis = float(((moves - moves.mean()) ** 4).mean() / moves.var() ** 2)
    clustering = float(np.corrcoef(np.abs(moves[1:]), np.abs(moves[:-1]))[0, 1])
    memory = float(np.corrcoef(moves[1:], moves[:-1])[0, 1])
    reach = bars.high / bars.low - 1
    assert kurtosis > 5
    assert clustering > 0.15
    assert abs(memory) < 0.1
    assert np.corrcoef(reach, bars.volume)[0, 1] > 0.5
    assert np.count_nonzero(bars.open[1:] != bars.close[:-1]) > 100


def test_the_demo_market_has_trades_and_a_losing_stretch() -> None:
    """Long from a 10/30 cross to the cross back, next open, 0.15 % cost a side."""
    bars = synthesize(DEMO_MARKET)
    sums = np.concatenate(([0.0], np.cumsum(bars.close)))
    fast, slow = ((sums[30:] - sums[30 - k : -k]) / k for k in (10, 30))
    above = np.concatenate((np.zeros(29, bool), fast[: len(bars) - 29] > slow[: len(bars) - 29]))
    trades, entry = [], 0.0
    for k in range(31, len(bars)):
        if not entry and above[k - 1] and not above[k - 2]:
            entry = bars.open[k] * 1.0015
        elif entry and not above[k - 1]:
            trades.append(bars.open[k] * 0.9985 / entry - 1)
            entry = 0.0
    wealth = np.cumprod(1 + np.array(trades))
    drawdown = 1 - (wealth / np.maximum.accumulate(wealth)).min()
    assert 30 <= len(trades) <= 90
    assert drawdown > 0.15
    assert sum(trade > 0 for trade in trades) >= 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bars": 0}, "bars = 0"),
        ({"seed": -1}, "seed = -1"),
        ({"missing": 0.9}, "missing = 0.9"),
        ({"tick": Decimal(0)}, "start price"),
        ({"start_price": Decimal("0.5")}, "start price 0.5"),
        ({"start": 1}, "multiple of the timeframe"),
    ],
)
def test_impossible_recipes(change: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        replace(Recipe(seed=1), **change)  # type: ignore[arg-type]
