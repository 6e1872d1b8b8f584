"""Kernels: numeric loops that run as plain Python on little work and compiled on much.

Importing numba and starting its compiler costs more than a second. A quarter's worth of hourly bars
is done in plain Python long before that, so numba is imported when the work of a process has grown
large enough to repay it. Both forms compute the same IEEE operations in the same order; tests hold
them to the same bits.
"""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

COMPILE_FROM_ROWS = 400_000
"""Rows, summed over the longest array of each call so far, that are worth the compiler."""


class _Work:
    """Rows that kernels of this process have been given."""

    rows = 0


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` a kernel: the numba subset of Python, C-contiguous arrays, no fastmath."""
    compiled: list[Callable[P, R]] = []

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if compiled:
            return compiled[0](*args, **kwargs)
        _Work.rows += max((a.size for a in args if isinstance(a, np.ndarray)), default=0)
        if _Work.rows < COMPILE_FROM_ROWS:
            return function(*args, **kwargs)
        compiled.append(compile_kernel(function))
        return compiled[0](*args, **kwargs)

    return call


def compile_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The compiled form, cached on disk beside the module."""
    numba: Any = importlib.import_module("numba")
    compiled: Callable[P, R] = numba.njit(cache=True)(function)
    return compiled
