"""The journal as it is written: whole lines or none, through crashes, full disks and rotation."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.storage.journals import HEADER, build, lines_of, payload, put
from thunes.adapters.storage.appender import Appender
from thunes.adapters.storage.chain import Kind, take_apart
from thunes.adapters.storage.damage import Damage
from thunes.adapters.storage.journal import Journal, in_use
from thunes.adapters.storage.memory import MemoryStore
from thunes.adapters.storage.reading import read_header, read_steps
from thunes.adapters.storage.scan import scan
from thunes.adapters.storage.segments import segments
from thunes.core.domain.errors import DataError, ThunesError, UsageError
from thunes.runtime.ports import Store


def steps(directory: Path) -> list[bytes]:
    return [data for _, data in read_steps(directory)]


def test_lines_have_the_documented_form(tmp_path: Path) -> None:
    build(tmp_path / "j", 2, 1 << 20)
    data = (tmp_path / "j/000001.jsonl").read_bytes()
    first, *_, last = data.splitlines()
    assert first.startswith(b'{"seq":0,"session":' + HEADER + b',"hash":"')
    assert last.startswith(b'{"seq":3,"closed":{"lines":3},"hash":"')
    assert [take_apart(line).kind for line in data.splitlines()] == [
        Kind.SESSION,
        Kind.STEP,
        Kind.STEP,
        Kind.CLOSED,
    ]


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    for size in (1, 200, 1 << 20):
        directory = build(tmp_path / str(size), 25, size)
        assert read_header(directory) == HEADER
        assert list(read_steps(directory)) == [(n, payload(n)) for n in range(1, 26)]


def test_full_segments_are_compressed(tmp_path: Path) -> None:
    build(tmp_path, 25, 500)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:-1] == [f"{n:06d}.jsonl.zst" for n in range(1, len(names))]
    assert names[-1] == f"{len(names):06d}.jsonl"


def test_a_journal_goes_on_after_a_crash(tmp_path: Path) -> None:
    build(tmp_path, 10, 300, close=False)
    with Journal.open(tmp_path, segment_bytes=300) as journal:
        assert journal.head.sequence == 10
        journal.append(payload(11), durable=True)
    assert steps(tmp_path) == [payload(n) for n in range(1, 12)]
    assert scan(tmp_path).problems == ()


def test_the_head_is_that_of_the_last_line(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, HEADER)
    journal.append(payload(1), durable=False)
    head = journal.head
    journal.release()
    assert head.hash == lines_of(tmp_path)[-1][-66:-2].decode()
    assert (scan(tmp_path).head, scan(tmp_path).sequence) == (head.hash, head.sequence)


def test_every_torn_last_line_is_cut_and_noted(tmp_path: Path) -> None:
    build(tmp_path, 3, 1 << 20, close=False)
    path = tmp_path / "000001.jsonl"
    data = path.read_bytes()
    start = data[:-1].rfind(b"\n") + 1
    for length in range(start + 1, len(data)):
        path.write_bytes(data[:length])
        journal = Journal.open(tmp_path)
        assert len(journal.notes) == 1
        assert "000001.jsonl, line 4 (sequence 3" in journal.notes[0]
        assert journal.head.sequence == 2
        journal.append(payload(3), durable=True)
        journal.release()
        assert path.read_bytes() == data


def test_a_torn_tail_of_zeros_is_cut(tmp_path: Path) -> None:
    build(tmp_path, 3, 1 << 20, close=False)
    with (tmp_path / "000001.jsonl").open("ab") as file:
        file.write(bytes(4096))
    journal = Journal.open(tmp_path)
    journal.close()
    assert scan(tmp_path).problems == ()


def test_any_other_damage_stops_the_start_and_is_located(tmp_path: Path) -> None:
    build(tmp_path, 10, 1 << 20, close=False)
    path = tmp_path / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = [*lines[:4], lines[4].replace(b"bars", b"bars"[::-1]), *lines[5:]]
    path.write_bytes(b"".join(damaged) + b"torn")
    with pytest.raises(DataError, match=r"000001.jsonl, line 5 \(sequence 4, byte \d+\)"):
        Journal.open(tmp_path)
    assert path.read_bytes() == b"".join(damaged) + b"torn"
    with pytest.raises(DataError, match=r"line 5 \(sequence 4\).*audit verify"):
        steps(tmp_path)


def test_a_closed_journal_takes_no_more(tmp_path: Path) -> None:
    build(tmp_path, 3, 1 << 20)
    with pytest.raises(DataError, match="was closed; begin a new one"):
        Journal.open(tmp_path)


def test_create_refuses_where_a_journal_stands(tmp_path: Path) -> None:
    build(tmp_path, 3, 1 << 20)
    before = (tmp_path / "000001.jsonl").read_bytes()
    with pytest.raises(UsageError, match="already holds a journal; name another directory"):
        Journal.create(tmp_path, HEADER)
    assert (tmp_path / "000001.jsonl").read_bytes() == before
    assert not in_use(tmp_path)


def test_open_says_when_there_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no journal"):
        Journal.open(tmp_path)
    with pytest.raises(DataError, match="holds no journal"):
        read_header(tmp_path)
    with pytest.raises(ThunesError, match="No such file"):
        Journal.open(tmp_path / "absent")


def test_two_writers_are_refused(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, HEADER)
    assert in_use(tmp_path)
    for begin in (Journal.open, lambda where: Journal.create(where, HEADER)):
        with pytest.raises(ThunesError, match="another program is writing"):
            begin(tmp_path)
    journal.release()
    assert not in_use(tmp_path)
    Journal.open(tmp_path).close()


def test_an_unwritable_directory_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ThunesError, match="Not a directory; choose a directory"):
        Journal.create(tmp_path / "file" / "journal", HEADER)


def test_an_exception_leaves_the_journal_open_to_go_on(tmp_path: Path) -> None:
    def fail() -> None:
        with Journal.create(tmp_path, HEADER) as journal:
            journal.append(payload(1), durable=False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not scan(tmp_path).closed
    Journal.open(tmp_path).close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("room", [0, 1, 50])
def test_a_full_disk_leaves_nothing_half_written(
    tmp_path: Path, code: int, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.create(tmp_path, HEADER)
    journal.append(payload(1), durable=True)
    before = (tmp_path / "000001.jsonl").read_bytes()
    left = [room]

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if left[0] == 0:
            raise OSError(code, os.strerror(code))
        part = data[: min(left[0], 20)]
        left[0] -= len(part)
        return os.pwritev(descriptor, [part], offset)

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(ThunesError, match=os.strerror(code)):
        journal.append(payload(2), durable=True)
    assert (tmp_path / "000001.jsonl").read_bytes() == before
    monkeypatch.undo()
    journal.append(payload(2), durable=True)  # there is room again
    journal.close()
    assert steps(tmp_path) == [payload(1), payload(2)]


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr("os.pwrite", lambda fd, data, at: real(fd, data[:7], at))
    build(tmp_path, 5, 1 << 20)
    assert steps(tmp_path) == [payload(n) for n in range(1, 6)]


def test_an_interrupt_within_a_write_leaves_no_scrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.create(tmp_path, HEADER)
    real = os.pwrite

    def interrupted(descriptor: int, data: bytes, offset: int) -> int:
        real(descriptor, data, offset)
        raise KeyboardInterrupt

    monkeypatch.setattr("os.pwrite", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.append(payload(6) * 3, durable=True)
    monkeypatch.undo()
    journal.append(payload(1), durable=True)
    journal.close()
    assert steps(tmp_path) == [payload(1)]


def test_after_a_failed_sync_nothing_more_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.create(tmp_path, HEADER)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.fdatasync", broken)
    with pytest.raises(ThunesError, match="could not be synced"):
        journal.append(payload(1), durable=True)
    monkeypatch.undo()
    for durable in (True, False):
        with pytest.raises(ThunesError, match="nothing more is recorded"):
            journal.append(payload(2), durable=durable)
    journal.release()
    assert scan(tmp_path).problems == ()


def test_a_file_that_cannot_be_cut_back_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.create(tmp_path, HEADER)

    def broken(*_: object) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.pwrite", broken)
    monkeypatch.setattr("os.ftruncate", broken)
    with pytest.raises(ThunesError, match="nor cut back"):
        journal.append(payload(1), durable=True)
    monkeypatch.undo()
    with pytest.raises(ThunesError, match="nothing more is recorded"):
        journal.append(payload(1), durable=True)
    journal.release()


class PowerCut(BaseException):
    """The machine goes dark: nothing after this call happens."""


WATCHED = ("os.fsync", "os.fdatasync", "os.ftruncate", "os.open", "os.pwrite")
PATH_CALLS = ("replace", "unlink")


def cut_power(monkeypatch: pytest.MonkeyPatch, call: int, *, after: bool) -> list[int]:
    """Stop the world before or after the `call`-th call to the system; the list counts them."""
    count = [0]

    def watched(real: object) -> object:
        def act(*args: object, **options: object) -> object:
            count[0] += 1
            if count[0] > call or (count[0] == call and not after):
                raise PowerCut
            result = real(*args, **options)  # type: ignore[operator]
            if count[0] == call:
                raise PowerCut
            return result

        return act

    for name in WATCHED:
        monkeypatch.setattr(name, watched(getattr(os, name.removeprefix("os."))))
    for name in PATH_CALLS:
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    return count


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_between_any_two_calls_of_a_rotation_is_mended(
    tmp_path: Path, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [payload(n) for n in range(1, 9)]
    for call in range(1, 200):
        directory = tmp_path / str(call)
        journal = build_open(directory, whole[:6])
        with monkeypatch.context() as patch:
            count = cut_power(patch, call, after=after)
            try:
                journal.append(whole[6], durable=True)
            except PowerCut:
                pass
            else:
                assert count[0] < call
                assert call > 10, "the rotation makes more calls than that"
                journal.release()
                return
        os.close(journal._lock)  # as the end of its process would
        again = Journal.open(directory, segment_bytes=300)
        for data in whole[again.head.sequence :]:
            again.append(data, durable=True)
        again.close()
        assert steps(directory) == whole
        assert scan(directory).problems == ()
        assert not list(directory.glob("*.tmp"))
        assert all(segment.compressed for segment in segments(directory)[:-1])
        names = {path.name for path in directory.iterdir()}
        assert not any(name + ".zst" in names for name in names)
    raise AssertionError("the append never finished")


def build_open(directory: Path, lines: list[bytes]) -> Journal:
    """A journal whose next append rotates."""
    journal = Journal.create(directory, HEADER, segment_bytes=1 << 20)
    for line in lines:
        journal.append(line, durable=False)
    journal._segment_bytes = 1
    return journal


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_while_a_journal_begins_leaves_it_whole_or_absent(
    tmp_path: Path, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for call in range(1, 100):
        directory = tmp_path / str(call)
        with monkeypatch.context() as patch:
            cut_power(patch, call, after=after)
            try:
                Journal.create(directory, HEADER).release()
            except PowerCut:
                pass
            else:
                assert call > 3
                return
        if segments(directory):
            assert read_header(directory) == HEADER
    raise AssertionError("the journal never began")


def test_a_segment_that_cannot_be_compressed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = build_open(tmp_path, [payload(1)])

    def full(path: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    journal.append(payload(2), durable=True)
    monkeypatch.undo()
    assert "could not be compressed (No space left on device)" in journal.notes[0]
    journal.release()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001.jsonl", "000002.jsonl"]
    assert scan(tmp_path).problems == ()
    Journal.open(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001.jsonl.zst", "000002.jsonl"]
    assert steps(tmp_path) == [payload(1), payload(2)]


def test_a_rotation_without_room_keeps_the_old_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = build_open(tmp_path, [payload(1)])

    def full(path: Path, *_: object) -> Appender:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Appender, "create", full)
    with pytest.raises(ThunesError, match=r"000002.jsonl cannot be written: No space left"):
        journal.append(payload(2), durable=True)
    monkeypatch.undo()
    journal.append(payload(2), durable=True)
    journal.close()
    assert steps(tmp_path) == [payload(1), payload(2)]


def test_a_killed_writer_loses_nothing_that_was_durable(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from thunes.adapters.storage.journal import Journal
journal = Journal.create(Path({str(tmp_path / "j")!r}), b'{{}}', segment_bytes=2000)
number = 0
while True:
    number += 1
    journal.append(b'{{"n":%d}}' % number, durable=True)
    print(number, flush=True)
"""
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(60):
        writer.stdout.readline()
    time.sleep(0.05)
    writer.kill()
    rest, _ = writer.communicate()
    told = 60 + len([line for line in rest.split("\n")[:-1] if line])
    journal = Journal.open(tmp_path / "j")
    assert journal.head.sequence >= told
    journal.close()
    assert scan(tmp_path / "j").problems == ()


def test_a_compressed_segment_is_read_by_the_zstd_tools(tmp_path: Path) -> None:
    import zstandard

    build(tmp_path, 25, 500)
    with zstandard.open(tmp_path / "000001.jsonl.zst", "rb") as file:
        assert file.read().startswith(b'{"seq":0,"session":')


def test_a_torn_line_in_an_old_segment_is_damage(tmp_path: Path) -> None:
    lines = [line + b"\n" for line in lines_of(build(tmp_path / "j", 5, 1 << 20))]
    put(tmp_path / "k", [[*lines[:2], lines[2][:-1]], lines[3:]], packed=False)
    found = scan(tmp_path / "k").problems
    assert [(problem.damage, problem.sequence) for problem in found] == [(Damage.CHANGED, 2)]


def test_both_stores_satisfy_the_port(tmp_path: Path) -> None:
    memory = MemoryStore()
    with Journal.create(tmp_path, HEADER) as journal:
        stores: list[Store] = [memory, journal]
        for store in stores:
            store.append(payload(1), durable=True)
    other = MemoryStore()
    other.append(payload(1), durable=False)
    assert memory.outcome_hash == other.outcome_hash
    other.append(payload(1), durable=False)
    assert memory.outcome_hash != other.outcome_hash
    assert MemoryStore().outcome_hash != memory.outcome_hash
