"""The audit: is a journal whole, and does the engine decide the same again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from thunes.adapters.storage.damage import Damage, Problem
from thunes.adapters.storage.journal import in_use
from thunes.adapters.storage.reading import read_header, read_steps
from thunes.adapters.storage.scan import Scan, scan
from thunes.adapters.storage.segments import segments
from thunes.adapters.storage.tape import load_tape, tape_file
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import Event
from thunes.core.domain.line import Line, Outcome, decode_line, encode
from thunes.core.domain.units import Instant, Symbol
from thunes.ops.story import Storyteller


class _Header(msgspec.Struct):
    """What the audit itself reads of a journal's header; the rest is for who wrote it."""

    tape: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: `head` is the digest (hex) of the last line, to be kept elsewhere.

    `writing` says that a program still writes the journal, so that it need not be closed.
    """

    ok: bool
    lines: int
    sequence: int
    head: str
    writing: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first step that came out otherwise, in plain words: as recorded and as replayed."""

    sequence: int
    at: Instant
    recorded: tuple[str, ...]
    replayed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """How many steps came out bit for bit as recorded, and the first that did not."""

    steps: int
    difference: Difference | None


def verify(directory: Path) -> Verification:
    """Examine every byte of the journal in `directory` and its tape.

    Raises DataError where there is no journal, ThunesError where a file cannot be read.
    """
    if not segments(directory):
        raise DataError(f"{directory} holds no journal")
    writing = in_use(directory)
    found = scan(directory)
    problems = list(found.problems)
    if writing:  # the last line may be half written at this moment
        problems = [problem for problem in problems if problem.damage is not Damage.TORN]
    elif not found.closed:
        problems.append(_not_closed(directory, found))
    problems += _tape_problems(directory, found)
    return Verification(
        not problems, found.lines, found.sequence, found.head, writing, tuple(problems)
    )


def replay(directory: Path, step: Callable[[Event], Outcome]) -> Replay:
    """Feed the recorded events to `step` and compare what comes out, bit for bit.

    Stops at the first difference. Raises DataError where the journal is damaged.
    """
    steps = 0
    for sequence, data in read_steps(directory):
        line = decode_line(data)
        outcome = step(line.event)
        again = Line(line.event, outcome.commands, outcome.facts)
        replayed = encode(again)
        if replayed != data:
            return Replay(steps, _difference(sequence, (line, data), (again, replayed)))
        steps += 1
    return Replay(steps, None)


def _difference(sequence: int, old: tuple[Line, bytes], new: tuple[Line, bytes]) -> Difference:
    recorded = tuple(sentence.text for sentence in Storyteller().tell(old[0]))
    replayed = tuple(sentence.text for sentence in Storyteller().tell(new[0]))
    only_old = tuple(text for text in recorded if text not in replayed)
    only_new = tuple(text for text in replayed if text not in recorded)
    if not only_old and not only_new:  # the words leave out what differs: show the bytes
        only_old, only_new = (old[1].decode(),), (new[1].decode(),)
    return Difference(sequence, old[0].event.at, only_old, only_new)


def _not_closed(directory: Path, found: Scan) -> Problem:
    last = segments(directory)[-1].path
    text = (
        "the journal was not closed: its program died, or lines are missing at the end; "
        "what is here can be read and gone on with"
    )
    return Problem(Damage.NOT_CLOSED, last.name, 0, found.sequence + 1, last.stat().st_size, text)


def _tape_problems(directory: Path, found: Scan) -> list[Problem]:
    if any(problem.sequence == 0 for problem in found.problems):
        return []  # the header, which names the tape, is itself damaged
    try:
        header = msgspec.json.decode(read_header(directory), type=_Header)
    except msgspec.DecodeError as error:
        name = segments(directory)[0].path.name
        return [Problem(Damage.CHANGED, name, 1, 0, 0, f"the header is not a header: {error}")]
    problems = []
    for symbol, digest in header.tape.items():
        try:
            load_tape(directory, {Symbol(symbol): digest})
        except DataError as error:
            problems.append(Problem(Damage.TAPE, tape_file(symbol), 0, 0, 0, str(error)))
    return problems
