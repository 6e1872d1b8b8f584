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
from thunes.adapters.storage.snapshots import load_snapshot
from thunes.adapters.storage.tape import load_tape, tape_file
from thunes.core.domain.errors import DataError
from thunes.core.domain.event import Event
from thunes.core.domain.line import Line, Outcome, decode_line, encode
from thunes.core.domain.units import Instant, Symbol
from thunes.ops.story import Storyteller

_NOT_CLOSED = (
    "the journal was not closed: its program died, or lines are missing at the end; "
    "what is here can be read and gone on with"
)


class _Header(msgspec.Struct):
    """What the audit itself reads of a journal's header; the rest is for who wrote it."""

    tape: dict[str, str] = {}
    account: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: `head` is the digest (hex) of the last line, to be kept elsewhere.

    `writing` says that a program still writes the journal, so that it need not be closed; `note`
    what there is to know of its end that is no damage.
    """

    ok: bool
    lines: int
    sequence: int
    head: str
    writing: bool
    problems: tuple[Problem, ...]
    note: str = ""


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
    problems, note = list(found.problems), ""
    header = _header(directory, found)
    if writing:  # the last line may be half written at this moment
        problems = [problem for problem in problems if problem.damage is not Damage.TORN]
    elif header is not None and header.account is not None and not found.closed:
        cut, note = _open_end(directory, found)
        problems += cut
    elif not found.closed:
        problems.append(_end(Damage.NOT_CLOSED, directory, found, _NOT_CLOSED))
    problems += _tape_problems(directory, found, header)
    return Verification(
        not problems, found.lines, found.sequence, found.head, writing, tuple(problems), note
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


def _open_end(directory: Path, found: Scan) -> tuple[list[Problem], str]:
    """The journal of an account is never closed: the next process goes on with it. Lines that the
    state kept beside it was taken after must be there."""
    kept = load_snapshot(directory)
    if kept is None:
        return [], "open: it is gone on with by the next process; no state was kept beside it"
    if kept.steps > found.sequence:
        text = (
            f"the state kept beside the journal was taken after line {kept.steps}, and the journal "
            f"ends with line {found.sequence}: lines are missing at the end"
        )
        return [_end(Damage.MISSING, directory, found, text)], ""
    later = found.sequence - kept.steps
    if later:
        return [], (
            f"open: {later} lines came after the last state that was kept, so its process was "
            "killed; the next one goes on from here"
        )
    return [], "open: its process ended in order, and the next one goes on from here"


def _end(damage: Damage, directory: Path, found: Scan, text: str) -> Problem:
    last = segments(directory)[-1].path
    return Problem(damage, last.name, 0, found.sequence + 1, last.stat().st_size, text)


def _header(directory: Path, found: Scan) -> _Header | None:
    """None where the header, which names the tape, is itself damaged or none of ours."""
    if any(problem.sequence == 0 for problem in found.problems):
        return None
    try:
        return msgspec.json.decode(read_header(directory), type=_Header)
    except msgspec.DecodeError:
        return None


def _tape_problems(directory: Path, found: Scan, header: _Header | None) -> list[Problem]:
    if any(problem.sequence == 0 for problem in found.problems):
        return []
    if header is None:
        name = segments(directory)[0].path.name
        return [Problem(Damage.CHANGED, name, 1, 0, 0, "the header is not a header")]
    problems = []
    for symbol, digest in header.tape.items():
        try:
            load_tape(directory, {Symbol(symbol): digest})
        except DataError as error:
            problems.append(Problem(Damage.TAPE, tape_file(symbol), 0, 0, 0, str(error)))
    return problems
