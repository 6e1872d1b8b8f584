"""The room and the command line of a person, for the lessons that begin there."""

from tests.cli.conftest import ask, market, room

__all__ = ["ask", "market", "room"]
