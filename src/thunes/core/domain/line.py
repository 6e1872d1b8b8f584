"""The line: one step as it is recorded, and the one codec for it."""

from typing import Any

import msgspec

from thunes.core.domain.command import Command
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import Event, OperatorActed, OperatorAsked, Restarted, RulesChanged
from thunes.core.domain.fact import DayRolled, Fact, ModeChanged

VERSION = 1


class Outcome(msgspec.Struct, frozen=True):
    """What one step asks for and found out."""

    commands: tuple[Command, ...] = ()
    facts: tuple[Fact, ...] = ()


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step: the event that went in, the commands and facts that came out."""

    event: Event
    commands: tuple[Command, ...]
    facts: tuple[Fact, ...]
    version: int = VERSION


def must_last(event: Event, outcome: Outcome) -> bool:
    """Whether the step has to be on disk before anything comes of it: what leaves for the venue,
    and what no venue could ever tell us again."""
    if outcome.commands or isinstance(
        event, OperatorActed | OperatorAsked | Restarted | RulesChanged
    ):
        return True
    return any(isinstance(fact, ModeChanged | DayRolled) for fact in outcome.facts)


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line, strict=True)


def encode(message: Any) -> bytes:
    """Compact JSON: fields in declared order, decimals as strings."""
    return _encoder.encode(message)


def decode_line(data: bytes) -> Line:
    """The line in `data`; unknown fields, kinds and versions are refused with a DataError."""
    try:
        line = _decoder.decode(data)
    except msgspec.ValidationError as error:
        raise DataError(f"this line is not one of version {VERSION}: {error}") from error
    except msgspec.DecodeError as error:
        raise DataError(f"this line is not JSON: {error}") from error
    if line.version != VERSION:
        raise DataError(f"this line has version {line.version}; this program reads {VERSION}")
    return line
