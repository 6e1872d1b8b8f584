"""What may be spent: weights, orders, connections, and what happens to who goes on."""

from typing import Any

import msgspec

from tests.sandbox.venue import Venue
from thunes.sandbox.limits import Allowance
from thunes.sandbox.rest import Answer

TIGHT = Allowance(weight=50, orders=(3, 5))


def body(answer: Answer) -> Any:
    return msgspec.json.decode(answer.body)


def test_weight_is_told_and_refused_when_spent() -> None:
    venue = Venue(TIGHT)
    first = venue.raw("GET", "exchangeInfo")
    assert first.headers["X-MBX-USED-WEIGHT-1M"] == "20"
    venue.raw("GET", "exchangeInfo")
    refused = venue.raw("GET", "exchangeInfo")
    assert (refused.status, body(refused)["code"]) == (429, -1003)
    assert "current limit is 50 request weight per 1 MINUTE" in body(refused)["msg"]
    left = 60 - venue.now // 1_000_000_000 % 60
    assert abs(int(refused.headers["Retry-After"]) - left) <= 1
    venue.later(60_000)
    assert venue.raw("GET", "ping").status == 200


def test_who_goes_on_is_banned_longer_each_time() -> None:
    venue = Venue(TIGHT)
    for ban_s in (120, 240):
        for _ in range(12):
            venue.raw("GET", "exchangeInfo")
        banned = venue.raw("GET", "ping")
        assert (banned.status, body(banned)["code"]) == (418, -1003)
        assert "IP banned until" in body(banned)["msg"]
        assert 1 <= int(banned.headers["Retry-After"]) <= ban_s
        venue.later((ban_s - 1) * 1_000)
        assert venue.raw("GET", "ping").status == 418
        venue.later(2_000 + 60_000)
        assert venue.raw("GET", "ping").status == 200


def test_orders_are_counted_until_they_fill() -> None:
    venue = Venue(Allowance(orders=(3, 200)))
    for _ in range(3):
        venue.limit("BUY", "99")
    error = venue.try_(
        "POST",
        "order",
        symbol="BTCUSDT",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        price=99,
        quantity=1,
    )
    assert error[0] == 429
    assert error[1] == {
        "code": -1015,
        "msg": "Too many new orders; current limit is 3 orders per 10 SECOND.",
    }
    venue.quote("98.50", "98.51")
    counts = venue.ask("GET", "rateLimit/order")
    assert [(row["intervalNum"], row["count"]) for row in counts] == [(10, 0), (1, 0)]
    venue.limit("BUY", "98")
    venue.refused("BUY", "LIMIT", timeInForce="GTC", price=0, quantity=1)  # costs nothing
    assert venue.ask("GET", "rateLimit/order")[0]["count"] == 1
    venue.later(10_000)
    assert [row["count"] for row in venue.ask("GET", "rateLimit/order")] == [0, 1]


def test_order_count_headers() -> None:
    venue = Venue(Allowance())
    text = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99"
        f"&timestamp={venue.now // 1_000_000}"
    )
    answer = venue.raw("POST", "order", f"{text}&signature={venue.sign(text)}")
    assert answer.headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert answer.headers["X-MBX-ORDER-COUNT-1D"] == "1"


def test_weights_by_parameter() -> None:
    venue = Venue(Allowance())

    def weight(path: str, query: str = "") -> int:
        before = venue.exchange.address("127.0.0.1").weight.count
        assert venue.raw("GET", path, query).status == 200
        return venue.exchange.address("127.0.0.1").weight.count - before

    assert weight("ticker/24hr") == 80
    assert weight("ticker/24hr", "symbol=BTCUSDT") == 2
    assert weight("ticker/24hr", "symbols=%5B%22BTCUSDT%22%5D") == 2
    assert [weight("depth", f"symbol=BTCUSDT&limit={n}") for n in (100, 500, 1000, 5000)] == [
        5,
        25,
        50,
        250,
    ]
    assert weight("ticker/price") == 4
