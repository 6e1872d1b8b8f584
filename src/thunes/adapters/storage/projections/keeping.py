"""Keeping the tables: brought up to the journal, made anew from it, compared with it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

from sqlalchemy import Connection, delete, insert, select

from thunes.adapters.storage.following import Entry, Follower
from thunes.adapters.storage.projections.batch import Batch
from thunes.adapters.storage.projections.comparing import Difference, first_difference
from thunes.adapters.storage.projections.database import (
    RebuildNeeded,
    database_at,
    reading,
    writing,
)
from thunes.adapters.storage.projections.projector import project, says_nothing
from thunes.adapters.storage.projections.schema import is_current, upgrade
from thunes.adapters.storage.projections.tables import METADATA, PROGRESS
from thunes.adapters.storage.reading import START, LineGone
from thunes.core.domain.line import decode_line

BATCH_LINES = 2_000


class Progress(NamedTuple):
    """The last line that is in the tables."""

    sequence: int
    digest: bytes


class Checked(NamedTuple):
    """Up to which line the tables are, how many more the journal has, and what is wrong first."""

    sequence: int
    behind: int
    difference: Difference | None


_NOTHING = Progress(START.sequence, START.digest)


class Projections:
    """The tables of one journal in one database.

    The journal is only read, and somebody may be writing it. Every method raises
    DatabaseUnavailable (try later), RebuildNeeded, SchemaNewer, or DataError for the journal. Use
    it in one thread at a time; as a context it closes its connection.
    """

    def __init__(self, place: str | Path, journal: Path, *, batch_lines: int = BATCH_LINES) -> None:
        self._engine = database_at(place, kept=True)
        self._follower = Follower(journal)
        self._batch_lines = batch_lines

    def close(self) -> None:
        """Close the connection to the database; another method would open it again."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def catch_up(self, until: int | None = None) -> int:
        """Take in what is new in the journal, up to line `until`; how many lines that was.

        Each batch is a transaction with the number of its last line: it may end anywhere, and is
        gone on with.
        """
        count, reached = 0, None
        entries: Iterator[Entry] = iter(())
        while True:
            with writing(self._engine) as connection, _gone_means_rebuild():
                upgrade(connection)
                before = _progress(connection, lock=True)
                if before != reached:
                    entries = self._entries(before, until)
                reached = self._take(connection, entries, before)
            if reached == before:
                return count
            count += reached.sequence - before.sequence

    def rebuild(self, told: Callable[[int], object] = lambda _: None) -> int:
        """Make the tables anew from the first line on; how many lines that was.

        It is one transaction: until it is done, and if it never is, there are the old ones. `told`
        hears the number of the last line of each batch.
        """
        with writing(self._engine) as connection:
            upgrade(connection)
            for table in reversed(METADATA.sorted_tables):
                connection.execute(delete(table))
            entries, before = self._entries(_NOTHING, None), _NOTHING
            while (reached := self._take(connection, entries, before)) != before:
                before = reached
                told(reached.sequence)
        return reached.sequence + 1

    def check(self) -> Checked:
        """Compare the tables with new ones that are made of the same lines."""
        with reading(self._engine) as connection, _gone_means_rebuild():
            if not is_current(connection):
                raise RebuildNeeded("there are no tables of this version: run `thunes db rebuild`")
            reached = _progress(connection, lock=False)
            behind = sum(1 for _ in self._entries(reached, None))
            with (
                tempfile.TemporaryDirectory() as folder,
                Projections(Path(folder) / "fresh.db", self._follower.directory) as fresh,
            ):
                fresh.catch_up(reached.sequence)
                with reading(fresh._engine) as other:
                    difference = first_difference(other, connection)
        return Checked(reached.sequence, behind, difference)

    def lines(self) -> int:
        """How many lines the journal has now."""
        return self._follower.last() + 1

    def _entries(self, after: Progress, until: int | None) -> Iterator[Entry]:
        for entry in self._follower.after(*after):
            if until is not None and entry.sequence > until:
                return
            yield entry

    def _take(self, connection: Connection, entries: Iterator[Entry], before: Progress) -> Progress:
        """One batch of `entries` into the tables; the line that they now end with."""
        batch, reached = Batch(), before
        for entry in islice(entries, self._batch_lines):
            if entry.payload is not None and not says_nothing(entry.payload):
                for change in project(entry.sequence, decode_line(entry.payload)):
                    batch.add(change)
            reached = Progress(entry.sequence, entry.digest)
        if reached != before:
            batch.write(connection)
            connection.execute(delete(PROGRESS))
            row = {"id": 1, "sequence": reached.sequence, "hash": reached.digest.hex()}
            connection.execute(insert(PROGRESS), row)
        return reached


@contextmanager
def _gone_means_rebuild() -> Iterator[None]:
    try:
        yield
    except LineGone as error:
        raise RebuildNeeded(f"{error}; run `thunes db rebuild`") from error


def _progress(connection: Connection, *, lock: bool) -> Progress:
    """The last line that is in the tables; with `lock`, one at a time goes on from it."""
    asked = select(PROGRESS).with_for_update() if lock else select(PROGRESS)
    found = connection.execute(asked).one_or_none()
    return _NOTHING if found is None else Progress(found.sequence, bytes.fromhex(found.hash))
