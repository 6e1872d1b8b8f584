"""A recorded market: bars become quotes and trades that lead through the same prices again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Instant, Symbol
from thunes.sandbox.candles import MINUTE, Candle
from thunes.sandbox.ladder import Level
from thunes.sandbox.market import Listed, Print, Tick
from thunes.sandbox.walk import Step, shape_of

_POINTS = 4
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Tape:
    """Bars by symbol, all of one timeframe (ns), and what is traded."""

    timeframe: int
    instruments: Sequence[Instrument]
    bars: Mapping[Symbol, BarColumns]

    def __post_init__(self) -> None:
        if self.timeframe < MINUTE * _NS_PER_MS:
            raise UsageError("the bars of a tape must be of a minute or more")

    def times(self) -> list[int]:
        """The open times of all bars, oldest first."""
        columns = [bars.open_time for bars in self.bars.values()]
        return [int(time) for time in np.unique(np.concatenate(columns))]


class _Bar(NamedTuple):
    open: float
    high: float
    low: float
    close: float
    volume: float


class Reel:
    """A tape cut in two: `past` bars are history, the others are played."""

    def __init__(self, tape: Tape, past: int) -> None:
        self._tape = tape
        times = tape.times()
        if len(times) < 2:
            raise UsageError("a tape needs two bars at least: one is the past, one is played")
        cut = min(past, len(times) - 1)
        self.start = Instant(times[cut])
        self._times = times[cut:]

    def listed(self, shift_ns: int) -> list[Listed]:
        """The symbols with their past, its times moved by `shift_ns`."""
        return [
            Listed(
                one,
                shape_of(one, Decimal(repr(float(self._tape.bars[one.symbol].close[0]))), 0),
                list(self._history(self._tape.bars[one.symbol], shift_ns)),
            )
            for one in self._tape.instruments
        ]

    def steps(self) -> Iterator[Step]:
        """The bars from the cut on: first the open, then low and high, then the close."""
        before = self._times[0]
        rows = {
            symbol: {int(time): row for row, time in enumerate(bars.open_time)}
            for symbol, bars in self._tape.bars.items()
        }
        pace = self._tape.timeframe // _POINTS
        for time in self._times:
            found = [
                (one, _row(self._tape.bars[one.symbol], rows[one.symbol][time]))
                for one in self._tape.instruments
                if time in rows[one.symbol]
            ]
            for point in range(_POINTS):
                at = time + point * pace
                yield at - before, [_tick(one, bar, point) for one, bar in found]
                before = at

    def _history(self, bars: BarColumns, shift_ns: int) -> Iterator[Candle]:
        """Candles of a minute: the first of a bar has all of it, the others stay at its close."""
        minutes = self._tape.timeframe // _NS_PER_MS // MINUTE
        cut = int(np.searchsorted(bars.open_time, self.start))
        for row in range(cut):
            bar = _row(bars, row)
            start = (int(bars.open_time[row]) + shift_ns) // _NS_PER_MS
            volume, cost = bar.volume, bar.volume * bar.close
            yield Candle(start, bar.open, bar.high, bar.low, bar.close, volume, cost, 1)
            for minute in range(1, minutes):
                at = start + minute * MINUTE
                yield Candle(at, bar.close, bar.close, bar.close, bar.close)
        if cut == 0:
            start = (int(self.start) + shift_ns) // _NS_PER_MS - MINUTE
            opened = float(bars.open[0])
            yield Candle(start, opened, opened, opened, opened)


def _row(bars: BarColumns, row: int) -> _Bar:
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    return _Bar(*(float(column[row]) for column in columns))


def _tick(one: Instrument, bar: _Bar, point: int) -> Tick:
    """One of the four points of a bar; a rising bar meets its low first."""
    rises = bar.close >= bar.open
    path = (bar.open, bar.low, bar.high, bar.close) if rises else bar[:4]
    quarter = Decimal(repr(bar.volume)) / _POINTS
    size = max(one.step, quarter // one.step * one.step)
    price = max(one.tick, Decimal(repr(path[point])) // one.tick * one.tick)
    bid, ask = Level(price, size), Level(price + one.tick, size)
    return Tick(one.symbol, bid, ask, (Print(price, size, point % 2 == 0),))
