"""The tables keep up with a journal that grows, whatever becomes of their database meanwhile."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.projections.told import begun, lived, projected, tables, written
from thunes.adapters.storage.projections import database
from thunes.adapters.storage.projections.keeping_up import PAUSE_MAX_S, TURN_S, keep_up

LINES = lived(3).lines
SOME = len(LINES) // 4


class Turns:
    """Stands for the clock: what happens between the turns, and how long each pause was."""

    def __init__(self, *between: Callable[[], object]) -> None:
        self._between: Iterator[Callable[[], object]] = iter(between)
        self.pauses: list[float] = []
        self.told: list[str] = []

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        act = next(self._between, None)
        if act is not None:
            act()
        return act is not None


def nothing() -> None:
    pass


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.02)


def test_each_turn_takes_in_what_is_new_and_the_last_one_as_well(tmp_path: Path) -> None:
    with begun(tmp_path / "journal") as journal:
        lines = iter(LINES)

        def some() -> None:
            for _ in range(SOME):
                journal.append(next(lines), durable=False)

        follower = projected(tmp_path / "thunes.db", tmp_path / "journal")
        turns = Turns(some, some, nothing, some)
        keep_up(follower, turns.wait, turns.told.append)
        checked = follower.check()
    assert (checked.difference, checked.behind) == (None, 0)
    assert checked.sequence >= 3 * SOME
    assert turns.told == []
    assert turns.pauses == [0.0, *[TURN_S] * 4]


def test_a_database_that_is_locked_is_told_once_tried_again_and_caught_up_with(
    tmp_path: Path,
) -> None:
    place = tmp_path / "thunes.db"
    journal = written(LINES, tmp_path / "journal")
    projected(place, journal).catch_up(until=99)
    other = sqlite3.connect(place, isolation_level=None)
    turns = Turns(
        lambda: other.execute("BEGIN IMMEDIATE"),
        *[nothing] * 7,
        lambda: other.execute("ROLLBACK"),
        nothing,
    )
    follower = projected(place, journal)
    keep_up(follower, turns.wait, turns.told.append)
    other.close()
    first, last = turns.told
    assert "another program is writing it" in first
    assert "up with the journal again" in last
    assert turns.pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, PAUSE_MAX_S, PAUSE_MAX_S, 30.0, 1.0, 1.0]
    assert follower.check().behind == 0


def test_a_database_that_goes_and_comes_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    journal = written(LINES, tmp_path / "journal")
    follower = projected(home / "thunes.db", journal)

    def away() -> None:
        follower.close()
        home.rename(tmp_path / "away")

    def damaged() -> None:
        follower.close()
        (tmp_path / "away").rename(home)
        for each in home.iterdir():
            each.unlink()
        (home / "thunes.db").write_bytes(b"no database" * 1_000)

    turns = Turns(
        nothing, away, nothing, damaged, nothing, lambda: (home / "thunes.db").unlink(), nothing
    )
    keep_up(follower, turns.wait, turns.told.append)
    assert len(turns.told) == 3, turns.told
    assert "cannot be used now" in turns.told[0]
    assert "delete it, and run `thunes db rebuild`" in turns.told[1]
    assert "up with the journal again" in turns.told[2]
    assert follower.check().difference is None


def test_tables_may_be_made_anew_while_they_are_kept(place: str, tmp_path: Path) -> None:
    with begun(tmp_path / "journal") as journal:
        lines = iter(LINES)

        def some() -> None:
            for _ in range(SOME):
                journal.append(next(lines), durable=False)

        def rebuild() -> None:
            projected(place, tmp_path / "journal").rebuild()
            some()

        follower = projected(place, tmp_path / "journal")
        turns = Turns(some, rebuild, rebuild)
        keep_up(follower, turns.wait, turns.told.append)
        found = tables(place)
        assert follower.check().difference is None
        assert turns.told == []
        projected(place, tmp_path / "journal").rebuild()
        assert tables(place) == found
