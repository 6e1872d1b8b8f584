"""RSI: buys the way out of oversold, leaves on the way out of overbought."""

from typing import Annotated

from msgspec import Meta

from thunes.core.market.bars import Bars
from thunes.core.market.indicators import rsi
from thunes.core.market.signals import crossed_above, crossed_below
from thunes.core.strategy.protocol import Signals, SignalStrategy


class Rsi(SignalStrategy, frozen=True):
    """Wilder's RSI of closes: enter on a cross up through `low`, exit down through `high`."""

    period: Annotated[int, Meta(ge=2, le=5_000)] = 14
    low: Annotated[float, Meta(gt=0, lt=100)] = 30.0
    high: Annotated[float, Meta(gt=0, lt=100)] = 70.0

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"low {self.low} must be below high {self.high}")

    def signals(self, bars: Bars) -> Signals:
        strength = rsi(bars.close, self.period)
        return Signals(
            enter=crossed_above(strength, self.low), exit=crossed_below(strength, self.high)
        )
