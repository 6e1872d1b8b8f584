"""Crosses: the rows at which one column passes another or a level."""

import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import Floats
from thunes.core.market.columns import column, same_length

Flags = NDArray[np.bool_]


def crossed_above(a: Floats | float, b: Floats | float) -> Flags:
    """True where a > b and a <= b at the last row before at which both are known.

    A tie is not above. The first row with both known makes no cross, nor does a row with a NaN.
    One side may be a level. UsageError: not float64 columns of one length, or two levels.
    """
    return _turns(a, b, upward=True)


def crossed_below(a: Floats | float, b: Floats | float) -> Flags:
    """True where a <= b and a > b at the last row before at which both are known.

    The turn back of `crossed_above`: between two crosses above lies exactly one cross below.
    """
    return _turns(a, b, upward=False)


def _turns(a: Floats | float, b: Floats | float, *, upward: bool) -> Flags:
    left, right = _side("a", a), _side("b", b)
    if isinstance(left, float) and isinstance(right, float):
        raise UsageError("a cross needs at least one column, not two levels")
    if not isinstance(left, float) and not isinstance(right, float):
        same_length(a=left, b=right)
    known = np.flatnonzero(~(np.isnan(left) | np.isnan(right)))
    above = np.greater(left, right)[known]
    now, before = above[1:], above[:-1]
    fires = np.zeros(max(np.size(left), np.size(right)), dtype=np.bool_)
    fires[known[1:]] = (now & ~before) if upward else (before & ~now)
    return fires


def _side(name: str, value: Floats | float) -> Floats | float:
    if isinstance(value, int | float | np.integer | np.floating):
        return float(value)
    return column(name, value)
