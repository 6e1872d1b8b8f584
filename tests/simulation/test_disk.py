"""The simulated disk: like the real one while nothing fails, and honest about what is durable."""

import errno
from pathlib import Path

import pytest

from thunes.adapters.storage.disk import Disk
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import read_steps
from thunes.adapters.storage.scan import scan
from thunes.core.domain.errors import DataError, ThunesError
from thunes.simulation.chance import Chance
from thunes.simulation.disk import DiskFaults, FaultyDisk, Stopped
from thunes.simulation.platter import Platter

PLACE = Path("/journal")
HEADER = b'{"tape":{}}'


def keep(place: Path, disk: Disk, lines: int = 40, *, close: bool = True) -> None:
    """A journal that rotates, is let go of and opened again."""
    journal = Journal.create(place, HEADER, segment_bytes=1_000, disk=disk)
    for number in range(1, lines + 1):
        if number == lines // 2:
            journal.release()
            journal = Journal.open(place, segment_bytes=1_000, disk=disk)
        journal.append(b'{"n":%d}' % number, durable=number % 5 == 0)
    if close:
        journal.close()
    else:
        journal.release()


def images(platter: Platter) -> dict[str, bytes]:
    return {path: bytes(node.data) for path, node in platter.names.items()}


def test_it_does_what_the_real_disk_does(tmp_path: Path) -> None:
    disk = FaultyDisk(Platter())
    keep(PLACE, disk)
    keep(tmp_path / "real", Disk())
    disk.platter.write_out(PLACE, tmp_path / "copied")
    copied = {path.name: path.read_bytes() for path in (tmp_path / "copied").iterdir()}
    assert copied == {path.name: path.read_bytes() for path in (tmp_path / "real").iterdir()}
    assert list(read_steps(PLACE, disk)) == list(read_steps(tmp_path / "copied"))


def both(tmp_path: Path) -> list[tuple[Disk, Path]]:
    simulated = FaultyDisk(Platter())
    simulated.make_directory(Path("/here"))
    return [(Disk(), tmp_path), (simulated, Path("/here"))]


def test_it_refuses_what_the_real_disk_refuses(tmp_path: Path) -> None:
    for disk, place in both(tmp_path):
        disk.close(disk.open(place / "file", new=True))
        with pytest.raises(FileExistsError):
            disk.open(place / "file", new=True)
        with pytest.raises(FileExistsError):
            disk.make_directory(place)
        with pytest.raises(NotADirectoryError):
            disk.make_directory(place / "file" / "x")
        with pytest.raises(NotADirectoryError):
            disk.lock(place / "file")
        for act in (disk.names, disk.reader, disk.lock, disk.sync_path):
            with pytest.raises(FileNotFoundError):
                act(place / "absent")
        with pytest.raises(FileNotFoundError):
            disk.open(place / "absent", new=False)
        with pytest.raises(FileNotFoundError):
            disk.open(place / "absent" / "x", new=True)
        with pytest.raises(FileNotFoundError):
            disk.make_directory(place / "absent" / "x")
        disk.unlink(place / "absent")
        held = disk.lock(place)
        with pytest.raises(BlockingIOError):
            disk.lock(place)
        disk.close(held)
        disk.close(disk.lock(place))
        assert disk.names(place) == ["file"]


def test_a_gap_and_a_cut_read_as_on_the_real_disk(tmp_path: Path) -> None:
    for disk, place in both(tmp_path):
        file = disk.open(place / "file", new=True)
        assert disk.write(file, b"abc", 5) == 3
        disk.truncate(file, 6)
        disk.truncate(file, 8)
        disk.write(file, b"xy", 1)
        disk.sync(file)
        disk.replace(place / "file", place / "other")
        with disk.reader(place / "other") as read:
            assert read.read() == b"\0xy\0\0a\0\0"
        disk.unlink(place / "other")
        assert disk.names(place) == []


def test_two_programs_share_the_platter_and_not_the_lock() -> None:
    platter = Platter()
    first, second = FaultyDisk(platter), FaultyDisk(platter)
    journal = Journal.create(PLACE, HEADER, disk=first)
    with pytest.raises(ThunesError, match="another program"):
        Journal.open(PLACE, disk=second)
    first.kill()
    with pytest.raises(Stopped):
        journal.append(b"{}", durable=False)
    Journal.open(PLACE, disk=second).close()


def test_a_crash_leaves_one_of_the_states_that_it_may_leave() -> None:
    platter = Platter()
    disk = FaultyDisk(platter)
    journal = Journal.create(PLACE, HEADER, disk=disk)
    journal.append(b'{"n":1}', durable=True)
    for number in range(2, 9):
        journal.append(b'{"n":%d,"pad":"%b"}' % (number, b"x" * 150), durable=False)
    disk.kill()
    may = [images(left) for left in platter.crash_states()]
    assert len(may) > 500
    sizes = {len(left["/journal/000001.jsonl"]) for left in may}
    assert sizes == set(range(min(sizes), max(sizes) + 1))
    found = set()
    for seed in range(300):
        copied = Platter(dict(platter.names))
        copied._kept, copied._pending = dict(platter._kept), list(platter._pending)
        copied.crash(Chance(seed))
        assert images(copied) in may
        found.add(copied.names["/journal/000001.jsonl"].data.rstrip(b"\0")[-1:] == b"\n")
    assert found == {True, False}


def test_names_that_were_not_synced_may_be_lost() -> None:
    disk = FaultyDisk(Platter())
    place = Path("/place")
    disk.make_directory(place)
    file = disk.open(place / "a", new=True)
    disk.write(file, b"whole", 0)
    disk.sync(file)
    assert {"/place" in left.names for left in disk.platter.crash_states()} == {True, False}
    disk.sync_path(Path("/"))
    assert names_left(disk.platter) == [[], ["a"]]
    disk.sync_path(place)
    disk.replace(place / "a", place / "b")
    assert names_left(disk.platter) == [["a"], ["b"]]
    disk.sync_path(place)
    disk.unlink(place / "b")
    assert names_left(disk.platter) == [["b"], []]
    disk.sync_path(place)
    assert names_left(disk.platter) == [[]]


def names_left(platter: Platter) -> list[list[str]]:
    return [FaultyDisk(left).names(Path("/place")) for left in platter.crash_states()]


def test_a_failed_sync_shows_what_it_lost_until_the_crash() -> None:
    lengths = set()
    for seed in range(40):
        disk = FaultyDisk(Platter(), Chance(seed))
        file = disk.open(Path("/file"), new=True)
        disk.sync_path(Path("/"))
        disk.write(file, b"0123456789", 0)
        disk.trouble.fail(1, errno.EIO)
        with pytest.raises(OSError, match="Input/output"):
            disk.sync(file)
        disk.sync(file)
        assert disk.reader(Path("/file")).read() == b"0123456789"
        disk.kill()
        disk.platter.crash(Chance(seed))
        left = FaultyDisk(disk.platter).reader(Path("/file")).read()
        assert b"0123456789".startswith(left)
        lengths.add(len(left))
    assert {0, 10} < lengths


def test_a_disk_stays_full_until_there_is_room() -> None:
    disk = FaultyDisk(Platter())
    journal = Journal.create(PLACE, HEADER, disk=disk)
    for code in (errno.ENOSPC, errno.EROFS):
        journal.append(b"{}", durable=True)
        disk.trouble.stand(code)
        for _ in range(3):
            with pytest.raises(ThunesError, match=r"No space left|Read-only"):
                journal.append(b"{}", durable=True)
        disk.trouble.stand(0)
        if code == errno.ENOSPC:
            journal.append(b"{}", durable=True)
            continue
        journal.release()
        journal = Journal.open(PLACE, disk=disk)
        journal.append(b"{}", durable=True)
    journal.close()
    assert scan(PLACE, disk).problems == ()
    assert scan(PLACE, disk).closed


def test_a_flipped_bit_of_what_was_durable_stops_the_next_program() -> None:
    for seed in range(50):
        disk = FaultyDisk(Platter())
        keep(PLACE, disk, close=False)
        disk.kill()
        before = images(disk.platter)
        disk.platter.crash(Chance(seed), flip_kept=0.0)
        Journal.open(PLACE, disk=FaultyDisk(disk.platter)).release()
        disk.platter.crash(Chance(seed), flip_kept=1.0)
        after = images(disk.platter)
        assert [path for path in after if after[path] != before[path]]
        with pytest.raises(DataError):
            Journal.open(PLACE, disk=FaultyDisk(disk.platter))


def test_a_flipped_bit_of_what_was_not_is_never_taken_for_a_line() -> None:
    """The next program starts without that line, or says what is damaged."""
    started = 0
    for seed in range(200):
        disk = FaultyDisk(Platter())
        journal = Journal.create(PLACE, HEADER, disk=disk)
        journal.append(b'{"n":1}', durable=True)
        journal.append(b'{"n":2,"pad":"%b"}' % (b"x" * 200), durable=False)
        disk.kill()
        disk.platter.crash(Chance(seed), flip_new=1.0)
        disk = FaultyDisk(disk.platter)
        try:
            journal = Journal.open(PLACE, disk=disk)
        except DataError:
            continue
        started += 1
        assert [data for _, data in read_steps(PLACE, disk)] == [b'{"n":1}']
    assert 0 < started < 200


SWARM = DiskFaults(refuse=60, short=30, sync=150, read=80, busy=10, stop=120)


def live(seed: int, faults: DiskFaults = SWARM, rounds: int = 12) -> tuple[str, dict[str, int]]:
    """Programs that follow each other on one disk; all they were promised stays."""
    chance, platter, promised, story = Chance(seed), Platter(), 0, []
    begun = False
    struck: dict[str, int] = {}
    for turn in range(rounds):
        disk = FaultyDisk(platter, chance, faults)
        try:
            if begun:
                journal = Journal.open(PLACE, segment_bytes=600, disk=disk)
            else:
                platter = Platter()
                disk = FaultyDisk(platter, chance, faults)
                journal = Journal.create(PLACE, HEADER, segment_bytes=600, disk=disk)
                begun = True
            assert journal.head.sequence >= promised
            story.append(f"{turn}: open at {journal.head.sequence}")
            for _ in range(30):
                number = journal.head.sequence + 1
                journal.append(b'{"n":%d,"turn":%d}' % (number, turn), durable=number % 3 == 0)
                promised = number if number % 3 == 0 else promised
        except ThunesError as failure:
            story.append(str(failure))
        except Stopped:
            story.append("stopped")
        disk.kill()
        struck = {kind: struck.get(kind, 0) + count for kind, count in disk.trouble.struck.items()}
        if turn % 2:
            platter.crash(chance)
    assert Journal.open(PLACE, disk=FaultyDisk(platter)).head.sequence >= promised
    return "\n".join(story), struck


def test_no_program_loses_what_another_was_promised() -> None:
    total: dict[str, int] = {}
    for seed in range(300):
        _, struck = live(seed)
        total = {kind: total.get(kind, 0) + count for kind, count in struck.items()}
    assert min(total.values()) > 20, total


def test_the_same_seed_gives_the_same_story() -> None:
    assert [live(seed) for seed in range(20)] == [live(seed) for seed in range(20)]
    assert len({live(seed)[0] for seed in range(20)}) == 20


def test_one_fault_does_not_shift_another() -> None:
    """The writes that are cut short are the same ones whether reads fail or not."""

    def shorts(faults: DiskFaults) -> list[int]:
        disk = FaultyDisk(Platter(), Chance(7), faults)
        file = disk.open(Path("/file"), new=True)
        found = []
        for number in range(2_000):
            if disk.write(file, b"x" * 100, number * 100) < 100:
                found.append(number)
            try:
                disk.reader(Path("/file")).close()
            except OSError:
                assert faults.read
        return found

    alone = shorts(DiskFaults(short=50))
    assert len(alone) > 20
    assert shorts(DiskFaults(short=50, read=20)) == alone
