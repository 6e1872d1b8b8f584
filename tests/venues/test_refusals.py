"""What the simulated venue refuses: each code and text of the venue's table."""

import msgspec
import pytest

from tests.venues.pit import BTC, D, Pit, cancel, fills, kinds, place, swap
from thunes.adapters.venues.simulated.costs import FeeModel
from thunes.adapters.venues.simulated.models import Models
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Order,
    OrderRole,
    OrderType,
    Rejected,
    Report,
    Side,
)

NO_FUNDS = (-2010, "Account has insufficient balance for requested action.")
IMMEDIATE = (-2010, "Order would trigger immediately.")
RELATION = (-2010, "The relationship of the prices for the orders is not correct.")
COMBINATION = (-1128, "Combination of optional parameters invalid.")
BUY, SELL = Side.BUY, Side.SELL
STOP, TAKE, LIMIT = OrderType.STOP_MARKET, OrderType.TAKE_PROFIT, OrderType.LIMIT


def started(**changes: object) -> Pit:
    pit = Pit(instrument=msgspec.structs.replace(BTC, **changes))
    pit.run(100.0, 100.0, 100.0, 100.0)
    return pit


def said(reports: list[Report]) -> tuple[int, str]:
    (report,) = reports
    assert isinstance(report, Rejected | CancelRefused)
    return report.code, report.text


@pytest.mark.parametrize(
    ("name", "changes", "fields"),
    [
        ("PRICE_FILTER", {}, {"limit_price": D("99.001")}),
        ("PRICE_FILTER", {"min_price": D(50)}, {"limit_price": D(49)}),
        ("PRICE_FILTER", {"max_price": D(150)}, {"limit_price": D(151)}),
        ("PERCENT_PRICE_BY_SIDE", {"percent_down": D("0.9")}, {"limit_price": D("89.99")}),
        ("PERCENT_PRICE_BY_SIDE", {"percent_up": D("1.1")}, {"limit_price": D("110.01")}),
        ("LOT_SIZE", {}, {"quantity": D("1.0001")}),
        ("LOT_SIZE", {"min_quantity": D(2)}, {}),
        ("LOT_SIZE", {"max_quantity": D("0.5")}, {}),
        ("NOTIONAL", {}, {"quantity": D("0.05")}),
    ],
)
def test_filter_failures(name: str, changes: dict[str, D], fields: dict[str, D]) -> None:
    pit = started(**changes)
    fields = {"limit_price": D(99), **fields}
    order = pit.order(BUY, LIMIT, **fields)
    assert said(pit.send(place(order))) == (-1013, f"Filter failure: {name}")
    assert pit.venue.interested() == ()
    assert pit.balances["USDT"] == (D(10_000), D(0))


def test_market_orders_meet_filters_at_the_last_price() -> None:
    pit = started(market_max_quantity=D(20))
    notional = (-1013, "Filter failure: NOTIONAL")
    assert said(pit.send(place(pit.buy(quantity=D("0.049"))))) == notional
    assert said(pit.send(place(pit.buy(quote_amount=D("4.99"))))) == notional
    too_much = (-1013, "Filter failure: MARKET_LOT_SIZE")
    assert said(pit.send(place(pit.buy(quantity=D(21))))) == too_much
    assert pit.send(place(pit.buy(quantity=D("0.05")))) == []


def test_amount_that_buys_no_step_is_rejected_when_its_price_is_known() -> None:
    pit = started(step=D(1), min_quantity=D(0))
    pit.send(place(pit.buy(quote_amount=D(99))))
    assert said(pit.run(100.0, 100.0, 100.0, 100.0)) == (-1013, "Filter failure: LOT_SIZE")
    assert pit.balances["USDT"] == (D(10_000), D(0))


def test_amount_that_buys_more_than_a_market_order_may() -> None:
    pit = started(market_max_quantity=D(20))
    pit.send(place(pit.buy(quote_amount=D(5000))))
    said_at_open = said(pit.run(100.0, 100.0, 100.0, 100.0))
    assert said_at_open == (-1013, "Filter failure: MARKET_LOT_SIZE")


@pytest.mark.parametrize(
    ("side", "kind", "fields"),
    [
        (BUY, LIMIT, {"limit_price": D(100), "quantity": D("100.001")}),
        (BUY, STOP, {"stop_price": D(101), "quantity": D(100)}),
        (BUY, OrderType.MARKET, {"quantity": D("100.001")}),
        (BUY, OrderType.MARKET, {"quote_amount": D("10000.01")}),
        (SELL, OrderType.MARKET, {"quantity": D("10.001")}),
        (SELL, LIMIT, {"limit_price": D(110), "quantity": D("10.001")}),
    ],
)
def test_insufficient_balance(side: Side, kind: OrderType, fields: dict[str, D]) -> None:
    pit = started()
    assert said(pit.send(place(pit.order(side, kind, **fields)))) == NO_FUNDS


def test_locked_balance_cannot_be_used_twice() -> None:
    pit = started()
    first = pit.buy_limit("100", quantity=D(60))
    pit.send(place(first))
    assert pit.balances["USDT"] == (D(4000), D(6000))
    assert said(pit.send(place(pit.buy_limit("100", quantity=D(41))))) == NO_FUNDS
    pit.send(cancel(first))
    assert pit.balances["USDT"] == (D(10_000), D(0))


def test_cash_is_locked_with_the_fee_in_quote() -> None:
    pit = Pit(Models(fees=FeeModel(maker=D("0.0005"), taker=D("0.001"))))
    pit.send(place(pit.buy_limit("100", quantity=D(10))))
    assert pit.balances["USDT"].locked == D(1001)
    assert said(pit.send(place(pit.buy_limit("100", quantity=D(90))))) == NO_FUNDS


def test_market_buy_that_the_open_makes_too_dear_is_rejected_there() -> None:
    pit = started()
    pit.send(place(pit.buy(quantity=D(100))))
    assert said(pit.run(100.5, 101.0, 100.0, 100.0)) == NO_FUNDS
    assert pit.balances["USDT"] == (D(10_000), D(0))


def test_buy_stop_that_a_gap_makes_too_dear_expires_for_it_was_accepted() -> None:
    pit = started()
    order = pit.order(BUY, STOP, stop_price=D(101), quantity=D(99))
    pit.send(place(order))
    assert pit.run(102.0, 103.0, 102.0, 102.0) == [Expired(order.id, NO_FUNDS[1])]
    assert pit.balances["USDT"] == (D(10_000), D(0))


def test_client_id_is_unique_among_open_orders_only() -> None:
    pit = started()
    order = pit.buy_limit("90")
    pit.send(place(order))
    assert said(pit.send(place(order))) == (-2010, "Duplicate order sent.")
    pit.send(cancel(order))
    assert kinds(pit.send(place(order))) == [f"Accepted {order.id}"]


def test_two_of_a_list_need_two_ids() -> None:
    pit = started()
    stop, target = pit.pair("90", "110").orders
    twin = msgspec.structs.replace(target, id=stop.id)
    reports = pit.send(place(stop, twin))
    assert [said([r])[1] for r in reports] == ["Duplicate order sent."] * 2


@pytest.mark.parametrize(
    ("side", "kind", "level", "waits"),
    [
        (SELL, STOP, "99.99", True),
        (SELL, STOP, "100", False),
        (SELL, STOP, "101", False),
        (BUY, STOP, "100.01", True),
        (BUY, STOP, "100", False),
        (SELL, TAKE, "100.01", True),
        (SELL, TAKE, "100", False),
        (BUY, TAKE, "99.99", True),
        (BUY, TAKE, "100", False),
        (SELL, OrderType.STOP_LIMIT, "100", False),
    ],
)
def test_trigger_that_has_passed(side: Side, kind: OrderType, level: str, waits: bool) -> None:
    pit = started()
    fields = {"limit_price": D(99)} if kind is OrderType.STOP_LIMIT else {}
    reports = pit.send(place(pit.order(side, kind, stop_price=D(level), **fields)))
    assert isinstance(reports[0], Accepted) if waits else said(reports) == IMMEDIATE


def test_last_price_is_the_open_after_an_open_and_the_close_after_the_bar() -> None:
    pit = started()
    pit.open(110.0, 112.0, 90.0, 95.0)
    assert isinstance(pit.now(place(pit.stop("105")))[0], Accepted)
    pit.rest()
    assert said(pit.send(place(pit.stop("95")))) == IMMEDIATE
    assert isinstance(pit.send(place(pit.stop("94.99")))[0], Accepted)


def test_before_the_first_price_nothing_triggers_immediately() -> None:
    pit = Pit()
    assert isinstance(pit.send(place(pit.stop("105")))[0], Accepted)
    assert isinstance(pit.send(place(pit.buy_limit("105")))[0], Accepted)
    assert pit.send(place(pit.buy(quantity=D(1)))) == []
    assert len(fills(pit.run(100.0, 106.0, 99.0, 100.0))) == 3


def test_price_of_long_ago_refuses_nothing() -> None:
    """Bars of a symbol without orders are not brought here, so its last close may be any age."""
    pit = started(percent_up=D("1.1"), percent_down=D("0.9"))
    pit.number += 100
    assert isinstance(pit.send(place(pit.stop("105")))[0], Accepted)
    assert isinstance(pit.send(place(pit.buy_limit("150")))[0], Accepted)
    assert pit.send(place(pit.buy(quantity=D(1)))) == []


@pytest.mark.parametrize(("stop", "target"), [("100", "110"), ("90", "100"), ("110", "90")])
def test_prices_of_a_list_stand_on_both_sides_of_the_market(stop: str, target: str) -> None:
    pit = started()
    reports = pit.send(pit.pair(stop, target))
    assert [said([r]) for r in reports] == [RELATION, RELATION]


def test_buy_list_is_the_mirror() -> None:
    pit = started()
    low = pit.order(BUY, LIMIT, limit_price=D(90), list_id="x")
    high = pit.order(BUY, STOP, stop_price=D(110), list_id="x")
    assert len(pit.send(place(low, high))) == 2
    assert pit.balances["USDT"].locked == D(110), "the dearer of the two"
    assert kinds(pit.run(100.0, 111.0, 100.0, 111.0))[1:] == [f"Expired {low.id}"]


def test_malformed_orders() -> None:
    pit = started()
    one, two, three = pit.buy_limit("90"), pit.buy_limit("91"), pit.buy_limit("92")
    stop, target = pit.pair("90", "110").orders
    bigger = msgspec.structs.replace(target, quantity=D(2))
    for orders in ((one, two), (one, two, three), (stop, bigger), (stop, one)):
        assert [said([r]) for r in pit.send(place(*orders))] == [COMBINATION] * len(orders)
    for order in (
        pit.sell(quote_amount=D(50)),
        pit.order(BUY, LIMIT, limit_price=D(90), quote_amount=D(50)),
    ):
        assert said(pit.send(place(order))) == COMBINATION

    def missing(order: Order) -> str:
        code, text = said(pit.send(place(order)))
        assert code == -1102
        return text.split("'")[1]

    assert missing(pit.order(BUY, OrderType.MARKET, quantity=None)) == "quantity"
    assert missing(pit.order(BUY, LIMIT)) == "price"
    assert missing(pit.order(SELL, STOP)) == "stopPrice"


def test_unknown_symbol() -> None:
    pit = started()
    assert said(pit.send(place(pit.buy(symbol="DOGEUSDT")))) == (-1121, "Invalid symbol.")


def test_counts_of_open_orders() -> None:
    pit = started(max_orders=3, max_stop_orders=1)
    pit.send(place(pit.stop("90")))
    algo = (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    assert said(pit.send(place(pit.stop("91")))) == algo
    assert [said([r]) for r in pit.send(pit.pair("91", "110"))] == [algo, algo]
    pit.send(place(pit.target("110")))
    pit.send(place(pit.target("111")))
    full = (-1013, "Filter failure: MAX_NUM_ORDERS")
    assert said(pit.send(place(pit.target("112")))) == full


def test_unknown_order_cannot_be_canceled() -> None:
    pit = started()
    here, gone = pit.buy_limit("90"), pit.buy_limit("91")
    pit.send(place(here))
    reports = pit.send(cancel(here, gone))
    assert reports[0] == Canceled(here.id)
    assert said(reports[1:]) == (-2011, "Unknown order sent.")


def test_replace_is_one_act() -> None:
    pit = started()
    old, new = pit.stop("90", quantity=D(10)), pit.stop("95", quantity=D(10))
    pit.send(place(old))
    assert pit.send(swap((old,), new)) == [Canceled(old.id), Accepted(new.id)]
    assert pit.balances["BTC"] == (D(0), D(10))


def test_replace_of_an_order_that_is_gone_does_nothing() -> None:
    pit = started()
    gone, here, new = pit.stop("90"), pit.stop("91"), pit.stop("95")
    pit.send(place(here))
    assert pit.send(swap((gone, here), new)) == [
        CancelRefused(gone.id, -2011, "Unknown order sent."),
        CancelRefused(here.id, -2022, "Order cancel-replace failed."),
        Accepted(here.id),  # it stands
        Rejected(new.id, -2022, "Order cancel-replace failed."),
    ]
    assert pit.venue.levels(pit.symbol).below == 91.0


def test_replace_whose_new_order_is_refused_has_canceled_the_old() -> None:
    pit = started()
    old, new = pit.stop("90"), pit.stop("100")
    pit.send(place(old))
    text = "Order cancel-replace partially failed. Order would trigger immediately."
    assert pit.send(swap((old,), new)) == [Canceled(old.id), Rejected(new.id, -2021, text)]
    assert pit.venue.interested() == ()


def test_cancel_of_one_leg_cancels_the_list_and_both_may_be_named() -> None:
    pit = started()
    for named in (slice(0, 1), slice(1, 2), slice(0, 2)):
        command = pit.pair("90", "110")
        pit.send(command)
        reports = pit.send(cancel(*command.orders[named]))
        assert sorted(kinds(reports)) == sorted(f"Canceled {o.id}" for o in command.orders)
        assert pit.balances["BTC"] == (D(10), D(0))


def test_waiting_market_order_can_be_canceled() -> None:
    pit = started()
    order = pit.buy()
    pit.send(place(order))
    assert pit.send(cancel(order)) == [Canceled(order.id)]
    assert pit.run(100.0, 100.0, 100.0, 100.0) == []


def test_a_list_locks_its_coins_once() -> None:
    pit = started()
    pit.send(pit.pair("90", "110", quantity=D(10)))
    assert pit.balances["BTC"] == (D(0), D(10))


def test_instrument_of_no_limits_accepts_any_grid_price() -> None:
    open_instrument = Instrument("BTCUSDT", "BTC", "USDT", D("0.01"), D("0.001"))
    pit = Pit(instrument=open_instrument)
    order = pit.buy_limit("0.01", role=OrderRole.ENTRY)
    assert isinstance(pit.send(place(order))[0], Accepted)
