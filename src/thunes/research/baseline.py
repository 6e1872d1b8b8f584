"""What doing nothing, and what chance, would have earned on the same bars."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import Symbol

CELLS_MAX = 1_000_000
"""Random trades simulated in all; with more, fewer draws are made."""

DRAWS_MIN = 100
_CELLS_AT_ONCE = 250_000


@dataclass(frozen=True, slots=True)
class Holdings:
    """How a strategy was in the market: one row per trade.

    `bars` is the number of bars each trade was held, `weight` the signed fraction of equity that it
    held (negative: short). Both have the same length.
    """

    bars: Ints
    weight: Floats


def buy_and_hold_return(candles: Mapping[Symbol, BarColumns]) -> float | None:
    """Buy equal amounts of every symbol at its first open, hold to its last close, without costs.

    None without bars.
    """
    grown = [float(c.close[-1] / c.open[0]) for c in candles.values() if len(c)]
    return sum(grown) / len(grown) - 1 if grown else None


def exposure_matched_random(
    candles: Mapping[Symbol, BarColumns],
    held: Mapping[Symbol, Holdings],
    cost: float,
    seed: int,
    draws: int = 1_000,
) -> Floats:
    """Total returns of the same holdings, entered at random: one per draw, compounded.

    Each draw puts the holdings of each symbol in random order at random opens so that none overlap,
    enters at an open and leaves `Holdings.bars` later (at the last close if the bars end there),
    paying `cost`, a fraction of the traded value, on each side. Holdings of one symbol that
    together are longer than its bars are placed independently and may overlap.

    Work is capped at `CELLS_MAX` random trades: beyond it fewer draws are made, but not fewer than
    `DRAWS_MIN` (10,000 trades get 100 draws). Memory stays within a few tens of MB.
    """
    traded = [(candles[s], held[s]) for s in held if held[s].bars.size and len(candles[s])]
    count = sum(h.bars.size for _, h in traded)
    draws = min(draws, max(DRAWS_MIN, CELLS_MAX // max(count, 1)))
    rng = np.random.default_rng(seed)
    grown = np.ones(draws)
    for bars, holdings in traded:
        prices = np.append(bars.open, bars.close[-1])
        at_once = max(1, _CELLS_AT_ONCE // holdings.bars.size)
        for first in range(0, draws, at_once):
            part = grown[first : first + at_once]
            part *= _growth(prices, holdings, cost, (rng, part.size))
    return grown - 1


def _growth(
    prices: Floats, held: Holdings, cost: float, chance: tuple[np.random.Generator, int]
) -> Floats:
    """Final over initial equity, one per draw. `prices` are all opens and the last close."""
    rng, draws = chance
    bars = prices.size - 1
    length = np.clip(held.bars, 1, bars)
    order = rng.permuted(np.tile(np.arange(length.size), (draws, 1)), axis=1)
    hold, stake = length[order], held.weight[order]
    entry = _places(rng, hold, bars)
    growth = prices[entry + hold] / prices[entry]
    # Both fees are paid from equity: one on the value bought, one on what it has become.
    factor = 1 + stake * (growth - 1) - np.abs(stake) * cost * (1 + growth)
    # Who has lost everything stays there.
    return np.asarray(np.prod(np.maximum(factor, 0.0), axis=1), dtype=np.float64)


def _places(rng: np.random.Generator, hold: Ints, bars: int) -> Ints:
    """Entry rows, draws x trades: each holding picks a moment of the free time, independently."""
    free = bars - int(hold[0].sum())
    if free < 0:
        return np.asarray(rng.integers(0, bars - hold, endpoint=True), dtype=np.int64)
    # Sorted uniform numbers without sorting: cumulated exponential gaps over their sum. The whole
    # parts of k sorted uniforms on [0, free + 1) are the free bars before each holding.
    gaps = rng.standard_exponential((hold.shape[0], hold.shape[1] + 1))
    np.cumsum(gaps, axis=1, out=gaps)
    before = np.minimum((gaps[:, :-1] / gaps[:, -1:] * (free + 1)).astype(np.int64), free)
    return np.asarray(before + np.cumsum(hold, axis=1) - hold, dtype=np.int64)
