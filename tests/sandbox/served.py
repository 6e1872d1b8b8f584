"""A sandbox on a real port for as long as one test lasts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec

from tests.sandbox.venue import Venue
from thunes.sandbox.server import Server, Where

PATIENCE_S = 5.0


class Site:
    """Where it is, and a client for it."""

    def __init__(self, venue: Venue, server: Server, session: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.server = server
        self.session = session
        self.port = 0

    async def dial(self, path: str) -> aiohttp.ClientWebSocketResponse:
        return await self.session.ws_connect(f"http://127.0.0.1:{self.port}{path}", autoping=False)

    async def call(self, method: str, path: str, **words: Any) -> tuple[int, Any]:
        """An admin call, or a REST call with its query ready."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, **words) as answer:
            text = await answer.read()
            try:
                return answer.status, msgspec.json.decode(text)
            except msgspec.DecodeError:
                return answer.status, text

    async def signed(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        venue = self.venue
        text = "&".join(f"{k}={v}" for k, v in params.items())
        text = f"{text}&timestamp={venue.now // 1_000_000}".lstrip("&")
        url = f"/api/v3/{path}?{text}&signature={venue.sign(text)}"
        return await self.call(method, url, headers={"X-MBX-APIKEY": venue.key.name})

    async def fault(self, fault: str, **words: Any) -> None:
        status, said = await self.call("POST", "/sandbox/faults", json={"fault": fault, **words})
        assert status == 200, said


async def hear(socket: aiohttp.ClientWebSocketResponse) -> Any:
    """The next message as JSON."""
    message = await socket.receive(timeout=PATIENCE_S)
    assert message.type is aiohttp.WSMsgType.TEXT, message
    return msgspec.json.decode(message.data)


async def ask(socket: aiohttp.ClientWebSocketResponse, method: str, params: Any = None) -> Any:
    """The answer to one request, whatever events come before it."""
    await socket.send_json({"id": method, "method": method, "params": params or []})
    while True:
        said = await hear(socket)
        if isinstance(said, dict) and said.get("id") == method:
            return said


def serve(venue: Venue, story: Callable[[Site], Awaitable[None]]) -> None:
    """Run `story` against a served venue."""

    async def main() -> None:
        server = Server(venue.exchange, [])
        async with aiohttp.ClientSession() as session:
            site = Site(venue, server, session)
            site.port = await server.start(Where())
            try:
                await story(site)
            finally:
                await server.stop()

    asyncio.run(main())
