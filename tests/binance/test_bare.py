"""Of ccxt only what is used is imported, and whoever wants all of it still gets it."""

import subprocess
import sys

TOLD = """
import sys
from thunes.adapters.venues.binance import transport
names = [name for name in sys.modules if name.startswith("ccxt")]
print(len([name for name in names if name.count(".") == 1 and name != "ccxt.base"]))
print(sorted({"ccxt", "ccxt.async_support"} & set(names)))
import ccxt.async_support
print(issubclass(ccxt.async_support.binance, ccxt.async_support.Exchange))
"""
WHOLE = """
import ccxt.async_support
from thunes.adapters.venues.binance import transport
print(issubclass(transport._Bare, ccxt.async_support.Exchange))
print(transport._CCXT.error is ccxt.BaseError)
"""


def said(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_no_exchange_of_ccxt_is_imported() -> None:
    assert said(TOLD) == ["0", "[]", "True"]


def test_who_has_imported_all_of_it_shares_its_classes() -> None:
    assert said(WHOLE) == ["True", "True"]
