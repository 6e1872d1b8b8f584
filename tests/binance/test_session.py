"""Sessions against servers that speak the protocol wrong on purpose: each comes up again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from thunes.adapters.venues.binance.session import Broken, Patience, Send, Session
from thunes.adapters.venues.binance.unreadable import Unreadable

QUICK = Patience(
    dial_s=2.0,
    check_s=0.02,
    ping_s=5.0,  # a machine under load answers late
    backoff_s=(0.01, 0.05),
    queue_max=100,
    frame_max=10_000,
    unreadable_max=3,
)
Serve = Callable[[web.WebSocketResponse, int], Awaitable[None]]


class Listening:
    """A feed that keeps what it hears; a frame may tell it to find fault."""

    def __init__(self, address: str) -> None:
        self.where = address
        self.heard: list[bytes] = []
        self.ups: list[bool] = []
        self.is_up = False  # told of the connection that was dialled last
        self.stale_after: float | None = None
        self.slow_s = 0.0
        self._at = 0.0

    def address(self) -> str:
        self.is_up = False
        return self.where

    async def greet(self, send: Send) -> None:
        await send(b"hello")
        self._at = asyncio.get_running_loop().time()

    def hear(self, frame: bytes) -> None:
        self._at = asyncio.get_running_loop().time()
        if frame.startswith(b"<"):
            raise Unreadable("a frame", frame, "it is a page")
        if frame == b"bye":
            raise Broken("the server said so")
        self.heard.append(frame)

    async def check(self, _: Send) -> None:
        silent = asyncio.get_running_loop().time() - self._at
        if self.stale_after is not None and silent > self.stale_after:
            raise Broken("silence")

    def up(self, missed: bool) -> None:
        self.ups.append(missed)
        self.is_up = True


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


def with_session(
    serve: Serve,
    script: Callable[[Session, Listening], Awaitable[None]],
    patience: Patience = QUICK,
    statuses: list[int] | None = None,
    made: type[Listening] = Listening,
) -> tuple[Session, Listening, int]:
    """Run `script` beside a session with a server that treats each connection by `serve`."""
    dialled = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal dialled
        dialled += 1
        if statuses and dialled <= len(statuses):
            return web.Response(status=statuses[dialled - 1], text="<html>no</html>")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await serve(socket, dialled)
        return socket

    async def run() -> tuple[Session, Listening, int]:
        app = web.Application()
        app.router.add_get("/", handler)
        async with TestServer(app) as server:
            feed = made(str(server.make_url("/")).replace("http", "ws"))
            session = Session(feed, patience, seed=1)
            task = asyncio.create_task(session.run())
            try:
                await script(session, feed)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return session, feed, dialled

    return asyncio.run(run())


async def stay(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


def first_then_well(first: Callable[[web.WebSocketResponse], Awaitable[None]]) -> Serve:
    """A server whose first connection goes wrong, and the others say that all is well."""

    async def serve(socket: web.WebSocketResponse, count: int) -> None:
        if count == 1:
            await first(socket)
        else:
            await socket.send_str("well")
        await stay(socket)

    return serve


async def well(_: Session, feed: Listening) -> None:
    await until(lambda: b"well" in feed.heard and feed.is_up)


async def html_frames(socket: web.WebSocketResponse) -> None:
    for _ in range(3):
        await socket.send_str("<html>502</html>")


async def gigantic(socket: web.WebSocketResponse) -> None:
    await socket.send_str("x" * 50_000)


async def closed(socket: web.WebSocketResponse) -> None:
    await socket.receive()
    await socket.close(code=1001)


async def announced(socket: web.WebSocketResponse) -> None:
    await socket.send_str("bye")


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (html_frames, "cannot be read"),
        (gigantic, "closed"),
        (closed, "closed by the server"),
        (announced, "said so"),
    ],
)
def test_a_connection_that_goes_wrong_is_replaced(
    first: Callable[[web.WebSocketResponse], Awaitable[None]], why: str
) -> None:
    session, feed, dialled = with_session(first_then_well(first), well)
    assert dialled == 2
    assert feed.ups == [True, True]
    assert session.counts.losses == 1
    assert why in session.counts.last_loss


def test_a_few_frames_that_cannot_be_read_are_counted_and_no_more() -> None:
    async def serve(socket: web.WebSocketResponse, _: int) -> None:
        for _ in range(20):
            await socket.send_str("<html>")
            await socket.send_bytes(b"fine")
        await socket.send_str("well")
        await stay(socket)

    session, feed, dialled = with_session(serve, well)
    assert dialled == 1
    assert session.counts.unreadable == 20
    assert feed.heard.count(b"fine") == 20


def test_silence_on_an_open_socket_is_noticed() -> None:
    async def nothing(_: web.WebSocketResponse) -> None:
        return

    async def script(session: Session, feed: Listening) -> None:
        feed.stale_after = 0.1
        await well(session, feed)

    session, _, dialled = with_session(first_then_well(nothing), script)
    assert dialled == 2
    assert session.counts.last_loss == "silence"


def test_a_server_that_answers_no_ping_is_left() -> None:
    async def frozen(socket: web.WebSocketResponse) -> None:
        await asyncio.sleep(1.0)  # reads nothing, so that no ping is answered

    impatient = replace(QUICK, ping_s=0.2)
    session, _, dialled = with_session(first_then_well(frozen), well, impatient)
    assert dialled >= 2
    assert session.counts.losses >= 1


def test_whoever_cannot_keep_up_begins_anew() -> None:
    """The queue is bounded; what does not fit is not dropped in silence: the feed is told."""

    async def flood(socket: web.WebSocketResponse) -> None:
        for _ in range(5_000):
            await socket.send_str("frame")

    tight = Patience(check_s=0.02, backoff_s=(0.01, 0.05), queue_max=1)
    session, feed, _ = with_session(first_then_well(flood), well, tight)
    assert session.counts.overflows == 1
    assert feed.ups == [True, True]
    assert "too slow" in session.counts.last_loss


def test_refused_handshakes_are_tried_again_with_growing_waits() -> None:
    async def serve(socket: web.WebSocketResponse, _: int) -> None:
        await socket.send_str("well")
        await stay(socket)

    session, feed, dialled = with_session(serve, well, statuses=[503, 429, 200, 403])
    assert dialled == 5
    assert feed.ups == [True]
    assert session.counts.connections == 1


def test_whoever_closes_while_it_is_greeted_is_not_waited_for() -> None:
    class Patient(Listening):
        async def greet(self, send: Send) -> None:
            await send(b"hello")
            while b"well" not in self.heard:
                await asyncio.sleep(0.01)

    session, feed, dialled = with_session(first_then_well(closed), well, made=Patient)
    assert dialled == 2
    assert feed.ups == [True]
    assert session.counts.last_loss == "not greeted: closed by the server (1001)"


def test_the_wait_grows_to_its_limit_and_is_never_the_same_for_two() -> None:
    waits = []
    for seed in (1, 2):
        session = Session(Listening(""), Patience(), seed)
        row = []
        for failures in range(1, 20):
            session._failures = failures
            row.append(session._wait_s())
        assert max(row) <= 30.0
        assert row[0] <= 0.25
        assert row[-1] >= 15.0
        waits.append(row)
    assert waits[0] != waits[1]


def test_before_the_day_is_over_the_next_connection_is_up_first() -> None:
    open_now, most = 0, 0

    async def serve(socket: web.WebSocketResponse, count: int) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await socket.send_str(f"hello {count}")
        async for message in socket:
            if message.type is WSMsgType.CLOSE:
                break
        open_now -= 1

    async def script(_: Session, feed: Listening) -> None:
        await until(lambda: b"hello 3" in feed.heard)

    patience = Patience(check_s=0.01, rotate_s=0.1)
    session, feed, dialled = with_session(serve, script, patience)
    assert dialled >= 3
    assert most == 2
    assert feed.ups[:2] == [True, False], "nothing was missed"
    assert session.counts.losses == 0


def test_a_bug_in_a_feed_ends_the_session() -> None:
    class Buggy(Listening):
        def hear(self, frame: bytes) -> None:
            raise ZeroDivisionError

    async def run() -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.send_str("well")
            await stay(socket)
            return socket

        app = web.Application()
        app.router.add_get("/", handler)
        async with TestServer(app) as server:
            feed = Buggy(str(server.make_url("/")).replace("http", "ws"))
            async with asyncio.timeout(5):
                await Session(feed, QUICK).run()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
