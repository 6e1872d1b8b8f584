"""The migrations lead to the tables that the program writes, step by step."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Text, inspect

from thunes.adapters.storage.projections.database import database_at, writing
from thunes.adapters.storage.projections.exact import Exact
from thunes.adapters.storage.projections.schema import is_current, upgrade
from thunes.adapters.storage.projections.tables import METADATA, ORDERS


def differences(connection: Connection) -> list[object]:
    options = {"version_table": "thunes_schema", "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, METADATA))


def test_models_and_migrations_agree(place: str) -> None:
    with writing(database_at(place)) as connection:
        assert not is_current(connection)
        upgrade(connection)
        assert is_current(connection)
        assert differences(connection) == []
        upgrade(connection)


def test_a_column_that_no_migration_makes_is_noticed(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(database_at(place)) as connection:
        upgrade(connection)
        connection.exec_driver_sql("ALTER TABLE orders DROP COLUMN leg")
        assert "leg" in str(differences(connection))
    assert isinstance(ORDERS.c.leg, Column)


def test_amounts_are_what_each_database_keeps_exactly(place: str) -> None:
    with writing(database_at(place)) as connection:
        upgrade(connection)
        kinds = {
            str(column["type"])
            for table in METADATA.sorted_tables
            for column in inspect(connection).get_columns(table.name)
            if isinstance(table.c[column["name"]].type, Exact)
        }
        assert kinds == {str(Text()) if connection.dialect.name == "sqlite" else "NUMERIC"}


def test_half_an_upgrade_is_none(place: str) -> None:
    class Dies(Exception):
        pass

    def dies() -> None:
        with writing(database_at(place)) as connection:
            upgrade(connection)
            raise Dies

    with pytest.raises(Dies):
        dies()
    with writing(database_at(place)) as connection:
        assert inspect(connection).get_table_names() == []
