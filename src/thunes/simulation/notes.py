"""Notes: what happens to the processes of a machine, as whoever runs it would keep it."""

from typing import NamedTuple

from thunes.core.domain.units import Instant
from thunes.core.domain.word import Word
from thunes.simulation.agenda import Agenda
from thunes.simulation.faults import Fault


class Happened(Word):
    """What can happen to them."""

    STARTED = "started"
    READY = "ready"  # the account is reconciled: it may trade
    DIED = "died"
    HUNG = "hung"
    WOKE = "woke"
    RECONNECTED = "reconnected"
    STRUCK = "struck"  # by a fault


class Note(NamedTuple):
    """What happened when, with the name of the fault or the cause of the death."""

    at: Instant
    what: Happened
    text: str = ""


class Notebook:
    """All notes of one world, oldest first."""

    def __init__(self, agenda: Agenda) -> None:
        self.notes: list[Note] = []
        self._agenda = agenda

    def add(self, what: Happened, text: str = "") -> None:
        """Keep what has happened just now."""
        self.notes.append(Note(self._agenda.now, what, text))

    def struck(self, fault: Fault) -> None:
        self.add(Happened.STRUCK, fault.value)
