"""Measuring: timed runs after a warm-up, peak memory, one process for each work item.

With `BENCH_CLOCK=cpu` in the environment a run's seconds are the processor's, not the wall's: all
that is measured here works in one thread, so on an idle machine they are the same.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec

ROOT = Path(__file__).resolve().parent.parent
OURS, RUN_ONLY = "thunes", "thunes, run only"
SYNCED, VERIFIED = "journal append, synced", "journal verify"
CORE, WEEK = "simulate, core alone", "simulate, 7 days of 10 symbols"
DENSE, SPARSE = "simulate, dense hours of 3 symbols", "simulate, sparse hours of 3 symbols"
REST_ORDERS, SOCKET_ORDERS = "sandbox, orders by REST", "sandbox, orders by WebSocket"
MESSAGES = "sandbox, stream messages to 10 clients"
KLINES, TICKERS = "W8 1,000 klines to bars", "W8 bookTicker to quotes"
SIGNED = "W8 orders to signed requests"
IN_TO_OUT = "live, closed bar in to order out"
IN_TO_OUT_LATE = f"{IN_TO_OUT}, p99"
CYCLE = "live, a cycle of 50 symbols x 4 timeframes"
RATE = "live, five times the recorded peak of messages"
LIVE_START = "live, start on a journal of 100 MB"
SCREEN_MANY = "screen, 1,000 pairs on D1"
SCREEN_YEAR = "screen, 300 pairs on D2"
SCREEN_RECORDED = "screen, 300 pairs on a recorded year of BTCUSDT"
SCREEN_LEVELS = "screen, one pair on D2, 0.2%/0.4%"
SCREEN_SHARED = "screen, 45 symbols on D3"
SENT = "W8 command to the bytes of its order"
FIGURES = "W6 eight figures of 525,600 points"
CSCV = "CSCV, 10,000 trials x 1,000 rows"
SPA = "SPA, 10,000 trials x 2,000 rows, 1,000 draws"
ITEM_SECONDS_MAX = 900
CLOCK = "BENCH_CLOCK"

Result = tuple[float, int]
"""Final equity and entries: what shows that the work was done."""


class Row(msgspec.Struct, kw_only=True):
    """One work item done by one system; `times` are seconds, `units` are what one run works off."""

    work: str
    who: str
    times: list[float]
    units: int = 1
    unit: str = ""
    equity: float | None = None
    entries: int | None = None
    peak_mb: float | None = None
    note: str = ""
    part: bool = False  # of the bars only: the rate compares, the result does not

    @property
    def seconds(self) -> float:
        return median(self.times)

    @property
    def best(self) -> float:
        return min(self.times)

    @property
    def rate(self) -> float | None:
        return self.units / self.seconds if self.unit else None


class Failed(msgspec.Struct):
    """A work item that gave no row, and the end of what it said."""

    work: str
    said: str


def on_cpu_clock() -> bool:
    return os.environ.get(CLOCK) == "cpu"


def measure(row: Row, run: Callable[[], Result], runs: int, warmups: int = 1) -> Row:
    """`row` with the times of `runs` calls, their result and this process's peak memory."""
    clock = time.process_time if on_cpu_clock() else time.perf_counter
    for _ in range(warmups):
        run()
    for _ in range(runs):
        start = clock()
        row.equity, row.entries = run()
        row.times.append(clock() - start)
    row.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return row


def in_own_process(arguments: list[str], environment: dict[str, str] | None = None) -> str:
    """The output of a program; CalledProcessError or TimeoutExpired when it does not end well."""
    done = subprocess.run(
        arguments,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=ITEM_SECONDS_MAX,
        check=True,
    )
    return done.stdout


def item(name: str, runs: int) -> list[Row] | Failed:
    """The rows of one of our work items, measured in a process of its own."""
    try:
        said = in_own_process([sys.executable, "-m", "bench.items", name, str(runs)])
    except subprocess.CalledProcessError as error:
        return Failed(name, (error.stderr or "").strip()[-400:])
    except subprocess.TimeoutExpired:
        return Failed(name, f"no end after {ITEM_SECONDS_MAX} s")
    return [msgspec.json.decode(line, type=Row) for line in said.splitlines()]


def pooled(rows: list[Row]) -> list[Row]:
    """Rows of the same work and system as one: all their times, the higher of their peaks."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        known = found.setdefault((row.work, row.who), row)
        if known is not row:
            known.times = [*known.times, *row.times]
            known.peak_mb = max(known.peak_mb or 0.0, row.peak_mb or 0.0) or None
    return list(found.values())
