"""The audit of whole runs: verification with the tape, replay, and the limits of both."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.ops.stories import STORY, TRADE, Parrot, record
from thunes.adapters.storage.damage import Damage
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.tape import save_tape, tape_digest, tape_file
from thunes.core.domain.errors import DataError
from thunes.core.domain.fact import TradeClosed
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import Money, Symbol
from thunes.ops.audit import replay, verify

BTC = Symbol("BTCUSDT")


def test_a_whole_journal_is_ok(tmp_path: Path) -> None:
    found = verify(record(tmp_path, STORY, segment_bytes=500))
    assert (found.ok, found.lines, found.problems, found.writing) == (True, 7, (), False)
    assert len(found.head) == 64


def test_no_journal_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no journal"):
        verify(tmp_path)


def test_a_journal_that_was_not_closed(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, b"{}")
    journal.append(b'{"n":1}', durable=True)
    writing = verify(tmp_path)
    assert (writing.ok, writing.writing) == (True, True)
    journal.release()
    problem = verify(tmp_path).problems[0]
    assert (problem.damage, problem.file) == (Damage.NOT_CLOSED, "000001.jsonl")
    assert (problem.sequence, problem.offset) == (2, (tmp_path / "000001.jsonl").stat().st_size)


def test_the_journal_of_a_killed_program_is_not_being_written(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.kept import KeptJournal
journal = Journal.create(Path({str(tmp_path)!r}), b'{{}}')
journal.append(b'{{"n":1}}', durable=True)
print("ready", flush=True)
input()
"""
    writer = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    assert verify(tmp_path).writing
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    assert not verify(tmp_path).writing


def tape(last: float) -> BarColumns:
    prices = np.array([1.0, 2.0, last])
    return BarColumns(np.arange(3, dtype=np.int64), *([prices] * 5))


def with_tape(directory: Path) -> Path:
    header = msgspec.json.encode({"tape": {BTC: tape_digest(tape(3.0))}})
    journal = Journal.create(directory, header)
    save_tape(directory, {BTC: tape(3.0)})
    journal.close()
    return directory


def test_the_tape_belongs_to_the_journal(tmp_path: Path) -> None:
    assert verify(with_tape(tmp_path)).ok
    save_tape(tmp_path, {BTC: tape(4.0)})
    changed = verify(tmp_path)
    assert [(p.damage, p.file) for p in changed.problems] == [(Damage.TAPE, tape_file(BTC))]
    (tmp_path / tape_file(BTC)).unlink()
    assert "is missing" in verify(tmp_path).problems[0].text


def test_a_damaged_header_does_not_hide_behind_the_tape(tmp_path: Path) -> None:
    path = with_tape(tmp_path) / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"tape"', b'"tapf"'))
    assert [(p.damage, p.sequence) for p in verify(tmp_path).problems] == [(Damage.CHANGED, 0)]


def test_a_header_that_is_none_is_named(tmp_path: Path) -> None:
    Journal.create(tmp_path, b'{"tape":7}').close()
    assert "the header is not a header" in verify(tmp_path).problems[0].text


def test_replay_of_the_same_engine_is_equal(tmp_path: Path) -> None:
    result = replay(record(tmp_path, STORY, segment_bytes=500), Parrot(STORY).step)
    assert (result.steps, result.difference) == (len(STORY), None)


def test_replay_stops_at_the_first_difference_and_shows_both(tmp_path: Path) -> None:
    poorer = msgspec.structs.replace(TRADE, pnl=Money(TRADE.pnl - 1))
    last = STORY[4]
    other = Outcome(last.commands, (TradeClosed(poorer, True), *last.facts[1:]))
    engine = Parrot(STORY, {3: Outcome(), 5: other})
    first = replay(record(tmp_path, STORY), engine.step).difference
    assert first is not None
    assert (first.sequence, first.at, first.replayed) == (3, STORY[2].event.at, ())
    assert first.recorded[0].startswith("entry BTCUSDT by sma_cross approved (19 gates)")
    assert engine.steps == 3
    later = replay(tmp_path, Parrot(STORY, {5: other}).step)
    assert later.steps == 4
    assert later.difference is not None
    assert "-2.198000 after" in later.difference.recorded[0]
    assert "-3.198000 after" in later.difference.replayed[0]


def test_a_difference_that_words_do_not_show_is_shown_raw(tmp_path: Path) -> None:
    last = STORY[4]
    other = msgspec.structs.replace(TRADE, target_price=TRADE.entry_price)
    engine = Parrot(STORY, {5: Outcome(last.commands, (TradeClosed(other, True), *last.facts[1:]))})
    difference = replay(record(tmp_path, STORY), engine.step).difference
    assert difference is not None
    assert '"target_price":"50000.00"' in difference.replayed[0]


def test_replay_of_a_damaged_journal_stops(tmp_path: Path) -> None:
    path = record(tmp_path, STORY) / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"49000.00", b"48000.00", 1))
    with pytest.raises(DataError, match=r"sequence 4.*audit verify"):
        replay(tmp_path, Parrot(STORY).step)


# The journal of an account is open: the next process goes on with it.

LIVE = b'{"account":{"place":"a sandbox","key":"0123"},"tape":{}}'


def of_an_account(directory: Path, lines: int, kept_after: int | None) -> Path:
    kept = KeptJournal.open(directory, LIVE)
    for number in range(1, lines + 1):
        kept.append(b'{"n":%d}' % number, durable=True)
        if number == kept_after:
            kept.keep(b"state")
    kept.release()
    return directory


def test_a_process_that_ended_in_order_leaves_an_open_journal(tmp_path: Path) -> None:
    found = verify(of_an_account(tmp_path, 5, kept_after=5))
    assert (found.ok, found.problems, found.lines) == (True, (), 6)
    assert found.note.startswith("open: its process ended in order")


@pytest.mark.parametrize(("kept_after", "said"), [(3, "2 lines came after"), (None, "no state")])
def test_a_process_that_was_killed_leaves_an_open_journal_too(
    tmp_path: Path, kept_after: int | None, said: str
) -> None:
    found = verify(of_an_account(tmp_path, 5, kept_after))
    assert (found.ok, found.note.startswith("open: "), said in found.note) == (True, True, True)


def test_lines_cut_off_the_end_of_an_open_journal_are_missed(tmp_path: Path) -> None:
    path = of_an_account(tmp_path, 5, kept_after=5) / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    (problem,) = verify(tmp_path).problems
    assert (problem.damage, problem.sequence) == (Damage.MISSING, 5)
    assert "was taken after line 5, and the journal ends with line 4" in problem.text


@pytest.mark.parametrize("line", range(6))
def test_an_open_journal_that_was_changed_is_damaged(tmp_path: Path, line: int) -> None:
    path = of_an_account(tmp_path, 5, kept_after=5) / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b":{", b":[", 1)
    path.write_bytes(b"".join(lines))
    assert Damage.CHANGED in [problem.damage for problem in verify(tmp_path).problems]


def test_a_torn_line_of_an_open_journal_is_damage(tmp_path: Path) -> None:
    path = of_an_account(tmp_path, 5, kept_after=5) / "000001.jsonl"
    path.write_bytes(path.read_bytes()[:-3])
    assert Damage.TORN in [problem.damage for problem in verify(tmp_path).problems]
