"""Of ccxt the transport loads what it stands on, and leaves the rest as it was."""

import subprocess
import sys

import pytest

TRANSPORT = "import sys, thunes.adapters.venues.binance.transport as transport\n"
OF_CCXT = "{name for name in sys.modules if name.partition('.')[0] == 'ccxt'}"


def said(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr.strip().rpartition("\n")[2]).strip()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (f"{TRANSPORT}print({OF_CCXT})", "set()"),
        (f"{TRANSPORT}import ccxt.async_support as whole; print(whole.binance().id)", "binance"),
        (
            f"import ccxt, sys; before = {OF_CCXT}\n{TRANSPORT}print({OF_CCXT} == before)\n",
            "True",
        ),
        (
            f"import sys; sys.modules['ccxt'] = None\n{TRANSPORT}",
            "ModuleNotFoundError: No module named 'ccxt'",
        ),
    ],
)
def test_nothing_else_is_loaded_and_whoever_wants_all_of_it_gets_it(
    code: str, expected: str
) -> None:
    assert said(code) == expected
