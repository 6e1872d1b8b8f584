"""Walks forward over markets without an edge, and with one: `python -m bench.walks`.

Hourly bars of 240 days. Without an edge they are a random walk; with one each hour goes on, by so
much of a standard deviation, in the direction of the day before. Nothing costs anything, so that
noise has every chance; 100 pairs of averages are tried in each window.
"""

import argparse
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
from msgspec import structs

from bench.items import job
from thunes.compose.asked import Asked
from thunes.compose.fingerprint import data_hash
from thunes.compose.searched import Ground
from thunes.compose.spec import Costs
from thunes.compose.walking import walk_forward
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Symbol
from thunes.research.search.objective import Objective
from thunes.research.search.space import space_of
from thunes.research.search.windows import Plan

HOUR = 3_600_000_000_000
BTC = Symbol("BTCUSDT")
DAYS, DEVIATION = 240, 0.01
RANGES = ("fast=5:50:5", "slow=20:200:20")


def market(seed: int, edge: float) -> BarColumns:
    """Hourly bars; `edge` is what the direction of the day before adds, in deviations an hour."""
    random = np.random.default_rng([7, seed])
    noise = random.normal(0.0, 1.0, 24 * DAYS)
    for row in range(24, noise.size):
        noise[row] += edge * np.sign(noise[row - 24 : row].sum())
    close = np.round(100 * np.exp(np.cumsum(noise * DEVIATION)), 2)
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    at = 1_704_067_200_000_000_000 + HOUR * np.arange(close.size)
    return BarColumns(at, opened, high, low, close, np.ones(close.size))


def verdict(seed: int, edge: float) -> str:
    """What a walk over one market says."""
    spec, columns, world = job({BTC: market(seed, edge)}, "all_cash", Decimal(10_000))
    spec = structs.replace(spec, costs=Costs())
    ground = Ground(spec, columns, world, data_hash(columns, spec.timeframe))
    with tempfile.TemporaryDirectory() as folder:
        artifacts = Path(folder)
        (artifacts / "optuna").mkdir()
        asked = Asked(sampler="grid", objective=Objective("sharpe", "none"), artifacts=artifacts)
        space = space_of(ground.kind, RANGES, {})
        found = walk_forward(ground, space, asked, Plan(), lambda *_: None)
    return found.judgement.verdict.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=100)
    asked = parser.parse_args()
    print("edge  markets  promote  hold  reject")
    for edge in (0.0, 0.1, 0.2, 0.3):
        said = Counter(verdict(seed, edge) for seed in range(asked.markets))
        counts = [said[each] for each in ("PROMOTE", "HOLD", "REJECT")]
        print(f"{edge:4.1f}  {asked.markets:7}  {counts[0]:7}  {counts[1]:4}  {counts[2]:6}")


if __name__ == "__main__":
    main()
