"""Kernels: numeric loops that run as plain Python on short input and compiled on long input.

Importing numba and starting its compiler costs more than a second. A quarter's worth of hourly
bars is done in plain Python long before that, so numba is imported when a long array first asks for it.
Both forms compute the same IEEE operations in the same order; tests hold them to the same bits.
"""

import importlib
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

COMPILE_FROM_ROWS = 20_000
"""Arrays at least this long are worth the compiler."""


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` a kernel: the numba subset of Python, C-contiguous arrays, no fastmath."""
    compiled: list[Callable[P, R]] = []

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if compiled:
            return compiled[0](*args, **kwargs)
        if any(isinstance(a, np.ndarray) and a.size >= COMPILE_FROM_ROWS for a in args):
            compiled.append(compile_kernel(function))
            return compiled[0](*args, **kwargs)
        return function(*args, **kwargs)

    return call


def compile_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The compiled form, cached on disk beside the module."""
    numba: Any = importlib.import_module("numba")
    compiled: Callable[P, R] = numba.njit(cache=True)(function)
    return compiled
