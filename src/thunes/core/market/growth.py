"""Growth: columns of bars that are added to at their end."""

from collections.abc import Sequence

import numpy as np

from thunes.core.domain.market import Bar, BarColumns, Floats, Ints

_FLOATS = ("open", "high", "low", "close", "volume")
_ROOM_MIN = 1_024


class GrowingColumns:
    """Columns with room to spare, so that one more bar costs the same however many there are."""

    def __init__(self) -> None:
        self._size = 0
        self._times: Ints = np.empty(_ROOM_MIN, dtype=np.int64)
        self._values: Floats = np.empty((len(_FLOATS), _ROOM_MIN))

    def add(self, bars: Sequence[Bar]) -> BarColumns:
        """All columns so far, these bars at their end. Earlier columns stay what they were."""
        begin, end = self._size, self._size + len(bars)
        if end > self._times.size:
            room = max(end, 2 * self._times.size)
            times, values = np.empty(room, dtype=np.int64), np.empty((len(_FLOATS), room))
            times[:begin], values[:, :begin] = self._times[:begin], self._values[:, :begin]
            self._times, self._values = times, values
        self._times[begin:end] = [bar.open_time for bar in bars]
        for place, name in enumerate(_FLOATS):
            self._values[place, begin:end] = [getattr(bar, name) for bar in bars]
        self._size = end
        return BarColumns(self._times[:end], *(column[:end] for column in self._values))
