"""What can be wrong with a database: each is said in one sentence, and nothing is lost by it."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text

from tests.projections.told import lived, projected, tables, written
from thunes.adapters.storage.projections import database
from thunes.adapters.storage.projections.database import (
    DatabaseUnavailable,
    RebuildNeeded,
    database_at,
    writing,
)
from thunes.adapters.storage.projections.keeping import Projections
from thunes.adapters.storage.projections.queries import orders
from thunes.adapters.storage.projections.schema import SchemaNewer
from thunes.core.domain.errors import UsageError

LINES = lived(279).lines


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(LINES, tmp_path_factory.mktemp("journal") / "journal")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0)


def refused(what: type[Exception], projections: Projections, *words: str) -> None:
    with pytest.raises(what) as caught:
        projections.catch_up()
    assert type(caught.value) is what
    for word in words:
        assert word in str(caught.value)


def test_locked_by_another_program(journal: Path, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    projections = projected(place, journal)
    projections.catch_up(until=100)
    other = sqlite3.connect(place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused(DatabaseUnavailable, projections, "thunes.db", "locked", "try again")
    assert orders(place), "who only reads need not wait"
    other.execute("COMMIT")
    other.close()
    assert projections.catch_up() == len(LINES) + 2 - 101
    assert projections.check().difference is None


def test_one_writes_at_a_time_from_the_first_look_on(tmp_path: Path) -> None:
    one, other = database_at(tmp_path / "thunes.db"), database_at(tmp_path / "thunes.db")
    with writing(one), pytest.raises(DatabaseUnavailable), writing(other):
        pass
    with writing(other):
        pass


def test_a_deleted_database_is_made_anew(journal: Path, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    projections = projected(place, journal)
    projections.catch_up()
    before = tables(place)
    assert projections.catch_up() == 0
    place.unlink()
    assert projections.catch_up() == len(LINES) + 2
    assert tables(place) == before
    assert projections.check().difference is None


def test_its_directory_is_gone(journal: Path, tmp_path: Path) -> None:
    projections = projected(tmp_path / "away" / "thunes.db", journal)
    refused(DatabaseUnavailable, projections, "away", "see that its directory is there")
    (tmp_path / "away").mkdir()
    assert projections.catch_up() == len(LINES) + 2


def test_it_may_not_be_written(journal: Path, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    projected(place, journal).catch_up(until=100)
    url = f"sqlite:///file:{place}?mode=ro&uri=true"
    refused(DatabaseUnavailable, projected(url, journal), "readonly", "writable")


def test_a_full_disk(journal: Path, tmp_path: Path) -> None:
    """SQLite is told that there is room for so many pages and no more."""
    place = tmp_path / "thunes.db"
    projections = projected(place, journal, batch_lines=100)
    projections.catch_up(until=99)
    projections.close()
    before = tables(place)

    def small(connection: Any, _: Any) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(projections._engine, "connect", small)
    refused(DatabaseUnavailable, projections, "full", "make room on the disk")
    after = tables(place)
    assert after["progress"][0]["sequence"] >= 99
    event.remove(projections._engine, "connect", small)
    projections.close()
    projections.catch_up()
    assert projections.check().difference is None
    assert before != tables(place)


def test_tables_of_a_later_version(journal: Path, place: str) -> None:
    projections = projected(place, journal)
    projections.catch_up(until=100)
    before = tables(place)
    _do(place, "UPDATE thunes_schema SET version_num = '9999'")
    refused(SchemaNewer, projections, "form 9999", "Install that version", "thunes db rebuild")
    with pytest.raises(SchemaNewer):
        projections.rebuild()
    assert tables(place) == before


def test_tables_that_are_not_ours(journal: Path, place: str) -> None:
    _do(place, "CREATE TABLE orders (id INTEGER)")
    refused(RebuildNeeded, projected(place, journal), "orders", "another database")


def test_no_database_at_all(journal: Path, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    place.write_bytes(b"What is written here is a letter, and no database. " * 100)
    refused(RebuildNeeded, projected(place, journal), "damaged", "delete it")
    place.unlink()
    projected(place, journal).rebuild()


def test_a_damaged_database(journal: Path, tmp_path: Path) -> None:
    place = tmp_path / "thunes.db"
    projections = projected(place, journal)
    projections.catch_up(until=400)
    projections.close()
    with place.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(place.stat().st_size - 4096))
    refused(RebuildNeeded, projections, "damaged", "delete it")


def test_questions_to_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RebuildNeeded, match="`thunes db rebuild` makes it"):
        orders(tmp_path / "thunes.db")
    assert not (tmp_path / "thunes.db").exists()
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(RebuildNeeded, match="no tables of this version"):
        orders(tmp_path / "empty.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is no URL of a database"),
        ("mysql://me@here/x", "no database that thunes knows"),
        ("sqlite://", "no database that thunes knows"),
        ("sqlite:///:memory:", "no database that thunes knows"),
        ("postgresql+asyncpg://me@here/x", "no database that thunes knows"),
    ],
)
def test_urls_that_are_none_of_ours(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        database_at(url)


def test_a_server_that_is_not_there(journal: Path, tmp_path: Path) -> None:
    url = f"postgresql://me:s3cret@/x?host={tmp_path}"
    with pytest.raises(DatabaseUnavailable) as caught:
        projected(url, journal).catch_up()
    assert "s3cret" not in str(caught.value)
    assert "cannot be used now" in str(caught.value)


def test_postgresql_locked_and_gone(
    journal: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database._POSTGRESQL, "options", "-c lock_timeout=20ms")
    projections = projected(postgres, journal)
    projections.catch_up(until=100)
    engine = create_engine(_with_driver(postgres))
    with engine.connect() as other:
        other.execute(text("SELECT * FROM progress FOR UPDATE"))
        refused(DatabaseUnavailable, projections, "lock timeout")
        assert orders(postgres)
    engine.dispose()
    server = create_engine(_with_driver(postgres).replace("/tried", "/postgres"))
    with server.connect() as other:
        other.execution_options(isolation_level="AUTOCOMMIT")
        other.execute(text("DROP DATABASE tried WITH (FORCE)"))
        refused(DatabaseUnavailable, projections, "tried", "does not exist")
        other.execute(text("CREATE DATABASE tried"))
    server.dispose()
    assert projections.catch_up() == len(LINES) + 2


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def _do(place: str, statement: str) -> None:
    engine = create_engine(_with_driver(place))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
