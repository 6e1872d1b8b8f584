"""Rewritten markets: bars of which some rows are replaced, to see who reads them."""

from dataclasses import fields
from enum import StrEnum

import numpy as np

from thunes.core.domain.market import BarColumns, Floats
from thunes.core.market.bars import Bars

_EXTREME = 1_024.0
"""A power of two: it changes the size of a price and none of its digits."""


class Poison(StrEnum):
    """What rows are replaced with."""

    NAN = "NaN"
    HIGH = "prices 1,024 times as high"
    LOW = "prices 1,024 times as low"
    OTHER = "another market"


def rewritten(bars: Bars, rows: slice, poison: Poison) -> Bars:
    """The same bars with those rows (a slice with both ends) replaced; times stay."""
    columns = {each.name: getattr(bars.columns, each.name).copy() for each in fields(bars.columns)}
    times = columns.pop("open_time")
    if poison is Poison.OTHER:
        _turn_over(columns, rows)
    else:
        by = {Poison.NAN: np.nan, Poison.HIGH: _EXTREME, Poison.LOW: 1 / _EXTREME}[poison]
        for values in columns.values():
            values[rows] *= by
    return Bars(bars.symbol, bars.timeframe, BarColumns(times, **columns))


def scaled(bars: Bars, power: int) -> Bars:
    """All prices times 2^power; volume stays."""
    by = 2.0**power
    c = bars.columns
    columns = BarColumns(c.open_time, c.open * by, c.high * by, c.low * by, c.close * by, c.volume)
    return Bars(bars.symbol, bars.timeframe, columns)


def _turn_over(columns: dict[str, Floats], rows: slice) -> None:
    """The market upside down: where it rose by a factor it falls by it, from the same open on."""
    if columns["open"][rows].size == 0:
        return
    square = columns["open"][rows][0] ** 2
    before = {name: values[rows].copy() for name, values in columns.items()}
    turned = {"open": "open", "high": "low", "low": "high", "close": "close"}
    for name, source in turned.items():
        columns[name][rows] = square / before[source]
    columns["volume"][rows] = before["volume"][::-1]
