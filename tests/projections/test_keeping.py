"""However the tables came about, in however many turns and deaths, they are the same tables."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.projections.told import begun, lived, projected, tables, written
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.projections.database import RebuildNeeded
from thunes.adapters.storage.projections.projector import project, says_nothing
from thunes.core.domain.errors import DataError
from thunes.core.domain.line import decode_line

LINES = lived(279).lines
Whole = tuple[Path, dict[str, object]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """A journal of all the lines, and the tables made of it at one go."""
    folder = tmp_path_factory.mktemp("whole")
    journal = written(LINES, folder / "journal")
    projected(folder / "thunes.db", journal).rebuild()
    return journal, dict(tables(folder / "thunes.db"))


@settings(max_examples=8)
@given(
    st.lists(st.integers(0, len(LINES)), max_size=8),
    st.integers(1, 400),
    st.sampled_from([2_000, 30_000, 1 << 24]),
)
def test_turns_of_any_length_come_to_the_same(
    whole: Whole, cuts: list[int], batch_lines: int, segment_bytes: int
) -> None:
    """The journal grows, is rotated and compressed between the turns."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "thunes.db"
        projections = projected(place, Path(folder) / "journal", batch_lines=batch_lines)
        taken, done = 0, 0
        with begun(Path(folder) / "journal", segment_bytes) as journal:
            for cut in [*sorted(cuts), len(LINES)]:
                for line in LINES[done:cut]:
                    journal.append(line, durable=False)
                done = cut
                taken += projections.catch_up()
                assert projections.catch_up() == 0
        taken += projections.catch_up()
        assert taken == len(LINES) + 2
        assert tables(place) == whole[1]


def test_rebuilt_twice_is_the_same(whole: Whole, place: str, tmp_path: Path) -> None:
    projections = projected(place, whole[0])
    heard: list[int] = []
    for _ in range(2):
        heard.clear()
        assert projections.rebuild(heard.append) == len(LINES) + 2
        assert tables(place) == whole[1]
    assert heard[-1] == projections.lines() - 1 == len(LINES) + 1
    assert projections.catch_up() == 0


def test_a_journal_that_is_being_written(whole: Whole, tmp_path: Path) -> None:
    """One thread writes, rotates and compresses, the other one follows."""
    directory = tmp_path / "journal"
    journal = begun(directory, 10_000)
    followed = projected(tmp_path / "thunes.db", directory, batch_lines=50)
    done = threading.Event()

    def write() -> None:
        for line in LINES:
            journal.append(line, durable=False)
        journal.close()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    turns = 0
    while not done.is_set():
        followed.catch_up()
        turns += 1
    writer.join()
    followed.catch_up()
    assert tables(tmp_path / "thunes.db") == whole[1]
    assert turns > 1


CHILD = """
import sys
from pathlib import Path
from thunes.adapters.storage.projections import keeping
from thunes.adapters.storage.projections.batch import Batch

written = Batch.write

def write(batch, connection):
    written(batch, connection)
    print("here", flush=True)
    sys.stdin.readline()

Batch.write = write
place, journal, verb = sys.argv[1:]
getattr(keeping.Projections(Path(place), Path(journal), batch_lines=20), verb)()
"""


def killed(place: Path, journal: Path, verb: str, batch: int) -> bool:
    """Run `verb` in a process of its own and kill it in its n-th batch, before that is committed;
    False if it never had so many."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(place), str(journal), verb],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for number in range(batch):
        if process.stdout.readline() != b"here\n":
            assert process.wait() == 0
            return False
        if number < batch - 1:
            process.stdin.write(b"\n")
            process.stdin.flush()
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdin.close()
    process.stdout.close()
    return True


def test_killed_in_the_middle_of_a_batch(whole: Whole, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    for batch in (1, 2, 4):
        assert killed(place, whole[0], "catch_up", batch)
    (progress,) = tables(place)["progress"]
    assert progress["sequence"] == 20 * (0 + 1 + 3) - 1, "what was committed is there, no more"
    projected(place, whole[0]).catch_up()
    assert tables(place) == whole[1]


def test_a_rebuild_that_is_killed_leaves_the_old_tables(whole: Whole, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    older = projected(place, whole[0])
    older.catch_up(until=100)
    before = tables(place)
    assert killed(place, whole[0], "rebuild", 4)
    assert tables(place) == before
    assert older.check().difference is None


def test_lines_that_say_nothing_change_nothing() -> None:
    every = [line for seed in (106, 113, 250, 282, 314) for line in lived(seed).lines]
    silent = [line for line in every if says_nothing(line)]
    assert len(silent) > 100
    assert [change for line in silent for change in project(1, decode_line(line))] == []


def chained(lines: Sequence[bytes], directory: Path, segment_bytes: int = 30_000) -> Path:
    """A journal of these lines that nobody closed."""
    journal: Journal = begun(directory, segment_bytes)
    for line in lines:
        journal.append(line, durable=False)
    journal.release()
    return directory


def test_a_restored_backup_is_found_out(tmp_path: Path, place: str) -> None:
    """It lacks what the tables have; later it has other lines of those numbers."""
    long = chained(LINES[:100], tmp_path / "long")
    projected(place, long).catch_up()
    short = chained(LINES[:60], tmp_path / "short")
    with pytest.raises(RebuildNeeded, match=r"does not have line 100 .* `thunes db rebuild`"):
        projected(place, short).catch_up()
    with pytest.raises(RebuildNeeded):
        projected(place, short).check()
    other = chained(lived(314).lines[:160], tmp_path / "other")
    assert projected(place, other).lines() == 161
    with pytest.raises(RebuildNeeded, match="another journal, or was restored"):
        projected(place, other).catch_up()
    before = tables(place)
    projected(place, other).rebuild()
    assert tables(place) != before
    assert projected(place, other).check().difference is None


@pytest.mark.parametrize("segment_bytes", [30_000, 1 << 24])
def test_the_journal_is_exchanged_while_it_is_followed(tmp_path: Path, segment_bytes: int) -> None:
    journal = chained(LINES[:300], tmp_path / "journal", segment_bytes)
    followed = projected(tmp_path / "thunes.db", journal)
    followed.catch_up()
    journal.rename(tmp_path / "away")
    with pytest.raises(Exception, match="cannot be read"):
        followed.catch_up()
    chained(LINES[:120], journal, segment_bytes)
    with pytest.raises(RebuildNeeded):
        followed.catch_up()
    followed.rebuild()
    assert followed.check() == (120, 0, None)


def test_a_damaged_line_is_named_and_what_came_before_is_kept(tmp_path: Path) -> None:
    journal = chained(LINES[:300], tmp_path / "journal")
    last = sorted(journal.iterdir())[-1]
    content = last.read_bytes()
    last.write_bytes(content[:-200] + b"X" + content[-199:])
    projections = projected(tmp_path / "thunes.db", journal, batch_lines=50)
    with pytest.raises(DataError, match=r"the journal is damaged: .*jsonl, line"):
        projections.catch_up()
    (progress,) = tables(tmp_path / "thunes.db")["progress"]
    assert progress["sequence"] == 299
    with pytest.raises(DataError):
        projections.rebuild()
    assert tables(tmp_path / "thunes.db")["progress"] == [progress], "the old tables stay"


def test_a_torn_last_line_never_was(tmp_path: Path) -> None:
    journal = chained(LINES[:50], tmp_path / "journal")
    last = sorted(journal.iterdir())[-1]
    whole = last.read_bytes()
    last.write_bytes(whole[:-10])
    projections = projected(tmp_path / "thunes.db", journal)
    assert projections.catch_up() == 50
    assert projections.lines() == 50
    last.write_bytes(whole)
    assert projections.catch_up() == 1


def test_no_journal(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no journal"):
        projected(tmp_path / "thunes.db", tmp_path / "empty").catch_up()
