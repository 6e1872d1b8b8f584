"""SMA cross: long while the fast average is above the slow one."""

from typing import Annotated

from msgspec import Meta

from thunes.core.market.bars import Bars
from thunes.core.market.indicators import sma
from thunes.core.market.signals import crossed_above, crossed_below
from thunes.core.strategy.protocol import Signals, SignalStrategy


class SmaCross(SignalStrategy, frozen=True):
    """Long while the fast average of closes is above the slow one; a tie is not above."""

    fast: Annotated[int, Meta(ge=1, le=5_000)] = 10
    slow: Annotated[int, Meta(ge=2, le=20_000)] = 30

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            raise ValueError(f"fast {self.fast} must be below slow {self.slow}")

    def means(self) -> tuple[int, int]:
        return self.fast, self.slow

    def signals(self, bars: Bars) -> Signals:
        fast, slow = sma(bars.close, self.fast), sma(bars.close, self.slow)
        return Signals(enter=crossed_above(fast, slow), exit=crossed_below(fast, slow))
