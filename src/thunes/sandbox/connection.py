"""One WebSocket connection: what goes out in order, what comes in, and whether anybody is there."""

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientConnectionResetError, WSMsgType, web

from thunes.sandbox.limits import Window
from thunes.sandbox.stream_faults import Bent

POLICY, GOING_AWAY = 1008, 1001
_WHOLE = 0x80  # the bit of a last fragment
_SHORT = 126  # sizes below it stand in the second byte
_QUEUE_MAX = 20_000
_BUFFER_MAX = 1 << 22
_LOOK_AGAIN_S = 0.05
_CLOSED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


@dataclass(frozen=True, slots=True)
class Manners:
    """What a connection must keep to; times in seconds."""

    messages: int  # from the client, in a second
    ping_s: float = 20.0
    pong_s: float = 60.0
    lasts_s: float = 86_400.0


class Connection:
    """`send` never waits; a client that is too slow to read is left."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        manners: Manners,
        bent: Bent,
    ) -> None:
        self.socket = socket
        self.bent = bent
        self._transport = transport
        self._manners = manners
        self._out: deque[tuple[bytes, WSMsgType]] = deque()
        self._wake = asyncio.Event()
        self._end: tuple[int, bytes] | None = None
        self._heard = 0.0
        self._count = Window(1_000)

    def send(self, data: bytes, kind: WSMsgType = WSMsgType.TEXT) -> None:
        """Queue a frame."""
        if len(self._out) >= _QUEUE_MAX:
            self.close(POLICY, b"too slow")
            return
        self._out.append((data, kind))
        self._wake.set()

    def push(self, data: bytes) -> None:
        """Queue a message of a stream, or what the faults of now make of it."""
        for frame in self.bent.frames(data):
            if frame.late_s:
                loop = asyncio.get_running_loop()
                loop.call_later(frame.late_s, self.send, frame.data, frame.type)
            else:
                self.send(frame.data, frame.type)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Have `call` made so much later; at once where that is nothing."""
        if seconds:
            asyncio.get_running_loop().call_later(seconds, call)
        else:
            call()

    def carry_account(self) -> None:
        """From now on faults of account streams strike here."""
        self.bent.kind = "user"

    def close(self, code: int, reason: bytes = b"") -> None:
        """Close once what is queued has gone out."""
        if self._end is None:
            self._end = (code, reason)
            self._wake.set()

    async def serve(self, hear: Callable[[str], None]) -> None:
        """Hand what comes in to `hear`, until one side has enough."""
        loop = asyncio.get_running_loop()
        self._heard = loop.time()
        tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._watch())]
        try:
            while True:
                message = await self.socket.receive()
                if message.type in _CLOSED:
                    return
                if self.bent.half_open:
                    continue
                if self._impolite(loop.time()):
                    self.close(POLICY, b"Too many requests")
                elif message.type is WSMsgType.TEXT:
                    hear(message.data)
                elif message.type is WSMsgType.PING:
                    await self.socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self._heard = loop.time()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _impolite(self, now: float) -> bool:
        count = self._count.at(int(now * 1_000))
        count.count += 1
        return count.count > self._manners.messages

    async def _write(self) -> None:
        """Write whatever has gathered in one go: a call to the system for each frame costs more
        than all the rest."""
        out, transport = self._out, self._transport
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self.bent.half_open:
                await asyncio.sleep(_LOOK_AGAIN_S)
            if transport.get_write_buffer_size() > _BUFFER_MAX:
                self.close(POLICY, b"too slow")
            if out:
                transport.write(b"".join([framed(data, kind) for data, kind in out]))
                out.clear()
            if self._end is not None:
                await self.socket.close(code=self._end[0], message=self._end[1])
                return

    async def _watch(self) -> None:
        """Ping, and leave who does not answer or has been here for too long."""
        loop, manners = asyncio.get_running_loop(), self._manners
        began = loop.time()
        with suppress(ClientConnectionResetError, ConnectionError):
            while True:
                await asyncio.sleep(manners.ping_s)
                now = loop.time()
                if now - self._heard > manners.pong_s:
                    self.close(POLICY, b"Pong timeout")
                elif now - began > manners.lasts_s:
                    self.close(GOING_AWAY)
                elif not (self.bent.unpinged or self.bent.half_open):
                    await self.socket.ping(str(int(now * 1_000)).encode())


def framed(data: bytes, kind: WSMsgType) -> bytes:
    """One whole message as a server sends it: unmasked, uncompressed (RFC 6455, 5.2)."""
    size = len(data)
    if size < _SHORT:
        head = bytes((_WHOLE | kind, size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", _WHOLE | kind, _SHORT, size)
    else:
        head = struct.pack("!BBQ", _WHOLE | kind, _SHORT + 1, size)
    return head + data
