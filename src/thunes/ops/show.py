"""Shows a journal to a person: the steps in plain words, chosen by symbol, topic and time."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.line import decode_line
from thunes.core.domain.units import Instant, Symbol, format_instant
from thunes.ops.story import Sentence, Storyteller, Topic


@dataclass(frozen=True, slots=True)
class Choice:
    """What to show; what is None chooses nothing. `start` <= time < `end`; `last` entries."""

    symbol: Symbol | None = None
    topic: Topic | None = None
    start: Instant | None = None
    end: Instant | None = None
    last: int | None = None

    def includes(self, at: Instant, sentence: Sentence) -> bool:
        """Whether a sentence of a step at `at` is wanted."""
        return (
            (self.symbol is None or sentence.symbol == self.symbol)
            and (self.topic is None or sentence.topic is self.topic)
            and (self.start is None or at >= self.start)
            and (self.end is None or at < self.end)
        )


class Entry(NamedTuple):
    """One sentence with the number and time of its step."""

    sequence: int
    at: Instant
    sentence: Sentence

    def __str__(self) -> str:
        return f"{format_instant(self.at)}  {self.sentence.text}"


def show(directory: Path, choice: Choice) -> Iterator[Entry]:
    """The entries that `choice` includes, oldest first; DataError where the journal is damaged."""
    entries = _chosen(directory, choice)
    return entries if choice.last is None else iter(deque(entries, maxlen=choice.last))


def _chosen(directory: Path, choice: Choice) -> Iterator[Entry]:
    teller = Storyteller()
    for sequence, data in read_steps(directory):
        line = decode_line(data)
        at = line.event.at
        for sentence in teller.tell(line):
            if choice.includes(at, sentence):
                yield Entry(sequence, at, sentence)
