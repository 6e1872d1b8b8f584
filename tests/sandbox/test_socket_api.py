"""The WebSocket API: signatures, sessions, orders, and the events of an account."""

import base64
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sandbox.served import Site, ask, hear, serve
from tests.sandbox.venue import START, D, Venue

API = "/ws-api/v3"


def signed(venue: Venue, **params: Any) -> dict[str, Any]:
    asked = {"apiKey": venue.key.name, "timestamp": venue.now // 1_000_000, **params}
    text = "&".join(
        f"{k}={str(v).lower() if isinstance(v, bool) else v}" for k, v in sorted(asked.items())
    )
    return asked | {"signature": venue.sign(text)}


async def subscribed(site: Site) -> ClientWebSocketResponse:
    socket = await site.dial(API)
    said = await ask(socket, "userDataStream.subscribe.signature", signed(site.venue))
    assert said["result"] == {"subscriptionId": 0}
    return socket


def test_public_and_signed_requests() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial(API)
        said = await ask(socket, "time")
        assert (said["status"], said["result"]) == (200, {"serverTime": START})
        limit = said["rateLimits"][0]
        assert (limit["rateLimitType"], limit["count"]) == ("REQUEST_WEIGHT", 3)
        said = await ask(socket, "account.status", signed(site.venue, omitZeroBalances=True))
        assert {row["asset"] for row in said["result"]["balances"]} == {"BTC", "USDT"}
        quiet = await ask(socket, "account.status", signed(site.venue, returnRateLimits=False))
        assert quiet["status"] == 200
        assert "rateLimits" not in quiet
        bad = signed(site.venue) | {"signature": "00"}
        said = await ask(socket, "account.status", bad)
        assert (said["status"], said["error"]["code"]) == (400, -1022)
        said = await ask(socket, "account.status", {"timestamp": 1})
        assert (said["status"], said["error"]["code"]) == (401, -2014)

    serve(Venue(), story)


def test_orders_and_what_is_told_of_them() -> None:
    async def story(site: Site) -> None:
        socket = await subscribed(site)
        words = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "price": "99.00",
            "quantity": "2",
            "newClientOrderId": "mine",
        }
        await socket.send_json(
            {"id": 1, "method": "order.place", "params": signed(site.venue, **words)}
        )
        event = await hear(socket)  # the event may come before the answer
        assert event["subscriptionId"] == 0
        new = event["event"]
        assert (new["e"], new["x"], new["X"], new["c"]) == ("executionReport", "NEW", "NEW", "mine")
        assert (await hear(socket))["event"]["e"] == "outboundAccountPosition"
        answer = await hear(socket)
        assert (answer["status"], answer["result"]["status"]) == (200, "NEW")
        assert [row["rateLimitType"] for row in answer["rateLimits"]][1:] == ["ORDERS", "ORDERS"]

        site.venue.quote("98.50", "98.51", size="1.5")
        part = (await hear(socket))["event"]
        assert (part["x"], part["X"]) == ("TRADE", "PARTIALLY_FILLED")
        assert (part["l"], part["z"], part["L"]) == ("1.50000000", "1.50000000", "99.00000000")
        assert (part["m"], part["N"], part["n"]) == (True, "BTC", "0.00150000")
        held = (await hear(socket))["event"]["B"]
        usdt = next(row for row in held if row["a"] == "USDT")
        assert D(usdt["l"]) == D("49.5")

        gone = await ask(
            socket, "order.cancel", signed(site.venue, symbol="BTCUSDT", origClientOrderId="mine")
        )
        assert gone["result"]["status"] == "CANCELED"
        assert gone["result"]["origClientOrderId"] == "mine"
        last = site.venue.events[-2]
        assert (last["x"], last["C"], last["i"]) == ("CANCELED", "mine", new["i"])
        assert last["c"] == gone["result"]["clientOrderId"]

    serve(Venue(), story)


def test_a_trigger_is_told_twice() -> None:
    venue = Venue()
    venue.order("SELL", "STOP_LOSS_LIMIT", timeInForce="GTC", quantity=1, stopPrice=95, price=94)
    venue.quote("93.00", "93.01")
    told = [(e["x"], e["X"], e["w"]) for e in venue.events if e["e"] == "executionReport"]
    assert told == [("NEW", "NEW", False), ("NEW", "NEW", True)]


def test_subscriptions() -> None:
    async def story(site: Site) -> None:
        socket = await subscribed(site)
        again = await ask(socket, "userDataStream.subscribe.signature", signed(site.venue))
        assert again["error"]["code"] == -2035
        assert (await ask(socket, "session.subscriptions"))["result"] == [{"subscriptionId": 0}]
        wrong = await ask(socket, "userDataStream.unsubscribe", {"subscriptionId": 5})
        assert wrong["error"]["code"] == -2036
        assert (await ask(socket, "userDataStream.unsubscribe", {"subscriptionId": 0}))[
            "result"
        ] == {}
        assert (await ask(socket, "session.subscriptions"))["result"] == []
        await subscribed(site)
        await site.dial(API)

    serve(Venue(), story)


def test_ed25519_session() -> None:
    async def story(site: Site) -> None:
        private = Ed25519PrivateKey.generate()
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        words = {"api_key": site.venue.key.name, "public_key": pem.decode()}
        _, made = await site.call("POST", "/sandbox/keys", json=words)
        asked = {"apiKey": made["api_key"], "timestamp": START}
        text = f"apiKey={made['api_key']}&timestamp={START}"
        asked["signature"] = base64.b64encode(private.sign(text.encode())).decode()
        socket = await site.dial(API)
        early = await ask(socket, "userDataStream.subscribe")
        assert early["error"]["code"] == -1002
        said = await ask(socket, "session.logon", asked)
        assert said["result"]["apiKey"] == made["api_key"]
        assert (await ask(socket, "userDataStream.subscribe"))["result"] == {"subscriptionId": 0}
        _, reader = await site.call("POST", "/sandbox/keys", json=words | {"trades": False})
        assert list(reader) == ["api_key"], "of a public key there is no secret to tell"
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
        placed = await ask(socket, "order.place", order | {"timestamp": START})
        assert placed["result"]["status"] == "FILLED"
        assert (await ask(socket, "session.logout"))["result"]["apiKey"] is None
        refused = await ask(socket, "order.place", order | {"timestamp": START})
        assert refused["error"]["code"] == -2014
        hmac = await ask(socket, "session.logon", signed(site.venue))
        assert hmac["status"] == 400

    serve(Venue(), story)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("{", 400, -1135),
        ("[]", 400, -1135),
        ('{"id":1}', 400, -1135),
        ('{"id":1,"method":"time","params":[1]}', 400, -1135),
        ('{"id":1,"method":"dance"}', 400, -1020),
        ('{"id":1,"method":"userDataStream.start"}', 410, -1020),
        ('{"id":1,"method":"depth","params":{"symbol":"NOPE"}}', 400, -1121),
    ],
)
def test_what_cannot_be_answered(text: str, status: int, code: int) -> None:
    async def story(site: Site) -> None:
        socket = await site.dial(API)
        await socket.send_str(text)
        said = await hear(socket)
        assert (said["status"], said["error"]["code"]) == (status, code)

    serve(Venue(), story)
