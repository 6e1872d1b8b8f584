"""All of these tests are of the group `conformance`."""

import pytest

from tests.conformance.environments import PACKAGES, Unmakeable, interpreter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "conformance" in item.path.parts:
            item.add_marker(pytest.mark.conformance)


@pytest.fixture(scope="session")
def environments() -> None:
    """The environments of all clients; the tests are skipped where these cannot be made."""
    try:
        for client in PACKAGES:
            interpreter(client)
    except Unmakeable as error:
        pytest.skip(f"the clients cannot be installed here: {error}")
