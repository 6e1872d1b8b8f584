"""A strategy that enters and leaves by chance, some of its entries with a stop of their own."""

import numpy as np

from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import Signals, SignalStrategy


class Chance(SignalStrategy, frozen=True):
    """One row in `every` enters, one in `every` exits; a row is drawn the same whatever follows."""

    seed: int = 0
    every: int = 4
    stops: bool = False

    def signals(self, bars: Bars) -> Signals:
        rng = np.random.default_rng(self.seed)
        drawn = rng.random((len(bars), 2))
        side = drawn[:, 0] * self.every
        distance = np.where(drawn[:, 1] < 0.5, np.round(0.001 + drawn[:, 1] / 10, 4), np.nan)
        return Signals(
            enter=side < 1.0,
            exit=(side >= 1.0) & (side < 2.0),
            stop_distance=distance if self.stops else None,
        )
