"""Faults: each does what it says, on what was chosen, as often and as long as was asked."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sandbox.served import Site, ask, hear, serve
from tests.sandbox.test_socket_api import signed, subscribed
from tests.sandbox.venue import CASH, D, Venue
from thunes.core.domain.errors import UsageError
from thunes.sandbox.faults import Fault, FaultBox, Planned, read_plans, read_script
from thunes.sandbox.market import Print
from thunes.sandbox.quirks import TABLE

ORDER = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": 1,
    "price": 99,
}
TRADE = (Print(D("100.01"), D(2), False),)


def open_orders(site: Site) -> int:
    return len(site.venue.holder.standing)


@pytest.mark.parametrize(
    ("fault", "value", "status", "code", "placed"),
    [
        ("error_before", None, 500, -1001, 0),
        ("error_before", -1008, 503, -1008, 0),
        ("error_before", -2026, 400, -2026, 0),
        ("error_after", None, 504, -1007, 1),
        ("error_after", -1006, 500, -1006, 1),
        ("rate_limited", 7, 429, -1003, 0),
        ("banned", 7, 418, -1003, 0),
        ("order_limited", None, 429, -1015, 0),
    ],
)
def test_errors(fault: str, value: Any, status: int, code: int, placed: int) -> None:
    async def story(site: Site) -> None:
        await site.fault(fault, value=value, times=1, on="POST /api/v3/order")
        said = await site.signed("POST", "order", **ORDER)
        assert (said[0], said[1]["code"]) == (status, code)
        assert open_orders(site) == placed
        assert (await site.signed("GET", "openOrders"))[0] == 200
        assert (await site.signed("POST", "order", **ORDER))[0] == 200
        _, listed = await site.call("GET", "/sandbox/faults")
        assert [row["struck"] for row in listed] == [1]

    serve(Venue(), story)


@pytest.mark.parametrize(("fault", "status"), [("blocked", 403), ("answer_page", 502)])
def test_pages(fault: str, status: int) -> None:
    async def story(site: Site) -> None:
        await site.fault(fault)
        said = await site.signed("POST", "order", **ORDER)
        assert said[0] == status
        assert said[1].startswith(b"<html>")
        assert open_orders(site) == (fault == "answer_page")

    serve(Venue(), story)


@pytest.mark.parametrize(("fault", "placed"), [("request_lost", 0), ("answer_lost", 1)])
def test_lost_on_the_way(fault: str, placed: int) -> None:
    async def story(site: Site) -> None:
        await site.fault(fault, times=1)
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await site.signed("POST", "order", **ORDER)
        assert open_orders(site) == placed

    serve(Venue(), story)


def test_cut_and_late_answers() -> None:
    async def story(site: Site) -> None:
        await site.fault("answer_cut", times=1)
        _, text = await site.signed("POST", "order", **ORDER)
        assert isinstance(text, bytes)
        await site.fault("answer_late", times=1, value=0.2)
        waiting = asyncio.create_task(site.signed("POST", "order", **ORDER))
        while open_orders(site) < 2:
            await asyncio.sleep(0.01)
        assert not waiting.done()
        assert (await waiting)[0] == 200
        # One that waits before it is done may come too late.
        await site.fault("request_late", times=1, value=0.05)
        waiting = asyncio.create_task(site.signed("POST", "order", **ORDER))
        await asyncio.sleep(0.02)
        site.venue.later(6_000)
        assert (await waiting)[1]["code"] == -1021

    serve(Venue(), story)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("stream_lost", ["2"]),
        ("stream_twice", ["1", "1", "2"]),
        ("stream_swapped", ["2", "1"]),
        ("stream_late", ["2", "1"]),
    ],
)
def test_messages_of_a_stream(fault: str, expected: list[str]) -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws/btcusdt@trade")
        await ask(socket, "LIST_SUBSCRIPTIONS")
        await site.fault(fault, times=1, on="market", value=0.05)
        for quantity in (1, 2):
            site.venue.quote("100.00", "100.01", prints=(Print(D(100), D(quantity), True),))
        heard = [(await hear(socket))["q"][0] for _ in expected]
        assert heard == expected

    serve(Venue(), story)


def test_messages_that_cannot_be_read() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws/btcusdt@trade")
        await ask(socket, "LIST_SUBSCRIPTIONS")
        await site.fault("stream_cut", times=1)
        site.venue.quote("100.00", "100.01", prints=TRADE)
        cut = await socket.receive(timeout=5)
        assert not cut.data.endswith("}")
        await site.fault("stream_binary", times=1)
        site.venue.quote("100.00", "100.01", prints=TRADE)
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.BINARY
        site.venue.quote("100.00", "100.01", prints=TRADE)
        assert (await hear(socket))["e"] == "trade"

    serve(Venue(), story)


def test_silent_user_stream_while_requests_are_answered() -> None:
    async def story(site: Site) -> None:
        socket = await subscribed(site)
        await site.fault("stream_silent", on="user")
        words = {**ORDER, "newClientOrderId": "mine"}
        said = await ask(socket, "order.place", signed(site.venue, **words))
        assert said["result"]["status"] == "NEW"
        await site.call("DELETE", "/sandbox/faults")
        await ask(socket, "openOrders.cancelAll", signed(site.venue, symbol="BTCUSDT"))

    serve(Venue(), story)


def test_missing_execution_report() -> None:
    async def story(site: Site) -> None:
        socket = await subscribed(site)
        await site.fault("stream_lost", on="user", where='"x":"TRADE"')
        site.venue.order("BUY", "MARKET", quantity=1)
        assert (await hear(socket))["event"]["x"] == "NEW"
        assert (await hear(socket))["event"]["e"] == "outboundAccountPosition"

    serve(Venue(), story)


def test_half_open_connection() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws/btcusdt@trade")
        await ask(socket, "LIST_SUBSCRIPTIONS")
        await site.fault("stream_half_open")
        await socket.ping()
        site.venue.quote("100.00", "100.01", prints=TRADE)
        with pytest.raises(asyncio.TimeoutError):
            await socket.receive(timeout=0.3)
        assert not socket.closed
        await site.call("DELETE", "/sandbox/faults")
        assert (await hear(socket))["e"] == "trade"

    serve(Venue(), story)


def test_planned_drop() -> None:
    async def story(site: Site) -> None:
        raw, combined = await site.dial("/ws"), await site.dial("/stream")
        user = await subscribed(site)
        await site.fault("shutdown", on="market", value=0.05)
        assert (await hear(raw))["e"] == "serverShutdown"
        assert (await hear(combined))["stream"] == "!serverShutdown"
        message = await raw.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        assert (await ask(user, "time"))["status"] == 200
        await site.fault("stream_closed", on="user", value=1008)
        message = await user.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)

    serve(Venue(), story)


def test_dials() -> None:
    async def story(site: Site) -> None:
        await site.fault("dial_refused", times=1, on="/ws*")
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await site.dial("/ws")
        assert caught.value.status == 503
        await site.fault("dial_closed", times=1)
        socket = await site.dial("/ws")
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE

    serve(Venue(), story)


def test_refused_subscription() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws-api/v3")
        for code in (-1021, -1022, -2015):
            await site.fault(
                "error_before", times=1, value=code, on="WS userDataStream.subscribe.signature"
            )
            said = await ask(socket, "userDataStream.subscribe.signature", signed(site.venue))
            assert said["error"]["code"] == code
        await subscribed(site)

    serve(Venue(), story)


def test_answers_of_the_socket_api() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws-api/v3")
        for fault in ("request_lost", "answer_lost"):
            await site.fault(fault, times=1, on="WS time")
            await socket.send_json({"id": fault, "method": "time"})
        assert (await ask(socket, "ping"))["status"] == 200
        await site.fault("error_after", times=1, on="WS order.place")
        said = await ask(socket, "order.place", signed(site.venue, **ORDER))
        assert (said["status"], said["error"]["code"]) == (504, -1007)
        assert open_orders(site) == 1
        await site.fault("answer_late", times=1, value=0.05)
        assert (await ask(socket, "time"))["status"] == 200

    serve(Venue(), story)


def test_the_venue_itself() -> None:
    async def story(site: Site) -> None:
        venue = site.venue
        await site.fault("clock_skew", value=5_001)
        assert (await site.signed("GET", "account"))[1]["code"] == -1021
        await site.fault("symbol_status", on="BTC*", value="HALT")
        venue.clock.skew_ns = 0
        said = await site.signed("POST", "order", **ORDER)
        assert said[1] == {"code": -2010, "msg": "Market is closed."}
        info = venue.public("exchangeInfo")
        assert [s["status"] for s in info["symbols"]] == ["HALT", "TRADING"]
        await site.fault("price_step", on="BTCUSDT", value="0.5")
        await site.call("DELETE", "/sandbox/faults")
        assert (await site.signed("POST", "order", **ORDER))[0] == 200
        await site.fault("price_step", on="BTCUSDT", value="0.5")
        said = await site.signed("POST", "order", **ORDER | {"price": "99.25"})
        assert said[1]["msg"] == "Filter failure: PRICE_FILTER"
        await site.fault("wiped")
        assert (await site.signed("GET", "openOrders"))[1] == []
        assert venue.balance("USDT") == (CASH["USDT"], D(0))

    serve(Venue(), story)


def test_open_orders_rest_while_a_symbol_is_halted() -> None:
    venue = Venue()
    said = venue.limit("BUY", "99")
    venue.market.find("BTCUSDT").status = "HALT"
    venue.quote("90.00", "90.01")
    assert venue.query(said["orderId"])["status"] == "NEW"
    venue.ask("DELETE", "order", symbol="BTCUSDT", orderId=said["orderId"])


def test_when_how_long_how_often() -> None:
    now = [0.0]
    box = FaultBox(lambda: now[0])
    box.plan([Planned("answer_lost", at_s=1, lasts_s=2, times=2, on="GET *", where="")])

    def struck(on: str = "GET /x") -> bool:
        return box.strikes(Fault.ANSWER_LOST, on) is not None

    assert not struck()
    now[0] = 1_000
    assert not struck("POST /x")
    assert [struck(), struck(), struck()] == [True, True, False]
    box.plan([Planned("answer_lost", lasts_s=1)])
    assert struck()
    now[0] = 2_000
    assert not struck()
    assert [one.struck for one in box.over()] == [1]


def test_a_script(tmp_path: Path) -> None:
    path = tmp_path / "faults.toml"
    path.write_text('[[fault]]\nfault = "banned"\nat_s = 5\nvalue = 60\n', "utf-8")
    assert read_script(path) == [Planned("banned", at_s=5, value=60)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fault = 1", "expected [[fault]] tables"),
        ("[[fault]]\nfault = 'x'\n[[other]]\na=1", "found ['other']"),
        ("[[fault", "is not TOML"),
        ("[[fault]]\nfault = 'dance'", "fault 1: 'dance' is not known; there are: request_lost"),
        ("[[fault]]\nfault = 'banned'\ncolour = 1", "fault 1: Object contains unknown field"),
        ("[[fault]]\nfault = 'banned'\nat_s = -1", "count from 0"),
        ("[[fault]]\nfault = 'clock_skew'\nvalue = 'much'", "value must be a number"),
        ("[[fault]]\nfault = 'price_step'\nvalue = 'x'", "value must be a number"),
        ("[[fault]]\nfault = 'symbol_status'\nvalue = 'SHUT'", "value must be one of"),
    ],
)
def test_a_script_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faults.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        read_script(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_script(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="this call: fault 1"):
        read_plans({"fault": 3}, "this call")


def test_admin_calls_that_make_no_sense() -> None:
    async def story(site: Site) -> None:
        for method, path, words in (
            ("GET", "nowhere", {}),
            ("POST", "faults", {"data": "{"}),
            ("POST", "faults", {"json": {"fault": "dance"}}),
            ("POST", "accounts", {"json": {"balances": {"BTC": "-1"}}}),
            ("POST", "keys", {"json": {"api_key": "x", "public_key": "y"}}),
            ("POST", "keys", {"json": {"api_key": site.venue.key.name, "public_key": "y"}}),
            ("POST", "quotes", {"json": {"symbol": "NOPE", "bid": "1", "ask": "2"}}),
            ("POST", "quotes", {"json": {"symbol": "BTCUSDT", "bid": "2", "ask": "1"}}),
            ("POST", "quotes", {"json": {"symbol": "BTCUSDT", "bid": "1.001", "ask": "2"}}),
        ):
            status, said = await site.call(method, f"/sandbox/{path}", **words)
            assert status in (400, 404)
            assert said["error"], path

    serve(Venue(), story)


def test_accounts_and_quotes_by_call() -> None:
    async def story(site: Site) -> None:
        words = {"balances": {"USDT": "1000", "BNB": "5"}, "in_bnb": True}
        _, made = await site.call("POST", "/sandbox/accounts", json=words)
        site.venue.key = site.venue.exchange.keys[made["api_key"]]
        site.venue.secret = made["api_secret"]
        quote = {"symbol": "BTCUSDT", "bid": "50", "ask": "50.01", "quantity": "9"}
        assert (await site.call("POST", "/sandbox/market", json={"held": True}))[0] == 200
        assert (await site.call("POST", "/sandbox/quotes", json=quote))[0] == 200
        asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": 1}
        _, said = await site.signed("POST", "order", **asked)
        assert said["fills"][0]["price"] == "50.01000000"
        assert said["fills"][0]["commissionAsset"] == "BNB"

    serve(Venue(), story)


def test_listen_key_before_it_was_retired() -> None:
    async def story(site: Site) -> None:
        site.venue.exchange.as_of = date(2026, 2, 19)
        headers = {"X-MBX-APIKEY": site.venue.key.name}
        _, said = await site.call("POST", "/api/v3/userDataStream", headers=headers)
        again = await site.call("POST", "/api/v3/userDataStream", headers=headers)
        assert again == (200, said)
        socket = await site.dial(f"/ws/{said['listenKey']}")
        await ask(socket, "LIST_SUBSCRIPTIONS")
        site.venue.order("BUY", "MARKET", quantity=1)
        assert (await hear(socket))["e"] == "executionReport"
        query = f"listenKey={said['listenKey']}"
        assert (await site.call("PUT", f"/api/v3/userDataStream?{query}", headers=headers))[
            0
        ] == 200
        wrong = await site.call("PUT", "/api/v3/userDataStream?listenKey=x", headers=headers)
        assert wrong[1]["code"] == -1125

    serve(Venue(), story)


def test_a_listen_key_is_subscribed_to_like_a_stream() -> None:
    """The way of the official clients: SUBSCRIBE, not the path."""

    async def story(site: Site) -> None:
        site.venue.exchange.as_of = date(2026, 2, 19)
        headers = {"X-MBX-APIKEY": site.venue.key.name}
        _, said = await site.call("POST", "/api/v3/userDataStream", headers=headers)
        key = said["listenKey"]
        raw, combined = await site.dial("/ws"), await site.dial("/stream")
        for socket in (raw, combined):
            assert (await ask(socket, "SUBSCRIBE", [key]))["result"] is None
            assert (await ask(socket, "SUBSCRIBE", [key]))["result"] is None, "once is enough"
            assert (await ask(socket, "LIST_SUBSCRIPTIONS"))["result"] == [key]
            assert "unknown stream" in (await ask(socket, "SUBSCRIBE", [key + "x"]))["msg"]
        site.venue.order("BUY", "MARKET", quantity=1)
        first = await hear(raw)
        assert (first["e"], first["x"]) == ("executionReport", "NEW")
        assert await hear(combined) == {"stream": key, "data": first}
        assert (await ask(raw, "UNSUBSCRIBE", [key]))["result"] is None
        site.venue.order("BUY", "MARKET", quantity=1)
        await raw.send_json({"id": 1, "method": "LIST_SUBSCRIPTIONS"})
        assert await hear(raw) == {"result": [], "id": 1}, "no event came before it"
        await ask(combined, "LIST_SUBSCRIPTIONS")
        await site.fault("stream_silent", on="user")
        site.venue.order("BUY", "MARKET", quantity=1)
        await combined.send_json({"id": 1, "method": "LIST_SUBSCRIPTIONS"})
        assert await hear(combined) == {"result": [key], "id": 1}, "no event came before it"

    serve(Venue(), story)


def test_quirks_by_day() -> None:
    venue = Venue()
    words = {"symbol": "BTCUSDT", "fromId": 1, "startTime": 1}
    assert venue.try_("GET", "myTrades", **words)[1]["code"] == -1128
    venue.market.find("BTCUSDT").status = "CANCEL_ONLY"
    assert venue.public("exchangeInfo")["symbols"][0]["status"] == "CANCEL_ONLY"
    venue.exchange.as_of = date(2022, 1, 1)
    assert venue.ask("GET", "myTrades", **words) == []
    assert venue.public("exchangeInfo")["symbols"][0]["status"] == "BREAK"
    for change in TABLE.values():
        assert change.source.startswith(("http", "github.com"))
        assert change.text.endswith(".")
