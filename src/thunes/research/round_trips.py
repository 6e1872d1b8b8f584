"""Round trips: what signals alone earn, bought and sold at the next open, free of cost and size.

These are the engine's trades where nothing stands in their way; tests hold them to the screen's.
"""

from dataclasses import dataclass

import numpy as np

from thunes.core.domain.market import Floats, Ints
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import Signals


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Columns of one row per trade, oldest first.

    It enters at the open of row `entry` and leaves at the open of row `leave`; within row `leave`
    where `stopped`; after the last row, at its close, where `leave` is the number of bars.
    """

    entry: Ints
    leave: Ints
    entry_price: Floats
    exit_price: Floats
    stopped: np.ndarray

    @property
    def returns(self) -> Floats:
        return np.asarray(self.exit_price / self.entry_price - 1.0)


def round_trips(signals: Signals, bars: Bars) -> RoundTrips:
    """The trades of these signals. What is still held at the end is sold at the last close."""
    entry, leave = _flips(signals) if signals.stop_distance is None else _walked(signals, bars)
    stops = np.full(entry.size, np.nan)
    if signals.stop_distance is not None:
        stops = bars.open[entry] * (1.0 - signals.stop_distance[entry - 1])
    ended = leave >= len(bars)
    price = np.where(ended, bars.close[-1:], bars.open[np.minimum(leave, len(bars) - 1)])
    stopped = np.zeros(entry.size, dtype=np.bool_)
    for trade in np.flatnonzero(~np.isnan(stops)).tolist():
        row = _stopped(bars, int(entry[trade]), int(leave[trade]), float(stops[trade]))
        if row is not None:
            leave[trade], stopped[trade] = row, True
            price[trade] = min(float(bars.open[row]), float(stops[trade]))
    return RoundTrips(entry, leave, bars.open[entry], price, stopped)


def _flips(signals: Signals) -> tuple[Ints, Ints]:
    """Rows of entry and exit where signals are all that trades: each turn, and no repetition."""
    rows = np.flatnonzero(signals.enter | signals.exit)
    side = signals.enter[rows]
    turns = np.diff(side, prepend=np.array([False])) != 0
    rows = rows[turns] + 1
    count = signals.enter.size
    rows = rows[rows < count]
    if rows.size % 2:
        rows = np.append(rows, count)
    return rows[0::2].copy(), rows[1::2].copy()


def _walked(signals: Signals, bars: Bars) -> tuple[Ints, Ints]:
    """The same where an entry may carry a stop: after one the next entry counts again."""
    count, distance = len(bars), signals.stop_distance
    assert distance is not None, "asked where there is one"
    enters, exits = np.flatnonzero(signals.enter), np.flatnonzero(signals.exit)
    entries: list[int] = []
    leaves: list[int] = []
    since = 0
    while True:
        place = int(np.searchsorted(enters, since))
        if place == enters.size or enters[place] + 1 >= count:
            break
        row = int(enters[place])
        later = int(np.searchsorted(exits, row, side="right"))
        leave = min(int(exits[later]) + 1, count) if later < exits.size else count
        entries.append(row + 1)
        leaves.append(leave)
        stop = float(bars.open[row + 1] * (1.0 - distance[row]))
        hit = None if np.isnan(stop) else _stopped(bars, row + 1, leave, stop)
        since = leave - 1 if hit is None else hit
        if leave >= count and hit is None:
            break
    return np.array(entries, dtype=np.int64), np.array(leaves, dtype=np.int64)


def _stopped(bars: Bars, entry: int, leave: int, stop: float) -> int | None:
    """The row within which the stop is met while the position is held."""
    for first in range(entry, leave, 256):
        met = np.flatnonzero(bars.low[first : min(first + 256, leave)] <= stop)
        if met.size:
            return first + int(met[0])
    return None
