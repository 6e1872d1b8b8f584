"""The soak: a day of ten symbols in an hour or less, with faults, and the process killed at random.

`python -m bench.soak` starts a sandbox whose time runs `--speed` times as fast, plays a made-up
tape there and a script of faults, has `thunes paper` trade on it and ends it by SIGKILL again and
again: as a command is written, just after one has left, while it starts, at any moment. In the end
it holds what the venue's own books say against the journal, and prints one table.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bench.soak_books import Books, Compared, compare, read_record, slope, worst_and_p99
from bench.soak_site import (
    CONFIG,
    PRICES,
    THUNES,
    Sandbox,
    Site,
    Trader,
    Writes,
    write_faults,
    write_tape,
)
from thunes.adapters.storage.reading import read_header
from thunes.cli.asking import told
from thunes.compose.engine import engine_from_header
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.view import OrderState
from thunes.core.engine import Engine
from thunes.ops.audit import replay, verify

CASH = 50_000
GRACE_S = 90.0
CALM_SHARE, WARM_UP_H = 0.25, 1.0
SLOPE_MAX, RSS_MAX = 1.0, 400.0
_SETTLE_S = 12.0
_STARTED_S, _LOOK_S = 120.0, 1.0
_MANNERS = ("as a command is written", "just after one has left", "while it starts", "any moment")
_WEIGHTS = (40, 30, 15, 15)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    hours: float
    symbols: int
    kills: int
    speed: float
    seed: int
    faults_every_s: float
    cap: str
    keep: Path | None


class Memory(NamedTuple):
    """How much one life needed, `hours` of the venue's time after its start."""

    life: int
    hours: float
    mb: float


@dataclass(slots=True)
class Seen:
    """What was seen while it ran."""

    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_MANNERS, 0))
    downs: list[tuple[float, float]] = field(default_factory=list)  # ms of the venue
    restarts_s: list[float] = field(default_factory=list)  # of the wall
    ended: list[str] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    lags_ms: list[float] = field(default_factory=list)
    behind_s: list[float] = field(default_factory=list)
    faults: int = 0
    lives: int = 0


class Soak:
    """One run, from the first start to the last stop."""

    def __init__(self, asked: Asked, where: Path, progress: Callable[[float], object]) -> None:
        self.asked, self.where, self.seen = asked, where, Seen()
        self._progress = progress
        self._random = Random(asked.seed)
        self.symbols = tuple(PRICES)[: asked.symbols]
        state, config = where / "state", where / "thunes.toml"
        state.mkdir(mode=0o700)
        text = CONFIG.format(symbols=len(self.symbols))
        config.write_text(text + (f'\n[entries]\ncap = "{asked.cap}"\n' if asked.cap else ""))
        self.site = Site(state, config, where / "paper.log", self.symbols)
        wall_s = asked.hours * 3_600 / asked.speed
        write_tape(where / "tape", self.symbols, math.ceil(asked.hours * 60), asked.seed)
        script, chance = where / "faults.toml", Random(asked.seed + 1)
        self.seen.faults = write_faults(script, wall_s, asked.faults_every_s, chance)
        self.sandbox = Sandbox(where / "tape", script, asked.speed, where / "sandbox.log")
        self.sandbox.open_account(state, CASH)
        self._began_ms = self.sandbox.now_ms()
        self._trader = self._start()

    def run(self) -> None:
        """Everything up to the last stop; the sandbox then stands still and can be asked."""
        calm = self.asked.hours * (1 - CALM_SHARE)
        times = sorted(self._random.uniform(0.01 * calm, calm) for _ in range(self.asked.kills))
        self._ready()
        for at in times:
            self._until(lambda at=at: self._hours() >= at)  # type: ignore[misc]
            manner = self._random.choices(_MANNERS, _WEIGHTS)[0]
            self._wait_for(manner)
            self._kill(manner)
            if manner == "while it starts":
                time.sleep(self._random.uniform(0.2, 3.0))
                self._kill(manner)
            self._ready()
        self._until(lambda: self._hours() >= self.asked.hours)
        self._settle()

    def close(self) -> None:
        if self._trader.alive:
            self._trader.kill()
        self.sandbox.close()

    def _hours(self) -> float:
        return (self.sandbox.now_ms() - self._began_ms) / 3_600_000

    def _start(self) -> Trader:
        self.seen.lives += 1
        return Trader(self.site)

    def _until(self, done: Callable[[], bool]) -> None:
        """Look after it once a second; one that ends by itself is noted and started again."""
        while not done():
            self._look()
            time.sleep(_LOOK_S)

    def _look(self) -> None:
        trader, hours = self._trader, self._hours()
        self._progress(hours)
        trader.heard()
        if not trader.alive:
            self._ended_itself()
            return
        mb = trader.rss_mb()
        if mb is not None:
            lived = (time.monotonic() - trader.began) * self.asked.speed / 3_600
            self.seen.memory.append(Memory(self.seen.lives, lived, mb))
        said = trader.status()
        if said is not None:
            self.seen.lags_ms.append(said["lag_ms"])
            self.seen.behind_s.append(said["looked_s"] or 0.0)

    def _ended_itself(self) -> None:
        code = self._trader.process.returncode
        last = self.site.errors.read_text("utf-8", "replace").strip().splitlines()[-1:]
        self.seen.ended.append(f"life {self.seen.lives} ended by itself with {code}: {last}")
        down = self.sandbox.now_ms()
        self._trader = self._start()
        self._ready(down)

    def _wait_for(self, manner: str) -> None:
        """Until the moment to kill has come, or a minute is over in which it did not."""
        until = time.monotonic() + 60

        def over() -> bool:
            return time.monotonic() > until or not self._trader.alive

        if manner == "as a command is written":
            Writes(self.site.state / "journal").wait(over)
        elif manner == "just after one has left":
            self._trader.heard()
            while not over() and not self._trader.heard():
                time.sleep(0.002)
            time.sleep(self._random.uniform(0, 0.1))
        else:
            time.sleep(self._random.uniform(0, 1))

    def _kill(self, manner: str) -> None:
        if not self._trader.alive:
            self._ended_itself()
        self._trader.kill()
        self.seen.kills[manner] += 1
        self.seen.downs.append((self.sandbox.now_ms(), math.inf))
        self._trader = self._start()

    def _ready(self, down: float | None = None) -> None:
        """Until it has looked at the account, and says that all of it agrees."""
        deadline = time.monotonic() + _STARTED_S
        while time.monotonic() < deadline:
            said = self._trader.status()
            if said is not None and said["reconciled"]:
                break
            if not self._trader.alive:
                self._ended_itself()
                return
            self._trader.heard()
            time.sleep(0.05)
        else:
            self.seen.ended.append(f"life {self.seen.lives} was not ready in {_STARTED_S:g} s")
        self.seen.restarts_s.append(time.monotonic() - self._trader.began)
        if down is not None:
            self.seen.downs.append((down, math.inf))
        up = self.sandbox.now_ms()
        self.seen.downs = [(a, min(b, up) if b == math.inf else b) for a, b in self.seen.downs]

    def _settle(self) -> None:
        """No faults any more, time for what is under way; then the market stands still."""
        self.sandbox.call("DELETE", "/sandbox/faults")
        until = time.monotonic() + _SETTLE_S
        self._until(lambda: time.monotonic() > until)
        told(self.site.state, "halt", {"why": "the end of the soak"})
        time.sleep(_LOOK_S)
        self.sandbox.call("POST", "/sandbox/market", {"held": True})
        time.sleep(2 * _LOOK_S)
        code = self._trader.stop()
        if code != 0:
            self.seen.ended.append(f"stopped with exit code {code}")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `good` None where nothing is asked."""

    what: str
    measured: str
    asked: str = ""
    good: bool | None = None


def none_of(what: str, found: Sequence[str]) -> Row:
    """Asked: none at all."""
    return Row(what, str(len(found)), "0", not found)


def verdict(soak: Soak) -> tuple[list[Row], list[str]]:
    """The table, and in words what is wrong."""
    asked, seen, journal = soak.asked, soak.seen, soak.site.state / "journal"
    books = soak.sandbox.books(soak.symbols)
    found = compare(books, read_record(journal))
    missing = found.missing(seen.downs, GRACE_S)
    engine = engine_from_header(read_header(journal), journal)
    verified, replayed = verify(journal), replay(journal, engine.step)
    at_odds = disagreements(engine, books, soak.sandbox.balances())
    unknown = [
        one.order.id
        for one in engine.state.ledger.orders.by_age()
        if one.state is OrderState.UNKNOWN
    ]
    parity = _parity(soak.site.state)
    whole = [str(problem) for problem in verified.problems]
    if replayed.difference is not None:
        whole.append(f"step {replayed.difference.sequence} is decided otherwise")
    trouble = {
        "fills lost": found.lost_fills,
        "fills that the venue does not know": found.invented_fills,
        "orders or stops twice": found.duplicates,
        "orders that the journal never sent": found.foreign,
        "orphan stops": found.orphans,
        "missing stops": missing,
        "orders left unknown": unknown,
        "positions, orders, balances apart in the end": at_odds,
        "journal damaged or decided otherwise": whole,
        "lives that ended by themselves": seen.ended,
    }
    kills = sum(seen.kills.values())
    manners = ", ".join(f"{count} {manner}" for manner, count in seen.kills.items())
    rows = [
        Row("simulated", f"{asked.hours:g} h x {len(soak.symbols)} symbols at {asked.speed:g}x"),
        Row("kill -9", f"{kills} ({manners})", f"{asked.kills}", kills >= asked.kills),
        Row("faults in the script", f"{seen.faults}"),
        Row("orders, fills", f"{len(books.orders):,}, {len(books.fills):,}"),
        *(none_of(what, words) for what, words in trouble.items()),
        *_times(found, seen, asked.speed),
        Row("parity of decisions", f"{100 * parity:.4f} %", "100 %", parity == 1.0),
        *_memory(seen, asked),
        Row("steps replayed", f"{replayed.steps:,}"),
    ]
    return rows, [f"{what}: {each}" for what, words in trouble.items() for each in words]


def disagreements(engine: Engine, books: Books, balances: dict[str, Decimal]) -> list[str]:
    """Where the state that the journal leads to is not that of the venue."""
    ledger, said = engine.state.ledger, list[str]()
    ours = {one.order.id for one in ledger.orders.by_age()}
    theirs = {one.client_id for one in books.orders if one.is_open}
    said += [f"{name} is open at the venue only" for name in sorted(theirs - ours)]
    said += [f"{name} is open in the journal only" for name in sorted(ours - theirs)]
    assets = {one.base: one.step for one in ledger.instruments.values()}
    for asset, step in assets.items():
        held = ledger.books.held(asset)
        if abs(held - balances.get(asset, Decimal(0))) >= step:
            said.append(f"{asset}: {held} in the journal, {balances.get(asset, 0)} at the venue")
    return said


def _times(found: Compared, seen: Seen, speed: float) -> list[Row]:
    """Everything that takes time, in the venue's seconds (and the wall's)."""
    rows = []
    named: list[tuple[str, list[float]]] = [
        ("naked, all in all", [one.seconds() for one in found.naked]),
        ("naked while a process ran", [one.seconds(seen.downs) for one in found.naked]),
        ("fill to its record", found.fill_delays),
        ("kill to reconciled", [(end - begin) / 1_000 for begin, end in seen.downs]),
    ]
    for what, seconds in named:
        worst, p99 = worst_and_p99(seconds)
        text = f"worst {worst:,.1f} s, p99 {p99:,.1f} s ({worst / speed:.2f}, {p99 / speed:.2f} s"
        rows.append(Row(what, f"{text} of the wall), {len(seconds):,} times"))
    worst, p99 = worst_and_p99(seen.restarts_s)
    rows.append(Row("start to reconciled", f"worst {worst:.1f} s, p99 {p99:.1f} s of the wall"))
    worst, p99 = worst_and_p99(seen.lags_ms)
    rows.append(Row("lag of the acting thread", f"worst {worst:.0f} ms, p99 {p99:.0f} ms"))
    return rows


def _memory(seen: Seen, asked: Asked) -> list[Row]:
    last = [(one.hours, one.mb) for one in seen.memory if one.life == seen.lives]
    warm = [(at, mb) for at, mb in last if at >= WARM_UP_H]
    worst = max((one.mb for one in seen.memory), default=0.0)
    rows = [Row("memory at most (RSS)", f"{worst:.0f} MB", f"< {RSS_MAX:g} MB", worst < RSS_MAX)]
    if len(warm) < 2:
        return rows
    grown, lived = slope(warm), warm[-1][0] - warm[0][0]
    text = f"{grown:+.2f} MB a simulated hour over {lived:.1f} h, {grown * asked.speed:+.1f} of the wall"
    return [*rows, Row("memory after warm-up", text, f"< {SLOPE_MAX:g} MB/h", grown < SLOPE_MAX)]


def _parity(state: Path) -> float:
    """The share of decisions that the engine makes again."""
    command = [*THUNES, "parity", "--state", str(state), "--all", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        said: dict[str, Any] = json.loads(done.stdout)["decisions"]
    except (ValueError, KeyError):
        raise ThunesError(f"thunes parity failed: {done.stderr[-400:]}") from None
    return float(said["equal"]) / float(said["steps"])


def shown(rows: Sequence[Row], console: Console) -> None:
    table = Table(title="Soak")
    for name in ("what", "measured", "asked", ""):
        table.add_column(name)
    words = {None: "", True: "yes", False: "NO"}
    for row in rows:
        table.add_row(row.what, row.measured, row.asked, words[row.good])
    console.print(table)


def asked_for(words: Sequence[str] | None = None) -> argparse.Namespace:
    text = __doc__ or ""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=text)
    parser.add_argument("--hours", type=float, default=24.0, help="simulated")
    parser.add_argument("--symbols", type=int, default=10, choices=range(1, len(PRICES) + 1))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--speed", type=float, default=50.0, help="times as fast as real time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults-every", type=float, default=4.0, help="seconds of the wall")
    parser.add_argument("--cap", default="", help='[entries] cap, such as "0.5%%"')
    parser.add_argument("--quick", action="store_true", help="1 h, 5 kills, 3 symbols")
    parser.add_argument("--json", type=Path, help="write the table here as well")
    parser.add_argument("--keep", type=Path, help="a new directory that everything stays in")
    asked = parser.parse_args(words)
    if asked.quick:
        asked.hours, asked.kills, asked.symbols = 1.0, 5, 3
    return asked


def main() -> None:
    words = asked_for()
    asked = Asked(
        words.hours,
        words.symbols,
        words.kills,
        words.speed,
        words.seed,
        words.faults_every,
        words.cap,
        words.keep,
    )
    console, errors = Console(), Console(stderr=True)
    folder = tempfile.TemporaryDirectory() if asked.keep is None else nullcontext(str(asked.keep))
    with folder as name, Progress(console=errors) as progress:
        where = Path(name)
        where.mkdir(parents=True, exist_ok=True)
        task = progress.add_task("simulated hours", total=asked.hours)
        soak = Soak(asked, where, lambda done: progress.update(task, completed=done))
        try:
            soak.run()
            rows, wrong = verdict(soak)
        finally:
            soak.close()
    shown(rows, console)
    for line in wrong:
        console.print(line, highlight=False)
    if words.json is not None:
        said = [{"what": r.what, "measured": r.measured, "asked": r.asked, "good": r.good} for r in rows]
        words.json.write_text(json.dumps({"rows": said, "wrong": wrong}, indent=1) + "\n")
    sys.exit(1 if any(row.good is False for row in rows) else 0)


if __name__ == "__main__":
    main()
