"""Every call to the disk fails once, with every error, and the power fails at every call:
what was promised to be durable is there again, and nothing else is half there."""

import copy
import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.storage.journals import HEADER
from thunes.adapters.storage.disk import SyncFailed
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.reading import read_steps
from thunes.adapters.storage.scan import scan
from thunes.core.domain.errors import DataError, ThunesError
from thunes.simulation.chance import Chance
from thunes.simulation.disk import FaultyDisk, Stopped
from thunes.simulation.platter import SECTOR_BYTES, Platter

PLACE = Path("/data/journal")
SEGMENT_BYTES = 900
LINES = 20
ERRORS = [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS]
ADVICE = ("make room", "Make room", "Check the disk", "check the disk", "may be read", "stop it")


def text(number: int) -> bytes:
    return b'{"n":%d,"pad":"%b"}' % (number, b"x" * (number * 37 % 200))


class Owner:
    """A program that keeps a journal, and what it may rely on."""

    def __init__(self, disk: FaultyDisk, *, patient: bool = False) -> None:
        self.disk = disk
        self.patient = patient
        self.begun = False
        self.tried = 0
        self.promised = 0
        self.ending = False
        self.failures: list[ThunesError] = []

    def run(self) -> None:
        """Create, append, let go, open, append, close; ends early at a failure if not patient."""
        try:
            journal = Journal.create(PLACE, HEADER, segment_bytes=SEGMENT_BYTES, disk=self.disk)
            self.begun = True
            self._append(journal, LINES // 2)
            journal.release()
            journal = Journal.open(PLACE, segment_bytes=SEGMENT_BYTES, disk=self.disk)
            self._append(journal, LINES)
            self.ending = True
            journal.close()
        except ThunesError as failure:
            self._note(failure)

    def _append(self, journal: Journal, last: int) -> None:
        while journal.head.sequence < last:
            number = journal.head.sequence + 1
            self.tried, durable = number, number % 4 == 0
            try:
                journal.append(text(number), durable=durable)
            except SyncFailed:
                for again in (True, False):
                    with pytest.raises(ThunesError, match="nothing more is recorded"):
                        journal.append(text(number), durable=again)
                with suppress(ThunesError):
                    journal.release()
                raise
            except ThunesError as failure:
                if not self.patient:
                    with suppress(ThunesError):
                        journal.release()
                    raise
                self._note(failure)
                assert len(self.failures) < 3, "one failure does not come again"
            else:
                self.promised = number if durable else self.promised

    def _note(self, failure: ThunesError) -> None:
        self.failures.append(failure)
        assert str(PLACE) in str(failure), failure
        assert any(words in str(failure) for words in ADVICE), failure


def check(platter: Platter, owner: Owner) -> None:
    """A new program goes on: all that was promised is there, the lines are whole and in order."""
    disk = FaultyDisk(platter)
    try:
        journal = Journal.open(PLACE, segment_bytes=SEGMENT_BYTES, disk=disk)
    except ThunesError as refused:
        if owner.ending and "was closed" in str(refused):
            assert [number for number, _ in read_steps(PLACE, disk)] == list(range(1, LINES + 1))
            assert scan(PLACE, disk).problems == ()
            return
        nothing = "holds no journal" in str(refused) or "No such file" in str(refused)
        if owner.begun or not nothing:
            raise
        return
    last = journal.head.sequence
    assert owner.promised <= last <= owner.tried
    journal.append(text(last + 1), durable=True)
    journal.close()
    assert list(read_steps(PLACE, disk)) == [(n, text(n)) for n in range(1, last + 2)]
    assert scan(PLACE, disk).problems == ()
    assert not [name for name in disk.names(PLACE) if name.endswith(".tmp")]


def aftermath(owner: Owner, grain: int) -> Iterator[Platter]:
    """What the next program may find: all of it, or each thing that a power failure may leave."""
    owner.disk.kill()
    platter = owner.disk.platter
    yield copy.deepcopy(platter)
    yield from platter.crash_states(grain)


def calls_in_all() -> int:
    owner = Owner(FaultyDisk(Platter()))
    owner.run()
    assert not owner.failures
    assert owner.ending
    return owner.disk.trouble.calls


def struck(call: int, code: int, *, patient: bool, seed: int = 0) -> Owner:
    """The owner with its `call`-th call failing; 0: it is stopped there."""
    owner = Owner(FaultyDisk(Platter(), Chance(seed)), patient=patient)
    owner.disk.trouble.fail(call, code)
    with suppress(Stopped):
        owner.run()
    return owner


def test_the_scenario_does_what_is_to_be_tried() -> None:
    disk = FaultyDisk(Platter())
    Owner(disk).run()
    names = disk.names(PLACE)
    assert len(names) >= 3
    assert names[0].endswith(".zst")
    assert scan(PLACE, disk).closed
    assert calls_in_all() > 100


@pytest.mark.parametrize("patient", [False, True])
@pytest.mark.parametrize("code", ERRORS, ids=errno.errorcode.get)
def test_each_call_fails_once(code: int, patient: bool) -> None:
    for call in range(1, calls_in_all() + 1):
        owner = struck(call, code, patient=patient)
        for left in aftermath(owner, grain=64):
            check(left, owner)


def test_the_power_fails_at_each_call() -> None:
    """At each call, with all that it may leave; every byte of a torn line is tried elsewhere."""
    tried = 0
    for call in range(1, calls_in_all() + 1):
        owner = struck(call, 0, patient=False)
        for left in aftermath(owner, grain=9):
            check(left, owner)
            tried += 1
    assert tried > 2_000


@pytest.mark.parametrize("code", [0, errno.EIO])
@pytest.mark.parametrize("seed", range(3))
def test_what_was_never_durable_is_not_relied_on(seed: int, code: int) -> None:
    """After a failure or a kill another program goes on, and then the power fails."""
    for call in range(1, calls_in_all() + 1):
        owner = struck(call, code, patient=False, seed=seed)
        owner.disk.kill()
        after = Owner(FaultyDisk(owner.disk.platter))
        try:
            journal = Journal.open(PLACE, disk=after.disk)
        except ThunesError:
            continue
        after.begun, after.tried = True, journal.head.sequence + 1
        journal.append(text(after.tried), durable=True)
        after.promised = after.tried
        after.disk.kill()
        for left in after.disk.platter.crash_states(64):
            check(left, after)


@pytest.mark.parametrize("code", [0, errno.EIO, errno.ENOSPC])
def test_a_second_failure_while_the_first_is_mended(code: int) -> None:
    chance = Chance(code)
    for call in range(1, calls_in_all() + 1, 5):
        for second in range(1, 60):
            owner = struck(call, 0, patient=False, seed=call)
            owner.disk.kill()
            owner.disk.platter.crash(chance)
            disk = FaultyDisk(owner.disk.platter, chance)
            disk.trouble.fail(second, code)
            with suppress(ThunesError, Stopped):
                Journal.open(PLACE, segment_bytes=SEGMENT_BYTES, disk=disk).release()
            quiet = disk.trouble.calls < second
            disk.kill()
            disk.platter.crash(chance)
            check(disk.platter, owner)
            if quiet:
                break
        else:
            raise AssertionError("opening makes fewer calls than that")


def test_a_hole_that_is_no_power_failure_stops_the_start() -> None:
    """Zeros further back than anything can be unsynced, or not from sector to sector."""
    for size, low, high in ((3_000, 600, 700), (1 << 21, 512, 1024)):
        disk = FaultyDisk(Platter())
        journal = Journal.create(PLACE, HEADER, disk=disk)
        while journal._file.size < size:
            journal.append(b'"%b"' % (b"x" * 2_000), durable=True)
        journal.release()
        node = disk.platter.node(PLACE / "000001.jsonl")
        node.data[low:high] = bytes(high - low)
        with pytest.raises(DataError, match=r"is damaged: 000001\.jsonl, line 2"):
            Journal.open(PLACE, disk=disk)


def test_what_lies_behind_a_hole_is_set_aside(tmp_path: Path) -> None:
    """On the real disk: lines behind a lost sector are kept for who wants to look at them."""
    journal = Journal.create(tmp_path, HEADER)
    for number in range(1, 30):
        journal.append(text(number), durable=False)
    journal.release()
    path = tmp_path / "000001.jsonl"
    data = bytearray(path.read_bytes())
    data[1024:1536] = bytes(512)
    path.write_bytes(data)
    journal = Journal.open(tmp_path)
    start = path.stat().st_size
    (aside,) = tmp_path.glob("*.cut")
    assert aside.read_bytes() == data[start:]
    assert "power failure" in journal.notes[0]
    assert str(aside) in journal.notes[0]
    journal.close()
    assert scan(tmp_path).problems == ()


def test_every_flipped_bit_of_what_was_durable_is_found() -> None:
    disk = FaultyDisk(Platter())
    owner = Owner(disk)
    journal = Journal.create(PLACE, HEADER, segment_bytes=SEGMENT_BYTES, disk=disk)
    owner._append(journal, 8)
    journal.release()
    for name in disk.names(PLACE):
        node = disk.platter.node(PLACE / name)
        for at in range(len(node.data)):
            for bit in range(8):
                node.data[at] ^= 1 << bit
                with pytest.raises(DataError):
                    Journal.open(PLACE, disk=disk)
                node.data[at] ^= 1 << bit


def test_a_journal_is_let_go_of_once() -> None:
    disk = FaultyDisk(Platter())
    first = Journal.create(PLACE, HEADER, disk=disk)
    first.release()
    second = Journal.open(PLACE, disk=disk)
    first.release()
    with pytest.raises(ThunesError, match="was let go of"):
        first.append(text(1), durable=True)
    with pytest.raises(ThunesError, match="another program"):
        Journal.open(PLACE, disk=disk)
    second.append(text(1), durable=True)
    second.close()


FILL = """
import sys
from pathlib import Path
from thunes.adapters.storage.journal import Journal
from thunes.core.domain.errors import ThunesError
journal = Journal.create(Path(sys.argv[1]), b"{}", segment_bytes=20_000)
try:
    while True:
        number = journal.head.sequence + 1
        line = b'{"n":%d,"pad":"%d"}' % (number, number**99)
        journal.append(line, durable=number % 3 == 0)
        if number % 3 == 0:
            print(number, flush=True)
except ThunesError as error:
    print(error, file=sys.stderr)
"""


def fill(directory: Path, **options: object) -> tuple[int, str]:
    """Append until nothing fits; the last line promised, and what was said then."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(directory)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        **options,  # type: ignore[call-overload]
    )
    return int(done.stdout.split()[-1]), done.stderr


def test_a_small_disk_that_really_fills_up(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        promised, said = fill(small / "j")
        assert "No space left on device" in said
        assert said.count("\n") == 1
        assert promised > 100
        assert scan(small / "j").problems == ()
        assert scan(small / "j").sequence >= promised
        with suppress(ThunesError):  # still full
            Journal.open(small / "j").release()
        assert scan(small / "j").sequence >= promised
        subprocess.run(["mount", "-o", "remount,size=1m", str(small)], check=True)
        with Journal.open(small / "j") as journal:
            assert journal.head.sequence >= promised
            journal.append(b"{}", durable=True)
        assert scan(small / "j").problems == ()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (15_000, 15_000))

    promised, said = fill(tmp_path / "j", preexec_fn=limited)
    assert "000001.jsonl could not be written: File too large" in said
    with Journal.open(tmp_path / "j") as journal:
        assert journal.head.sequence >= promised
    assert scan(tmp_path / "j").problems == ()


def test_a_sector_that_was_lost_with_the_first_bytes_of_a_line_is_a_torn_end(
    tmp_path: Path,
) -> None:
    """Found by a seed: two zeros at the end of a sector, where an unsynced line began."""
    for pad in range(SECTOR_BYTES):
        folder = tmp_path / str(pad)
        journal = Journal.create(folder, b'{"pad":"%b"}' % (b"x" * pad))
        journal.append(b'{"durable":1}', durable=True)
        file = folder / "000001.jsonl"
        size = file.stat().st_size
        journal.append(b'{"lost":1}', durable=False)
        journal.append(b'{"lost":2}', durable=False)
        journal.release()
        if size % SECTOR_BYTES == SECTOR_BYTES - 2:
            break
    content = bytearray(file.read_bytes())
    content[size : size + 2] = bytes(2)
    file.write_bytes(content)
    journal = Journal.open(folder)
    journal.release()
    assert ["cut off" in note for note in journal.notes] == [True]
    assert [payload for _, payload in read_steps(folder)] == [b'{"durable":1}']
