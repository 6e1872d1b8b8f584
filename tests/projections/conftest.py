"""Databases for the tests: a file, and a PostgreSQL server of our own where one is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import postgres, server
from tests.projections.told import close_all

__all__ = ["postgres", "server"]


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'thunes.db'}"
    url: str = request.getfixturevalue("postgres")
    return url
