"""A database that is shared, where a PostgreSQL server is installed."""

from tests.postgres import postgres, server

__all__ = ["postgres", "server"]
