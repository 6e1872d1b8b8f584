"""A backup is one file from which the account goes on; what is secret is not in it."""

import gzip
import tarfile
from pathlib import Path

import pytest
import zstandard

from tests.commands.instances import flat
from thunes.adapters.storage.journal import Journal
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.storage.scan import scan
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.ops.commands.archive import archive, without_secrets

CONFIGURATION = """
[account]
cash = 100
api_key = "canary-1"
  api_secret="canary-2"
telegram_token = 'canary-3'
"password" = "canary-4"
[limits]
daily_loss = 20
"""


def kept(directory: Path, lines: int, segment_bytes: int = 1 << 20) -> KeptJournal:
    journal = KeptJournal.open(directory, b"{}")
    journal.journal._segment_bytes = segment_bytes
    for number in range(lines):
        journal.append(b'{"n":%d}' % number, durable=False)
    return journal


def unpacked(path: Path, target: Path) -> Path:
    packed = path.read_bytes()
    if path.name.endswith("zst"):
        data = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    else:
        data = gzip.decompress(packed)
    plain = target.with_suffix(".tar")
    plain.write_bytes(data)
    with tarfile.open(plain) as tar:
        tar.extractall(target, filter="data")
    return target


@pytest.mark.parametrize("name", ["b.tar.zst", "b.tar.gz"])
def test_it_unpacks_to_a_journal_that_is_gone_on_with(tmp_path: Path, name: str) -> None:
    journal = kept(tmp_path / "journal", 50, segment_bytes=1_000)
    journal.keep(b"state")
    journal.append(b'{"n":50}', durable=False)
    path = tmp_path / "journal" / "000001.jsonl"
    made = archive(tmp_path / "journal", None, tmp_path / name)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert len(made.files) > 3
    assert not path.exists()  # some segments were compressed
    journal.append(b'{"n":51}', durable=True)  # all goes on meanwhile
    restored = unpacked(tmp_path / name, tmp_path / "restored") / "journal"
    found = scan(restored)
    assert (found.problems, found.sequence) == ((), 51)
    again = KeptJournal.open(restored, b"{}")
    assert again.recorded().state == b"state"
    again.release()
    journal.release()


def test_a_line_that_is_half_written_is_left_out(tmp_path: Path) -> None:
    journal = kept(tmp_path / "journal", 5)
    with (tmp_path / "journal" / "000001.jsonl").open("ab") as file:
        file.write(b'{"seq":6,"st')
    archive(tmp_path / "journal", None, tmp_path / "b.tar.gz")
    found = scan(unpacked(tmp_path / "b.tar.gz", tmp_path / "restored") / "journal")
    assert (found.problems, found.sequence) == ((), 5)
    journal.release()


def test_a_segment_that_is_compressed_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = kept(tmp_path / "journal", 20)
    first = tmp_path / "journal" / "000001.jsonl"
    read = Path.read_bytes

    def compressed_first(path: Path) -> bytes:
        if path == first and path.exists():
            journal.journal._segment_bytes = 1
            journal.append(b'{"n":20}', durable=True)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", compressed_first)
    archive(tmp_path / "journal", None, tmp_path / "b.tar.gz")
    monkeypatch.undo()
    found = scan(unpacked(tmp_path / "b.tar.gz", tmp_path / "restored") / "journal")
    assert (found.problems, found.sequence) == ((), 20)
    journal.release()


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    kept(tmp_path / "journal", 1).release()
    (tmp_path / "sandbox.json").write_text('{"api_secret":"canary-5"}')
    configuration = tmp_path / "mine.toml"
    configuration.write_text(CONFIGURATION)
    made = archive(tmp_path / "journal", configuration, tmp_path / "b.tar.gz")
    assert "thunes.toml" in made.files
    data = gzip.decompress((tmp_path / "b.tar.gz").read_bytes())
    assert b"canary" not in data
    assert b"daily_loss = 20" in data


def test_secrets_are_taken_out_by_their_names() -> None:
    said = without_secrets(CONFIGURATION)
    assert "canary" not in said
    assert said.count('"***"') == 4
    assert said.splitlines()[2] == "cash = 100"


def test_targets_that_are_none(tmp_path: Path) -> None:
    kept(tmp_path / "journal", 1).release()
    with pytest.raises(UsageError, match=r"backup\.tar\.zst or backup\.tar\.gz"):
        archive(tmp_path / "journal", None, tmp_path / "b.zip")
    (tmp_path / "b.tar.gz").write_text("mine")
    with pytest.raises(UsageError, match="stands already"):
        archive(tmp_path / "journal", None, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_text() == "mine"
    with pytest.raises(ThunesError, match="cannot be written"):
        archive(tmp_path / "journal", None, tmp_path / "no" / "b.tar.gz")
    with pytest.raises(ThunesError, match="cannot be read"):
        archive(tmp_path / "gone", None, tmp_path / "c.tar.gz")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["b.tar.gz", "journal"]


def test_the_command_keeps_the_state_first(tmp_path: Path) -> None:
    told = flat()
    kept_states: list[bytes] = []
    told.rig.keep = kept_states.append  # type: ignore[method-assign]
    about = told.instance.about
    Journal.create(tmp_path / "journal", b"{}").release()
    object.__setattr__(about, "journal", tmp_path / "journal")
    said = told.ask("backup", file=str(tmp_path / "b.tar.zst"))
    assert said["files"] == ["journal/000001.jsonl"]
    assert kept_states == [told.rig.state.snapshot()]
