"""Time stamps of any unit brought to nanoseconds UTC."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.market import Ints

NO_TIME = int(np.iinfo(np.int64).min)
"""Stands for a stamp that is absent or cannot be a bar's open time."""

_EARLIEST = 315_532_800 * 10**9  # 1980
_LATEST = 4_102_444_800 * 10**9  # 2100

# From bound to scale to name: a stamp's size tells its unit for every year from 1980 to 2100.
_UNITS = ((1e11, 10**9, "s"), (1e14, 10**6, "ms"), (1e17, 10**3, "us"), (np.inf, 1, "ns"))


def to_nanoseconds(stamps: NDArray[Any]) -> Ints:
    """Epoch stamps in s, ms, us or ns, each by its own size, as int64 ns; `NO_TIME` where absurd.

    A file may change its unit on the way (Binance went from ms to us in 2025).
    """
    if stamps.size == 0:
        return np.empty(0, np.int64)
    numbers = np.where(np.isfinite(stamps), stamps, 0) if stamps.dtype.kind == "f" else stamps
    low, high = float(numbers.min()), float(numbers.max())
    scale = _scale(high)
    if _scale(low) == scale and low * scale >= _EARLIEST and high * scale <= _LATEST:
        return _times(numbers, scale)
    size = numbers.astype(np.float64)
    factor = np.select([size < bound for bound, _, _ in _UNITS], [scale for _, scale, _ in _UNITS])
    plausible = (size * factor >= _EARLIEST) & (size * factor <= _LATEST)
    result = np.full(stamps.size, NO_TIME, np.int64)
    result[plausible] = _times(numbers[plausible], factor[plausible])
    return result


def unit_of(stamp: float) -> str:
    """The unit that the size of one stamp tells."""
    return next((name for bound, _, name in _UNITS if stamp < bound), "an unknown unit")


def _scale(stamp: float) -> int:
    return next(factor for bound, factor, _ in _UNITS if stamp < bound)


def _times(stamps: NDArray[Any], scale: int | Ints) -> Ints:
    if stamps.dtype.kind == "f":
        return np.rint(stamps * scale).astype(np.int64)
    return stamps.astype(np.int64) * scale
