"""Sender: a bare WebSocket that says so many market messages a second, and how many it said.

`python -m bench.sender PER_SECOND SECONDS` tells its port first. Frames are those of the combined
streams; a trade carries the microseconds of this machine's monotonic clock as its time.
"""

import asyncio
import base64
import hashlib
import json
import math
import random
import struct
import sys
import time

TICK_S = 0.01
QUOTES_OF_FOUR = 3  # the recorded streams tell three quotes for a trade
SYMBOLS = (("BTCUSDT", 60_000.0), ("ETHUSDT", 3_000.0))
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Sender:
    """Says it once, to the first who comes."""

    def __init__(self, per_second: int, seconds: float) -> None:
        self.per_tick, self.ticks = math.ceil(per_second * TICK_S), round(seconds / TICK_S)
        self.quotes = self.trades = self.waiting = 0
        self.late_s = 0.0
        self.done = asyncio.Event()
        self._chance = random.Random(5)
        self._prices = dict(SYMBOLS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = head.lower().split(b"sec-websocket-key:")[1].split(b"\r\n")[0]
        key = head[head.lower().index(key) :][: len(key)].strip()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest()).decode()
        writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        await asyncio.sleep(1)
        loop, began = asyncio.get_running_loop(), time.monotonic()
        for tick in range(self.ticks):
            writer.write(b"".join([self._frame() for _ in range(self.per_tick)]))
            self.waiting = max(self.waiting, writer.transport.get_write_buffer_size())
            due = began + (tick + 1) * TICK_S - time.monotonic()
            self.late_s = max(self.late_s, -due)
            await asyncio.sleep(max(0.0, due))
        await loop.run_in_executor(None, sys.stdin.readline)  # it is heard to the end
        writer.close()
        self.done.set()

    def _frame(self) -> bytes:
        number = self.quotes + self.trades
        name = SYMBOLS[number % len(SYMBOLS)][0]
        self._prices[name] *= 1 + self._chance.gauss(0, 2e-6)
        price, size = self._prices[name], self._chance.random() * 3
        if number // len(SYMBOLS) % 4 < QUOTES_OF_FOUR:
            self.quotes += 1
            text = (
                f'{{"stream":"{name.lower()}@bookTicker","data":{{"u":{number + 1},"s":"{name}",'
                f'"b":"{price:.2f}000000","B":"{size:.5f}000","a":"{price + 0.01:.2f}000000",'
                f'"A":"{size:.5f}000"}}}}'
            )
        else:
            self.trades += 1
            text = (
                f'{{"stream":"{name.lower()}@trade","data":{{"e":"trade","E":1723161255343,'
                f'"s":"{name}","t":{number},"p":"{price:.2f}000000","q":"{size:.5f}000",'
                f'"T":{time.monotonic_ns() // 1_000},"m":true,"M":true}}}}'
            )
        data = text.encode()
        return struct.pack(">BBH", 0x81, 126, len(data)) + data


async def main() -> None:
    sender = Sender(int(sys.argv[1]), float(sys.argv[2]))
    server = await asyncio.start_server(sender.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await sender.done.wait()
    said = {
        "quotes": sender.quotes,
        "trades": sender.trades,
        "waiting": sender.waiting,
        "late_s": sender.late_s,
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
