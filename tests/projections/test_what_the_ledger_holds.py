"""The tables hold what the engine's own ledger holds, after whatever happened."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.projections.told import Lived, Rows, lived, projected, tables, written
from thunes.core.domain.order import OrderRole
from thunes.core.domain.view import OVER

RICH = (
    *(("crash", seed) for seed in (106, 113, 250, 279, 282, 314, 326, 364)),
    *(("swarm", seed) for seed in (197, 219, 236, 240, 247, 286, 308, 330, 367, 373)),
)
"""Seeds in which fills come late or of others, coins are found or missing, or much is traded."""

SEEDS = (*RICH, *(("crash", seed) for seed in range(1, 9)))


def held_against(told: Lived, found: dict[str, Rows]) -> None:
    """Assert that tables and ledger are the same account."""
    _orders(told, found["orders"])
    filled = {(row["order_id"], row["trade_id"]) for row in found["fills"]}
    assert filled == told.fills()
    assert len(filled) == len(found["fills"])
    for order in found["orders"]:
        fills = [row for row in found["fills"] if row["order_id"] == order["id"]]
        assert order["filled"] == sum((row["quantity"] for row in fills), Decimal(0))
        assert order["value"] == sum((row["quantity"] * row["price"] for row in fills), Decimal(0))
    assert {
        row["symbol"]: (
            *(row["strategy"], row["opened_at"], row["quantity"], row["entry_price"]),
            row["stop_price"],
        )
        for row in found["positions"]
    } == {
        held.symbol: (
            *(held.strategy, held.opened_at, held.quantity, held.entry_price),
            held.stop_price,
        )
        for held in told.positions
    }
    assert [
        (row["symbol"], row["pnl"], row["fees"], row["quantity"], row["exit_reason"], row["flat"])
        for row in found["trades"]
    ] == [
        (trade.symbol, trade.pnl, trade.fees, trade.quantity, trade.exit_reason, flat)
        for trade, flat in told.trades
    ]
    assert [(row["symbol"], row["refused_by"]) for row in found["decisions"]] == [
        (each.proposal.symbol, each.refused_by and each.refused_by.value) for each in told.decided
    ]
    checks = [check for each in told.decided for check in each.checks]
    assert len(found["gates"]) == len(checks)
    assert sum(row["actual"] or 0 for row in found["gates"]) == sum(c.actual or 0 for c in checks)
    assert [(row["day"], row["equity"]) for row in found["equity"]] == [
        (each.day, each.equity) for each in told.days
    ]
    assert {row["asset"]: row["total"] for row in found["balances"]} == told.balances


def _orders(told: Lived, rows: Rows) -> None:
    """Each order that was sent, and each of somebody else that traded on the account."""
    assert {row["id"] for row in rows} == told.sent.keys() | told.orders.keys()
    for row in rows:
        record = told.orders[row["id"]]
        assert row["state"] == record.state.value
        assert (row["filled"], row["value"], row["fees"]) == (
            *(record.filled, record.value),
            record.fees,
        )
        assert (row["ended_at"] is not None) == (record.state in OVER)
        assert row["symbol"] == record.order.symbol
        assert row["role"] == record.order.role.value
        if record.filled:
            assert abs(row["average_price"] * record.filled - record.value) < Decimal("1e-9")
        if row["id"] in told.sent and record.reason and record.order.role is OrderRole.EXIT:
            assert row["reason"] == record.reason


@pytest.mark.parametrize(("profile", "seed"), SEEDS)
def test_a_faulty_world(profile: str, seed: int, tmp_path: Path) -> None:
    told = lived(seed, profile)
    journal = written(told.lines, tmp_path / "journal")
    projections = projected(tmp_path / "thunes.db", journal)
    assert projections.catch_up() == len(told.lines) + 2  # with its first line and its last
    held_against(told, tables(tmp_path / "thunes.db"))


def test_the_worlds_trade_and_are_disturbed() -> None:
    """Else the test above shows little."""
    worlds = [lived(seed, profile) for profile, seed in SEEDS]
    assert sum(len(each.trades) for each in worlds) > 100
    assert sum(len(each.positions) for each in worlds) > 3
    said = b"\n".join(line for each in worlds for line in each.lines)
    for kind in (b"late_fill", b"foreign_fill", b"unknown_position", b"phantom", b"balance"):
        assert b'"%b"' % kind in said, f"none of the seeds shows {kind.decode()}"
    assert sum(each.orders.keys() != each.sent.keys() for each in worlds) > 3


def test_on_both_databases(place: str, tmp_path: Path) -> None:
    told = lived(3, "swarm")
    journal = written(told.lines, tmp_path / "journal")
    projected(place, journal).catch_up()
    held_against(told, tables(place))
