"""Made-up market data: the same seeded random walks that the peers are measured on.

D1 is 2,160 bars of 1h (90 days), D2 525,600 bars of 1m (a year), D3 45 symbols of 43,200 bars of 1m
(30 days). The draws follow the peers' `gen_data.py` step by step, so with the same
numpy generator the prices have the same bytes; `agrees_with` says whether they do.
"""

import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_SECOND

Table = NDArray[np.float64]
"""Five rows (open, high, low, close, volume) by bars; three dimensions with symbols before."""

CACHE = Path(os.environ.get("THUNES_BENCH_CACHE", Path.home() / ".cache" / "thunes-bench"))
BEGIN_S = 1_704_067_200  # 2024-01-01T00:00:00Z
YEARLY_VOLATILITY = 0.7
_YEAR_S = 365 * 86_400


class Walk(NamedTuple):
    """What one random walk is drawn from."""

    seed: int
    bars: int
    seconds: int
    start: float
    digits: int


D1 = Walk(seed=1, bars=2_160, seconds=3_600, start=60_000.0, digits=2)
D2 = Walk(seed=2, bars=525_600, seconds=60, start=60_000.0, digits=2)
D3 = tuple(
    Walk(seed=300 + place, bars=43_200, seconds=60, start=float(price), digits=4)
    for place, price in enumerate(np.geomspace(10.0, 60_000.0, 45))
)


def table(name: str) -> Table:
    """The prices of `d1`, `d2` or `d3`, from the cache or drawn now."""
    path = CACHE / f"{name}.npy"
    if not path.exists():
        drawn = {"d1": lambda: _draw(D1), "d2": lambda: _draw(D2), "d3": _draw_all}[name]()
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.npy")
        np.save(half, drawn)
        half.replace(path)
    found: Table = np.load(path)
    return found


def columns(walk: Walk, prices: Table, bars: int | None = None) -> BarColumns:
    """A table as the engine takes it: the first `bars` bars, or all."""
    count = walk.bars if bars is None else bars
    return BarColumns(
        _times(count, walk.seconds), *(np.ascontiguousarray(row[:count]) for row in prices)
    )


@cache
def _times(count: int, seconds: int) -> NDArray[np.int64]:
    """One column for all symbols of a market."""
    return (BEGIN_S + seconds * np.arange(count, dtype=np.int64)) * NS_PER_SECOND


def agrees_with(directory: Path) -> bool | None:
    """Whether the peers' files hold the same bytes; None where there are none."""
    paths = [directory / f"{name}.npy" for name in ("d1", "d2", "d3")]
    if not all(path.exists() for path in paths):
        return None
    return all(np.load(path).tobytes() == table(path.stem).tobytes() for path in paths)


def _draw(walk: Walk) -> Table:
    """A geometric random walk; each open lies a little beside the close before it."""
    rng = np.random.default_rng(walk.seed)
    count, digits = walk.bars, walk.digits
    sigma = YEARLY_VOLATILITY / np.sqrt(_YEAR_S / walk.seconds)
    closes = walk.start * np.exp(np.cumsum(rng.normal(0.0, sigma, count)))
    opens = np.concatenate(([walk.start], closes[:-1])) * (
        1.0 + rng.normal(0.0, sigma * 0.05, count)
    )
    above = np.abs(rng.normal(0.0, sigma * 0.5, count))
    below = np.abs(rng.normal(0.0, sigma * 0.5, count))
    prices = np.empty((5, count))
    prices[0], prices[3] = opens, closes
    prices[1] = np.maximum(opens, closes) * (1.0 + above)
    prices[2] = np.minimum(opens, closes) * (1.0 - below)
    prices[:4] = np.round(prices[:4], digits)
    prices[4] = np.round(rng.lognormal(3.0, 1.0, count), 3) + 0.001
    return prices


def _draw_all() -> Table:
    return np.stack([_draw(walk) for walk in D3])
