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
from hashlib import sha256
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

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


def with_constants(function: Callable[P, R], **constants: object) -> Callable[P, R]:
    """The same function, and all functions of ours that it calls, for which these names of their
    modules have other values. Compiled, what such a constant rules out is left out."""
    made: dict[FunctionType, FunctionType] = {}

    def make(plain: FunctionType) -> FunctionType:
        if plain not in made:
            space = dict(plain.__globals__)
            twin = FunctionType(plain.__code__, space, plain.__name__, plain.__defaults__)
            twin.__module__, twin.__qualname__ = plain.__module__, plain.__qualname__
            made[plain] = twin
            for name in plain.__code__.co_names:
                if isinstance(value := space.get(name), FunctionType):
                    space[name] = make(value)
                elif name in constants and name in space:
                    space[name] = constants[name]
        return made[plain]

    return cast(Callable[P, R], make(cast(FunctionType, function)))


def compile_whole(function: Callable[P, R]) -> Callable[P, R]:
    """The compiled form of a function and of all functions of ours that it calls, cached on disk.

    It runs without holding the interpreter's lock. The cache knows a function by the file that it
    stands in: what it calls may stand in others, so their text is made part of its name.
    """
    numba: Any = importlib.import_module("numba")
    made: dict[FunctionType, tuple[Any, bytes]] = {}

    def make(plain: FunctionType) -> tuple[Any, bytes]:
        if plain in made:
            return made[plain]
        code, space = plain.__code__, dict(plain.__globals__)
        text = sha256(code.co_code + repr((code.co_consts, code.co_names)).encode())
        for name in code.co_names:
            value = space.get(name)
            if isinstance(value, FunctionType):
                space[name], called = make(value)
                text.update(called)
            elif isinstance(value, int | float):
                text.update(f"{name}={value!r}".encode())
        twin = FunctionType(code, space, plain.__name__, plain.__defaults__)
        twin.__module__ = plain.__module__
        twin.__qualname__ = f"{plain.__name__}_{text.hexdigest()[:12]}"
        made[plain] = _jit(numba, twin, called=plain is not function), text.digest()
        return made[plain]

    return cast(Callable[P, R], make(cast(FunctionType, function))[0])


def _jit(numba: Any, function: FunctionType, *, called: bool) -> Any:
    """A compiled function for which numbers written in the text of its callers are plain numbers:
    numba would compile it anew for each of them. What is only `called` by compiled code becomes
    part of its callers: to hand twenty arrays over takes longer than most of them work."""
    compiled = numba.njit(
        cache=not called,
        nogil=True,
        error_model="numpy",
        _nrt=False,
        forceinline=called,
        no_cpython_wrapper=called,
        no_cfunc_wrapper=True,
    )(function)
    resolve, plain = compiled.get_call_template, numba.types.unliteral
    compiled.get_call_template = lambda args, kws: resolve(
        tuple(plain(arg) for arg in args), {name: plain(arg) for name, arg in kws.items()}
    )
    return compiled
