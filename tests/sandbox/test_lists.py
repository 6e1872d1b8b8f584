"""Order lists and replacement: what goes together, what waits, what each answer says."""

from typing import Any

import pytest

from tests.sandbox.venue import D, Venue


@pytest.fixture
def venue() -> Venue:
    return Venue()


OCO = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "quantity": "1",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "110",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "95",
    "belowPrice": "94",
    "belowTimeInForce": "GTC",
}
OTOCO = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "99",
    "workingQuantity": "2",
    "workingTimeInForce": "GTC",
    "pendingSide": "SELL",
    "pendingQuantity": "1.9",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "110",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "95",
}


def statuses(venue: Venue, said: dict[str, Any]) -> list[str]:
    return [venue.query(order["orderId"])["status"] for order in said["orders"]]


def list_status(venue: Venue, said: dict[str, Any]) -> str:
    found = venue.ask("GET", "orderList", orderListId=said["orderListId"])
    return str(found["listStatusType"])


def test_oco_holds_the_coins_once(venue: Venue) -> None:
    said = venue.ask("POST", "orderList/oco", **OCO)
    assert (said["contingencyType"], said["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert [r["type"] for r in said["orderReports"]] == ["LIMIT_MAKER", "STOP_LOSS_LIMIT"]
    assert {r["orderListId"] for r in said["orderReports"]} == {said["orderListId"]}
    assert venue.balance("BTC") == (D(9), D(1))


@pytest.mark.parametrize(
    ("quotes", "filled", "other"),
    [(("110.50", "110.51"), 0, 1), (("94.50", "94.51"), 1, 0)],
)
def test_one_leg_of_an_oco_ends_the_other(
    venue: Venue, quotes: tuple[str, str], filled: int, other: int
) -> None:
    said = venue.ask("POST", "orderList/oco", **OCO)
    venue.quote(*quotes)
    found = [venue.query(order["orderId"]) for order in said["orders"]]
    assert found[filled]["status"] == "FILLED"
    assert (found[other]["status"], found[other]["expiryReason"]) == ("EXPIRED", "OCO_TRIGGER")
    assert list_status(venue, said) == "ALL_DONE"
    assert venue.balance("BTC") == (D(9), D(0))
    assert venue.events[-1]["e"] == "listStatus"
    assert (venue.events[-1]["l"], venue.events[-1]["L"]) == ("ALL_DONE", "ALL_DONE")


def test_cancelling_one_leg_cancels_the_list(venue: Venue) -> None:
    said = venue.ask("POST", "orderList/oco", **OCO)
    gone = venue.ask("DELETE", "order", symbol="BTCUSDT", orderId=said["orders"][0]["orderId"])
    assert gone["listOrderStatus"] == "ALL_DONE"
    assert statuses(venue, said) == ["CANCELED", "CANCELED"]
    assert venue.ask("GET", "openOrderList") == []
    assert venue.balance("BTC") == (D(10), D(0))


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({"abovePrice": "99"}, -2010),
        ({"belowStopPrice": "101", "belowPrice": "100"}, -2010),
        ({"aboveType": "MARKET"}, -1158),
        ({"belowType": "LIMIT_MAKER", "belowStopPrice": ""}, -1168),
        ({"side": "BUY"}, -1165),
        ({"aboveType": "STOP_LOSS", "belowType": "TAKE_PROFIT"}, -1199),
    ],
)
def test_oco_refusals(venue: Venue, words: dict[str, str], code: int) -> None:
    asked = OCO | words
    if code in (-1168, -1199):
        asked = {k: v for k, v in asked.items() if not k.endswith(("StopPrice", "TimeInForce"))}
        asked |= {"belowPrice": "90"} if code == -1168 else {"aboveStopPrice": "110"}
    if code == -1199:
        asked = {k: v for k, v in asked.items() if not k.endswith("Price")}
        asked |= {"aboveStopPrice": "110", "belowStopPrice": "95"}
    status, said = venue.try_("POST", "orderList/oco", **asked)
    assert (status, said["code"]) == (400, code), said
    assert venue.balance("BTC") == (D(10), D(0))
    assert venue.ask("GET", "openOrders", symbol="BTCUSDT") == []


def test_old_oco(venue: Venue) -> None:
    words = {"symbol": "BTCUSDT", "side": "SELL", "quantity": 1, "price": 110, "stopPrice": 95}
    said = venue.ask("POST", "order/oco", **words)
    assert {r["type"] for r in said["orderReports"]} == {"LIMIT_MAKER", "STOP_LOSS"}


def test_pending_legs_wait_for_the_whole_working_order(venue: Venue) -> None:
    said = venue.ask("POST", "orderList/otoco", **OTOCO)
    assert said["contingencyType"] == "OTO"
    assert statuses(venue, said) == ["NEW", "PENDING_NEW", "PENDING_NEW"]
    assert [r["workingTime"] for r in said["orderReports"]][1:] == [-1, -1]
    venue.quote("98.98", "98.99", size="1")
    assert statuses(venue, said) == ["PARTIALLY_FILLED", "PENDING_NEW", "PENDING_NEW"]
    assert venue.balance("BTC")[1] == 0
    venue.quote("98.97", "98.98")
    assert statuses(venue, said) == ["FILLED", "NEW", "NEW"]
    assert venue.balance("BTC")[1] == D("1.9")
    venue.quote("94.50", "94.51")
    assert statuses(venue, said) == ["FILLED", "EXPIRED", "FILLED"]
    assert list_status(venue, said) == "ALL_DONE"


def test_pending_legs_end_with_the_working_order(venue: Venue) -> None:
    said = venue.ask("POST", "orderList/otoco", **OTOCO)
    venue.quote("98.98", "98.99", size="1")
    venue.ask("DELETE", "orderList", symbol="BTCUSDT", orderListId=said["orderListId"])
    # What was bought is left without a stop: the client's to mend.
    assert statuses(venue, said) == ["CANCELED", "CANCELED", "CANCELED"]
    assert venue.balance("BTC") == (D("10.999"), D(0))


def test_a_pending_leg_that_cannot_be_placed_expires(venue: Venue) -> None:
    words = {k: v for k, v in OTOCO.items() if not k.startswith(("pendingA", "pendingB"))}
    words |= {"pendingType": "LIMIT_MAKER", "pendingPrice": "98", "pendingQuantity": "1"}
    said = venue.ask("POST", "orderList/oto", **words)
    venue.quote("98.97", "98.98")
    found = venue.query(said["orders"][1]["orderId"])
    assert (found["status"], found["expiryReason"]) == ("EXPIRED", "REJECTED")
    assert list_status(venue, said) == "ALL_DONE"


def test_working_order_that_expires_takes_its_legs(venue: Venue) -> None:
    words = OTOCO | {"workingTimeInForce": "IOC"}
    said = venue.ask("POST", "orderList/otoco", **words)
    found = [venue.query(order["orderId"]) for order in said["orders"]]
    assert [one["status"] for one in found] == ["EXPIRED"] * 3
    assert {one["expiryReason"] for one in found[1:]} == {"OTO_PHASE_ONE_EXPIRED"}


def test_list_that_cannot_be_paid_is_not_there(venue: Venue) -> None:
    words = OTOCO | {"workingQuantity": "5000", "pendingQuantity": "1"}
    status, said = venue.try_("POST", "orderList/otoco", **words)
    assert (status, said["code"]) == (400, -1013)
    words = OTOCO | {"workingQuantity": "900", "workingPrice": "100", "workingType": "LIMIT"}
    poor = Venue(balances={"USDT": D(10), "BTC": D(0), "BNB": D(0)})
    status, said = poor.try_("POST", "orderList/otoco", **words)
    assert (status, said["code"]) == (400, -2010)
    assert poor.ask("GET", "allOrderList") == []
    assert poor.ask("GET", "openOrders") == []


def replace(venue: Venue, order_id: int, mode: str = "STOP_ON_FAILURE", **words: Any) -> Any:
    asked = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": 1,
        "price": 98,
        "cancelReplaceMode": mode,
        "cancelOrderId": order_id,
    }
    return venue.try_("POST", "order/cancelReplace", **asked | words)


def test_replace(venue: Venue) -> None:
    old = venue.limit("BUY", "99")["orderId"]
    status, said = replace(venue, old)
    assert (status, said["cancelResult"], said["newOrderResult"]) == (200, "SUCCESS", "SUCCESS")
    assert said["cancelResponse"]["orderId"] == old
    assert venue.query(said["newOrderResponse"]["orderId"])["price"] == "98.00000000"


@pytest.mark.parametrize(
    ("known", "mode", "words", "expected"),
    [
        (False, "STOP_ON_FAILURE", {}, (400, -2022, "FAILURE", "NOT_ATTEMPTED")),
        (False, "ALLOW_FAILURE", {}, (409, -2021, "FAILURE", "SUCCESS")),
        (False, "ALLOW_FAILURE", {"price": "1"}, (400, -2022, "FAILURE", "FAILURE")),
        (True, "STOP_ON_FAILURE", {"price": "1"}, (409, -2021, "SUCCESS", "FAILURE")),
    ],
)
def test_replace_halves(
    venue: Venue, known: bool, mode: str, words: dict[str, str], expected: tuple[Any, ...]
) -> None:
    old = venue.limit("BUY", "99")["orderId"] if known else 4_711
    status, said = replace(venue, old, mode, **words)
    data = said["data"]
    assert (status, said["code"], data["cancelResult"], data["newOrderResult"]) == expected
    if data["cancelResult"] == "FAILURE":
        assert data["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}


def test_cancel_restrictions(venue: Venue) -> None:
    said = venue.limit("BUY", "99")
    words = {"symbol": "BTCUSDT", "orderId": said["orderId"]}
    status, refused = venue.try_(
        "DELETE", "order", **words, cancelRestrictions="ONLY_PARTIALLY_FILLED"
    )
    assert (status, refused["code"]) == (400, -2011)
    venue.ask("DELETE", "order", **words, cancelRestrictions="ONLY_NEW")
