"""The composition root: the one place where engine, venue, clock and store are introduced."""

from thunes.compose.engine import engine_from_header

__all__ = ["engine_from_header"]
