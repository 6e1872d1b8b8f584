"""The checklist: every question answered, by somebody, lately, and for this configuration."""

import datetime
import re
from pathlib import Path

import pytest

from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import NS_PER_DAY, Instant
from thunes.ops.checklist import DAYS, ITEMS, Checklist, read_checklist, write_checklist

MARK = "a mark"
NOON = Instant(int(datetime.datetime(2026, 3, 10, 12, tzinfo=datetime.UTC).timestamp()) * 10**9)


def answered(folder: Path, day: str = "2026-03-10") -> Path:
    """A checklist with every answer given on a day."""
    path = folder / "checklist.toml"
    path.unlink(missing_ok=True)
    write_checklist(path, MARK)
    text = path.read_text("utf-8").replace('answer = ""', 'answer = "yes"')
    path.write_text(text.replace('name = ""', 'name = "Ann"').replace('""', f'"{day}"'), "utf-8")
    return path


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def lacks(path: Path, mark: str = MARK, now: Instant = NOON) -> tuple[str, ...]:
    return read_checklist(path, mark, now).lacks


def test_what_is_answered_counts_for_seven_days(tmp_path: Path) -> None:
    path = answered(tmp_path)
    found = read_checklist(path, MARK, NOON)
    assert found.lacks == ()
    assert found.until == NOON - NS_PER_DAY // 2 + (DAYS + 1) * NS_PER_DAY
    last = Instant(found.until - 1)
    assert read_checklist(path, MARK, last) == Checklist((), found.until)
    too_late = lacks(path, now=found.until)
    assert len(too_late) == len(ITEMS)
    assert "2026-03-10 is more than 7 days ago: look again" in too_late[0]


def test_the_oldest_answer_decides(tmp_path: Path) -> None:
    path = changed(answered(tmp_path), '"2026-03-10"', "2026-03-07")
    assert read_checklist(path, MARK, NOON).until == NOON - NS_PER_DAY * 7 // 2 + 8 * NS_PER_DAY


def test_what_was_just_written_is_not_answered(tmp_path: Path) -> None:
    write_checklist(tmp_path / "c.toml", MARK)
    text = (tmp_path / "c.toml").read_text("utf-8")
    assert all(question in text for question in ITEMS.values())
    said = lacks(tmp_path / "c.toml")
    assert [re.sub(r".*c\.toml: (\w+): ", r"\1 ", each) for each in said] == [
        f"{name} it is not answered" for name in ITEMS
    ]


FAULTS: dict[str, tuple[str, str, str]] = {
    "no": ('answer = "yes"', 'answer = "no"', "withdrawal: the answer is 'no', not yes"),
    "true": ('answer = "yes"', "answer = true", "withdrawal: the answer is True, not yes"),
    "nobody": ('name = "Ann"', 'name = " "', "withdrawal: no name"),
    "no day": ('date = "2026-03-10"', 'date = "today"', "the date is not like 2026-01-31"),
    "no date": ('date = "2026-03-10"\n', "", "the date is not like 2026-01-31"),
    "a day to come": ("2026-03-10", "2026-03-12", "2026-03-12 is yet to come"),
    "long ago": ("2026-03-10", "2026-03-02", "2026-03-02 is more than 7 days ago"),
    "another name": ('name = "Ann"', 'nmae = "Ann"', "nmae is none of answer, name, date, no name"),
    "another question": ("[withdrawal]", "[withdraw]", "withdraw is no question of it"),
    "a question left out": ("[withdrawal]", "[withdraw]", "withdrawal: it is not answered"),
    "no table": ("[withdrawal]", 'withdrawal = "yes"\n[x]', "withdrawal: it is not answered"),
    "another configuration": (MARK, "another", "was answered for another configuration"),
    "no TOML": ("[withdrawal]", "withdrawal", "is not TOML"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_with_a_fault(tmp_path: Path, name: str) -> None:
    old, new, said = FAULTS[name]
    assert said in "\n".join(lacks(changed(answered(tmp_path), old, new)))


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    path = changed(answered(tmp_path), 'answer = "yes"', 'answer = "later"')
    path = changed(changed(path, 'name = "Ann"', 'name = ""'), MARK, "another")
    path = changed(path, "[ending]\nanswer", "[ending]\nans")
    found = lacks(path)
    assert len(found) == 3
    assert "withdrawal: the answer is 'later', not yes, no name" in found[1]
    assert "ending: ans is none of answer, name, date, the answer is ''" in found[2]


def test_dates_of_toml_are_dates_and_tomorrow_has_begun_in_the_east(tmp_path: Path) -> None:
    path = changed(answered(tmp_path), '"2026-03-10"', "2026-03-11T05:00:00")
    assert lacks(path) == ()


def test_no_file_and_a_file_that_is_there(tmp_path: Path) -> None:
    (said,) = lacks(tmp_path / "c.toml")
    assert "`thunes live --write-checklist" in said
    path = answered(tmp_path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="exists already; it was left as it is"):
        write_checklist(path, MARK)
    assert path.read_bytes() == before
    with pytest.raises(ThunesError, match="cannot be written"):
        write_checklist(Path("/proc/none/c.toml"), MARK)
