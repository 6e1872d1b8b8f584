"""No digit is lost on the way into a database and back, on either kind of it."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from thunes.adapters.storage.projections.database import database_at, reading, writing
from thunes.adapters.storage.projections.exact import Exact

METADATA = MetaData()
AMOUNTS = Table("amounts", METADATA, Column("id", Integer, primary_key=True), Column("x", Exact))

digits = st.integers(-(10**45), 10**45)
decimals = st.builds(
    lambda number, places: Decimal(number).scaleb(-places), digits, st.integers(0, 30)
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Connection]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('exact') / 'x.db'}"
    else:
        url = f"postgresql://postgres@/postgres?host={request.getfixturevalue('server')}"
    with writing(database_at(url)) as connection:
        METADATA.create_all(connection)
        yield connection
        METADATA.drop_all(connection)


@settings(max_examples=300)
@given(st.lists(decimals, min_size=1, max_size=5))
def test_every_digit_comes_back(connection: Connection, values: list[Decimal]) -> None:
    connection.execute(AMOUNTS.delete())
    connection.execute(insert(AMOUNTS), [{"id": n, "x": x} for n, x in enumerate(values)])
    found = connection.execute(select(AMOUNTS.c.x).order_by(AMOUNTS.c.id)).scalars().all()
    assert found == values
    assert [type(x) for x in found] == [Decimal] * len(values)
    assert [format(x, "f") for x in found if x] == [format(x, "f") for x in values if x]


def test_the_number_that_a_float_column_loses(connection: Connection) -> None:
    lost = Decimal("12345678.000000010000000001")
    connection.execute(AMOUNTS.delete())
    connection.execute(insert(AMOUNTS), [{"id": 1, "x": lost}, {"id": 2, "x": None}])
    assert connection.execute(select(AMOUNTS.c.x).order_by(AMOUNTS.c.id)).scalars().all() == [
        lost,
        None,
    ]
    kind = "typeof(x)" if connection.dialect.name == "sqlite" else "pg_typeof(x)::text"
    stored = connection.execute(text(f"SELECT {kind} FROM amounts WHERE id = 1")).scalar()
    assert stored in ("text", "numeric")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(connection: Connection, value: str) -> None:
    with pytest.raises(StatementError, match="finite decimals only"):
        connection.execute(insert(AMOUNTS), {"id": 9, "x": Decimal(value)})


def test_reading_sees_one_moment(tmp_path_factory: pytest.TempPathFactory) -> None:
    engine = database_at(tmp_path_factory.mktemp("moment") / "x.db")
    with writing(engine) as connection:
        METADATA.create_all(connection)
        connection.execute(insert(AMOUNTS), {"id": 1, "x": Decimal(1)})
    with reading(engine) as before:
        assert before.execute(select(AMOUNTS)).all() == [(1, Decimal(1))]
        with writing(engine) as connection:
            connection.execute(insert(AMOUNTS), {"id": 2, "x": Decimal(2)})
        assert before.execute(select(AMOUNTS)).all() == [(1, Decimal(1))]
