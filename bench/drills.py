"""The drills: what an operator wants to have seen before there is money in it, timed.

`python -m bench.drills` has `thunes paper` trade bars of a second at a sandbox of its own, in real
time, and does to it what one day will happen: it is halted, cut off, killed, and lost with its
disk. It prints one table with what the venue's own books say of it, and ends with 1 where less than
what is asked was seen.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from bench.drill_site import Post, is_ready, of, post, unpack
from bench.soak_table import Row, none_of, shown
from thunes.cli.asking import confirmed
from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.decision import Gate
from thunes.core.domain.event import BarsClosed
from thunes.core.domain.fact import Decided
from thunes.core.domain.order import OrderRole
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol

ROUNDS, BARS = 3, 10
_PAUSE_S = 5.0
_HOLDING, _TRADING = ("BTCUSDT", "ETHUSDT"), ("BTCUSDT", "ETHUSDT", "BNBUSDT")
_WAITING = ("--strategy", f"{Path(__file__).with_name('drill_strategy.py')}:Waiting")
_CROSSING = ("--strategy", "sma_cross", "--param", "fast=2", "--param", "slow=5")


def times(what: str, seconds: Sequence[float], most_s: float | None = None) -> Row:
    """Least, median, most; the most is held to what is asked."""
    unit, scale = ("ms", 1e3) if max(seconds) < 1 else ("s", 1.0)
    numbers = (min(seconds), median(seconds), max(seconds))
    told = " / ".join(f"{scale * each:.3g}" for each in numbers)
    measured = f"{told} {unit}, {len(seconds)} times"
    if most_s is None:
        return Row(what, measured)
    return Row(what, measured, f"<= {most_s:g} s", max(seconds) <= most_s)


def kill_switch(where: Path, rounds: int, bars: int = BARS) -> tuple[list[Row], list[str]]:
    """Halted while positions are held and entries wait; let go on after some bars."""
    answers, cancels, returns = list[float](), list[float](), list[float]()
    moved, sent, refused, closed = list[str](), list[str](), 0, list[int]()
    n = len(_HOLDING)
    with post(where, _HOLDING, _WAITING) as here:
        here.until_ready()
        for _ in range(rounds):
            before = here.until_open(n, n)
            asked, asked_at = time.monotonic(), time.time()
            here.ask("halt", why="a drill")
            answers.append(time.monotonic() - asked)
            head = here.ask("status")["journal"]["sequence"]
            here.until_open(n, 0)
            ended = _times_of(here, of(before, "BUY"), "updateTime")
            cancels.append(max(ended) - asked_at)
            time.sleep(bars + 1)
            after = here.open_orders()
            if of(after, "SELL") != of(before, "SELL") or of(after, "BUY"):
                moved.append(f"{before} became {after}")
            lines = list(here.lines(after=head))
            closed.append(sum(isinstance(line.event, BarsClosed) for line in lines))
            for line in lines:
                facts = [each for each in line.facts if isinstance(each, Decided)]
                refused += sum(each.refused_by is Gate.KILL_SWITCH for each in facts)
                placed = [each for each in line.commands if isinstance(each, PlaceOrders)]
                orders = [order for each in placed for order in each.orders]
                sent += [order.id for order in orders if order.role is OrderRole.ENTRY]
            asked_at = time.time()
            confirmed(here.site.state, "resume", {"why": "the drill is over"}, yes=True)
            again = _times_of(here, of(here.until_open(n, n), "BUY"), "time")
            returns.append(max(again) - asked_at)
        here.stop()
        wrong = here.damage()
    least = min(closed)
    rows = [
        times("kill switch: until it answers, its line on disk", answers, 0.1),
        times("kill switch: until no entry is left at the venue", cancels, 3.0),
        Row("kill switch: bars closed meanwhile", f"{least}", f">= {bars}", least >= bars),
        Row("kill switch: entries wanted and refused", str(refused), "> 0", refused > 0),
        none_of("kill switch: entries that left meanwhile", sent),
        none_of("kill switch: stops that are not as before", moved),
        times("kill switch: resumed until entries wait again", returns),
    ]
    return rows, [*moved, *sent, *wrong]


def disconnect(where: Path, rounds: int) -> tuple[list[Row], list[str]]:
    """Every connection cut by the venue, and given up twice in a row by signal and by command."""

    def cut(here: Post) -> None:
        words = {"fault": "stream_closed", "on": "*", "lasts_s": 0.5, "value": 1006}
        here.sandbox.call("POST", "/sandbox/faults", words)

    def signalled(here: Post) -> None:
        here.trader.process.send_signal(signal.SIGUSR1)
        time.sleep(0.02)
        here.trader.process.send_signal(signal.SIGUSR1)

    def told(here: Post) -> None:
        here.ask("reconnect")
        here.ask("reconnect")

    manners: dict[str, Callable[[Post], None]] = {
        "the venue cuts all": cut,
        "SIGUSR1 twice in a row": signalled,
        "`reconnect` twice in a row": told,
    }
    taken = {manner: list[float]() for manner in manners}
    spans = list[tuple[float, float]]()
    with post(where, _TRADING, _CROSSING) as here:
        here.until_ready()
        here.until(lambda said: said["fills"] > 0, "trading")
        for _ in range(rounds):
            for manner, act in manners.items():
                time.sleep(_PAUSE_S)
                before = _connections(here.until_ready())
                began, began_at = time.monotonic(), time.time()
                act(here)
                here.until(lambda said, b=before, t=began: _renewed(said, b, t), manner)  # type: ignore[misc]
                taken[manner].append(time.monotonic() - began)
                spans.append((began_at * 1_000, time.time() * 1_000))
        time.sleep(_PAUSE_S)
        here.stop()
        books, _, found = here.compared()
        missing, bars = _gaps(here)
        wrong = here.damage()
    meanwhile = sum(any(a <= fill.at <= b for a, b in spans) for fill in books.fills)
    rows = [
        *(times(f"disconnect: {manner}", each, 15.0) for manner, each in taken.items()),
        Row(
            "disconnect: bars on the tape, fills, of them while cut off",
            f"{bars:,}, {len(books.fills):,}, {meanwhile}",
        ),
        none_of("disconnect: bars missing on the tape of the journal", missing),
        none_of("disconnect: fills lost or invented", found.lost_fills + found.invented_fills),
        none_of("disconnect: orders or stops twice, or orphans", found.duplicates + found.orphans),
    ]
    return rows, [*missing, *found.lost_fills, *found.invented_fills, *found.duplicates, *wrong]


def killed(where: Path, rounds: int) -> tuple[list[Row], list[str]]:
    """SIGKILL while holding; meanwhile the newest of the stops is taken from the venue's book."""
    ready, others = list[float](), list[str]()
    protected = list[float]()
    n = len(_HOLDING)
    with post(where, _HOLDING, _WAITING) as here:
        here.until_ready()
        for _ in range(rounds):
            before, held = here.until_open(n, n), here.holdings()
            here.trader.kill()
            killed_at = time.time()
            stops = [row for row in before if row["side"] == "SELL"]
            lost = max(stops, key=lambda row: row["time"])
            words = {"symbol": lost["symbol"], "origClientOrderId": lost["clientOrderId"]}
            here.sandbox.ask("order", "DELETE", **words)
            here.start()
            here.until_ready()
            ready.append(time.time() - killed_at)
            after = of(here.until_open(n, n), "SELL")
            new = after.keys() - of(before, "SELL").keys()
            protected.append(max(_times_of(here, new, "time")) - killed_at)
            if here.holdings() != held or lost["clientOrderId"] in after or len(new) != 1:
                others.append(f"{held}, {before} became {here.holdings()}, {after}")
        here.stop()
        _, _, found = here.compared()
        wrong = here.damage()
    doubled = [*found.duplicates, *found.foreign, *found.orphans, *found.lost_fills]
    rows = [
        times("kill -9: until reconciled and both streams up", ready, 60.0),
        times("kill -9: until a stop that had gone rests again", protected, 15.0),
        none_of("kill -9: positions or stops that are not as before", others),
        none_of("kill -9: anything twice, unknown or lost", doubled),
    ]
    return rows, [*others, *doubled, *wrong]


def restored(where: Path, rounds: int) -> tuple[list[Row], list[str]]:
    """The state directory lost, and brought back from a backup that is older than what rests."""
    backups, ready, others, twice = list[float](), list[float](), list[str](), list[str]()
    n = len(_HOLDING)
    with post(where, _HOLDING, _WAITING) as here:
        here.until_ready()
        for number in range(rounds):
            here.until_open(n, n)
            backup = where / f"backup-{number}.tar.zst"
            began = time.monotonic()
            here.ask("backup", file=str(backup))
            backups.append(time.monotonic() - began)
            here.ask("halt", why="entries that the backup does not know")
            here.until_open(n, 0)
            confirmed(here.site.state, "resume", {}, yes=True)
            before, held = here.until_open(n, n), here.holdings()
            here.stop()
            state, away = here.site.state, where / f"away-{number}"
            state.rename(away)
            began = time.monotonic()
            unpack(backup, state)
            shutil.copy2(away / "sandbox.json", state)  # secrets are in no backup
            here.start()
            here.until_ready()
            ready.append(time.monotonic() - began)
            after = here.until_open(n, n)
            if here.holdings() != held or of(after, "SELL") != of(before, "SELL"):
                others.append(f"{held}, {before} became {here.holdings()}, {after}")
        here.stop()
        _, _, found = here.compared()
        twice += [*found.duplicates, *found.orphans, *found.lost_fills, *found.invented_fills]
        wrong = here.damage()
    rows = [
        times("restore: `backup` until it answers", backups),
        times("restore: unpacked and started until reconciled", ready, 60.0),
        none_of("restore: positions or stops that are not as before", others),
        none_of("restore: anything twice, fills lost or invented", twice),
    ]
    return rows, [*others, *twice, *wrong]


DRILLS = {"kill": kill_switch, "disconnect": disconnect, "killed": killed, "restore": restored}


def _times_of(here: Post, orders: Collection[str], field: str) -> list[float]:
    """When this happened to these orders, by the venue's clock, which is the wall's here (s)."""
    rows = [row for each in here.site.symbols for row in here.sandbox.ask("allOrders", symbol=each)]
    return [row[field] / 1_000 for row in rows if row["clientOrderId"] in orders]


def _connections(said: dict[str, Any]) -> dict[str, int]:
    return {name: each["connections"] for name, each in said["venue"]["streams"].items()}


def _renewed(said: dict[str, Any], before: dict[str, int], began: float) -> bool:
    """Whether both streams are others than before, and the account was looked at since."""
    new = all(count > before[name] for name, count in _connections(said).items())
    return new and is_ready(said) and said["looked_s"] < time.monotonic() - began


def _gaps(here: Post) -> tuple[list[str], int]:
    """Bars that are missing between the first and the last of the journal, and how many it has."""
    last, missing, count = dict[Symbol, Instant](), list[str](), 0
    for line in here.lines():
        rows = line.event.bars if isinstance(line.event, BarsClosed) else {}
        for symbol, bars in rows.items():
            for bar in bars:
                if symbol in last and bar.open_time != last[symbol] + NS_PER_SECOND:
                    missing.append(f"{symbol}: {bar.open_time} comes after {last[symbol]}")
                last[symbol], count = bar.open_time, count + 1
    return missing, count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.drills", description=__doc__)
    parser.add_argument("--only", choices=DRILLS, help="one of them")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is done")
    parser.add_argument("--json", type=Path, help="write the table here as well")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # nothing that was started stays behind
    rows, wrong = list[Row](), list[str]()
    with tempfile.TemporaryDirectory() as folder:
        for name, drill in DRILLS.items():
            if asked.only in (None, name):
                more, said = drill(Path(folder) / name, asked.rounds)
                rows += more
                wrong += said
    console = Console(width=120)
    shown(rows, console, "Drills: least / median / most")
    for line in wrong:
        console.print(line, highlight=False)
    if asked.json is not None:
        table = [asdict(row) for row in rows]
        asked.json.write_text(json.dumps({"rows": table, "wrong": wrong}, indent=1) + "\n")
    sys.exit(1 if wrong or any(row.good is False for row in rows) else 0)


if __name__ == "__main__":
    main()
