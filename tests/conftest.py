"""What all tests share: the settings of hypothesis and the place of the real market data."""

import os
from pathlib import Path

# Several workers whose matrix products each ask for every core wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Machines are shared: how long one example takes says nothing about the code.
settings.register_profile("house", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market data; the test is skipped where there is none.

    It is looked for in THUNES_REAL_DATA, then in `shared/data` inside and beside the repository.
    """
    named = os.environ.get("THUNES_REAL_DATA")
    places = [Path(named)] if named else [ROOT / "shared/data", ROOT.parent / "shared/data"]
    for place in places:
        if (place / "binance_spot").is_dir():
            return place
    pytest.skip("the real market data is not on this machine")
