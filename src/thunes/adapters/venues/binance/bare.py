"""The bare exchange of ccxt: the class below its exchanges, without importing any of them.

The packages `ccxt` and `ccxt.async_support` import more than a hundred exchanges when one module of
theirs is asked for: seconds of a start, and memory, for nothing that is used here. So while that
module is imported, packages with nothing but their folder and what it asks of them stand in.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, NamedTuple

_PACKAGES = ("ccxt", "ccxt.async_support")


class Bare(NamedTuple):
    """What all of ccxt's asynchronous exchanges are made from, and what it raises."""

    exchange: type[Any]
    error: type[Exception]
    timeout: type[Exception]


def bare() -> Bare:
    """Import it. Raises ModuleNotFoundError where ccxt is not installed."""
    with _hollow():
        from ccxt.async_support.base.exchange import Exchange
        from ccxt.base.errors import BaseError, RequestTimeout
    return Bare(Exchange, BaseError, RequestTimeout)


@contextmanager
def _hollow() -> Iterator[None]:
    """Let modules below the packages be imported without what these do themselves."""
    if any(name in sys.modules for name in _PACKAGES):
        yield  # somebody wanted all of it already
        return
    try:
        for name in _PACKAGES:
            sys.modules[name] = _folder(name)
        from ccxt.base import errors, exchange

        stand_in = vars(sys.modules[_PACKAGES[0]])
        stand_in.update(vars(errors), Exchange=exchange.Exchange)
        yield
    finally:
        for name in _PACKAGES:
            sys.modules.pop(name, None)


def _folder(name: str) -> ModuleType:
    """A package that is not run."""
    spec = find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return module_from_spec(spec)
