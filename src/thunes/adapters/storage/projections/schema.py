"""The schema: which form the tables have in a database, and how they come to the newest."""

from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from thunes.adapters.storage.projections.database import RebuildNeeded
from thunes.adapters.storage.projections.tables import METADATA
from thunes.core.domain.errors import ThunesError

_VERSION_TABLE = "thunes_schema"
_SCRIPTS = ScriptDirectory(str(Path(__file__).with_name("migrations")))
_HEAD = _SCRIPTS.get_current_head()


class SchemaNewer(ThunesError):
    """A later version of the program has made these tables."""


def upgrade(connection: Connection) -> None:
    """Bring the tables to the newest form, within the transaction of `connection`.

    Raises SchemaNewer where they have one that this program does not know.
    """
    context = _context(connection)
    current = context.get_current_revision()
    if current == _HEAD:
        return
    if current is not None and current not in {each.revision for each in _SCRIPTS.walk_revisions()}:
        raise SchemaNewer(
            f"the tables have form {current}, which a later version of thunes has made; this one "
            f"knows {_HEAD}. Install that version, or have the tables made anew: delete the "
            "database and run `thunes db rebuild`"
        )
    if current is None and (
        strange := METADATA.tables.keys() & inspect(connection).get_table_names()
    ):
        raise RebuildNeeded(
            f"there are tables called {', '.join(sorted(strange))} that thunes has not made: name "
            "another database"
        )
    with Operations.context(context):
        for step in reversed([*_SCRIPTS.iterate_revisions(_HEAD, current or "base")]):
            assert step.down_revision == context.get_current_revision(), "one step after the other"
            step.module.upgrade()
            context.stamp(_SCRIPTS, step.revision)


def is_current(connection: Connection) -> bool:
    """Whether the tables are there in the newest form."""
    return _context(connection).get_current_revision() == _HEAD


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": _VERSION_TABLE})
