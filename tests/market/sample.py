"""Bars to test on: random walks on a tick, and real ones."""

from pathlib import Path

import duckdb
import numpy as np

from thunes.core.domain.market import BarColumns, Floats
from thunes.core.domain.units import NS_PER_SECOND, Symbol, parse_timeframe
from thunes.core.market.bars import Bars

NS_PER_MS = 1_000_000


def walk(seed: int, rows: int, tick: str = "0.01", start: float = 100.0) -> Floats:
    """Prices that a venue could print: decimals on a tick, each the nearest float."""
    rng = np.random.default_rng(seed)
    per_one = round(1 / float(tick))
    steps = rng.integers(-3, 4, rows).cumsum() + round(start * per_one)
    return np.array([int(s) / per_one for s in np.maximum(steps, 1)], dtype=np.float64)


def walk_bars(seed: int, rows: int, tick: str = "0.01", timeframe: str = "1h") -> Bars:
    rng = np.random.default_rng(seed)
    per_one = round(1 / float(tick))
    close = walk(seed, rows, tick)
    opened = np.concatenate([close[:1], close[:-1]])
    wick = rng.integers(0, 4, (2, rows))
    high = (np.round(np.maximum(opened, close) * per_one) + wick[0]) / per_one
    low = np.maximum((np.round(np.minimum(opened, close) * per_one) - wick[1]), 1) / per_one
    volume = rng.integers(0, 10_000, rows) / 1_000
    times = np.arange(rows, dtype=np.int64) * parse_timeframe(timeframe)
    times += 1_704_067_200 * NS_PER_SECOND  # 2024-01-01, a Monday
    columns = BarColumns(times, opened, high, low, close, volume)
    return Bars(Symbol("TESTUSDT"), parse_timeframe(timeframe), columns)


def real_bars(path: Path, timeframe: str, rows: int | None = None) -> Bars:
    limit = "" if rows is None else f"LIMIT {rows}"
    with duckdb.connect() as database:
        found = database.sql(f"SELECT * FROM read_parquet('{path}') ORDER BY ts {limit}")
        data = found.fetchnumpy()
    values = [np.asarray(data[c]) for c in ("open", "high", "low", "close", "volume")]
    columns = BarColumns(np.asarray(data["ts"]) * NS_PER_MS, *values)
    return Bars(Symbol(path.name.split("_")[0]), parse_timeframe(timeframe), columns)


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Equal in every bit, NaN included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
