"""`thunes db`: the tables of a run, as a person and a program ask for them."""

import csv
import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.conftest import Ask

RUN = (
    "backtest --strategy sma_cross --param fast=10 --param slow=30 --symbol BTCUSDT --timeframe 1h"
    " --bars BTCUSDT_1h.parquet --cash 10000 --sizing all_cash --stop 2% --take-profit 4%"
    " --trades trades.csv --journal var/journal"
)


@pytest.fixture
def ran(ask: Ask, room: Path) -> Ask:
    """A run with a journal in `var/journal` and its trades in `trades.csv`."""
    (room / "var").mkdir()
    assert ask(RUN).code == 0
    return ask


def test_the_tables_tell_the_trades_of_the_run(ran: Ask, room: Path) -> None:
    said = ran("db rebuild --state var")
    assert said.code == 0
    assert said.out.startswith("var/thunes.db: ")
    trades = json.loads(ran("db show trades --json").out)
    with (room / "trades.csv").open(encoding="utf-8") as file:
        listed = [row for row in csv.DictReader(file) if row["exit_reason"] != "open"]
    assert len(trades) == len(listed) > 10
    for trade, row in zip(trades, listed, strict=True):
        for name in ("entry_price", "quantity", "exit_price", "fees", "pnl"):
            assert Decimal(trade[name]) == Decimal(row[name])
        for name in ("symbol", "entry_time", "exit_time", "exit_reason"):
            assert trade[name] == row[name]
    last = ran("db show trades --last 2 --symbol BTCUSDT").out.splitlines()
    assert len(last) == 2
    assert f"pnl={trades[-1]['pnl']}" in last[-1].split()
    assert ran("db show trades --symbol ETHUSDT").err == "no trades\n"


def test_orders_positions_and_balances(ran: Ask) -> None:
    ran("db rebuild")
    orders = json.loads(ran("db show orders --json").out)
    assert {order["state"] for order in orders} >= {"filled", "canceled"}
    assert all(order["reason"] for order in orders)
    working = json.loads(ran("db show orders --working --json").out)
    held = json.loads(ran("db show positions --json").out)
    assert len(working) < len(orders)
    assert {order["symbol"] for order in working} <= {each["symbol"] for each in held}
    (cash,) = json.loads(ran("db show balances --json").out)
    assert (cash["asset"], cash["total"]) == ("USDT", "10000")


def test_check_tells_the_first_difference(ran: Ask, room: Path) -> None:
    ran("db rebuild")
    said = ran("db check")
    assert said.code == 0
    assert "every row is what the journal tells up to line" in said.out
    with sqlite3.connect(room / "var/thunes.db") as connection:
        connection.execute("UPDATE trades SET pnl = '1' WHERE rowid = 3")
    said = ran("db check")
    assert said.code == 1
    assert "DIFFERENT" in said.out
    assert "pnl is 1, and should be " in said.out
    told = json.loads(ran("db check --json").out)
    assert told["equal"] is False
    assert (told["difference"]["table"], told["difference"]["column"]) == ("trades", "pnl")
    assert told["difference"]["found"] == "1"
    with sqlite3.connect(room / "var/thunes.db") as connection:
        connection.execute("DELETE FROM trades WHERE rowid = 2")
    assert ": the row is missing" in ran("db check").out
    assert json.loads(ran("db rebuild --json").out)["database"] == "var/thunes.db"
    assert json.loads(ran("db check --json").out)["difference"] is None


def test_a_row_too_many(ran: Ask, room: Path) -> None:
    ran("db rebuild")
    with sqlite3.connect(room / "var/thunes.db") as connection:
        connection.execute("INSERT INTO positions VALUES ('A', 1, 'x', 1, '', '1', '1', NULL)")
    assert "positions A: the row is one too many" in ran("db check").out


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("db rebuild --state nowhere", 1, "the journal nowhere/journal cannot be read"),
        ("db check --state nowhere", 1, "`thunes db rebuild` makes it"),
        ("db show trades --state nowhere", 1, "`thunes db rebuild` makes it"),
        ("db show secrets", 2, "'secrets' is none of orders, trades, positions, balances"),
        ("db show trades --last 0", 2, "Input should be greater than or equal to 1"),
        ("db rebuild --url mysql://me@here/x", 2, "no database that thunes knows"),
    ],
)
def test_asked_wrongly(ask: Ask, room: Path, line: str, code: int, said: str) -> None:
    answer = ask(line)
    assert answer.code == code
    assert said in " ".join(answer.err.replace("│", " ").split())
    assert not (room / "nowhere").exists()


def test_without_the_extra(ran: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if ".projections" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    answer = ran("db rebuild")
    assert answer.code == 2
    assert "pip install 'thunes[sql]'" in answer.err
