"""Market streams: what is subscribed to, what comes, and when a client has to go."""

import asyncio
from decimal import Decimal

import aiohttp
import pytest

from tests.sandbox.served import Site, ask, hear, serve
from tests.sandbox.venue import D, Venue
from thunes.sandbox.limits import Allowance
from thunes.sandbox.market import Print
from thunes.sandbox.stream_names import parse_stream

TRADE = (Print(D("100.01"), D(2), False),)


@pytest.mark.parametrize(
    "name",
    [
        "btcusdt@kline_7m",
        "BTCUSDT@trade",
        "btcusdt",
        "btcusdt@depth7",
        "!bookTicker",
        "btcusdt@depth5@50ms",
        "0",
    ],
)
def test_names_that_are_none(name: str) -> None:
    assert parse_stream(name) is None


def test_raw_and_combined_paths() -> None:
    async def story(site: Site) -> None:
        raw = await site.dial("/ws/btcusdt@trade")
        combined = await site.dial("/stream?streams=btcusdt@trade/btcusdt@bookTicker")
        numbered = await site.dial("/stream/ws/0")
        assert await ask(numbered, "SUBSCRIBE", ["btcusdt@trade"]) == {
            "result": None,
            "id": "SUBSCRIBE",
        }
        site.venue.quote("100.00", "100.01", prints=TRADE)
        plain = await hear(raw)
        assert (plain["e"], plain["p"], plain["q"]) == ("trade", "100.01000000", "2.00000000")
        assert await hear(numbered) == plain
        assert await hear(combined) == {"stream": "btcusdt@trade", "data": plain}
        quote = await hear(combined)
        assert quote["stream"] == "btcusdt@bookTicker"
        assert set(quote["data"]) == {"u", "s", "b", "B", "a", "A"}

    serve(Venue(), story)


def test_subscribing() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws")
        await ask(socket, "SUBSCRIBE", ["btcusdt@trade", "nope@trade"])
        said = await ask(socket, "LIST_SUBSCRIPTIONS")
        assert said["result"] == ["btcusdt@trade", "nope@trade"]
        await ask(socket, "SET_PROPERTY", ["combined", True])
        assert (await ask(socket, "GET_PROPERTY", ["combined"]))["result"] is True
        site.venue.quote("100.00", "100.01", prints=TRADE)
        assert (await hear(socket))["stream"] == "btcusdt@trade"
        await ask(socket, "UNSUBSCRIBE", ["btcusdt@trade"])
        site.venue.quote("100.00", "100.01", prints=TRADE)
        assert (await ask(socket, "LIST_SUBSCRIPTIONS"))["result"] == ["nope@trade"]
        for method, params in (("SUBSCRIBE", ["x"]), ("DANCE", []), ("SET_PROPERTY", ["x", 1])):
            said = await ask(socket, method, params)
            assert said["code"] == 2
            assert said["msg"].startswith("Invalid request: ")
        await socket.send_str("{")
        assert (await hear(socket))["code"] == 3

    serve(Venue(), story)


def test_local_book_from_snapshot_and_differences() -> None:
    """As the venue documents it: buffer, snapshot, drop what is older, apply the rest."""

    async def story(site: Site) -> None:
        venue = site.venue
        socket = await site.dial("/ws/btcusdt@depth@100ms")
        await ask(socket, "LIST_SUBSCRIPTIONS")
        venue.quote("100.50", "100.51")
        _, snapshot = await site.call("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        last = snapshot["lastUpdateId"]
        for bid in (97, 103, 100):
            venue.quote(f"{bid}.00", f"{bid}.01")
            venue.order("BUY", "MARKET", quantity="0.5")
            event = await hear(socket)
            if event["u"] <= last:
                event = await hear(socket)
            assert event["U"] <= last + 1 <= event["u"]
            last = event["u"]
            for side, changes in (("bids", event["b"]), ("asks", event["a"])):
                for price, quantity in changes:
                    book[side][price] = quantity
                    if Decimal(quantity) == 0:
                        del book[side][price]
        _, snapshot = await site.call("GET", "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        assert last == snapshot["lastUpdateId"]
        for side in ("bids", "asks"):
            assert book[side] == dict(snapshot[side])

    serve(Venue(), story)


def test_streams_by_the_clock() -> None:
    async def story(site: Site) -> None:
        names = ["kline_1s", "kline_1m", "miniTicker", "ticker", "depth5", "avgPrice"]
        path = "/".join(f"btcusdt@{name}" for name in names)
        socket = await site.dial(f"/stream?streams={path}/!miniTicker@arr")
        seen = {}
        while len(seen) < len(names) + 1:
            said = await hear(socket)
            seen[said["stream"]] = said["data"]
        assert seen["btcusdt@kline_1m"]["k"]["x"] is False
        assert {row["s"] for row in seen["!miniTicker@arr"]} == {"BTCUSDT", "BNBUSDT"}
        assert set(seen["btcusdt@depth5"]) == {"lastUpdateId", "bids", "asks"}
        assert seen["btcusdt@avgPrice"]["i"] == "5m"
        site.venue.later(60_000)
        closed = None
        while closed is None:
            said = await hear(socket)
            if said["stream"] == "btcusdt@kline_1m" and said["data"]["k"]["x"]:
                closed = said["data"]["k"]
        assert closed["T"] - closed["t"] == 59_999

    serve(Venue(), story)


def test_too_many_messages() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws")
        for _ in range(6):
            await socket.ping()
        while True:
            message = await socket.receive(timeout=5)
            if message.type is not aiohttp.WSMsgType.PONG:
                break
        assert message.type is aiohttp.WSMsgType.CLOSE
        assert message.data == 1008

    serve(Venue(Allowance()), story)


def test_too_many_connections() -> None:
    async def story(site: Site) -> None:
        for _ in range(3):
            await site.dial("/ws")
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await site.dial("/ws")
        assert caught.value.status == 429

    serve(Venue(Allowance(dials=3)), story)


def test_a_client_that_leaves_is_forgotten() -> None:
    async def story(site: Site) -> None:
        socket = await site.dial("/ws/btcusdt@trade")
        await ask(socket, "LIST_SUBSCRIPTIONS")
        await socket.close()
        for _ in range(100):
            if not site.server.sockets.open:
                break
            await asyncio.sleep(0.01)
        assert not site.server.sockets.open
        site.venue.quote("100.00", "100.01", prints=TRADE)

    serve(Venue(), story)
