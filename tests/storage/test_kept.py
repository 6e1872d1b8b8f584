"""A journal with the newest state beside it: what was kept is found, and what followed."""

from pathlib import Path

import pytest

from thunes.adapters.storage.disk import Disk
from thunes.adapters.storage.kept import KeptJournal
from thunes.core.domain.errors import ThunesError

HEADER = b'{"kept":true}'
BARS = b'{"event":{"type":"bars_closed","at":1,"bars":{}}}'


def line(number: int) -> bytes:
    return b'{"event":{"type":"timer_fired","at":%d}}' % number


def begun(directory: Path, *lines: bytes) -> KeptJournal:
    kept = KeptJournal.open(directory, HEADER)
    for each in lines:
        kept.append(each, durable=True)
    return kept


def found(directory: Path) -> tuple[bytes | None, list[bytes], list[bytes]]:
    kept = KeptJournal.open(directory, HEADER)
    try:
        what = kept.recorded()
        return what.state, what.beside, list(what.after)
    finally:
        kept.release()


def test_what_followed_the_state_and_the_closings_before_it(tmp_path: Path) -> None:
    kept = begun(tmp_path / "j", line(1), BARS, line(2))
    kept.keep(b"state")
    kept.append(line(3), durable=True)
    kept.release()
    assert found(tmp_path / "j") == (b"state", [BARS], [line(3)])
    again = KeptJournal.open(tmp_path / "j", b'{"another":1}')
    assert not again.fresh
    assert list(again.recorded().after) == [line(3)]
    again.append(line(4), durable=True)
    again.keep(b"later")
    again.release()
    assert found(tmp_path / "j") == (b"later", [BARS], [])


def test_without_a_state_everything_is_gone_through(tmp_path: Path) -> None:
    begun(tmp_path / "j", line(1), BARS).release()
    assert found(tmp_path / "j") == (None, [], [line(1), BARS])


@pytest.mark.parametrize("damage", ["cut", "other", "ahead"])
def test_a_state_that_the_journal_does_not_vouch_for_does_not_count(
    tmp_path: Path, damage: str
) -> None:
    kept = begun(tmp_path / "j", line(1), line(2))
    kept.keep(b"state")
    kept.release()
    path = tmp_path / "j" / "snapshot"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        other = begun(
            tmp_path / "other", *(line(10 + n) for n in range(2 if damage == "other" else 5))
        )
        other.keep(b"not of this journal")
        other.release()
        path.write_bytes((tmp_path / "other" / "snapshot").read_bytes())
    assert found(tmp_path / "j") == (None, [], [line(1), line(2)])


class Watched(Disk):
    """Says which files were synced, and which took the place of others, in that order."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self._names: dict[int, str] = {}

    def open(self, path: Path, *, new: bool) -> int:
        descriptor = super().open(path, new=new)
        self._names[descriptor] = path.name
        return descriptor

    def sync(self, descriptor: int) -> None:
        super().sync(descriptor)
        self.did.append(f"sync {self._names[descriptor]}")

    def replace(self, path: Path, target: Path) -> None:
        super().replace(path, target)
        self.did.append(f"replace {target.name}")


@pytest.mark.parametrize("durable", [False, True])
def test_what_a_state_was_taken_after_is_on_disk_before_it(tmp_path: Path, durable: bool) -> None:
    disk = Watched()
    kept = KeptJournal.open(tmp_path / "j", HEADER, disk)
    kept.append(line(1), durable=True)
    kept.append(line(2), durable=durable)
    disk.did.clear()
    kept.keep(b"state")
    kept.release()
    lines = [] if durable else ["sync 000001.jsonl"]
    assert disk.did == [*lines, "sync snapshot.tmp", "replace snapshot"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    kept = begun(tmp_path / "j", line(1))
    with pytest.raises(ThunesError, match="another program is writing"):
        KeptJournal.open(tmp_path / "j", HEADER)
    kept.release()
