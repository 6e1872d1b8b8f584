"""Imports go down only, never sideways: the contracts in pyproject.toml hold and can fail."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.reading import ROOT, run_python

CHECK = (
    "import sys\n"
    "from importlinter.cli import lint_imports\n"
    "sys.exit(lint_imports(config_filename='pyproject.toml', no_cache=True, no_logo=True))"
)
ROOMS = [
    "core/domain",
    "core/stats",
    "core/market",
    "core/ledger",
    "core/strategy",
    "core/portfolio",
    "core/risk",
    "core/execution",
    "runtime",
    "adapters",
    "adapters/venues",
    "adapters/venues/binance",
    "adapters/venues/kraken",
    "adapters/venues/simulated",
    "adapters/storage",
    "adapters/messaging",
    "simulation",
    "sandbox",
    "research",
    "ml",
    "ops",
    "cli",
]
MODULES = ["core/state", "core/engine", "adapters/clock", "config", "compose"]

# Imports that must not be, and rooms that stand on no floor: together they break every contract.
PLANTS = [
    ("core/engine.py", "import thunes.runtime"),
    ("core/domain/x.py", "import thunes.core.market"),
    ("core/risk/x.py", "from thunes.core import execution"),
    ("core/domain/y.py", "import thunes.core.stats"),
    ("core/state.py", "import thunes.core.engine"),
    ("runtime/x.py", "import thunes.adapters.storage"),
    ("adapters/storage/x.py", "import thunes.runtime"),
    ("research/x.py", "import thunes.ops"),
    ("simulation/x.py", "import thunes.research"),
    ("ops/x.py", "import thunes.compose"),
    ("adapters/storage/y.py", "import thunes.core.ledger"),
    ("adapters/messaging/x.py", "import thunes.adapters.clock"),
    ("adapters/venues/kraken/x.py", "import thunes.adapters.venues.binance"),
    ("core/risk/y.py", "import time"),
    ("core/market/x.py", "from logging import getLogger"),
    ("core/ledger/x.py", "import duckdb"),
    ("research/y.py", "import pandas"),
    ("core/stats/x.py", "import numba"),
    ("attic.py", ""),
    ("core/attic.py", ""),
]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house of empty rooms with the real contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ("", *ROOMS):
        (tmp_path / "src/thunes" / room).mkdir(parents=True, exist_ok=True)
        (tmp_path / "src/thunes" / room / "__init__.py").touch()
    (tmp_path / "src/thunes/core/__init__.py").touch()
    for name in MODULES:
        (tmp_path / "src/thunes" / f"{name}.py").touch()
    return tmp_path


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    return run_python(CHECK, cwd=root, path=root / "src")


def test_the_floors_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_house_of_empty_rooms_is_fine(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_may_import_what(house: Path) -> None:
    """The widest imports that the floors allow."""
    allowed = {
        "compose.py": "import thunes.adapters.storage, thunes.research, thunes.cli",
        "research/x.py": "import thunes.simulation, thunes.adapters.storage, thunes.runtime",
        "sandbox/x.py": "import thunes.adapters.venues.simulated, thunes.core.engine",
        "runtime/x.py": "import thunes.core.engine, thunes.core.domain",
        "adapters/storage/x.py": "import thunes.core.domain, duckdb, os, time",
        "core/risk/x.py": "import thunes.core.market, thunes.core.ledger, numpy, msgspec, decimal",
        "core/engine.py": "import thunes.core.state, thunes.core.risk, thunes.core.strategy",
    }
    for name, line in allowed.items():
        (house / "src/thunes" / name).write_text(line + "\n")
    done = lint(house)
    assert done.returncode == 0, done.stdout + done.stderr


def test_planted_imports_are_caught(house: Path) -> None:
    for name, line in PLANTS:
        with (house / "src/thunes" / name).open("a") as file:
            file.write(line + "\n")
    done = lint(house)
    said = " ".join(done.stdout.split())
    assert "Contracts: 0 kept, 7 broken." in said, done.stdout + done.stderr
    for name, line in PLANTS:
        module = "thunes." + name.removesuffix(".py").replace("/", ".")
        assert module in said, f"not caught: {name}: {line}\n{done.stdout}"
