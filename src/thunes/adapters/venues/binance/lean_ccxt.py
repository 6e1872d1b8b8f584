"""The base of ccxt, without the hundreds of exchanges that its packages load with themselves.

Those cost some three seconds of the processor at each start: seconds in which nobody protects what
is held.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

__all__ = ["BaseError", "Exchange", "RequestTimeout"]

_ROOT, _ASYNC = "ccxt", "ccxt.async_support"


@contextmanager
def _bare_packages() -> Iterator[ModuleType]:
    """Packages in which modules are found, and of which nothing is run; whoever imports ccxt later
    gets all of it."""
    spec = find_spec(_ROOT)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"No module named {_ROOT!r}", name=_ROOT)
    (where,) = spec.submodule_search_locations
    before = {name: module for name, module in sys.modules.items() if _is_of_ccxt(name)}
    for name in before:
        del sys.modules[name]
    for name, path in ((_ROOT, where), (_ASYNC, f"{where}/async_support")):
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [path]
    try:
        yield sys.modules[_ROOT]
    finally:
        for name in [name for name in sys.modules if _is_of_ccxt(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _is_of_ccxt(name: str) -> bool:
    return name == _ROOT or name.startswith(f"{_ROOT}.")


with _bare_packages() as root:
    from ccxt.base import errors
    from ccxt.base.exchange import Exchange as Blocking

    vars(root).update({name: each for name, each in vars(errors).items() if isinstance(each, type)})
    vars(root)["Exchange"] = Blocking  # its modules ask its package for these
    from ccxt.async_support.base.exchange import Exchange

BaseError, RequestTimeout = errors.BaseError, errors.RequestTimeout
