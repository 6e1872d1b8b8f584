"""What the tests of the world share: decimals as exact as in a run."""

import decimal
from collections.abc import Iterator

import pytest

from tests.simulation.lived import Lived, live_a_while
from thunes.core.domain.units import EXACT


@pytest.fixture(autouse=True, scope="module")
def exact_decimals() -> Iterator[None]:
    with decimal.localcontext(EXACT):
        yield


@pytest.fixture
def lived() -> Lived:
    return live_a_while()
