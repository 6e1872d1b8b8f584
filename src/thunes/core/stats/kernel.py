"""Kernels: numeric loops that run as plain Python on little work and compiled on much.

Importing numba and starting its compiler costs more than a second. A quarter's worth of hourly bars
is done in plain Python long before that, so numba is imported when the work of a process has grown
large enough to repay it. Both forms compute the same IEEE operations in the same order; tests hold
them to the same bits.
"""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

COMPILE_FROM_ROWS = 400_000
"""Rows, summed over the longest array of each call so far, that are worth the compiler."""


class _Work:
    """Rows that kernels of this process have been given, and what is to be compiled by another
    one than who calls them; None: who calls does."""

    rows = 0
    waiting: dict[object, Callable[[], object]] | None = None


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Make `function` a kernel: the numba subset of Python, C-contiguous arrays, no fastmath."""
    compiled: list[Callable[P, R]] = []

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if compiled:
            return compiled[0](*args, **kwargs)
        _Work.rows += max((a.size for a in args if isinstance(a, np.ndarray)), default=0)
        waiting = _Work.waiting
        if _Work.rows < COMPILE_FROM_ROWS or (waiting is not None and call in waiting):
            return function(*args, **kwargs)
        if waiting is None:
            compiled.append(compile_kernel(function))
            return compiled[0](*args, **kwargs)
        # It is compiled by a first call, which nobody else shall see anything of.
        copies: Any = [_copied(each) for each in args]

        def prepare() -> None:
            ready = compile_kernel(function)
            ready(*copies, **kwargs)
            compiled.append(ready)

        waiting[call] = prepare
        return function(*args, **kwargs)

    return call


def _copied(argument: object) -> object:
    """An argument for which the same is compiled."""
    if not isinstance(argument, np.ndarray):
        return argument
    copy = argument.copy()
    copy.flags.writeable = argument.flags.writeable
    return copy


@contextmanager
def put_off() -> Iterator[Callable[[], None]]:
    """Meanwhile nobody who calls a kernel waits for the compiler: what is yielded compiles those
    that are worth it, on the thread of whoever calls it now and then."""
    waiting: dict[object, Callable[[], object]] = {}

    def compile_waiting() -> None:
        for kernel_called, prepare in list(waiting.items()):
            prepare()
            del waiting[kernel_called]

    _Work.waiting = waiting
    try:
        yield compile_waiting
    finally:
        _Work.waiting = None


def compile_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """The compiled form, cached on disk beside the module."""
    numba: Any = importlib.import_module("numba")
    compiled: Callable[P, R] = numba.njit(cache=True)(function)
    return compiled
