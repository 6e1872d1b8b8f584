"""A seeded market: prices that walk at random around where they began, and trades at them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.units import Instant
from thunes.sandbox.candles import MINUTE, Candle
from thunes.sandbox.ladder import Level, Shape
from thunes.sandbox.market import Listed, Print, Tick

STEP_NS = 100_000_000
_MINUTE_SIGMA = 0.001
_STEP_SIGMA = _MINUTE_SIGMA / (MINUTE * 1_000_000 / STEP_NS) ** 0.5
_PULL = 0.0005  # of the way back to the start, a minute
_TRADES = (0, 0, 1, 1, 2)

Step = tuple[int, Sequence[Tick]]
"""Nanoseconds of the market's own time since the last step, and what it brings."""


def shape_of(instrument: Instrument, price: Decimal, seed: int) -> Shape:
    """Levels about two hundredths of a percent apart, of up to a few thousand quote units."""
    tick, step = instrument.tick, instrument.step
    gap = max(tick, price / 5_000 // tick * tick)
    lot = max(step, 40 / price // step * step)
    return Shape(gap, lot, seed)


class Walk:
    """The walk of one symbol: the same seed takes the same way."""

    def __init__(self, instrument: Instrument, start: Decimal, seed: int) -> None:
        self.instrument = instrument
        self.shape = shape_of(instrument, start, seed)
        self._start = float(start)
        self._price = self._start
        self._random = Random(f"{seed}:{instrument.symbol}")

    def listed(self, until: Instant, minutes: int) -> Listed:
        """The symbol with a past of so many minutes before `until`."""
        last = until // 1_000_000 // MINUTE * MINUTE
        history = [self._minute(last - k * MINUTE) for k in range(minutes, -1, -1)]
        return Listed(self.instrument, self.shape, history)

    def tick(self) -> Tick:
        """One step on: a quote one tick wide, and perhaps trades at it."""
        self._move(_STEP_SIGMA)
        random, tick = self._random, self.instrument.tick
        bid = max(tick, Decimal(repr(self._price)) // tick * tick)
        sides = [
            Level(price, self.shape.lot * random.randint(100, 2_000)) for price in (bid, bid + tick)
        ]
        prints = []
        for _ in range(random.choice(_TRADES)):
            maker_bought = random.random() < 0.5
            price, size = sides[0 if maker_bought else 1]
            prints.append(Print(price, self._part(size), maker_bought))
        return Tick(self.instrument.symbol, sides[0], sides[1], prints)

    def _part(self, size: Decimal) -> Decimal:
        lot = self.shape.lot
        return lot * self._random.randint(1, int(size / lot))

    def _move(self, sigma: float) -> None:
        away = self._price / self._start - 1
        steps = sigma / _MINUTE_SIGMA
        self._price *= 1 + sigma * self._random.gauss(0, 1) - _PULL * steps * steps * away

    def _minute(self, start: int) -> Candle:
        tick = float(self.instrument.tick)
        seen = [self._price]
        for _ in range(4):
            self._move(_MINUTE_SIGMA / 2)
            seen.append(self._price)
        opened, *_, closed = prices = [round(price / tick) * tick for price in seen]
        volume = float(self.shape.lot) * self._random.randint(2_000, 60_000)
        bought = volume * self._random.random()
        candle = Candle(start, opened, max(prices), min(prices), closed, volume)
        candle.quote, candle.bought_quote = volume * closed, bought * closed
        candle.bought, candle.trades = bought, self._random.randint(20, 400)
        return candle


def steps(walks: Sequence[Walk]) -> Iterator[Step]:
    """For ever: all symbols move together."""
    while True:
        yield STEP_NS, [walk.tick() for walk in walks]
