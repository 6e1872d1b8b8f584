"""What the tests of those who watch share: decimals as exact as in a run."""

from tests.core.conftest import exact_decimals as exact_decimals
