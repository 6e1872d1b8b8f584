"""The soak's comparison finds what it is there to find, in books that were made up."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bench.soak_books import (
    Booked,
    Books,
    Compared,
    Naked,
    Record,
    Traded,
    compare,
    merged,
    read_record,
    slope,
    worst_and_p99,
)
from tests.storage.journals import HEADER
from thunes.adapters.storage.journal import Journal
from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.event import AccountSeen, VenueReported
from thunes.core.domain.evidence import SeenFill
from thunes.core.domain.line import Line, encode
from thunes.core.domain.order import Filled, Order, OrderRole, OrderType, Side
from thunes.core.domain.units import Asset, Instant, OrderId, Price, Quantity, StrategyId, Symbol

BTC = "BTCUSDT"
PRICE = Decimal(100)


def order(number: int, created: int, updated: int, status: str = "FILLED", **more: Any) -> Booked:
    plain = Booked(BTC, f"o{number}", number, -1, True, False, Decimal(1), status, created, updated)
    return replace(plain, **more)


def stop(number: int, created: int, updated: int, status: str) -> Booked:
    return order(number, created, updated, status, buys=False, stops=True)


def fill(number: int, trade: int, at: int, *, buys: bool) -> Traded:
    return Traded(trade, BTC, number, buys, PRICE, Decimal(1), Decimal(0), at)


# Bought at 1 s, protected from then on, the stop taken back and the coin sold at 60 s.
ORDERS = (
    order(1, 1_000, 1_000),
    stop(2, 1_000, 60_000, "CANCELED"),
    order(3, 60_000, 60_000, buys=False),
)
FILLS = (fill(1, 7, 1_000, buys=True), fill(3, 8, 60_000, buys=False))


def record(books: Books) -> Record:
    """What a journal says that knows all of it at once."""
    names = {one.number: one.client_id for one in books.orders}
    fills = {(names[one.number], str(one.id)): one.at for one in books.fills}
    return Record(Counter(names.values()), fills)


def found(*orders: Booked, fills: tuple[Traded, ...] = FILLS) -> Compared:
    books = Books(orders, fills, until=100_000)
    return compare(books, record(books))


def test_what_agrees_is_fine() -> None:
    whole = found(*ORDERS)
    assert whole == Compared([], [], [], [], [], [], [0.0, 0.0])


def test_a_lost_fill_and_one_that_never_was() -> None:
    books = Books(ORDERS, FILLS)
    known = record(books)
    del known.fills["o3", "8"]
    known.fills["o1", "9"] = 5
    compared = compare(books, known)
    assert compared.lost_fills == ["o3 trade 8"]
    assert compared.invented_fills == ["o1 trade 9"]


def test_how_late_a_fill_was_known() -> None:
    books = Books(ORDERS, FILLS)
    known = record(books)
    known.fills["o3", "8"] = 62_500
    assert compare(books, known).fill_delays == [0.0, 2.5]


def test_an_order_that_was_sent_twice_or_stands_there_twice() -> None:
    books = Books((*ORDERS, order(4, 70_000, 70_000, "CANCELED", client_id="o1")), FILLS)
    known = record(books)
    known.sent = Counter({"o1": 1, "o2": 2, "o3": 1})
    assert compare(books, known).duplicates == [
        "o1 stands at the venue 2 times",
        "o2 was sent 2 times",
    ]


def test_an_order_that_no_journal_sent() -> None:
    books = Books(ORDERS, FILLS)
    known = record(books)
    del known.sent["o2"]
    assert compare(books, known).foreign == ["o2"]


def test_two_entries_for_one_position() -> None:
    twice = (*FILLS, fill(4, 9, 70_000, buys=True), fill(5, 10, 71_000, buys=True))
    compared = found(*ORDERS, order(4, 70_000, 70_000), order(5, 71_000, 71_000), fills=twice)
    assert compared.duplicates == ["BTCUSDT bought by 5 while it was held"]


def test_one_entry_in_two_fills_is_one() -> None:
    halves = [replace(fill(1, n, n * 1_000, buys=True), quantity=Decimal("0.5")) for n in (1, 2)]
    assert not found(*ORDERS, fills=(*halves, FILLS[1])).duplicates


@pytest.mark.parametrize(("lasts_ms", "doubled"), [(500, 0), (30_000, 1)])
def test_two_stops_for_one_position(lasts_ms: int, doubled: int) -> None:
    second = stop(4, 10_000, 10_000 + lasts_ms, "CANCELED")
    later = stop(5, 20_000, 20_000, "CANCELED")  # an occasion to look
    assert len(found(*ORDERS, second, later).duplicates) == doubled


def test_a_stop_that_protects_nothing() -> None:
    left = stop(4, 70_000, 70_000, "NEW")
    assert found(*ORDERS, left).orphans == ["o4 rests, no BTCUSDT is held"]


@pytest.mark.parametrize(
    ("stops", "spells"),
    [
        ((), [(1_000, 60_000)]),  # none at all
        ((stop(2, 5_000, 60_000, "CANCELED"),), [(1_000, 5_000)]),  # late
        ((stop(2, 1_000, 9_000, "EXPIRED"),), [(9_000, 60_000)]),  # lost
        (  # replaced, with a gap between
            (stop(2, 1_000, 9_000, "CANCELED"), stop(4, 9_500, 60_000, "CANCELED")),
            [(9_000, 9_500)],
        ),
        ((stop(2, 1_000, 9_000, "CANCELED"), stop(4, 9_000, 60_000, "CANCELED")), []),
    ],
)
def test_naked_spells(stops: tuple[Booked, ...], spells: list[tuple[int, int]]) -> None:
    compared = found(ORDERS[0], *stops, ORDERS[2])
    assert [(one.begin, one.end) for one in compared.naked] == spells


def test_a_stop_for_half_leaves_the_rest_naked() -> None:
    half = replace(ORDERS[1], quantity=Decimal("0.5"))
    (spell,) = found(ORDERS[0], half, ORDERS[2]).naked
    assert (spell.begin, spell.end) == (1_000, 60_000)
    nearly = replace(ORDERS[1], quantity=Decimal("0.96"))  # the rest is dust
    assert not found(ORDERS[0], nearly, ORDERS[2]).naked


def test_what_is_naked_in_the_end_is_so_until_the_books_were_read() -> None:
    (spell,) = found(ORDERS[0], fills=FILLS[:1]).naked
    assert (spell.begin, spell.end) == (1_000, 100_000)


def test_dust_of_many_sales_is_not_a_position() -> None:
    fills, orders = [], []
    for number in range(100):
        at = number * 10_000
        part = Decimal("0.98")
        orders += [order(3 * number, at, at), stop(3 * number + 1, at, at + 9_000, "CANCELED")]
        orders.append(order(3 * number + 2, at + 9_000, at + 9_000, buys=False, quantity=part))
        fills += [fill(3 * number, 2 * number, at, buys=True)]
        sold = fill(3 * number + 2, 2 * number + 1, at + 9_000, buys=False)
        fills.append(replace(sold, quantity=part))
    compared = found(*orders, fills=tuple(fills))
    assert (compared.naked, compared.orphans, compared.duplicates) == ([], [], [])


def test_a_missing_stop_is_one_that_a_running_process_left_out_for_too_long() -> None:
    spells = [Naked(BTC, 0, 80_000), Naked(BTC, 100_000, 300_000)]
    compared = Compared([], [], [], [], [], spells, [])
    assert len(compared.missing((), 90.0)) == 1
    assert not compared.missing([(150_000, 280_000)], 90.0)  # nobody was there to mend it
    assert len(compared.missing([(150_000, 280_000)], 60.0)) == 2


def test_the_record_of_a_journal(tmp_path: Path) -> None:
    def filled(name: str, trade: str) -> Filled:
        price, one = Price(PRICE), Quantity(Decimal(1))
        return Filled(OrderId(name), trade, price, one, Quantity(Decimal(0)), Asset("USDT"), True)

    sent = Order(
        OrderId("o1"),
        Symbol(BTC),
        Side.BUY,
        OrderType.MARKET,
        OrderRole.ENTRY,
        StrategyId("s"),
        quantity=Quantity(Decimal(1)),
    )
    at = Instant(5_000_000)
    seen = SeenFill(at, Symbol(BTC), Side.BUY, filled("o1", "8"))
    events = (
        VenueReported(at, (filled("o1", "7"),)),
        AccountSeen(Instant(9_000_000), at, at, (), (seen,), {}),
        VenueReported(Instant(20_000_000), (filled("o1", "8"),)),
    )
    journal = Journal.create(tmp_path / "j", HEADER)
    for event, commands in zip(events, ((PlaceOrders((sent,)),), (), ()), strict=True):
        journal.append(encode(Line(event, commands, ())), durable=False)
    journal.release()
    read = read_record(tmp_path / "j")
    assert read.sent == {"o1": 1}
    assert read.fills == {("o1", "7"): 5, ("o1", "8"): 9}


def test_times_that_overlap_count_once() -> None:
    downs = merged([(50.0, 90.0), (0.0, 30.0), (10.0, 40.0), (90.0, 95.0)])
    assert downs == [(0.0, 40.0), (50.0, 95.0)]
    assert Naked(BTC, 0, 100_000).seconds(merged([(0.0, 60_000.0), (20_000.0, 60_000.0)])) == 40.0


def test_numbers() -> None:
    assert worst_and_p99([]) == (0.0, 0.0)
    assert worst_and_p99(float(n) for n in range(101)) == (100.0, 99.0)
    assert slope([(0.0, 10.0), (1.0, 12.0), (2.0, 14.0)]) == pytest.approx(2.0)
    assert slope([(1.0, 10.0)]) == 0.0
