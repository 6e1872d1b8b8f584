"""Start-up stays light: help loads no numbers, and importing the whole house compiles nothing."""

import pytest

from tests.house.reading import ROOT, has_command_line, modules, run_python

HEAVY = ("numba", "llvmlite", "pandas", "pyarrow", "plotly", "duckdb", "numpy")

REPORT = f"""
import sys
print("loaded:", *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
HELP = f"""
import sys
sys.argv = ["thunes", "--help"]
from thunes.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
{REPORT}
"""


def loaded(code: str) -> list[str]:
    """The heavy packages that a fresh interpreter has loaded after running the code."""
    done = run_python(code, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr.rsplit("loaded:", 1)[1].split()


def test_help_loads_nothing_heavy() -> None:
    if not has_command_line():
        pytest.skip("thunes.cli is not built yet")
    assert loaded(HELP) == []


def test_importing_every_module_compiles_nothing() -> None:
    names = [module.name for module in modules() if not module.name.endswith("__main__")]
    code = "".join(f"import {name}\n" for name in names) + REPORT
    assert not {"numba", "llvmlite", "pandas"} & set(loaded(code))


def test_a_heavy_import_is_noticed() -> None:
    assert loaded("import numpy\n" + REPORT) == ["numpy"]
