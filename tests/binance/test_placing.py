"""Placing, cancelling and replacing: each order that a command names is answered, and truly."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.binance.scripted import (
    BTC,
    NOW,
    D,
    Reply,
    Said,
    Table,
    canceled,
    entry,
    error,
    fill,
    lost,
    row,
    sale,
    stop,
    target,
)
from thunes.adapters.venues.binance.known_orders import KnownOrders
from thunes.adapters.venues.binance.prices import AGE_NS_MAX, FROZEN_NS, SPIKE_NS
from thunes.adapters.venues.binance.replacing import replace
from thunes.core.domain.command import ReplaceOrders
from thunes.core.domain.market import Quote
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OutcomeUnknown,
    Rejected,
    Report,
)

SECOND = 10**9


def placed(table: Table, *orders: Order) -> list[Report]:
    return asyncio.run(table.placing.place(orders, NOW))


def resting(table: Table, *orders: Order, list_id: int = -1) -> None:
    """The venue has taken these before."""
    table.known.sent(orders, NOW - 60 * SECOND)
    for number, order in enumerate(orders, 100):
        known = table.known.find(order.id)
        assert known is not None
        known.venue_id, known.list_id = number, list_id


def replaced(table: Table, cancels: Sequence[str], *orders: Order) -> list[Report]:
    command = ReplaceOrders(tuple(cancels), orders)
    return asyncio.run(replace(table.placing, command, NOW))


def test_a_market_entry_that_fills_at_once() -> None:
    answer = row(
        "thunes-1-1", 7, "FILLED", type="MARKET", side="BUY",
        fills=[fill(5, quantity="0.40000000"), fill(6, quantity="0.60000000")],
    )  # fmt: skip
    table = Table(POST__order=lambda _: answer)
    accepted, first, last = placed(table, entry())
    assert accepted == Accepted("thunes-1-1")
    assert isinstance(first, Filled)
    assert isinstance(last, Filled)
    assert (first.trade_id, first.quantity, first.complete) == ("5", D("0.4"), False)
    assert (last.trade_id, last.price, last.fee, last.fee_asset) == ("6", D(100), D("0.001"), "BTC")
    assert last.complete
    ((name, params),) = table.script.asked
    assert name == "POST order"
    assert {k: v for k, v in params.items() if k not in ("signature", "timestamp")} == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "newClientOrderId": "thunes-1-1",
        "quoteOrderQty": "1000",
        "newOrderRespType": "FULL",
        "recvWindow": "5000",
    }
    assert params["timestamp"] == str(NOW // 10**6)


def test_the_stamp_is_of_the_decision_not_of_the_sending() -> None:
    """However long a command waits on our side, the venue's deadline runs."""
    table = Table(POST__order=error(-1021, "Timestamp outside of the recvWindow."))
    table.now = NOW + 6 * SECOND
    table.quote(D(100), D(101))
    (said,) = placed(table, entry())
    assert said == Rejected("thunes-1-1", -1021, "Timestamp outside of the recvWindow.", again=True)
    assert table.script.asked[0][1]["timestamp"] == str(NOW // 10**6)
    assert table.client.skewed


def test_a_market_order_that_finds_too_little() -> None:
    answer = row(
        "thunes-1-4", 7, "EXPIRED", executedQty="0.5", fills=[fill(5, quantity="0.5")],
        expiryReason="INSUFFICIENT_LIQUIDITY",
    )  # fmt: skip
    table = Table(POST__order=lambda _: answer)
    _accepted, filled, expired = placed(table, sale())
    assert isinstance(filled, Filled)
    assert not filled.complete
    assert expired == Expired("thunes-1-4", "The venue ended it: INSUFFICIENT_LIQUIDITY", D("0.5"))


@pytest.mark.parametrize(
    ("reply", "report"),
    [
        (error(-2010, "Order would trigger immediately."), (-2010, False)),
        (error(-1013, "Filter failure: LOT_SIZE"), (-1013, False)),
        (error(-2010, "Account has insufficient balance for requested action."), (-2010, True)),
        (error(-1003, "Too much request weight used.", 429), (-1003, True)),
        (error(-2015, "Invalid API-key, IP, or permissions for action.", 401), (-2015, True)),
        (lambda _: Said(403, b"<html>firewall</html>"), (0, True)),
    ],
)
def test_a_refusal_says_whether_the_same_may_be_asked_again(
    reply: Reply, report: tuple[int, bool]
) -> None:
    (said,) = placed(Table(POST__order=reply), stop())
    assert isinstance(said, Rejected)
    assert (said.code, said.again) == report


@pytest.mark.parametrize(
    "reply",
    [
        lost,
        error(-1007, "Timeout waiting for response from backend server.", 504),
        error(-2010, "Duplicate order sent."),
        error(-4711, "Something new."),
        lambda _: Said(502, b"<html>Bad Gateway</html>"),
        lambda _: b"<html>maintenance</html>",
        lambda _: b'{"symbol":"BTCUSDT","orderId":7,"clientOr',
        lambda _: {"symbol": "BTCUSDT"},
        lambda _: [],
        lambda _: row("somebody-else", 7),
        lambda _: row("thunes-1-2", 7, "A_NEW_STATE"),
        lambda _: row("thunes-1-2", 7, fills=[{"price": "x"}]),
    ],
)
def test_an_outcome_that_nobody_can_know_is_unknown(reply: Reply) -> None:
    assert placed(Table(POST__order=reply), stop()) == [OutcomeUnknown("thunes-1-2")]


def test_nothing_is_ever_sent_twice() -> None:
    table = Table(POST__order=lost)
    placed(table, stop())
    assert table.script.names() == ["POST order"]


def test_a_stop_and_a_target_are_one_list() -> None:
    orders = (target(list_id="list-1"), stop(list_id="list-1"))
    listed = {
        "orderListId": 3, "symbol": "BTCUSDT", "orders": [],
        "orderReports": [
            row("thunes-1-2", 8, orderListId=3), row("thunes-1-3", 9, orderListId=3),
        ],
    }  # fmt: skip
    table = Table(POST__orderList_oco=lambda _: listed)
    assert placed(table, *orders) == [Accepted("thunes-1-2"), Accepted("thunes-1-3")]
    params = table.script.asked[0][1]
    common = ("symbol", "newOrderRespType", "recvWindow", "timestamp", "signature")
    assert {name: value for name, value in params.items() if name not in common} == {
        "listClientOrderId": "list-1",
        "side": "SELL",
        "quantity": "1",
        "aboveType": "LIMIT_MAKER",
        "aboveClientOrderId": "thunes-1-3",
        "abovePrice": "110",
        "belowType": "STOP_LOSS",
        "belowClientOrderId": "thunes-1-2",
        "belowStopPrice": "90",
    }  # fmt: skip
    found = table.known.find("thunes-1-2")
    assert found is not None
    assert (found.list_id, found.venue_id) == (3, 8)


def test_an_entry_may_bring_its_protection_along() -> None:
    """The working leg fills wholly at once or not at all: no moment of a part without a stop."""
    first = entry(quantity=D(1), quote_amount=None, limit_price=D(101), list_id="list-1")
    reports = [
        row("thunes-1-1", 7, "FILLED", side="BUY", fills=[fill(5)], orderListId=3),
        row("thunes-1-2", 8, "PENDING_NEW", orderListId=3),
        row("thunes-1-3", 9, "PENDING_NEW", orderListId=3),
    ]
    listed = {"orderListId": 3, "symbol": "BTCUSDT", "orderReports": reports}
    table = Table(
        POST__orderList_otoco=lambda _: listed,
        GET__order=[
            lambda _: row("thunes-1-2", 8, "NEW", orderListId=3),
            lambda _: row("thunes-1-3", 9, "PENDING_NEW", orderListId=3),
        ],
    )
    said = placed(table, first, stop(), target())
    assert [type(each).__name__ for each in said] == ["Accepted", "Filled", "Accepted"]
    assert said[-1] == Accepted("thunes-1-2")
    params = table.script.asked[0][1]
    assert params["workingTimeInForce"] == "FOK"
    assert params["workingPrice"] == "101"
    assert params["pendingBelowType"] == "STOP_LOSS"
    assert params["pendingAbovePrice"] == "110"
    assert params["pendingQuantity"] == "1"
    assert "listClientOrderId" in params


def test_an_entry_with_a_stop_only() -> None:
    first = entry(quantity=D(1), quote_amount=None, limit_price=D(101))
    reports = [
        row("thunes-1-1", 7, "EXPIRED", side="BUY", expiryReason="UNFILLED_FOK_ORDER_EXPIRED"),
        row("thunes-1-2", 8, "EXPIRED", expiryReason="OTO_PHASE_ONE_EXPIRED"),
    ]
    listed = {"orderListId": 3, "symbol": "BTCUSDT", "orderReports": reports}
    table = Table(POST__orderList_oto=lambda _: listed)
    said = placed(table, first, stop())
    assert [each.order_id for each in said if isinstance(each, Expired)] == [
        "thunes-1-1",
        "thunes-1-2",
    ]
    params = table.script.asked[0][1]
    assert (params["pendingType"], params["pendingStopPrice"]) == ("STOP_LOSS", "90")


def test_one_order_of_a_list_that_is_not_told_of_is_unknown() -> None:
    listed = {"orderListId": 3, "symbol": "BTCUSDT", "orderReports": [row("thunes-1-2", 8)]}
    table = Table(POST__orderList_oco=lambda _: listed)
    said = placed(table, target(), stop())
    assert said == [Accepted("thunes-1-2"), OutcomeUnknown("thunes-1-3")]


def test_cancelling_one_of_a_list_cancels_the_list_once() -> None:
    table = Table(
        DELETE__orderList=lambda _: {
            "orderListId": 3, "symbol": "BTCUSDT",
            "orderReports": [canceled("thunes-1-2", 100), canceled("thunes-1-3", 101)],
        }
    )  # fmt: skip
    resting(table, stop(), target(), list_id=3)
    said = asyncio.run(table.placing.cancel(["thunes-1-2", "thunes-1-3"]))
    assert said == [Canceled("thunes-1-2", D(0)), Canceled("thunes-1-3", D(0))]
    assert table.script.names() == ["DELETE orderList"]


def test_a_cancel_that_comes_too_late() -> None:
    table = Table(DELETE__order=error(-2011, "Unknown order sent."))
    resting(table, stop())
    said = asyncio.run(table.placing.cancel(["thunes-1-2"]))
    assert said == [CancelRefused("thunes-1-2", -2011, "Unknown order sent.")]


def test_a_cancel_that_was_never_looked_at_changes_nothing() -> None:
    table = Table(DELETE__order=error(-1003, "Too much.", 429), GET__openOrders=lost)
    resting(table, stop())
    said = asyncio.run(table.placing.cancel(["thunes-1-2", "thunes-0-9"]))
    assert [(report.order_id, getattr(report, "again", None)) for report in said] == [
        ("thunes-0-9", True),
        ("thunes-1-2", True),
    ]


def test_what_a_cancelled_order_had_filled_is_told() -> None:
    table = Table(DELETE__order=lambda _: canceled("thunes-1-2", 100, executedQty="0.25"))
    resting(table, stop())
    said = asyncio.run(table.placing.cancel(["thunes-1-2"]))
    assert said == [Canceled("thunes-1-2", D("0.25"))]


@pytest.mark.parametrize("reply", [lost, lambda _: b"<html>", lambda _: row("another", 3)])
def test_a_cancel_with_an_unknown_outcome(reply: Reply) -> None:
    table = Table(DELETE__order=reply)
    resting(table, stop())
    said = asyncio.run(table.placing.cancel(["thunes-1-2"]))
    assert OutcomeUnknown("thunes-1-2") in said


def test_what_another_process_sent_is_found_before_it_is_cancelled() -> None:
    table = Table(
        GET__openOrders=lambda _: [row("thunes-1-2", 8)],
        DELETE__order=lambda p: canceled(p["origClientOrderId"], 8),
    )
    said = asyncio.run(table.placing.cancel(["thunes-1-2", "thunes-0-9"]))
    assert said == [
        CancelRefused("thunes-0-9", -2011, "Unknown order sent."),
        Canceled("thunes-1-2", D(0)),
    ]


def halves(cancel: str, new: str, **responses: Any) -> dict[str, Any]:
    return {"cancelResult": cancel, "newOrderResult": new} | responses


def test_a_stop_for_a_stop_is_one_act_of_the_venue() -> None:
    table = Table(
        POST__order_cancelReplace=lambda _: halves(
            "SUCCESS", "SUCCESS",
            cancelResponse=canceled("thunes-1-2", 100), newOrderResponse=row("thunes-1-9", 101),
        )
    )  # fmt: skip
    resting(table, stop())
    said = replaced(table, ["thunes-1-2"], stop("thunes-1-9", stop_price=D(95)))
    assert said == [Canceled("thunes-1-2", D(0)), Accepted("thunes-1-9")]
    params = table.script.asked[0][1]
    assert params["cancelReplaceMode"] == "STOP_ON_FAILURE"
    assert params["cancelOrigClientOrderId"] == "thunes-1-2"
    assert params["stopPrice"] == "95"


def test_a_replace_whose_old_order_was_gone_places_nothing() -> None:
    data = halves(
        "FAILURE", "NOT_ATTEMPTED",
        cancelResponse={"code": -2011, "msg": "Unknown order sent."}, newOrderResponse=None,
    )  # fmt: skip
    body = {"code": -2022, "msg": "Order cancel-replace failed.", "data": data}
    table = Table(POST__order_cancelReplace=lambda _: Said(400, body))
    resting(table, stop())
    said = replaced(table, ["thunes-1-2"], stop("thunes-1-9"))
    assert said == [
        CancelRefused("thunes-1-2", -2011, "Unknown order sent."),
        Rejected("thunes-1-9", -2022, "Order cancel-replace failed."),
    ]


def test_a_replace_of_which_only_the_first_half_was_done() -> None:
    data = halves(
        "SUCCESS", "FAILURE",
        cancelResponse=canceled("thunes-1-2", 100),
        newOrderResponse={"code": -2010, "msg": "Order would trigger immediately."},
    )  # fmt: skip
    body = {"code": -2021, "msg": "Order cancel-replace partially failed.", "data": data}
    table = Table(POST__order_cancelReplace=lambda _: Said(409, body))
    resting(table, stop())
    gone, refused = replaced(table, ["thunes-1-2"], stop("thunes-1-9"))
    assert gone == Canceled("thunes-1-2", D(0))
    assert isinstance(refused, Rejected)
    assert refused.code == -2021
    assert "would trigger immediately" in refused.text
    assert not refused.again


def test_a_replace_that_never_came_in_leaves_the_old_order_where_it_is() -> None:
    table = Table(POST__order_cancelReplace=error(-1021, "Timestamp."))
    resting(table, stop())
    said = replaced(table, ["thunes-1-2"], stop("thunes-1-9"))
    assert said == [
        CancelRefused("thunes-1-2", -1021, "Timestamp.", again=True),
        Rejected("thunes-1-9", -1021, "Timestamp.", again=True),
    ]


@pytest.mark.parametrize(
    "reply", [lost, lambda _: b"<html>", lambda _: {"cancelResult": "SUCCESS"}]
)
def test_a_replace_with_an_unknown_outcome(reply: Reply) -> None:
    table = Table(POST__order_cancelReplace=reply)
    resting(table, stop())
    said = replaced(table, ["thunes-1-2"], stop("thunes-1-9"))
    assert said == [OutcomeUnknown("thunes-1-2"), OutcomeUnknown("thunes-1-9")]


def test_what_fails_a_filter_gives_up_nothing() -> None:
    """The old stop rests as long as it is not known that a new one may."""
    table = Table()
    resting(table, stop())
    said = replaced(table, ["thunes-1-2"], stop("thunes-1-9", quantity=D("0.000001")))
    assert said == [
        CancelRefused("thunes-1-2", -1013, "Filter failure: LOT_SIZE", again=True),
        Rejected("thunes-1-9", -1013, "Filter failure: LOT_SIZE"),
    ]
    assert table.script.asked == []


def test_a_list_for_a_list_is_cancelled_and_placed() -> None:
    listed = {
        "orderListId": 4, "symbol": "BTCUSDT",
        "orderReports": [row("thunes-2-1", 8), row("thunes-2-2", 9)],
    }  # fmt: skip
    gone = {
        "orderListId": 3, "symbol": "BTCUSDT",
        "orderReports": [canceled("thunes-1-2", 100), canceled("thunes-1-3", 101)],
    }  # fmt: skip
    table = Table(DELETE__orderList=lambda _: gone, POST__orderList_oco=lambda _: listed)
    resting(table, stop(), target(), list_id=3)
    said = replaced(table, ["thunes-1-2", "thunes-1-3"], stop("thunes-2-1"), target("thunes-2-2"))
    assert [type(each).__name__ for each in said] == ["Canceled"] * 2 + ["Accepted"] * 2
    assert table.script.names() == ["DELETE orderList", "POST orderList/oco"]


def test_if_a_list_cannot_be_cancelled_nothing_is_placed() -> None:
    table = Table(DELETE__orderList=lost)
    resting(table, stop(), target(), list_id=3)
    said = replaced(table, ["thunes-1-2", "thunes-1-3"], sale())
    assert said == [
        OutcomeUnknown("thunes-1-2"),
        OutcomeUnknown("thunes-1-3"),
        Rejected("thunes-1-4", -2022, "Order cancel-replace failed."),
    ]


REPLIES = st.sampled_from(
    [
        lost,
        error(-2011, "Unknown order sent."),
        error(-2010, "Order would trigger immediately."),
        error(-1003, "Too much.", 429),
        error(-1007, "Timeout.", 504),
        error(-2022, "Order cancel-replace failed."),
        lambda _: b"<html>",
        lambda _: {},
        lambda p: canceled(p.get("origClientOrderId", "thunes-1-2"), 100),
        lambda p: row(p.get("newClientOrderId", "x"), 7),
        lambda _: halves("SUCCESS", "FAILURE", newOrderResponse={"code": -1007, "msg": ""}),
        lambda _: halves("SUCCESS", "SUCCESS", newOrderResponse={}),
        lambda _: {"orderListId": 3, "symbol": "BTCUSDT", "orderReports": []},
    ]
)


@given(REPLIES, REPLIES, REPLIES, REPLIES, st.booleans(), st.integers(1, 2))
def test_every_order_named_is_answered_whatever_is_said(
    one: Reply, two: Reply, three: Reply, four: Reply, listed: bool, count: int
) -> None:
    table = Table(
        DELETE__order=one,
        DELETE__orderList=one,
        POST__order=two,
        POST__orderList_oco=three,
        POST__order_cancelReplace=four,
    )
    old = (stop(), target())[:count]
    resting(table, *old, list_id=3 if listed else -1)
    new = (stop("thunes-2-1"), target("thunes-2-2"))[:count]
    said = replaced(table, [order.id for order in old], *new)
    answered = {report.order_id for report in said}
    assert {order.id for order in (*old, *new)} <= answered
    posts = [name for name in table.script.names() if name.startswith("POST")]
    assert len(posts) <= 1


@pytest.mark.parametrize(
    ("later", "bid", "ask", "doubt"),
    [
        (AGE_NS_MAX + 1, None, None, "15 s old"),
        (1, D(101), D(100), "crossed"),
        (1, D(0), D(1), "is no price"),
        (1, D("NaN"), D(1), "is no price"),
        (1, D(100), D("Infinity"), "is no price"),
        (1, D(106), D(106), "just jumped"),
    ],
)
def test_a_price_that_is_in_doubt_refuses_the_entry_and_nothing_else(
    later: int, bid: Any, ask: Any, doubt: str
) -> None:
    table = Table(POST__order=lambda p: row(p["newClientOrderId"], 7))
    table.now += later
    if bid is not None:
        table.quote(bid, ask)
    refusal = table.placing.refusal((entry(),))
    assert refusal is not None
    assert doubt in refusal.text
    assert table.placing.refusal((stop(),)) is None
    assert table.placing.refusal((sale(),)) is None


def test_a_price_that_is_not_known_at_all_refuses_the_entry() -> None:
    table = Table()
    table.prices._latest.clear()
    refusal = table.placing.refusal((entry(),))
    assert refusal is not None
    assert "no price of BTCUSDT is known" in refusal.text


def test_a_spike_is_believed_once_it_lasts_and_a_frozen_price_never() -> None:
    table = Table()
    table.now += SECOND
    table.quote(D(150), D(151))
    table.now += SPIKE_NS
    assert table.placing.refusal((entry(),)) is None
    while not (doubt := table.prices.doubt("BTCUSDT", table.now)):
        table.now += 10 * SECOND
        table.quote(D(150), D(151))
    assert "frozen" in doubt
    assert table.now - NOW >= FROZEN_NS


def test_an_older_quote_changes_nothing() -> None:
    table = Table()
    before = table.prices.latest("BTCUSDT")
    table.prices.heard(Quote(NOW - 1, "BTCUSDT", D(1), D(1), D(2), D(1)))
    assert table.prices.latest("BTCUSDT") == before


def test_an_entry_waits_for_a_clock_that_can_be_trusted_and_a_stop_does_not() -> None:
    table = Table(POST__order=lambda p: row(p["newClientOrderId"], 7))
    table.client.gauges.clock.offset_ns = 600_000_000
    (said,) = placed(table, entry())
    assert isinstance(said, Rejected)
    assert said.again
    assert "600 ms from ours" in said.text
    assert placed(table, stop()) == [Accepted("thunes-1-2")]
    assert table.script.asked[0][1]["timestamp"] == str(NOW // 10**6 + 600)


def test_a_halted_symbol_takes_no_entry() -> None:
    table = Table()
    table.listing._halted["BTCUSDT"] = "BREAK"
    refusal = table.placing.refusal((entry(),))
    assert refusal is not None
    assert "BREAK" in refusal.text
    assert table.placing.refusal((stop(),)) is None


def test_known_orders_forget_the_oldest_that_are_over() -> None:
    known = KnownOrders()
    for number in range(5_000):
        order = stop(f"thunes-1-{number}")
        known.sent([order], NOW)
        known.numbered(order.id, number, -1)
        known.heard(Canceled(order.id))
    assert known.unsettled() == []
    assert known.find("thunes-1-0") is None
    assert known.named("BTCUSDT", 0) is None
    assert known.named("BTCUSDT", 4_999) == "thunes-1-4999"
    assert known.resting("BTCUSDT") == (0, 0)
    assert BTC.max_stop_orders > 0
