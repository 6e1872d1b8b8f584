"""The newest entries of a journal, without reading all of it."""

from collections import deque
from pathlib import Path

import msgspec

from thunes.adapters.storage.chain import Kind
from thunes.adapters.storage.tail import newest
from thunes.core.domain.event import QuoteReceived
from thunes.core.domain.line import Line, decode_line
from thunes.core.domain.units import format_instant
from thunes.ops.commands.instance import Context, Plain
from thunes.ops.show import Choice, Entry
from thunes.ops.story import Storyteller, Topic

LAST_MAX = 10_000
STEPS_MAX = 100_000
"""So many steps back, and no further: an operator asks for what has just been."""


class Newest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the newest entries, of which kind (none: all but quotes)."""

    last: int = 20
    kind: Topic | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.last <= LAST_MAX:
            raise ValueError(f"last = {self.last} must lie between 1 and {LAST_MAX}")


def tail(context: Context, asked: Newest) -> Plain:
    """The newest entries of the journal in plain words, oldest first."""
    entries = recent(context.instance.about.journal, Choice(topic=asked.kind, last=asked.last))
    return {
        "running": context.instance.running,
        "entries": [
            {
                "sequence": each.sequence,
                "time": format_instant(each.at),
                "kind": each.sentence.topic.value,
                "symbol": each.sentence.symbol,
                "text": each.sentence.text,
            }
            for each in entries
        ],
    }


def recent(journal: Path, choice: Choice) -> list[Entry]:
    """The newest `choice.last` entries that `choice` includes, oldest first; quotes are left out.

    An order that was sent before the oldest step that had to be read goes by its id alone.
    """
    wanted, found = choice.last or 1, 0
    steps: deque[tuple[int, Line]] = deque()
    for back, link in enumerate(newest(journal)):
        if link.kind is not Kind.STEP or back >= STEPS_MAX or found >= wanted:
            break
        line = decode_line(link.payload)
        if not isinstance(line.event, QuoteReceived) or line.commands or line.facts:
            assert link.sequence is not None, "it was whole"
            steps.appendleft((link.sequence, line))
            found += len(_included(Storyteller(), choice, link.sequence, line))
    teller = Storyteller()
    entries = [
        entry for sequence, line in steps for entry in _included(teller, choice, sequence, line)
    ]
    return entries[-wanted:]


def _included(teller: Storyteller, choice: Choice, sequence: int, line: Line) -> list[Entry]:
    at, told = line.event.at, teller.tell(line)
    if isinstance(line.event, QuoteReceived):
        told = told[1:]  # the quote itself, of which there are too many
    return [Entry(sequence, at, each) for each in told if choice.includes(at, each)]
