"""The session: keeps one WebSocket up for ever, whatever happens to it.

One task reads and another one parses, with a bounded queue between them. A queue that is full, a
frame too large, frames that cannot be read, silence and a server that announces its end all lead
to the same place: the connection is given up, another one is dialled, and whoever listens is told
that something may have been missed. Before a day is over the next connection is up before the old
one goes.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import aiohttp

from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.errors import ThunesError

Send = Callable[[bytes], Awaitable[None]]


class Broken(ThunesError):
    """This connection is of no more use; the text says why."""


class Feed(Protocol):
    """What a session carries."""

    def address(self) -> str:
        """Where to dial, the streams included."""

    async def greet(self, send: Send, /) -> None:
        """Ask for what is wanted on a new connection; what is said is heard by `hear`."""

    def hear(self, frame: bytes) -> None:
        """One frame. Raises Unreadable, or Broken when the connection is to be given up."""

    async def check(self, send: Send, /) -> None:
        """Called once a second on a live connection: ask, or raise Broken when it is stale."""

    def up(self, missed: bool, /) -> None:
        """A connection has been greeted; something may have been `missed` before it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how much, in seconds, frames and bytes."""

    dial_s: float = 10.0
    check_s: float = 1.0
    ping_s: float = 15.0
    leave_s: float = 1.0  # for the goodbye of a server that may be dead
    backoff_s: tuple[float, float] = (0.25, 30.0)
    rotate_s: float = 23 * 3_600.0
    settled_s: float = 30.0  # up for so long, the next loss is a first one again
    queue_max: int = 10_000
    frame_max: int = 4 * 1024 * 1024
    unreadable_max: int = 5  # in a row


@dataclass(slots=True)
class Counts:
    """What has happened to a session so far."""

    dials: int = 0
    connections: int = 0
    losses: int = 0
    frames: int = 0
    unreadable: int = 0
    overflows: int = 0
    last_loss: str = ""


@dataclass(slots=True)
class _Link:
    """One connection and its two tasks; `over` has why it ended."""

    socket: aiohttp.ClientWebSocketResponse[Literal[False]]
    over: asyncio.Future[str]
    queue: asyncio.Queue[bytes]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def send(self, text: bytes) -> None:
        try:
            await self.socket.send_str(text.decode())
        except (aiohttp.ClientError, ConnectionError, RuntimeError) as error:
            self.end(f"cannot send: {type(error).__name__}")

    def end(self, why: str) -> None:
        if not self.over.done():
            self.over.set_result(why)

    def ended(self, task: "asyncio.Task[None]") -> None:
        """A task that ends by a bug ends the session with it."""
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.over.done():
            self.over.set_exception(error)

    async def close(self) -> None:
        self.end("closed by us")
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.socket.close()


class Session:
    """Runs until it is cancelled; dials one connection at a time."""

    def __init__(self, feed: Feed, patience: Patience, seed: int | None = None) -> None:
        self.counts = Counts()
        self._feed = feed
        self._patience = patience
        self._chance = random.Random(seed)
        self._failures = 0  # in a row
        self._link: _Link | None = None

    @property
    def up(self) -> bool:
        """Whether a greeted connection is there."""
        return self._link is not None and not self._link.over.done()

    def renew(self) -> None:
        """Give up the connection of now, if there is one."""
        if self._link is not None:
            self._link.end("asked to")

    async def run(self) -> None:
        """Keep the feed up."""
        async with aiohttp.ClientSession() as http:
            link: _Link | None = None
            try:
                while True:
                    if link is None:
                        link = await self._up(http)
                        self._feed.up(True)
                    link = await self._stay(http, link)
            finally:
                if link is not None:
                    await link.close()

    async def _up(self, http: aiohttp.ClientSession) -> _Link:
        """A greeted connection, dialled for as long as it takes."""
        while True:
            if self._failures:
                await asyncio.sleep(self._wait_s())
            self._failures += 1
            link = await self._dial(http)
            if link is not None:
                return link

    async def _stay(self, http: aiohttp.ClientSession, link: _Link) -> _Link | None:
        """Watch a connection until it is lost (None) or has a successor."""
        self._link = link
        loop, patience = asyncio.get_running_loop(), self._patience
        began = loop.time()
        # Not all who came at the same time leave at the same time.
        rotates = began + patience.rotate_s * self._chance.uniform(0.9, 1.0)
        while not link.over.done():
            await asyncio.wait([link.over], timeout=patience.check_s)
            if loop.time() - began > patience.settled_s:
                self._failures = 1
            if link.over.done():
                break
            try:
                await self._feed.check(link.send)
            except Broken as error:
                link.end(str(error))
            if not link.over.done() and loop.time() >= rotates:
                rotates = loop.time() + patience.dial_s
                successor = await self._dial(http)
                if successor is not None:
                    self._feed.up(link.over.done())
                    await link.close()
                    return successor
        self.counts.losses += 1
        self.counts.last_loss = link.over.result()
        await link.close()
        return None

    async def _dial(self, http: aiohttp.ClientSession) -> _Link | None:
        patience = self._patience
        self.counts.dials += 1
        try:
            async with asyncio.timeout(patience.dial_s):
                socket = await http.ws_connect(
                    self._feed.address(),
                    max_msg_size=patience.frame_max,
                    heartbeat=patience.ping_s,
                    decode_text=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=patience.leave_s),
                )
                link = self._linked(socket)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.counts.last_loss = f"cannot connect: {type(error).__name__}"
            return None
        why = await self._greet(link)
        if why:
            self.counts.last_loss = f"not greeted: {why}"
            await link.close()
            return None
        self.counts.connections += 1
        return link

    async def _greet(self, link: _Link) -> str:
        """Have the feed ask for what it wants; why it did not get it, or ""."""
        greeting = asyncio.ensure_future(self._feed.greet(link.send))
        either: list[asyncio.Future[Any]] = [greeting, link.over]
        await asyncio.wait(
            either,
            timeout=self._patience.dial_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not greeting.done():
            greeting.cancel()
            await asyncio.gather(greeting, return_exceptions=True)
            return link.over.result() if link.over.done() else "no answer in time"
        try:
            greeting.result()
        except Broken as error:
            return str(error)
        return ""

    def _linked(self, socket: aiohttp.ClientWebSocketResponse[Literal[False]]) -> _Link:
        over = asyncio.get_running_loop().create_future()
        link = _Link(socket, over, asyncio.Queue(self._patience.queue_max))
        link.tasks = [
            asyncio.create_task(self._read(link)),
            asyncio.create_task(self._parse(link)),
        ]
        for task in link.tasks:
            task.add_done_callback(link.ended)
        return link

    async def _read(self, link: _Link) -> None:
        """Take frames off the wire, and nothing else."""
        async for message in link.socket:
            if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                continue
            self.counts.frames += 1
            try:
                link.queue.put_nowait(message.data)
            except asyncio.QueueFull:
                self.counts.overflows += 1
                link.end(f"{self._patience.queue_max} frames wait: too slow to keep up")
                return
        link.end(f"closed by the server ({link.socket.close_code})")

    async def _parse(self, link: _Link) -> None:
        """Have the feed hear what was read; what cannot be read ends no task."""
        in_a_row = 0
        while True:
            frame = await link.queue.get()
            try:
                self._feed.hear(frame)
                in_a_row = 0
            except Unreadable as error:
                self.counts.unreadable += 1
                in_a_row += 1
                if in_a_row >= self._patience.unreadable_max:
                    link.end(str(error))
                    return
            except Broken as error:
                link.end(str(error))
                return

    def _wait_s(self) -> float:
        """Twice as long after each failure, and never the same for two who failed together."""
        low, high = self._patience.backoff_s
        return min(high, low * 2.0 ** min(self._failures - 1, 16)) * self._chance.uniform(0.5, 1.0)
