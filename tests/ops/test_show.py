"""What a person reads of a journal, in plain words, and the tables that programs read."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.ops.stories import BTC, ENTRY, REST, SMA, STOP, STORY, TRADE, at, line, record
from thunes.core.domain.command import CancelOrders, PlaceOrders
from thunes.core.domain.decision import Check, Gate
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.domain.event import AccountSeen, BarsClosed, VenueReported
from thunes.core.domain.fact import OrderChanged, PositionChanged
from thunes.core.domain.order import Accepted
from thunes.core.domain.units import Money, Quantity, Symbol
from thunes.core.domain.view import OrderState
from thunes.ops.export import Table, export_csv
from thunes.ops.show import Choice, show
from thunes.ops.story import Topic
from thunes.ops.words import check_said, compared

D = Decimal
TOLD = """\
2024-01-03T00:00:00Z  account opened with 10000 USDT
2024-01-03T09:00:00Z  bars closed, tape row 1
2024-01-03T09:00:00Z  entry BTCUSDT by sma_cross refused by order_size: 250.00 > 100.00
2024-01-03T10:00:00Z  bars closed, tape row 2
2024-01-03T10:00:00Z  entry BTCUSDT by sma_cross approved (19 gates): buy for 100.00
2024-01-03T10:00:00Z  send entry order e1: buy BTCUSDT for 100.00, market
2024-01-03T11:00:00Z  venue accepted BTCUSDT entry order e1
2024-01-03T11:00:00Z  filled BTCUSDT entry order e1: 0.00200 at 50000.00, fee 0.1 USDT, complete
2024-01-03T11:00:00Z  position opened: 0.00200 BTCUSDT of sma_cross at 50000.00
2024-01-03T11:00:00Z  protect BTCUSDT by sma_cross approved: \
sell 0.00200 BTCUSDT, stop_market at 49000.00
2024-01-03T11:00:00Z  send stop order s1: sell 0.00200 BTCUSDT, stop_market at 49000.00
2024-01-03T13:00:00Z  filled BTCUSDT stop order s1: 0.00200 at 49000.00, fee 0.098 USDT, complete
2024-01-03T13:00:00Z  trade closed: 0.00200 BTCUSDT of sma_cross bought at 50000.00 \
(2024-01-03T10:00:00Z), sold at 49000.00 by stop: -2.198000 after fees of 0.198000
2024-01-03T13:00:00Z  mode normal -> halted by daily_loss: 2.198 > 2.00
2024-01-03T13:00:00Z  timer cool_down set for 2024-01-03T14:00:00Z
2024-01-03T14:00:00Z  timer cool_down fired
2024-01-03T14:00:00Z  cancel BTCUSDT stop order s1
2024-01-03T14:00:00Z  send entry order e1: buy BTCUSDT for 100.00, market
2024-01-03T15:00:00Z  quote BTCUSDT: bid 49000.00, ask 50000.00
2024-01-03T15:00:00Z  cancel BTCUSDT entry order e1
2024-01-03T16:00:00Z  venue rejected BTCUSDT entry order e1: insufficient balance (code -2010)
2024-01-03T16:00:00Z  venue canceled BTCUSDT entry order e1
2024-01-03T16:00:00Z  venue ended BTCUSDT stop order s1: its sibling went first
2024-01-03T16:00:00Z  venue refused to cancel BTCUSDT stop order s1: unknown order (code -2011)
2024-01-03T16:00:00Z  no one knows what became of BTCUSDT stop order s1
2024-01-03T16:00:00Z  venue accepted order stranger
2024-01-03T16:00:00Z  order e1 of BTCUSDT failed: insufficient balance
2024-01-03T16:00:00Z  noticed unexpected_report: stranger (since 2024-01-03T15:00:00Z)
2024-01-03T17:00:00Z  ann asked for operator_kill: enough
2024-01-03T17:00:00Z  UTC day 2024-01-03 began with equity 9997.802
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return record(tmp_path / "journal", STORY + REST, segment_bytes=2_000)


def test_the_whole_story_in_plain_words(journal: Path) -> None:
    assert [str(entry) for entry in show(journal, Choice())] == TOLD.splitlines()


def test_what_no_report_has_told_of_orders_and_positions(tmp_path: Path) -> None:
    """A look at the account ends an order and a position; where a report or a command says it, the
    fact about the order adds nothing."""
    filled, paid, fee = TRADE.quantity, Money(D("98")), Money(D("0.1"))
    held = PositionChanged(BTC, SMA, at(11), filled, TRADE.entry_price, STOP.stop_price)
    lines = (
        line(
            BarsClosed(at(10), 2),
            (PlaceOrders((STOP,)), CancelOrders((ENTRY.id,))),
            OrderChanged(ENTRY.id, OrderState.CANCELING, filled, paid, fee),
            held,
        ),
        line(
            VenueReported(at(11), (Accepted(STOP.id),)),
            (),
            OrderChanged(STOP.id, OrderState.ACCEPTED, Quantity(D(0)), Money(D(0)), Money(D(0))),
        ),
        line(
            AccountSeen(at(12), at(12), at(0), (), (), {}),
            (),
            OrderChanged(STOP.id, OrderState.PARTLY_FILLED, filled, paid, fee),
            replace(held, quantity=Quantity(D(0))),
        ),
        line(BarsClosed(at(13), 3), (), replace(held, stop_price=None)),
    )
    told = [str(entry)[22:] for entry in show(record(tmp_path / "journal", lines), Choice())]
    assert [text for text in told if "position" in text or text.startswith("now ")] == [
        "position now 0.00200 BTCUSDT of sma_cross at 50000.00, stop 49000.00",
        "now BTCUSDT stop order s1 is partly filled, 0.00200 filled",
        "position gone: BTCUSDT of sma_cross",
        "position now 0.00200 BTCUSDT of sma_cross at 50000.00, no stop",
    ]


def test_every_choice_chooses(journal: Path) -> None:
    everything = list(show(journal, Choice()))
    for topic in Topic:
        chosen = list(show(journal, Choice(topic=topic)))
        assert chosen == [entry for entry in everything if entry.sentence.topic is topic]
        assert chosen
    of_symbol = list(show(journal, Choice(symbol=BTC)))
    assert of_symbol == [entry for entry in everything if entry.sentence.symbol == BTC]
    assert list(show(journal, Choice(symbol=Symbol("ETHUSDT")))) == []
    span = list(show(journal, Choice(start=at(10), end=at(13))))
    assert span == [entry for entry in everything if at(10) <= entry.at < at(13)]
    assert list(show(journal, Choice(last=3))) == everything[-3:]
    assert next(show(journal, Choice(topic=Topic.MODES, last=1))).sequence == 9


def test_a_damaged_journal_is_told_up_to_the_damage(journal: Path) -> None:
    path = sorted(journal.iterdir())[-1]
    path.write_bytes(path.read_bytes().replace(b"enough", b"plenty"))
    told = show(journal, Choice())
    assert str(next(told)) == TOLD.splitlines()[0]
    with pytest.raises(DataError, match="audit verify"):
        list(told)


def test_numbers_are_compared_in_words() -> None:
    assert compared(Decimal("1"), Decimal("2")) == "1 < 2"
    assert compared(Decimal("2.0"), Decimal("2")) == "2.0 = 2"
    assert compared(None, Decimal("2")) == "limit 2"
    assert compared(Decimal("1E+3"), None) == "1000"
    assert compared(None, None) == ""
    assert check_said(Check(Gate.MODE, True)) == "mode passed"
    assert check_said(Check(Gate.SPREAD, False, None, Decimal("9"))) == "spread failed (limit 9)"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_hold_exact_decimals_and_iso_times(journal: Path, tmp_path: Path) -> None:
    counts = {table: export_csv(journal, table, tmp_path / f"{table.value}.csv") for table in Table}
    assert list(counts.values()) == [3, 3, 2, 1]
    refused, approved, protected = read(tmp_path / "decisions.csv")
    assert (refused["verdict"], refused["refused_by"]) == ("refused", "order_size")
    assert (refused["actual"], refused["limit"]) == ("250.00", "100.00")
    assert "order_size failed (250.00 > 100.00)" in refused["gates"]
    assert (approved["verdict"], approved["time"]) == ("approved", "2024-01-03T10:00:00Z")
    assert protected["orders"] == "sell 0.00200 BTCUSDT, stop_market at 49000.00"
    order = read(tmp_path / "orders.csv")[1]
    assert (order["order_id"], order["stop_price"], order["quantity"]) == (
        "s1",
        "49000.00",
        "0.00200",
    )
    fill = read(tmp_path / "fills.csv")[1]
    assert (fill["symbol"], fill["role"], fill["fee"]) == ("BTCUSDT", "stop", "0.098")
    assert read(tmp_path / "trades.csv") == [
        {
            "symbol": "BTCUSDT",
            "side": "long",
            "entry_time": "2024-01-03T10:00:00Z",
            "entry_price": "50000.00",
            "quantity": "0.00200",
            "exit_time": "2024-01-03T13:00:00Z",
            "exit_price": "49000.00",
            "fees": "0.198000",
            "pnl": "-2.198000",
            "exit_reason": "stop",
            "strategy": "sma_cross",
            "stop_price": "49000.00",
            "target_price": "",
            "flat": "yes",
            "sequence": "5",
        }
    ]


def test_a_failed_export_leaves_the_old_file(journal: Path, tmp_path: Path) -> None:
    target = tmp_path / "trades.csv"
    target.write_text("precious")
    path = sorted(journal.iterdir())[-1]
    path.write_bytes(path.read_bytes().replace(b"enough", b"plenty"))
    with pytest.raises(DataError):
        export_csv(journal, Table.TRADES, target)
    assert target.read_text() == "precious"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["journal", "trades.csv"]
    with pytest.raises(ThunesError, match="cannot be written"):
        export_csv(journal, Table.TRADES, tmp_path / "absent" / "trades.csv")
