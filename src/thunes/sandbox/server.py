"""The server: sockets on loopback for everything that the sandbox serves, until it is stopped."""

import asyncio
import errno
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from thunes.core.domain.errors import ThunesError, UsageError
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.rest import Answer, Request, Rest
from thunes.sandbox.walk import Step

HOST = "127.0.0.1"
_BODY_MAX = 1 << 20
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
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None

    async def start(self, where: Where) -> int:
        """The port that it listens on."""
        app = web.Application(client_max_size=_BODY_MAX)
        app.router.add_route("*", "/{path:.*}", self._http)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_PATIENCE_S)
        await runner.setup()
        self._runner = runner
        site = web.TCPSite(runner, HOST, where.port, ssl_context=where.tls)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise _cannot_listen(error, where.port) from error
        self._tasks.append(asyncio.create_task(play(self.exchange, self._steps, self._speed)))
        port: int = runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def failed(self) -> None:
        """Wait for the market, which never ends unless it fails or its tape is over."""
        await asyncio.gather(*self._tasks)

    async def _http(self, request: web.Request) -> web.StreamResponse:
        answer = self._rest.answer(await read(request))
        return respond(answer)


async def read(request: web.Request) -> Request:
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


def respond(answer: Answer) -> web.Response:
    headers = answer.headers | {"Content-Type": answer.content_type}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def play(exchange: Exchange, steps: Iterable[Step], speed: float) -> None:
    """Move the market, `speed` times as fast as it moved."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for gap, ticks in steps:
        due += gap / 1e9 / speed
        await asyncio.sleep(max(0.0, due - loop.time()))
        for tick in ticks:
            exchange.market.tick(tick)


def _cannot_listen(error: OSError, port: int) -> ThunesError:
    if error.errno == errno.EADDRINUSE:
        return UsageError(f"port {port} is in use; choose another, or 0 for any that is free")
    return ThunesError(f"cannot listen on {HOST}:{port}: {error.strerror or error}")
