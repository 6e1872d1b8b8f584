"""Prices: a path of ticks for each symbol, drawn from a seed, and the bars that they make."""

from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import NS_PER_SECOND, Instant

MINUTE_NS = 60 * NS_PER_SECOND
TICKS_A_BAR = 4
_SPREAD = 0.0002
_TICK = 0.01


@dataclass(frozen=True, slots=True)
class Weather:
    """How prices move: standard deviation of a minute, how often a minute jumps, and how far;
    `hunts` is how often a plunge comes just when prices have risen, as if it looked for stops."""

    volatility: float
    jumps: float
    jump_size: float
    hunts: float


@dataclass(frozen=True, slots=True)
class Path:
    """Ticks of one symbol, oldest first: bid, ask and the base units at either."""

    at: Ints
    bid: Floats
    ask: Floats
    size: Floats

    def bars(self) -> BarColumns:
        """The minutes that these ticks make, by their bids."""
        rows = self.bid.reshape(-1, TICKS_A_BAR)
        return BarColumns(
            open_time=np.ascontiguousarray(self.at.reshape(-1, TICKS_A_BAR)[:, 0]),
            open=rows[:, 0].copy(),
            high=rows.max(axis=1),
            low=rows.min(axis=1),
            close=rows[:, -1].copy(),
            volume=self.size.reshape(-1, TICKS_A_BAR).sum(axis=1),
        )


def draw_path(rng: np.random.Generator, start: Instant, minutes: int, weather: Weather) -> Path:
    """A path of so many whole minutes from `start`, the first tick of each at its very beginning.

    A random walk whose trend turns now and then, with jumps either way and plunges after rises.
    """
    ticks = minutes * TICKS_A_BAR
    trend = np.repeat(rng.normal(0.0, 0.3, size=ticks // 20 + 1), 20)[:ticks]
    steps = weather.volatility / np.sqrt(TICKS_A_BAR) * (rng.standard_normal(ticks) + trend)
    jumped = rng.random(ticks) < weather.jumps / TICKS_A_BAR
    steps[jumped] += rng.choice((-1.0, 1.0), size=ticks)[jumped] * weather.jump_size
    risen = np.convolve(steps, np.ones(8), mode="full")[:ticks] > 2.0 * weather.volatility
    hunted = risen & (rng.random(ticks) < weather.hunts)
    steps[hunted] -= 2.0 * weather.jump_size
    middle = 100.0 * np.exp(np.cumsum(np.clip(steps, -0.2, 0.2)))
    bid = np.maximum(np.round(middle * (1.0 - _SPREAD) / _TICK), 1.0) * _TICK
    ask = np.maximum(np.round(middle * (1.0 + _SPREAD) / _TICK) * _TICK, bid + _TICK)
    within = np.sort(rng.integers(1, MINUTE_NS, size=(minutes, TICKS_A_BAR - 1)), axis=1)
    offsets = np.concatenate([np.zeros((minutes, 1), dtype=np.int64), within], axis=1)
    at = start + np.arange(minutes, dtype=np.int64)[:, None] * MINUTE_NS + offsets
    size = np.round(rng.lognormal(3.0, 1.5, size=ticks), 3) + 0.001
    return Path(at.ravel(), np.round(bid, 2), np.round(ask, 2), size)
