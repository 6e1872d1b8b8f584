"""Parity: are the decisions on record those that the engine makes now."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from thunes.adapters.storage.reading import read_steps
from thunes.core.domain.event import Event
from thunes.core.domain.line import Line, Outcome, decode_line, encode
from thunes.core.domain.units import Instant


class Departure(NamedTuple):
    """The first step that the engine decides otherwise: in which field, as recorded and now."""

    sequence: int
    at: Instant
    field: str
    recorded: str
    replayed: str


@dataclass(slots=True)
class Decisions:
    """How many of the recorded steps come out bit for bit; after the first that does not, none."""

    steps: int = 0
    equal: int = 0
    departure: Departure | None = None

    @property
    def share(self) -> float:
        return self.equal / self.steps if self.steps else 0.0


def replayed(
    directory: Path, step: Callable[[Event], Outcome], decisions: Decisions
) -> Iterator[Line]:
    """Each recorded line, before the engine takes its event; `decisions` keeps count.

    Raises DataError where the journal is damaged.
    """
    for sequence, data in read_steps(directory):
        line = decode_line(data)
        yield line
        decisions.steps += 1
        if decisions.departure is not None:
            continue
        outcome = step(line.event)
        again = encode(Line(line.event, outcome.commands, outcome.facts))
        if again == data:
            decisions.equal += 1
        else:
            was, now = (msgspec.json.decode(each) for each in (data, again))
            where, recorded, instead = _first_apart(was, now, "")
            decisions.departure = Departure(sequence, line.event.at, where, recorded, instead)


def _first_apart(was: Any, now: Any, where: str) -> tuple[str, str, str]:
    """The first field that differs: its path, and both values."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in [*was, *(each for each in now if each not in was)]:
            if was.get(name) != now.get(name):
                return _first_apart(was.get(name), now.get(name), f"{where}.{name}".lstrip("."))
    if isinstance(was, list) and isinstance(now, list):
        for place, (one, other) in enumerate(zip(was, now, strict=False)):
            if one != other:
                return _first_apart(one, other, f"{where}[{place}]")
        return f"{where} (length)", str(len(was)), str(len(now))
    return where, _short(was), _short(now)


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else f"{text[:200]}..."
