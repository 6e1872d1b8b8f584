"""The newest entries of a journal come without reading all of it."""

from pathlib import Path

import pytest

from tests.commands.instances import Told, flat
from tests.ops.stories import REST, STORY, record
from thunes.adapters.storage import tail
from thunes.adapters.storage.chain import Kind
from thunes.adapters.storage.tail import newest
from thunes.core.domain.errors import DataError
from thunes.ops.commands.recent import recent
from thunes.ops.show import Choice, show
from thunes.ops.story import Topic


@pytest.mark.parametrize("segment_bytes", [500, 1 << 20])
@pytest.mark.parametrize("last", [1, 3, 1_000])
@pytest.mark.parametrize("topic", [None, *Topic])
def test_it_ends_as_the_whole_story_ends(
    tmp_path: Path, segment_bytes: int, last: int, topic: Topic | None
) -> None:
    journal = record(tmp_path / "journal", STORY + REST, segment_bytes=segment_bytes)
    _, *steps = list(newest(journal))  # a closed journal: its last line is the end
    assert steps[0].kind is Kind.STEP
    whole = [
        each
        for each in show(journal, Choice(topic=topic))
        if not each.sentence.text.startswith("quote ")
    ]
    found = recent(_open(journal, tmp_path), Choice(topic=topic, last=last))
    assert [(each.sequence, each.at) for each in found] == [
        (each.sequence, each.at) for each in whole[-last:]
    ]


def _open(journal: Path, tmp_path: Path) -> Path:
    """The journal without its last line, as one that is gone on with."""
    path = next(iter(sorted(journal.glob("*.jsonl"))[-1:]))
    data = path.read_bytes().rstrip(b"\n")
    path.write_bytes(data[: data.rfind(b"\n") + 1])
    return journal


def test_only_what_is_needed_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = record(tmp_path / "journal", STORY + REST, segment_bytes=500)
    read: list[Path] = []
    real = tail.blocks
    monkeypatch.setattr(
        tail, "blocks", lambda segment, disk: read.append(segment.path) or real(segment, disk)
    )
    next(newest(journal))
    assert len(read) == 1


def test_a_line_that_is_half_written_is_not_one(tmp_path: Path) -> None:
    journal = record(tmp_path / "journal", STORY)
    before = next(newest(journal))
    with (journal / "000001.jsonl").open("ab") as file:
        file.write(b'{"seq":8,"step":{"eve')
    assert next(newest(journal)) == before


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    journal = record(tmp_path / "journal", STORY)
    with (journal / "000001.jsonl").open("ab") as file:
        file.write(b"nonsense\n")
    with pytest.raises(DataError, match=r"000001\.jsonl holds a line that is damaged"):
        next(newest(journal))


def told_of(journal: Path) -> Told:
    told = flat()
    object.__setattr__(told.instance.about, "journal", journal)
    return told


def test_the_command(tmp_path: Path) -> None:
    journal = _open(record(tmp_path / "journal", STORY + REST), tmp_path)
    told = told_of(journal)
    (entry,) = told.ask("journal-tail", last=1, kind="trades")["entries"]
    assert entry["text"].startswith("trade closed: 0.00200 BTCUSDT of sma_cross bought at 50000.00")
    assert (entry["kind"], entry["symbol"]) == ("trades", "BTCUSDT")
    assert not [
        each for each in told.ask("journal-tail", last=1_000)["entries"] if "quote" in each["text"]
    ]
