"""Kept bars: those that a process decided on, in a catalog beside its journal."""

from dataclasses import fields
from pathlib import Path

import numpy as np

from thunes.adapters.storage.bars.catalog import save_bars, writing
from thunes.adapters.storage.bars.check import read_bars
from thunes.adapters.storage.bars.paths import Shelf
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Instant, Symbol

NEW_SHARE = 1_000
"""A file is written anew once one bar in so many is new."""


class KeptBars:
    """One catalog; the bars are in the journal as well, so that none is lost with a process."""

    def __init__(self, root: Path, venue: str, timeframe: int) -> None:
        self._root, self._venue, self._timeframe = root, venue, timeframe
        self._last: dict[Symbol, Instant] = {}  # when the newest bar in the catalog opens
        self._rows: dict[Symbol, int] = {}

    def lacks(self, symbol: Symbol, bars: BarColumns) -> bool:
        """Whether enough of these bars are new for the file to be written."""
        new = len(bars) - self._known(symbol, bars)
        return new > self._rows.get(symbol, 0) // NEW_SHARE

    def add(self, symbol: Symbol, bars: BarColumns) -> None:
        """Bring in those bars that open after the newest one that is there.

        Raises ThunesError where the catalog cannot be written, DataError where it is damaged.
        """
        shelf = Shelf(self._venue, symbol, self._timeframe)
        file = shelf.file(self._root)
        with writing(self._root):
            if file.exists():
                there = read_bars(file, self._timeframe)
                self._last[symbol] = Instant(int(there.open_time[-1]))
                new = _from(bars, self._known(symbol, bars))
                bars = _joined(there, new) if len(new) else there
            if symbol not in self._last or int(bars.open_time[-1]) > self._last[symbol]:
                save_bars(file, bars)
        self._rows[symbol] = len(bars)
        self._last[symbol] = Instant(int(bars.open_time[-1]))

    def _known(self, symbol: Symbol, bars: BarColumns) -> int:
        """How many of these bars are not newer than the catalog."""
        last = self._last.get(symbol, -1)
        return int(np.searchsorted(bars.open_time, last, side="right"))


def _from(bars: BarColumns, row: int) -> BarColumns:
    return BarColumns(*(getattr(bars, each.name)[row:] for each in fields(bars)))


def _joined(one: BarColumns, other: BarColumns) -> BarColumns:
    return BarColumns(
        *(
            np.concatenate([getattr(one, each.name), getattr(other, each.name)])
            for each in fields(one)
        )
    )
