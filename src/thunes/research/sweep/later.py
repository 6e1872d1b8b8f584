"""Later: signals that come too early to be acted upon are left out."""

import numpy as np

from thunes.research.sweep.signals import Signals, row_of


def later_than(signals: Signals, row: int) -> Signals:
    """The signals of rows from `row` on, set by set."""
    kept = row_of(signals.key) >= row
    before = np.concatenate(([0], np.cumsum(kept)))
    return Signals(
        start=before[signals.start],
        key=signals.key[kept],
        distance=signals.distance[kept] if signals.distance.size else signals.distance,
    )
