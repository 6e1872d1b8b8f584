"""Donchian: buys a new high, leaves on a new low."""

from typing import Annotated

from msgspec import Meta

from thunes.core.market.bars import Bars
from thunes.core.market.indicators import donchian
from thunes.core.strategy.protocol import Signals, SignalStrategy


class Donchian(SignalStrategy, frozen=True):
    """Enter on a close above the highest high of the `entry` bars before; exit on a close below
    the lowest low of the `leave` bars before. The current bar is in neither level."""

    entry: Annotated[int, Meta(ge=1, le=20_000)] = 20
    leave: Annotated[int, Meta(ge=1, le=20_000)] = 10

    def signals(self, bars: Bars) -> Signals:
        upper = donchian(bars.high, bars.low, self.entry)[0]
        lower = donchian(bars.high, bars.low, self.leave)[1]
        # Comparisons with the NaN of the warm-up are False, so nothing fires there.
        enter, leave = bars.close > upper, bars.close < lower
        return Signals(enter=enter & ~leave, exit=leave & ~enter)
