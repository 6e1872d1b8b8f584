"""Orders over REST: what fills, at what price, what rests, what expires, what is refused."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.sandbox.venue import CASH, D, Venue


@pytest.fixture
def venue() -> Venue:
    return Venue()


def test_market_order_takes_the_best_level(venue: Venue) -> None:
    said = venue.order("BUY", "MARKET", quantity="2")
    assert (said["status"], said["executedQty"]) == ("FILLED", "2.00000000")
    assert said["cummulativeQuoteQty"] == "200.02000000"
    fill = said["fills"][0]
    assert (fill["price"], fill["qty"]) == ("100.01000000", "2.00000000")
    # Commission is taken from what is received.
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00200000", "BTC")
    assert venue.balance("BTC") == (D("11.998"), D(0))
    assert venue.balance("USDT") == (D("99799.98"), D(0))


def test_commission_is_taken_as_it_is_told(venue: Venue) -> None:
    """Else what an account adds up of its fills is not what it has."""
    listing = venue.market.find("BTCUSDT")
    listing.instrument = replace(listing.instrument, step=D("0.00001"))
    cash = D(100_000)
    for _ in range(10):
        venue.quote("100.03", "100.04")
        said = venue.order("SELL", "MARKET", quantity="0.12345")
        (fill,) = said["fills"]
        assert D(fill["commission"]) == D("0.01234870")  # of 0.0123487035
        cash += D("0.12345") * D("100.03") - D(fill["commission"])
    assert venue.balance("USDT") == (cash, D(0))


def test_market_order_walks_the_book_and_leaves_it_thinner(venue: Venue) -> None:
    before = venue.public("depth", symbol="BTCUSDT", limit=5)
    said = venue.order("BUY", "MARKET", quantity="5.1")
    prices = [fill["price"] for fill in said["fills"]]
    assert prices[0] == "100.01000000"
    assert prices[1:] == [level[0] for level in before["asks"][1 : len(prices)]]
    after = venue.public("depth", symbol="BTCUSDT", limit=5)
    assert D(after["asks"][0][0]) > D("100.01")
    assert venue.public("ticker/price", symbol="BTCUSDT")["price"] == prices[-1]


def test_market_order_beyond_the_book_expires(venue: Venue) -> None:
    rich = Venue(balances=CASH | {"USDT": D(10**9)})
    said = rich.order("BUY", "MARKET", quantity="100")
    assert said["status"] == "EXPIRED"
    assert said["expiryReason"] == "INSUFFICIENT_LIQUIDITY"
    assert D(0) < D(said["executedQty"]) < D(100)
    assert rich.balance("USDT")[1] == 0


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_quote_order_quantity_is_the_largest_that_fits(venue: Venue, side: str) -> None:
    said = venue.order(side, "MARKET", quoteOrderQty="250")
    price = D("100.01") if side == "BUY" else D("100.00")
    assert said["status"] == "FILLED"
    assert D(said["executedQty"]) == D(250) // (price * D("0.001")) * D("0.001")
    assert said["origQuoteOrderQty"] == "250.00000000"


def test_limit_order_rests_and_fills_when_passed(venue: Venue) -> None:
    said = venue.limit("BUY", "99", 2)
    assert (said["status"], said["fills"]) == ("NEW", [])
    assert venue.balance("USDT") == (D(99_802), D(198))
    venue.quote("98.99", "99.00")
    assert venue.query(said["orderId"])["status"] == "NEW"  # touched is not passed
    venue.quote("98.98", "98.99", size="1.5")
    assert venue.query(said["orderId"])["status"] == "PARTIALLY_FILLED"
    venue.quote("98.97", "98.98")
    done = venue.query(said["orderId"])
    assert (done["status"], done["cummulativeQuoteQty"]) == ("FILLED", "198.00000000")
    trades = venue.ask("GET", "myTrades", symbol="BTCUSDT")
    assert [(t["qty"], t["price"], t["isMaker"]) for t in trades] == [
        ("1.50000000", "99.00000000", True),
        ("0.50000000", "99.00000000", True),
    ]


def test_limit_order_that_crosses_takes_and_rests(venue: Venue) -> None:
    said = venue.limit("SELL", "100", 7)
    assert (said["status"], said["executedQty"]) == ("PARTIALLY_FILLED", "5.00000000")
    assert venue.balance("BTC") == (D(3), D(2))


@pytest.mark.parametrize(
    ("force", "quantity", "status", "executed", "reason"),
    [
        ("IOC", 7, "EXPIRED", "5.00000000", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("IOC", 5, "FILLED", "5.00000000", None),
        ("FOK", 7, "EXPIRED", "0.00000000", "UNFILLED_FOK_ORDER_EXPIRED"),
        ("FOK", 5, "FILLED", "5.00000000", None),
    ],
)
def test_immediate_orders(
    venue: Venue, force: str, quantity: int, status: str, executed: str, reason: str | None
) -> None:
    said = venue.limit("SELL", "100", quantity, timeInForce=force)
    assert (said["status"], said["executedQty"]) == (status, executed)
    assert said.get("expiryReason") == reason
    assert venue.balance("BTC")[1] == 0


def test_post_only(venue: Venue) -> None:
    error = venue.refused("BUY", "LIMIT_MAKER", quantity=1, price="100.01")
    assert error == (-2010, "Order would immediately match and take.")
    said = venue.order("BUY", "LIMIT_MAKER", quantity=1, price="100.00", newOrderRespType="RESULT")
    assert said["status"] == "NEW"


@pytest.mark.parametrize(
    ("side", "kind", "stop", "quotes"),
    [
        ("SELL", "STOP_LOSS", "95", ("94.90", "94.91")),
        ("BUY", "STOP_LOSS", "105", ("105.10", "105.11")),
        ("SELL", "TAKE_PROFIT", "105", ("105.10", "105.11")),
        ("BUY", "TAKE_PROFIT", "95", ("94.90", "94.91")),
    ],
)
def test_triggers(venue: Venue, side: str, kind: str, stop: str, quotes: tuple[str, str]) -> None:
    said = venue.order(side, kind, quantity=1, stopPrice=stop)
    waiting = venue.query(said["orderId"])
    assert (waiting["status"], waiting["isWorking"]) == ("NEW", False)
    venue.quote(*quotes)
    done = venue.query(said["orderId"])
    assert done["status"] == "FILLED"
    price = quotes[1] if side == "BUY" else quotes[0]
    assert D(done["cummulativeQuoteQty"]) == D(price)


@pytest.mark.parametrize(
    ("side", "kind", "stop"),
    [
        ("SELL", "STOP_LOSS", "105"),
        ("BUY", "STOP_LOSS", "95"),
        ("SELL", "TAKE_PROFIT", "95"),
        ("BUY", "TAKE_PROFIT", "105"),
    ],
)
def test_triggers_on_the_wrong_side(venue: Venue, side: str, kind: str, stop: str) -> None:
    error = venue.refused(side, kind, quantity=1, stopPrice=stop)
    assert error == (-2010, "Order would trigger immediately.")


def test_take_profit_limit_rests_once_triggered(venue: Venue) -> None:
    words = {"timeInForce": "GTC", "quantity": 1, "stopPrice": "105", "price": "106"}
    said = venue.order("SELL", "TAKE_PROFIT_LIMIT", **words)
    venue.quote("105.50", "105.51")
    resting = venue.query(said["orderId"])
    assert (resting["status"], resting["isWorking"]) == ("NEW", True)
    venue.quote("106.50", "106.51")
    done = venue.query(said["orderId"])
    assert (done["status"], done["cummulativeQuoteQty"]) == ("FILLED", "106.00000000")


def test_trailing_stop_follows_the_best_price(venue: Venue) -> None:
    said = venue.order("SELL", "STOP_LOSS", quantity=1, trailingDelta=100)
    venue.quote("110.00", "110.01")
    venue.quote("109.00", "109.01")
    assert venue.query(said["orderId"])["status"] == "NEW"
    venue.quote("108.89", "108.90")
    assert venue.query(said["orderId"])["status"] == "FILLED"


@pytest.mark.parametrize(
    ("mode", "old", "new"),
    [
        ("NONE", "NEW", "NEW"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
def test_self_trade_prevention(venue: Venue, mode: str, old: str, new: str) -> None:
    venue.quote("98.00", "102.00")
    first = venue.limit("BUY", "100")
    second = venue.limit("SELL", "100", selfTradePreventionMode=mode)
    assert venue.query(first["orderId"])["status"] == old
    assert venue.query(second["orderId"])["status"] == new


def test_cancel(venue: Venue) -> None:
    said = venue.limit("BUY", "99", newClientOrderId="mine")
    gone = venue.ask("DELETE", "order", symbol="BTCUSDT", origClientOrderId="mine")
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", "mine")
    assert gone["clientOrderId"] != "mine"
    assert venue.balance("USDT") == (D(100_000), D(0))
    assert venue.try_("DELETE", "order", symbol="BTCUSDT", orderId=said["orderId"]) == (
        400,
        {"code": -2011, "msg": "Unknown order sent."},
    )


def test_client_id_is_unique_among_open_orders_only(venue: Venue) -> None:
    venue.limit("BUY", "99", newClientOrderId="mine")
    asked = {"timeInForce": "GTC", "price": 99, "quantity": 1, "newClientOrderId": "mine"}
    assert venue.refused("BUY", "LIMIT", **asked) == (-2010, "Duplicate order sent.")
    venue.ask("DELETE", "openOrders", symbol="BTCUSDT")
    again = venue.order("BUY", "LIMIT", **asked)
    found = venue.ask("GET", "order", symbol="BTCUSDT", origClientOrderId="mine")
    assert found["orderId"] == again["orderId"]


def test_amend_keeps_the_order_and_frees_funds(venue: Venue) -> None:
    said = venue.limit("BUY", "99", 2)
    words = {"symbol": "BTCUSDT", "orderId": said["orderId"]}
    venue.ask("PUT", "order/amend/keepPriority", **words, newQty="1.5")
    assert venue.balance("USDT") == (D("99851.5"), D("148.5"))
    assert venue.try_("PUT", "order/amend/keepPriority", **words, newQty=3)[1]["code"] == -2038


LIMIT = {"timeInForce": "GTC", "price": "99", "quantity": "1"}


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ({"price": "99.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"price": "10"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.0015"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.001"}, -1013, "Filter failure: NOTIONAL"),
        ({"quantity": "1.123456789"}, -1111, "Parameter 'quantity' has too much precision."),
        ({"quantity": "1e3"}, -1100, "Illegal characters found in parameter 'quantity'"),
        ({"price": ""}, -1102, "Mandatory parameter 'price' was not sent"),
        ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
        ({"side": "LONG"}, -1117, "Invalid side."),
        ({"type": "ICEBERG"}, -1116, "Invalid orderType."),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"stopPrice": "95"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"colour": "red"}, -1104, "Not all sent parameters were read; read '8' parameter(s)"),
        ({"newClientOrderId": "a b"}, -1100, "Illegal characters found in parameter 'newClient"),
        ({"newClientOrderId": ""}, -1105, "Parameter 'newClientOrderId' was empty."),
        ({"quantity": "9999"}, -1013, "Filter failure: LOT_SIZE"),
        ({"price": "101", "quantity": "1000"}, -2010, "Account has insufficient balance"),
        ({"price": "5000", "quantity": "1"}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"strategyType": "5"}, -1134, "`strategyType` was less than 1000000."),
        ({"icebergQty": "2"}, -2010, "IcebergQty exceeds QTY."),
        ({"selfTradePreventionMode": "X"}, -1130, "Data sent for parameter 'selfTrade"),
    ],
)
def test_refusals(venue: Venue, words: dict[str, Any], code: int, text: str) -> None:
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT"} | LIMIT | words
    status, said = venue.try_("POST", "order", **asked)
    assert (status, said["code"]) == (400, code)
    assert said["msg"].startswith(text)


def test_stop_orders_are_counted(venue: Venue) -> None:
    for _ in range(5):
        venue.order("SELL", "STOP_LOSS", quantity="0.1", stopPrice=95)
    error = venue.refused("SELL", "STOP_LOSS", quantity="0.1", stopPrice=95)
    assert error == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")


def test_unknown_orders(venue: Venue) -> None:
    assert venue.try_("GET", "order", symbol="BTCUSDT", orderId=99) == (
        400,
        {"code": -2013, "msg": "Order does not exist."},
    )
    assert venue.try_("DELETE", "openOrders", symbol="BTCUSDT")[1]["code"] == -2011


def test_an_amount_beyond_the_book_expires() -> None:
    rich = Venue(balances=CASH | {"USDT": D(10**9)})
    said = rich.order("BUY", "MARKET", quoteOrderQty="100000000")
    assert (said["status"], said["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")
    assert D(0) < D(said["cummulativeQuoteQty"]) < D(10**8)
