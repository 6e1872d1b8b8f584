"""Ticks: recorded bars as the quotes that may have led through them."""

from decimal import Decimal
from itertools import pairwise

import numpy as np

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns, Floats
from thunes.simulation.prices import Path

_PARTS = 6  # of each of the three ways between open, low, high and close
_LEAST = 1_000.0  # steps of the lot that are offered at least


def path_of(instrument: Instrument, bars: BarColumns, timeframe: int, half_spread: float) -> Path:
    """The ticks of these bars: the open at its very beginning, then to the nearer end, to the
    other and to the close, in even parts. `half_spread` is a fraction of the price."""
    rises = bars.close >= bars.open
    turns = (
        bars.open,
        np.where(rises, bars.low, bars.high),
        np.where(rises, bars.high, bars.low),
        bars.close,
    )
    shares = np.arange(_PARTS) / _PARTS
    ways = [a[:, None] + (b - a)[:, None] * shares for a, b in pairwise(turns)]
    middle = np.concatenate([*ways, bars.close[:, None]], axis=1)
    points = middle.shape[1]
    at = bars.open_time[:, None] + np.arange(points, dtype=np.int64) * (timeframe // points)
    size = np.maximum(bars.volume[:, None] / points, _LEAST * float(instrument.step))
    bid = _on_tick(middle.ravel() * (1.0 - half_spread), instrument.tick)
    tick = float(instrument.tick)
    ask = _on_tick(middle.ravel() * (1.0 + half_spread), instrument.tick)
    return Path(
        at=at.ravel(),
        bid=bid,
        ask=np.where(ask > bid, ask, _rounded(bid + tick, instrument.tick)),
        size=np.repeat(size.ravel(), points),
    )


def _on_tick(prices: Floats, tick: Decimal) -> Floats:
    whole = np.maximum(np.rint(prices / float(tick)), 1.0)
    return _rounded(whole * float(tick), tick)


def _rounded(prices: Floats, tick: Decimal) -> Floats:
    """Without the last digits of binary fractions: a price prints as the venue writes it."""
    exponent = tick.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a tick is a number"
    return np.round(prices, max(0, -exponent))
