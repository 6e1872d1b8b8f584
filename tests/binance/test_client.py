"""The client over a real connection: what goes out, what comes back, and what never gets out."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.binance.scripted import NOW, Table, entry, error, lost, stop
from thunes.adapters.venues.binance.breaker import IN_A_ROW_MAX, Door
from thunes.adapters.venues.binance.classify import Failure, Meaning
from thunes.adapters.venues.binance.client import Client
from thunes.adapters.venues.binance.hosts import Environment, hosts_at
from thunes.adapters.venues.binance.order_requests import cancel, place
from thunes.adapters.venues.binance.requests import query
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import CcxtTransport, Unanswered
from thunes.core.domain.errors import UsageError

SECOND = 10**9
KEYS = Keys("canary-key", "canary-secret")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def over_the_wire(handler: Handler, ask: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `ask` gets of a server that answers every request by `handler`."""

    async def run() -> Any:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        async with TestServer(app) as server:
            client = Client(str(server.make_url("")), KEYS, CcxtTransport(0.5), lambda: NOW, print)
            client.gauges.clock.measured(NOW, NOW, NOW // 10**6)
            try:
                return await ask(client)
            finally:
                await client.close()

    return asyncio.run(run())


async def place_stop(client: Client) -> Any:
    return await client.ask(place((stop(),)), NOW)


def test_what_is_signed_is_what_arrives_letter_by_letter() -> None:
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(query=request.raw_path.split("?")[1], key=request.headers["X-MBX-APIKEY"])
        seen.update(method=request.method, body=await request.read())
        return web.json_response({"ok": 1}, headers={"X-MBX-USED-WEIGHT-1M": "4321"})

    async def ask(client: Client) -> Any:
        body = await place_stop(client)
        limit = client.gauges.budget.limits[0]
        return body, client.gauges.budget.used(limit, NOW), client.asked

    body, used, asked = over_the_wire(handler, ask)
    assert json.loads(body) == {"ok": 1}
    assert used == 4321
    assert asked == 1
    text, signature = seen["query"].split("&signature=")
    assert signature == KEYS.signature(text)
    assert dict(parse_qsl(text))["recvWindow"] == "5000"
    assert (seen["key"], seen["method"], seen["body"]) == ("canary-key", "POST", b"")


async def html(_: web.Request) -> web.Response:
    return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")


async def embedded(_: web.Request) -> web.Response:
    return web.json_response({"code": -1007, "msg": "Timeout waiting for response."})


async def silent(_: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


async def reset(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut_short(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"symbol":"BTCUSDT","ord')
    assert request.transport is not None
    request.transport.abort()
    return response


@pytest.mark.parametrize("handler", [html, embedded, silent, reset, cut_short])
def test_whatever_is_no_answer_is_unknown_and_an_outage(handler: Handler) -> None:
    async def ask(client: Client) -> Any:
        return await place_stop(client), client.outages, client.gauges.breaker.in_a_row

    failure, outages, in_a_row = over_the_wire(handler, ask)
    assert isinstance(failure, Failure)
    assert failure.meaning is Meaning.UNKNOWN
    assert (outages, in_a_row) == (1, 1)
    assert "canary" not in repr(failure)
    assert "signature" not in repr(failure)


def test_nothing_secret_is_said_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def nobody() -> str:
        transport = CcxtTransport(0.5)
        client = Client("http://127.0.0.1:9", KEYS, transport, lambda: NOW, print)
        try:
            said = repr(await place_stop(client))
            with pytest.raises(Unanswered) as caught:
                await transport.exchange("GET", "http://127.0.0.1:9/?signature=canary", {})
            return f"{said} {caught.value} {caught.value.__cause__} {caught.value.__context__}"
        finally:
            await client.close()

    said = asyncio.run(nobody())
    over_the_wire(embedded, place_stop)
    ours = [each for each in caplog.records if each.name != "aiohttp.access"]  # the test's server
    assert ours, "asyncio at least says something at this level"
    said += " ".join(each.getMessage() for each in ours)
    assert "canary" not in said
    assert "signature" not in said


def test_a_ban_stops_everything_and_a_pause_all_but_protection() -> None:
    status, asked = [429], []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.method)
        headers = {"Retry-After": "30"}
        return web.json_response(
            {"code": -1003, "msg": "Too much."}, status=status[0], headers=headers
        )

    async def ask(client: Client) -> list[int]:
        requests = (query("account", 20), place((entry(),)), cancel("BTCUSDT", "thunes-1-2"))
        await client.ask(requests[0])
        left = [len(asked)]
        for request in requests:
            await client.ask(request)
        left.append(len(asked))
        status[0] = 418
        await client.ask(requests[2])
        for request in requests:
            failure = await client.ask(request)
            assert isinstance(failure, Failure)
            assert failure.meaning is Meaning.RETRY
        return [*left, len(asked)]

    assert over_the_wire(handler, ask) == [1, 2, 3]


def test_a_dead_venue_is_asked_less_and_protection_always_goes_out() -> None:
    table = Table(GET__time=lost, POST__order=lost)
    client = table.client

    async def run() -> None:
        for _ in range(IN_A_ROW_MAX):
            await client.ask(query("time", 1, signed=False))
        assert client.gauges.breaker.door is Door.OPEN
        held = await client.ask(place((entry(),)))
        assert isinstance(held, Failure)
        assert held.meaning is Meaning.RETRY
        assert "has not answered" in held.text
        failure = await client.ask(place((stop(),)))
        assert isinstance(failure, Failure)
        assert failure.meaning is Meaning.UNKNOWN

    asyncio.run(run())
    assert table.script.names() == ["GET time"] * IN_A_ROW_MAX + ["POST order"]


@pytest.mark.parametrize("status", [401, 403, 418])
def test_what_only_a_person_can_mend_is_told_once_a_minute(status: int) -> None:
    code = -2015 if status == 401 else -1003
    table = Table(POST__order=error(code, "no", status))

    async def run() -> None:
        for _ in range(3):
            await table.client.ask(place((stop(),)))
            table.now += SECOND
        if status != 418:
            table.now += 60 * SECOND
            await table.client.ask(place((stop(),)))

    asyncio.run(run())
    assert len(table.troubles) == (1 if status == 418 else 2)
    assert "no" in table.troubles[0]
    allowed = table.client.gauges.budget.take(query("account", 20), table.now)
    assert allowed is (status == 401)


def test_the_clock_is_measured_and_a_broken_answer_is_told() -> None:
    table = Table(GET__time=lambda _: {"serverTime": NOW // 10**6 + 700})
    assert "700 ms from ours" in asyncio.run(table.client.look_at_clock())
    table = Table(GET__time=lambda _: {"serverTime": "soon"})
    assert "cannot be read" in asyncio.run(table.client.look_at_clock())
    table = Table(GET__time=lost)
    assert "no answer" in asyncio.run(table.client.look_at_clock())


def test_only_places_that_are_known_are_traded_at() -> None:
    for environment in Environment:
        hosts = hosts_at(environment.value)
        assert hosts.rest.startswith("https://")
        assert hosts.streams.startswith("wss://")
        assert hosts.api.startswith("wss://")
    assert hosts_at("http://127.0.0.1:8080").api == "ws://127.0.0.1:8080/ws-api/v3"
    for place_ in ("http://example.com", "https://api.binance.com.evil.org", "LIVE", "", "http://"):
        with pytest.raises(UsageError, match="is no place to trade at"):
            hosts_at(place_)
