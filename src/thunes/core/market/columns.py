"""What an indicator takes: float64 columns of one length, and a window of at least one row."""

import operator

import numpy as np

from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import Floats


def column(name: str, values: Floats) -> Floats:
    """`values` as kernels take them: float64, one-dimensional, contiguous, read-only.

    Always read-only, because a kernel is compiled anew for arrays that may be written to.
    """
    if not isinstance(values, np.ndarray):
        raise UsageError(f"{name} must be a float64 array, not {type(values).__name__}")
    if values.dtype != np.float64:
        raise UsageError(f"{name} must be a float64 array, not {values.dtype}: use astype(float)")
    if values.ndim != 1:
        raise UsageError(f"{name} must have one dimension, not {values.ndim}")
    view = np.ascontiguousarray(values).view()
    view.flags.writeable = False
    return view


def same_length(**named: Floats) -> None:
    """Refuse columns of different lengths."""
    lengths = {name: values.size for name, values in named.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} has {size}" for name, size in lengths.items())
        raise UsageError(f"columns must have one length: {said} rows")


def window(n: int) -> int:
    """`n` as a number of rows, at least one."""
    try:
        rows = operator.index(n)
    except TypeError:
        raise UsageError(f"a window is a whole number of bars, not {n!r}") from None
    if rows < 1:
        raise UsageError(f"a window has at least one bar, not {rows}")
    return rows
