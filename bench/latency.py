"""Latency: a closed bar in to an order out, the whole process between, on loopback."""

import asyncio
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from aiohttp.client_proto import ResponseHandler

from bench import journal
from bench.data import CACHE
from bench.harness import IN_TO_OUT, IN_TO_OUT_LATE, OURS, Row
from bench.rules import rules
from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.storage.appender import Appender
from thunes.adapters.storage.kept import KeptJournal
from thunes.adapters.venues.binance.listed import listed_at
from thunes.adapters.venues.binance.market_feed import MarketFeed
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import CcxtTransport
from thunes.adapters.venues.binance.venue import BinanceVenue
from thunes.compose import rehearsal
from thunes.compose.live import Wanted, begin
from thunes.core.domain.units import NS_PER_SECOND, Symbol
from thunes.runtime.live import Live

SECONDS = 100
SPEED = 5.0  # bars of one second close five times a second, with quotes and trades between them
PARTS = (
    "arrived",
    "parsed",
    "woken",
    "decided",
    "written",
    "synced",
    "handed over",
    "signed",
    "left",
)
"""Where an order is on its way, each named by what has just been done."""
_STRATEGY = '''
from thunes.core.market.bars import Bars
from thunes.core.strategy.protocol import SignalStrategy, Signals


class Flip(SignalStrategy):
    """In with every even second, out with every odd one."""

    def signals(self, bars: Bars) -> Signals:
        even = bars.open_time // 1_000_000_000 % 2 == 0
        return Signals(enter=even, exit=~even)
'''


class Marks:
    """When each part of the way of one order was done, in ns; whole ways are kept."""

    def __init__(self) -> None:
        self.ways: list[list[int]] = []
        self._now: list[int] = []

    def begin(self) -> None:
        self._now = [time.perf_counter_ns()]

    def reach(self, part: int) -> None:
        """Note a part once, and only if the part before it was noted."""
        if len(self._now) == part:
            self._now.append(time.perf_counter_ns())
            if part == len(PARTS) - 1:
                self.ways.append(self._now)
                self._now = []


@contextmanager
def watched(marks: Marks) -> Iterator[None]:
    """Have the process note where it is; every method does what it did before."""
    kind: Any = asyncio.selector_events._SelectorSocketTransport  # type: ignore[attr-defined]

    def arriving(_: Any, data: bytes) -> None:
        if b"@kline_1s" in data and b'"x":true' in data:
            marks.begin()

    def writing(_: Any, data: bytes) -> None:
        if data[:18] == b"POST /api/v3/order" and b"type=MARKET" in data:
            marks.reach(8)

    def writing_lines(self: Any, lines: list[bytes]) -> None:
        writing(self, b"".join(lines))

    noted: list[tuple[Any, str, Callable[..., None]]] = [
        (ResponseHandler, "data_received", arriving),
        (MarketFeed, "_bar", lambda *_: marks.reach(1)),
        (Live, "close", lambda *_: marks.reach(2)),
        (KeptJournal, "append", lambda *_, **__: marks.reach(3)),
        (Appender, "sync", lambda *_: marks.reach(4)),
        (Live, "_carry_out", lambda *_: marks.reach(5)),
        (BinanceVenue, "_do", lambda *_: None),
        (CcxtTransport, "exchange", lambda *_: marks.reach(7)),
        (kind, "write", writing),
        (kind, "writelines", writing_lines),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in noted]
    for (owner, name, method), (_, _, note) in zip(before, noted, strict=True):
        setattr(owner, name, _noting(method, note))
    handed = BinanceVenue._do

    def handing(self: BinanceVenue, work: Any) -> None:
        handed(self, work)
        marks.reach(6)

    BinanceVenue._do = handing  # type: ignore[method-assign]
    try:
        yield
    finally:
        for owner, name, method in before:
            setattr(owner, name, method)


def _noting(method: Callable[..., Any], note: Callable[..., None]) -> Callable[..., Any]:
    def noting(*words: Any, **named: Any) -> Any:
        note(*words, **named)
        return method(*words, **named)

    return noting


def latency(_: int) -> list[Row]:
    """From the frame of a closed bar at the socket's reader until the bytes of its order are handed
    to the socket: two threads and the wake between them, the strategy, risk, a journal line synced
    to disk, signing."""
    marks = Marks()
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        with watched(marks):
            _trade(Path(folder))
        middle, late = journal.synced(Path(folder) / "synced")
    took = [(way[-1] - way[0]) / 1e6 for way in marks.ways]
    cuts = quantiles(took, n=100)
    steps = zip(*[[b - a for a, b in pairwise(way)] for way in marks.ways], strict=True)
    parts = ", ".join(
        f"{name} {median(each) / 1e6:.2f}" for name, each in zip(PARTS[1:], steps, strict=True)
    )
    note = f"p99 {cuts[98]:.2f} ms of {len(took)} orders, best {min(took):.2f}; ms until {parts}; "
    note += f"a synced line alone: p50 {middle:.2f}, p99 {late:.2f} ms"
    return [
        Row(work=IN_TO_OUT, who=OURS, times=[cuts[49] / 1e3], note=note),
        Row(work=IN_TO_OUT_LATE, who=OURS, times=[cuts[98] / 1e3]),
    ]


def _trade(where: Path) -> None:
    (where / "flip.py").write_text(_STRATEGY, encoding="utf-8")
    site = rehearsal.start(where, {"USDT": "100000"}, SPEED, 7)
    try:
        listed = listed_at(site.rest, [Symbol("BTCUSDT")])
        spec = rules(listed.instruments, NS_PER_SECOND, f"{where / 'flip.py'}:Flip")
        keys = Keys(site.api_key, site.api_secret)
        lease = AccountLease.take("bench", where, where / "leases")
        clock = SystemClock((listed.time, listed.counted), SPEED)
        wanted = Wanted(spec, site.rest, keys, where / "state", history_bars=60)
        running = begin(wanted, clock, lease)
        timer = threading.Timer(SECONDS, running.process.stop)
        timer.start()
        try:
            running.process.run()
        finally:
            running.close()
            lease.release()
    finally:
        os.kill(site.pid, signal.SIGTERM)


if __name__ == "__main__":
    print(latency(1)[0])
