"""Answers: what all that is read of an instance says first."""

from collections.abc import Callable

from thunes.core.domain.units import NS_PER_SECOND, Instant, format_instant
from thunes.core.engine import Engine
from thunes.ops.commands.instance import Context, Plain


def answered(context: Context, found: Callable[[Engine, Instant], Plain]) -> Plain:
    """What `found` tells, read between two events, with the time of the account that it is of."""
    instance = context.instance

    def turn(engine: Engine, at: Instant) -> Plain:
        said: Plain = {"running": instance.running, "at": format_instant(at)}
        return said | {"quote": instance.about.quote} | found(engine, at)

    return instance.read(turn)


def seconds(nanoseconds: int) -> float:
    return round(nanoseconds / NS_PER_SECOND, 3)
