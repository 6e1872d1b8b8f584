"""The soak: a day of ten symbols in an hour or less, with faults, and the process killed at random.

`python -m bench.soak` starts a sandbox whose time runs `--speed` times as fast, plays a made-up
tape there and a script of faults, has `thunes paper` trade on it and ends it by SIGKILL again and
again: as a command is written, just after one has left, while it starts, at any moment. In the end
it holds what the venue's own books say against the journal, and prints one table.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from random import Random

from rich.console import Console
from rich.progress import Progress

from bench.soak_books import merged
from bench.soak_site import (
    PRICES,
    Sandbox,
    Site,
    Trader,
    Writes,
    write_config,
    write_faults,
    write_tape,
)
from bench.soak_table import MANNERS, Asked, Memory, Seen, shown, verdict
from thunes.cli.asking import told

CASH = 50_000
CALM_SHARE = 0.25  # of the time, at its end: nothing is killed, and memory has to stand still
_SETTLE_S = 12.0
_STARTED_S, _LOOK_S = 120.0, 1.0
_WEIGHTS = (40, 30, 15, 15)


class Soak:
    """One run, from the first start to the last stop."""

    def __init__(self, asked: Asked, where: Path, progress: Callable[[float], object]) -> None:
        self.asked, self.where, self.seen = asked, where, Seen()
        self._progress = progress
        self._random = Random(asked.seed)
        self.symbols = tuple(PRICES)[: asked.symbols]
        state, config = where / "state", where / "thunes.toml"
        state.mkdir(mode=0o700)
        port = write_config(config, len(self.symbols), asked.cap)
        self.site = Site(state, config, where / "paper.log", self.symbols, port)
        wall_s = asked.hours * 3_600 / asked.speed
        write_tape(where / "tape", self.symbols, math.ceil(asked.hours * 60), asked.seed)
        script, chance = where / "faults.toml", Random(asked.seed + 1)
        self.seen.faults = write_faults(script, wall_s, asked.faults_every_s, chance)
        words = ("--tape", str(where / "tape"), "--tape-time", "--faults", str(script))
        self.sandbox = Sandbox(words, asked.speed, where / "sandbox.log")
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
            manner = self._random.choices(MANNERS, _WEIGHTS)[0]
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
        conflated = trader.conflated()
        if conflated is not None:
            self.seen.conflated[self.seen.lives] = conflated

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
        asked.hours, asked.kills, asked.symbols, asked.speed = 1.0, 5, 3, 30.0
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
            soak.seen.downs = merged(soak.seen.downs)
            rows, wrong = verdict(asked, soak.seen, soak.sandbox, soak.site.state)
        finally:
            soak.close()
    shown(rows, console)
    for line in wrong:
        console.print(line, highlight=False)
    if words.json is not None:
        said = [asdict(row) for row in rows]
        words.json.write_text(json.dumps({"rows": said, "wrong": wrong}, indent=1) + "\n")
    sys.exit(1 if any(row.good is False for row in rows) else 0)


if __name__ == "__main__":
    main()
