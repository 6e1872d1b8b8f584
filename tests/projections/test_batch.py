"""Changes that are written together leave what they leave one by one."""

import tempfile
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.projections.told import tables
from thunes.adapters.storage.projections.batch import Batch
from thunes.adapters.storage.projections.database import database_at, writing
from thunes.adapters.storage.projections.order_rows import order_row
from thunes.adapters.storage.projections.projector import Change, Changed, Emptied, New, Now
from thunes.adapters.storage.projections.schema import upgrade
from thunes.core.domain.order import Order, OrderRole, OrderType, Side

NAMES = st.sampled_from(["a", "b", "c"])
AMOUNTS = st.integers(0, 9).map(Decimal)


def order(name: str, reason: str) -> Change:
    one = Order(name, "BTCUSDT", Side.BUY, OrderType.MARKET, OrderRole.ENTRY, "me", Decimal(1))
    return New("orders", {"sequence": 1, **order_row(5, one, reason)})


def balance(asset: str, total: Decimal) -> Change:
    values = {"asset": asset, "sequence": 1, "at": 1, "time": "", "total": total}
    return Now("balances", asset, values)


CHANGES = st.lists(
    st.one_of(
        st.builds(order, NAMES, st.sampled_from(["x", "y"])),
        st.builds(Changed, NAMES, st.fixed_dictionaries({"filled": AMOUNTS})),
        st.builds(Changed, NAMES, st.fixed_dictionaries({"failure": NAMES, "state": NAMES})),
        st.builds(balance, NAMES, AMOUNTS),
        st.builds(Now, st.just("balances"), NAMES, st.none()),
        st.just(Emptied("balances")),
    ),
    max_size=20,
)


def known(changes: list[Change]) -> list[Change]:
    """Without changes of orders that are not there yet: a journal has none."""
    there: set[str] = set()
    kept = []
    for change in changes:
        if isinstance(change, New):
            there.add(change.values["id"])
        if not isinstance(change, Changed) or change.order_id in there:
            kept.append(change)
    return kept


def left(batches: list[list[Change]]) -> object:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "x.db"
        with writing(database_at(place)) as connection:
            upgrade(connection)
            for changes in batches:
                batch = Batch()
                for change in changes:
                    batch.add(change)
                batch.write(connection)
        return tables(place)


@settings(max_examples=60)
@given(CHANGES.map(known))
def test_together_or_one_by_one(changes: list[Change]) -> None:
    assert left([changes]) == left([[change] for change in changes])
