"""The sandbox under load: orders over REST and over the WebSocket API, messages to ten clients."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.harness import MESSAGES, OURS, REST_ORDERS, SOCKET_ORDERS, Row, on_cpu_clock

CLIENTS, ORDERS, STREAM_S = 8, 400, 5.0
LISTENERS = 10
_FAST = "200"  # so many times as fast as it moves, the market has more to say than is to be reached
_TICKS = os.sysconf("SC_CLK_TCK")
_NAMES = "/".join(f"{s}usdt@{k}" for s in ("btc", "eth", "bnb") for k in ("bookTicker", "trade"))


class Site:
    """A served sandbox and its key."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        self.process = process
        self.port = int(said["rest"].rsplit(":", 1)[1])
        self.key, self.secret = said["api_key"], said["api_secret"]

    def sign(self, text: str) -> str:
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def now(self) -> float:
        """Seconds of the wall, or on the processor's clock those that the server has worked."""
        if not on_cpu_clock():
            return time.perf_counter()
        fields = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 22)

    async def upgrade(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await self.dial()
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        return reader, writer


def rows(runs: int) -> list[Row]:
    """Market orders, which fill at once, from eight clients; what ten listeners get."""
    found = []
    with sandbox() as site:
        for work, client in ((REST_ORDERS, _rest), (SOCKET_ORDERS, _socket)):
            row = Row(work=work, who=OURS, times=[], units=CLIENTS * ORDERS, unit="orders/s")
            for _ in range(runs + 1):
                row.times.append(asyncio.run(_timed(site, client)))
            del row.times[0]  # the first one warms up
            found.append(row)
    with sandbox("--speed", _FAST) as site:
        row = Row(work=MESSAGES, who=OURS, times=[], unit="messages/s")
        start = site.now()
        row.units = asyncio.run(_listen(site))
        row.times.append(site.now() - start)
        row.note = f"{LISTENERS} clients, {row.units:,} in {STREAM_S:g} s"
        found.append(row)
    return found


@contextmanager
def sandbox(*flags: str) -> Iterator[Site]:
    code = "from thunes.cli import main; main()"
    command = [sys.executable, "-c", code, "sandbox", "--unlimited", "--json", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Site(process)
        finally:
            process.terminate()


async def _timed(site: Site, client: Callable[[Site], Awaitable[None]]) -> float:
    start = site.now()
    await asyncio.gather(*[client(site) for _ in range(CLIENTS)])
    return site.now() - start


async def _rest(site: Site) -> None:
    """One connection, one order after the other."""
    reader, writer = await site.dial()
    for number in range(ORDERS):
        side = "SELL" if number % 2 else "BUY"
        text = f"symbol=BTCUSDT&side={side}&type=MARKET&quantity=0.001"
        text += f"&timestamp={time.time_ns() // 1_000_000}"
        head = f"X-MBX-APIKEY: {site.key}\r\nContent-Length: 0\r\n\r\n"
        line = f"POST /api/v3/order?{text}&signature={site.sign(text)} HTTP/1.1\r\nHost: x\r\n"
        writer.write((line + head).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), answer
        size = answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        await reader.readexactly(int(size))
    writer.close()


async def _socket(site: Site) -> None:
    """One connection, four orders on their way at a time."""
    reader, writer = await site.upgrade("/ws-api/v3")
    for number in range(ORDERS):
        params = {
            "apiKey": site.key,
            "quantity": "0.001",
            "side": "SELL" if number % 2 else "BUY",
            "symbol": "BTCUSDT",
            "timestamp": time.time_ns() // 1_000_000,
            "type": "MARKET",
        }
        text = "&".join(f"{name}={value}" for name, value in params.items())
        params["signature"] = site.sign(text)
        writer.write(_masked({"id": number, "method": "order.place", "params": params}))
        if number >= 4:
            await _answered(reader)
    for _ in range(4):
        await _answered(reader)
    writer.close()


async def _answered(reader: asyncio.StreamReader) -> None:
    head = await reader.readexactly(2)
    size = head[1]
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    body = await reader.readexactly(size)
    assert b'"status":200' in body, body


def _masked(said: dict[str, object]) -> bytes:
    """A text frame as a client sends it; with a mask of zeros the text stays readable."""
    data = json.dumps(said).encode()
    return b"\x81\xfe" + len(data).to_bytes(2, "big") + bytes(4) + data


async def _listen(site: Site) -> int:
    """How many messages all listeners got."""

    async def one() -> int:
        reader, writer = await site.upgrade(f"/stream?streams={_NAMES}")
        loop = asyncio.get_running_loop()
        end, count = loop.time() + STREAM_S, 0
        while loop.time() < end:
            count += (await reader.read(1 << 20)).count(b'{"stream"')
        writer.close()
        return count

    return sum(await asyncio.gather(*[one() for _ in range(LISTENERS)]))
