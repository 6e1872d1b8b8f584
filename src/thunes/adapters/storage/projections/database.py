"""The database: SQLite in a file or PostgreSQL by URL, and what can be wrong with either."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from thunes.core.domain.errors import ThunesError, UsageError

BUSY_S = 2
"""How long a database that somebody else is writing to is waited for."""

_POSTGRESQL = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,  # ms: a server that is gone without a word
    "options": f"-c lock_timeout={BUSY_S}s",
}
_WRITES = "thunes_writes"


class DatabaseUnavailable(ThunesError):
    """The database cannot be used just now: locked, gone, full, not to be written. Try later."""


class RebuildNeeded(ThunesError):
    """The tables are of no use any more; the journal still tells everything."""


def database_at(place: str | Path, *, kept: bool = False) -> Engine:
    """The database of a URL, or in a file; nothing is opened yet.

    A connection is opened for each transaction, or one is `kept` until the engine is disposed of:
    then a commit in SQLite's log need not wait for the disk. Raises UsageError for a URL that is
    none of ours.
    """
    if isinstance(place, Path):
        url = URL.create("sqlite", database=str(place))
    else:
        url = _understood(place)
    pool: dict[str, Any] = {"poolclass": NullPool}
    if kept:
        pool = {"pool_size": 1, "max_overflow": 0, "pool_pre_ping": True}
    if url.get_backend_name() == "postgresql":
        return create_engine(url, connect_args=_POSTGRESQL, **pool)
    engine = create_engine(url, connect_args={"timeout": BUSY_S}, **pool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "checkout", _same_file)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment; raises DatabaseUnavailable, RebuildNeeded."""
    url = engine.url
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise RebuildNeeded(f"{url.database} is not there: `thunes db rebuild` makes it")
    with _troubles(engine), engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes all or nothing; raises DatabaseUnavailable, RebuildNeeded."""
    with _troubles(engine), engine.connect() as connection:
        connection.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def _understood(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise UsageError(
            f"{text!r} is no URL of a database: sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from error
    if url.drivername == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    if url.drivername not in ("postgresql", "postgresql+psycopg", "postgres"):
        raise UsageError(
            f"{url.drivername!r} is no database that thunes knows: sqlite:///FILE or "
            "postgresql://USER@HOST/NAME"
        )
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError as error:
        raise UsageError("PostgreSQL needs an extra: pip install 'thunes[postgres]'") from error
    return url.set(drivername="postgresql+psycopg")


def _prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where we say so, DDL included
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    record.info["file"] = _file_of(connection)


def _same_file(connection: sqlite3.Connection, record: ConnectionPoolEntry, _: Any) -> None:
    """A kept connection writes on into a file that was deleted, and nobody would ever know."""
    if _file_of(connection) != record.info["file"]:
        raise DisconnectionError("the file was deleted or exchanged")


def _file_of(connection: sqlite3.Connection) -> tuple[int, int] | None:
    _, _, path = connection.execute("PRAGMA database_list").fetchone()  # the main one is first
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    # Who reads first and then writes could be refused in between: writers ask for the lock at once.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _troubles(engine: Engine) -> Iterator[None]:
    """What a driver raises, in our words."""
    try:
        yield
    except DBAPIError as error:
        name = engine.url.render_as_string(hide_password=True)
        said = str(error.orig).strip().splitlines()[0] if error.orig is not None else str(error)
        kind = getattr(error.orig, "sqlite_errorname", "")
        if kind.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise RebuildNeeded(
                f"{name} is damaged ({said}): delete it, and run `thunes db rebuild`"
            ) from error
        raise DatabaseUnavailable(f"{name} cannot be used now ({said}){_advice(kind)}") from error


def _advice(kind: str) -> str:
    """What to do about an error of SQLite."""
    for name, advice in _ADVICE.items():
        if kind.startswith(name):
            return f": {advice}"
    return ""


_ADVICE = {
    "SQLITE_BUSY": "another program is writing it; try again",
    "SQLITE_LOCKED": "another program is writing it; try again",
    "SQLITE_FULL": "make room on the disk",
    "SQLITE_READONLY": "make the file and its directory writable",
    "SQLITE_CANTOPEN": "see that its directory is there and may be written",
    "SQLITE_IOERR": "check the disk",
}
