"""Consent: that a person has typed what they agree to, kept for restarts that nobody attends."""

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import msgspec

from thunes.adapters.storage.note import Note
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant, format_instant

_FILE = "consent.json"


class Terms(NamedTuple):
    """What is agreed to: with which key, under which configuration, and what a day may cost."""

    venue: str
    key: str  # its fingerprint
    configuration: str  # its digest
    daily_loss: Decimal
    quote: str

    @property
    def sentence(self) -> str:
        """What has to be typed, sign by sign."""
        loss = f"{self.daily_loss.normalize():f} {self.quote}"
        return f"trade real money at {self.venue} with key {self.key}, losing up to {loss} a day"


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Given for exactly these terms, at a time and until another."""

    sentence: str
    configuration: str
    given: int
    until: int


def give(directory: Path, terms: Terms, now: Instant, until: Instant) -> None:
    """Keep it beside the state."""
    consent = Consent(terms.sentence, terms.configuration, now, until)
    Note(directory / _FILE).write(msgspec.json.encode(consent))


def doubt(directory: Path, terms: Terms, now: Instant) -> str:
    """Why what is kept does not count; "" if it does."""
    try:
        data = Note(directory / _FILE).read()
        kept = None if data is None else msgspec.json.decode(data, type=Consent)
    except (ThunesError, msgspec.MsgspecError) as error:
        return f"what was agreed to cannot be read: {error}"
    if kept is None:
        return "nobody has agreed to it yet"
    if kept.sentence != terms.sentence:
        return "something else was agreed to: another key, or another loss of a day"
    if kept.configuration != terms.configuration:
        return "it was agreed to with another configuration"
    if now < kept.given:
        given = format_instant(Instant(kept.given))
        return f"it was agreed to at {given}, which is yet to come: the clock was set back"
    if now >= kept.until:
        return f"what was agreed to has ended, with its checklist, at {format_instant(kept.until)}"
    return ""
