"""One suite that every venue passes: what is placed, filled, stopped, listed, cancelled, replaced
and refused is told in the same words."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.binance.scripted import D, entry, sale, stop, target
from tests.contracts.venues import VENUES, Desk, fills, said
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Order,
    OutcomeUnknown,
    Rejected,
)

ONE, TWO, THREE = "thunes-1-1", "thunes-1-2", "thunes-1-3"


@pytest.fixture(params=list(VENUES))
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with VENUES[request.param]() as desk:
        yield desk


def bid(name: str = ONE, **more: Any) -> Order:
    return entry(name, **({"quote_amount": None, "quantity": D(2), "limit_price": D(99)} | more))


def place(desk: Desk, *orders: Order) -> None:
    """Place, and wait until each is accepted."""
    desk.send(PlaceOrders(orders))
    for order in orders:
        desk.until(lambda name=order.id: said(desk, name, Accepted))


def refusal(desk: Desk, *orders: Order) -> Rejected:
    desk.send(PlaceOrders(orders))
    for order in orders:
        desk.until(lambda name=order.id: said(desk, name, Rejected))
    (first, *_) = said(desk, orders[0].id, Rejected)
    assert isinstance(first, Rejected)
    return first


def test_a_market_order_fills_and_pays_its_fee(desk: Desk) -> None:
    desk.send(PlaceOrders((entry(ONE, quantity=D(2), quote_amount=None),)))
    desk.until(lambda: fills(desk, ONE))
    (fill,) = fills(desk, ONE)
    assert (fill.price, fill.quantity, fill.complete) == (D("100.01"), D(2), True)
    assert (fill.fee, fill.fee_asset) == (D("0.002"), "BTC")
    desk.send(PlaceOrders((sale(TWO, quantity=D(1)),)))
    desk.until(lambda: fills(desk, TWO))
    (fill,) = fills(desk, TWO)
    assert (fill.price, fill.fee_asset) == (D("100.00"), "USDT")


def test_an_order_by_amount_spends_no_more(desk: Desk) -> None:
    desk.send(PlaceOrders((entry(ONE, quote_amount=D(1000)),)))
    desk.until(lambda: fills(desk, ONE))
    (fill,) = fills(desk, ONE)
    assert D(990) < fill.price * fill.quantity <= D(1000)


def test_a_limit_order_waits_for_its_price(desk: Desk) -> None:
    place(desk, bid())
    assert not fills(desk, ONE)
    desk.quote("98.50", "98.51")
    desk.until(lambda: fills(desk, ONE))
    assert {fill.price for fill in fills(desk, ONE)} == {D(99)}


def test_a_stop_sells_once_its_price_is_touched(desk: Desk) -> None:
    place(desk, stop(ONE, stop_price=D(95)))
    desk.quote("96.00", "96.01")
    assert not fills(desk, ONE)
    desk.quote("94.50", "94.51")
    desk.until(lambda: fills(desk, ONE))
    assert {fill.price for fill in fills(desk, ONE)} == {D("94.50")}


@pytest.mark.parametrize(
    ("quote", "filled", "gone"),
    [(("106.00", "106.01"), TWO, ONE), (("94.00", "94.01"), ONE, TWO)],
)
def test_of_a_list_one_fills_and_the_other_ends(
    desk: Desk, quote: tuple[str, str], filled: str, gone: str
) -> None:
    pair = stop(ONE, stop_price=D(95)), target(TWO, limit_price=D(105))
    listed = [_listed(order) for order in pair]
    place(desk, *listed)
    desk.quote(*quote)
    desk.until(lambda: fills(desk, filled))
    desk.until(lambda: said(desk, gone, Expired) or said(desk, gone, Canceled))
    assert not fills(desk, gone)


def _listed(order: Order) -> Order:
    return msgspec.structs.replace(order, list_id="list-1")


def brought(limit: str, stop_at: str = "95", goal: str = "", kept: str = "1.998") -> list[Order]:
    """A buy of two at once and wholly or not at all, and what then protects them."""
    sized = {"quantity": D(kept), "after": ONE}
    rest = [stop(TWO, stop_price=D(stop_at), **sized)]
    if goal:
        rest = [_listed(each) for each in (*rest, target(THREE, limit_price=D(goal), **sized))]
    return [bid(limit_price=D(limit)), *rest]


def test_an_entry_with_its_stop_is_never_naked(desk: Desk) -> None:
    desk.send(PlaceOrders(tuple(brought("101"))))
    desk.until(lambda: fills(desk, ONE) and said(desk, TWO, Accepted))
    (fill,) = fills(desk, ONE)
    assert (fill.price, fill.quantity, fill.complete) == (D("100.01"), D(2), True)
    desk.quote("94.50", "94.51")
    desk.until(lambda: fills(desk, TWO))
    assert sum(fill.quantity for fill in fills(desk, TWO)) == D("1.998")


@pytest.mark.parametrize(
    ("quote", "filled", "gone"),
    [(("106.00", "106.01"), THREE, TWO), (("94.00", "94.01"), TWO, THREE)],
)
def test_with_a_target_one_of_the_two_ends_it(
    desk: Desk, quote: tuple[str, str], filled: str, gone: str
) -> None:
    desk.send(PlaceOrders(tuple(brought("101", goal="105"))))
    desk.until(lambda: said(desk, TWO, Accepted) and said(desk, THREE, Accepted))
    desk.quote(*quote)
    desk.until(lambda: fills(desk, filled))
    desk.until(lambda: said(desk, gone, Expired) or said(desk, gone, Canceled))
    assert not fills(desk, gone)


@pytest.mark.parametrize(("limit", "size"), [("100.00", "50"), ("100.01", "1.999")])
def test_what_cannot_fill_wholly_at_once_ends_with_all_that_it_brings(
    desk: Desk, limit: str, size: str
) -> None:
    desk.quote("100.00", "100.01", size)
    desk.send(PlaceOrders(tuple(brought(limit, goal="105"))))
    for name in (ONE, TWO, THREE):
        desk.until(lambda name=name: said(desk, name, Expired))
    desk.quote("90.00", "90.01")
    desk.quote("110.00", "110.01")
    assert not any(fills(desk, name) for name in (ONE, TWO, THREE))
    desk.send(CancelOrders((TWO,)))
    desk.until(lambda: said(desk, TWO, CancelRefused))


def test_a_stop_of_more_than_the_fee_leaves_does_not_begin(desk: Desk) -> None:
    sold = [sale("all", quantity=D(10))]
    desk.send(PlaceOrders(tuple(sold)))
    desk.until(lambda: fills(desk, "all"))
    desk.send(PlaceOrders(tuple(brought("101", kept="2"))))
    desk.until(lambda: fills(desk, ONE) and said(desk, TWO, Expired))


def test_a_cancelled_order_never_fills(desk: Desk) -> None:
    place(desk, bid())
    desk.send(CancelOrders((ONE,)))
    desk.until(lambda: said(desk, ONE, Canceled))
    (end, *_) = said(desk, ONE, Canceled)
    assert isinstance(end, Canceled)
    assert not end.filled, "nothing of it was filled, where a venue tells"
    desk.quote("90.00", "90.01")
    assert not fills(desk, ONE)


def test_a_cancel_of_what_is_not_open_is_refused(desk: Desk) -> None:
    desk.send(CancelOrders((THREE,)))
    desk.until(lambda: said(desk, THREE, CancelRefused))
    (refused, *_) = said(desk, THREE, CancelRefused)
    assert refused == CancelRefused(THREE, -2011, "Unknown order sent.")


def test_a_replacement_is_a_cancel_and_a_new_order(desk: Desk) -> None:
    place(desk, stop(ONE, stop_price=D(95)))
    desk.send(ReplaceOrders((ONE,), (stop(TWO, stop_price=D(97)),)))
    desk.until(lambda: said(desk, ONE, Canceled) and said(desk, TWO, Accepted))
    desk.quote("96.50", "96.51")
    desk.until(lambda: fills(desk, TWO))
    assert not fills(desk, ONE)


def test_a_replacement_of_what_is_gone_places_nothing(desk: Desk) -> None:
    desk.send(ReplaceOrders((ONE,), (stop(TWO, stop_price=D(97)),)))
    desk.until(lambda: said(desk, ONE, CancelRefused) and said(desk, TWO, Rejected))
    desk.quote("96.50", "96.51")
    assert not fills(desk, TWO)


@pytest.mark.parametrize(
    ("order", "filter_"),
    [
        (bid(limit_price=D("9.99")), "PERCENT_PRICE_BY_SIDE"),
        (bid(quantity=D(2_000)), "LOT_SIZE"),
        (bid(quantity=D("0.001")), "NOTIONAL"),
        (sale(ONE, quantity=D(101)), "MARKET_LOT_SIZE"),
        (stop(ONE, stop_price=D("2000000")), "PRICE_FILTER"),
    ],
)
def test_a_filter_refuses_by_its_name(desk: Desk, order: Order, filter_: str) -> None:
    refused = refusal(desk, order)
    assert (refused.code, refused.text) == (-1013, f"Filter failure: {filter_}")


def test_more_stops_than_a_symbol_takes(desk: Desk) -> None:
    for number in range(5):
        place(desk, stop(f"stop-{number}", quantity=D(1), stop_price=D(95)))
    refused = refusal(desk, stop(ONE, stop_price=D(95)))
    assert refused.text == "Filter failure: MAX_NUM_ALGO_ORDERS"


def test_what_nobody_can_pay_is_refused(desk: Desk) -> None:
    refused = refusal(desk, sale(ONE, quantity=D(11)))
    assert (refused.code, "insufficient balance" in refused.text) == (-2010, True)


def test_a_stop_beyond_the_market_is_refused(desk: Desk) -> None:
    refused = refusal(desk, stop(ONE, stop_price=D(105)))
    assert (refused.code, refused.text) == (-2010, "Order would trigger immediately.")


def test_an_id_that_is_open_opens_no_second_order(desk: Desk) -> None:
    place(desk, bid())
    desk.send(PlaceOrders((bid(),)))
    desk.until(lambda: said(desk, ONE, Rejected) or said(desk, ONE, OutcomeUnknown))
    desk.quote("98.00", "98.01")
    desk.until(lambda: fills(desk, ONE))
    assert sum(fill.quantity for fill in fills(desk, ONE)) == D(2)
