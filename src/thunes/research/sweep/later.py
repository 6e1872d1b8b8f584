"""Later: signals that come too early to be acted upon are left out."""

import numpy as np

from thunes.research.sweep.layout import Signals


def later_than(signals: Signals, row: int) -> Signals:
    """The signals of rows from `row` on, set by set."""
    kept = signals.row >= row
    before = np.concatenate(([0], np.cumsum(kept)))
    return Signals(
        start=before[signals.start],
        row=signals.row[kept],
        symbol=signals.symbol[kept],
        enter=signals.enter[kept],
        distance=signals.distance[kept] if signals.distance.size else signals.distance,
    )
