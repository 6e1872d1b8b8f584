"""Rate: five times the recorded peak of market messages into a real process, for a minute."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from unittest.mock import patch

from bench.data import CACHE
from bench.harness import OURS, RATE, Row
from bench.rules import rules
from thunes.adapters.clock import SystemClock
from thunes.adapters.lease import AccountLease
from thunes.adapters.storage.market.recorder import Recorder
from thunes.adapters.venues.binance import works
from thunes.adapters.venues.binance.hosts import hosts_at
from thunes.adapters.venues.binance.listed import listed_at
from thunes.adapters.venues.binance.session import Counts
from thunes.adapters.venues.binance.signing import Keys
from thunes.compose import rehearsal
from thunes.compose.live import Running, Wanted, begin
from thunes.core.domain.market import PublicTrade, Quote
from thunes.core.domain.units import NS_PER_SECOND, Symbol

PEAK = 1_568
"""Messages in the busiest second of the recorded streams of BTCUSDT and ETHUSDT (`bookTicker` and
`trade`, Binance Spot, 2024-08-08 23:54 to 24:00 UTC); their busiest minute has 284 a second."""

TIMES, SECONDS, DRAIN_S = 5, 60, 2.0
_SYMBOLS = (Symbol("BTCUSDT"), Symbol("ETHUSDT"))
_LOOK_S, FLUSH_S = 0.05, 10.0


class Tap:
    """Counts what is told, and how old each trade is by then."""

    def __init__(self) -> None:
        self.quotes = self.trades = 0
        self.ages_ms: list[float] = []

    def quoted(self, _: Quote) -> None:
        self.quotes += 1

    def traded(self, trade: PublicTrade) -> None:
        self.trades += 1
        self.ages_ms.append((time.monotonic_ns() - trade.at // 1_000) / 1e6)


class Gauge(threading.Thread):
    """How many frames wait to be parsed, and events to be heard, twenty times a second."""

    def __init__(self, running: Running) -> None:
        super().__init__(daemon=True)
        self.frames, self.events = list[int](), list[int]()
        self.over = threading.Event()
        self._running = running

    def run(self) -> None:
        while not self.over.wait(_LOOK_S):
            works = self._running.venue.works
            link = None if works is None else works.sessions[1]._link
            self.frames.append(0 if link is None else link.queue.qsize())
            self.events.append(len(self._running.process._inbox))


def rate(_: int) -> list[Row]:
    """Every message is decoded, told to the recorder of the tape and, where it matters, to the core
    and the journal; none may be lost, none may wait longer and longer."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        where = Path(folder)
        site = rehearsal.start(where, {"USDT": "100000"}, 1.0, 7)
        try:
            return [_listened(where, site)]
        finally:
            os.kill(site.pid, signal.SIGTERM)


def _listened(where: Path, site: rehearsal.Rehearsal) -> Row:
    listed = listed_at(site.rest, _SYMBOLS)
    clock, tap = SystemClock((listed.time, listed.counted)), Tap()
    recorder = Recorder(where / "tape", every_ms=1, keep_days=36_500)
    keys = Keys(site.api_key, site.api_secret)
    spec = rules(listed.instruments, 60 * NS_PER_SECOND)
    wanted = Wanted(spec, site.rest, keys, where / "state", taps=(recorder, tap))
    lease = AccountLease.take("bench", where, where / "leases")
    command = [sys.executable, "-m", "bench.sender", str(TIMES * PEAK), str(SECONDS)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as sender:
        assert sender.stdout is not None
        streams = f"ws://127.0.0.1:{sender.stdout.readline().strip()}"
        hosts = replace(hosts_at(site.rest), streams=streams)
        with patch.object(works, "hosts_at", lambda _: hosts):
            running = begin(wanted, clock, lease)
        gauge, worked = Gauge(running), time.process_time()
        writer = threading.Thread(target=_write, args=(recorder, gauge.over))
        threading.Timer(SECONDS + 1 + DRAIN_S, running.process.stop).start()
        gauge.start()
        writer.start()
        running.process.run()
        worked = time.process_time() - worked
        gauge.over.set()
        counts = running.venue.works.sessions[1].counts  # type: ignore[union-attr]
        said = json.loads(sender.communicate("\n")[0])
        running.close()
        lease.release()
        writer.join()
    return _row(said, tap, gauge, (counts, running.process.conflated, recorder.dropped, worked))


def _write(recorder: Recorder, over: threading.Event) -> None:
    while not over.wait(FLUSH_S):
        recorder.flush()
    recorder.flush()


def _row(
    said: dict[str, float], tap: Tap, gauge: Gauge, seen: tuple[Counts, int, int, float]
) -> Row:
    counts, conflated, dropped, worked = seen
    sent = int(said["quotes"] + said["trades"])
    lost = sent - counts.frames
    untold = max(0, int(said["quotes"]) - tap.quotes) + int(said["trades"]) - tap.trades
    third = len(gauge.frames) // 3
    ages = quantiles(tap.ages_ms, n=100)
    note = f"{sent:,} sent, {lost:,} lost, {untold + dropped:,} not on tape, {counts.dials} dial, "
    note += f"{counts.overflows} overflows; "
    note += f"waiting frames: median {median(gauge.frames[:third]):g} in the first third, "
    note += f"{median(gauge.frames[-third:]):g} in the last, most {max(gauge.frames):,}; events "
    note += f"for the core: most {max(gauge.events)}; {conflated} conflated; a trade is "
    note += f"{ages[49]:.1f} ms old (p99 {ages[98]:.0f}); {worked / SECONDS:.0%} of a processor; "
    note += f"the sender was late by {said['late_s'] * 1e3:.0f} ms at most"
    return Row(
        work=RATE, who=OURS, times=[float(SECONDS)], units=sent, unit="messages/s", note=note
    )


if __name__ == "__main__":
    print(rate(1)[0])
