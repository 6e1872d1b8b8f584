"""The server: sockets on loopback for everything that the sandbox serves, until it is stopped."""

import asyncio
import errno
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from thunes.core.domain.errors import ThunesError, UsageError
from thunes.sandbox.admin import ROOT, Admin
from thunes.sandbox.connection import GOING_AWAY
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.hub import PACE_MS, Hub
from thunes.sandbox.refused import Refused
from thunes.sandbox.request_faults import WayBack, way, way_back
from thunes.sandbox.rest import Answer, Request, Rest
from thunes.sandbox.sockets import Sockets, serves
from thunes.sandbox.venue_faults import VenueFaults
from thunes.sandbox.walk import Step

HOST = "127.0.0.1"
_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Where:
    """Where to listen; port 0: any that is free."""

    port: int = 0
    tls: ssl.SSLContext | None = None


class Server:
    """Serves one exchange; `start` returns once it is reachable."""

    def __init__(self, exchange: Exchange, steps: Iterable[Step], speed: float = 1.0) -> None:
        self.exchange = exchange
        self._steps = steps
        self._speed = speed
        self._rest = Rest(exchange)
        self._hub = Hub(exchange.market)
        self.sockets = Sockets(exchange, self._hub)
        self._faults = VenueFaults(exchange, self.sockets)
        self._admin = Admin(exchange, self._faults)
        self.asked = 0  # requests and dials
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.ServerRunner | None = None

    async def start(self, where: Where) -> int:
        """The port that it listens on."""
        # Without aiohttp's router: the table of routes is ours, and one look-up in it is enough.
        served = web.Server(self._handle, access_log=None)
        runner = web.ServerRunner(served, shutdown_timeout=_PATIENCE_S)
        await runner.setup()
        self._runner = runner
        site = web.TCPSite(runner, HOST, where.port, ssl_context=where.tls)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise _cannot_listen(error, where.port) from error
        self._tasks = [asyncio.create_task(self._play()), asyncio.create_task(self._beat())]
        port: int = runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Leave every client, then every port."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in tuple(self.sockets.open):
            connection.close(GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait(self) -> None:
        """Until the tape is over; raises what the market or the streams failed with."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        if serves(request.path) and "Upgrade" in request.headers:
            try:
                return await self.sockets.serve(request)
            except Refused as refused:
                return web.Response(
                    status=refused.status, text=refused.text, headers=refused.headers
                )
        if request.path.startswith(ROOT):
            status, said = self._admin.answer(request.method, request.path, await request.read())
            return web.json_response(said, status=status)
        return await self._rest_call(request)

    async def _rest_call(self, request: web.BaseRequest) -> web.StreamResponse:
        """REST, with whatever goes wrong on the way there and back."""
        box, on = self.exchange.faults, f"{request.method} {request.path}"
        asked = await _read(request)
        there = way(box, on)
        if there is None and not box.active:
            return _respond(self._rest.answer(asked))
        if there is not None:
            await asyncio.sleep(there.late_s)
            if there.lost:
                return _hang_up(request)
            if there.refusal is not None:
                return _respond(self._rest.refuse(there.refusal))
        answer = self._rest.answer(asked)
        back = way_back(box, on) or WayBack()
        await asyncio.sleep(back.late_s)
        if back.lost:
            return _hang_up(request)
        if back.instead is not None:
            answer = self._rest.refuse(back.instead)
        if back.cut:
            answer = answer._replace(body=answer.body[: len(answer.body) // 2])
        return _respond(answer)

    async def _play(self) -> None:
        """Move the market, `speed` times as fast as it moved."""
        loop, market = asyncio.get_running_loop(), self.exchange.market
        due = loop.time()
        for gap, ticks in self._steps:
            due += gap / 1e9 / self._speed
            await asyncio.sleep(max(0.0, due - loop.time()))
            for tick in ticks if not self._admin.held else ():
                market.tick(tick)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(PACE_MS / 1_000)
            self._faults.beat()
            self._hub.beat()


async def _read(request: web.BaseRequest) -> Request:
    """The request as it was sent."""
    path, _, query = request.raw_path.partition("?")
    body = (await request.read()).decode("latin-1") if request.body_exists else ""
    return Request(
        request.method,
        path,
        query,
        body,
        request.headers.get("X-MBX-APIKEY"),
        request.remote or "",
    )


def _respond(answer: Answer) -> web.Response:
    headers = answer.headers | {"Content-Type": answer.content_type}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _hang_up(request: web.BaseRequest) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _cannot_listen(error: OSError, port: int) -> ThunesError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use; choose another, or 0 for any that is free")
    return ThunesError(f"cannot listen on {HOST}:{port}: {error.strerror or error}")
