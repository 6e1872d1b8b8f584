"""The table of a soak: the venue's books against the journal, asked beside measured."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from bench.soak_books import Books, Compared, Record, compare, read_record, slope, worst_and_p99
from bench.soak_site import PRICES, THUNES, Sandbox
from thunes.adapters.storage.reading import read_header
from thunes.compose.engine import engine_from_header
from thunes.core.domain.errors import ThunesError
from thunes.core.domain.view import OrderState
from thunes.core.engine import Engine
from thunes.ops.audit import replay, verify

GRACE_S = 90.0
WARM_UP_H, SLOPE_H = 1.0, 2.0
SLOPE_MAX, RSS_MAX = 1.0, 400.0
MANNERS = ("as a command is written", "just after one has left", "while it starts", "any moment")


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

    kills: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MANNERS, 0))
    downs: list[tuple[float, float]] = field(default_factory=list)  # ms of the venue
    restarts_s: list[float] = field(default_factory=list)  # of the wall
    ended: list[str] = field(default_factory=list)
    memory: list[Memory] = field(default_factory=list)
    lags_ms: list[float] = field(default_factory=list)
    conflated: dict[int, int] = field(default_factory=dict)  # by life
    faults: int = 0
    lives: int = 0


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


def verdict(asked: Asked, seen: Seen, sandbox: Sandbox, state: Path) -> tuple[list[Row], list[str]]:
    """The table, and in words what is wrong."""
    journal = state / "journal"
    books, record = sandbox.books(tuple(PRICES)[: asked.symbols]), read_record(journal)
    found = compare(books, record)
    missing = found.missing(seen.downs, GRACE_S)
    engine = engine_from_header(read_header(journal), journal)
    verified, replayed = verify(journal), replay(journal, engine.step)
    at_odds = disagreements(engine, books, sandbox.balances())
    unknown = [
        one.order.id
        for one in engine.state.ledger.orders.by_age()
        if one.state is OrderState.UNKNOWN
    ]
    parity = _parity(state)
    whole = [str(problem) for problem in verified.problems]
    if replayed.difference is not None:
        whole.append(f"step {replayed.difference.sequence} is decided otherwise")
    trouble: dict[str, Sequence[str]] = {
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
    rows = [
        *_run(asked, seen),
        Row("orders, fills", f"{len(books.orders):,}, {len(books.fills):,}"),
        *(none_of(what, words) for what, words in trouble.items()),
        *_times(found, record, seen, asked.speed),
        Row("parity of decisions", f"{100 * parity:.4f} %", "100 %", parity == 1.0),
        *_memory(seen),
        Row("steps replayed", f"{replayed.steps:,}"),
    ]
    return rows, [f"{what}: {each}" for what, words in trouble.items() for each in words]


def _run(asked: Asked, seen: Seen) -> list[Row]:
    kills = sum(seen.kills.values())
    manners = ", ".join(f"{count} {manner}" for manner, count in seen.kills.items())
    down = sum(end - begin for begin, end in seen.downs) / 3_600_000
    simulated = (
        f"{asked.hours:g} h x {asked.symbols} symbols at {asked.speed:g}x, {down:.1f} h down"
    )
    return [
        Row("simulated", simulated),
        Row("kill -9", f"{kills} ({manners})", f"{asked.kills}", kills >= asked.kills),
        Row("faults in the script", f"{seen.faults}"),
    ]


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


def _times(found: Compared, record: Record, seen: Seen, speed: float) -> list[Row]:
    """Everything that takes time, in the venue's seconds (and the wall's)."""
    rows = []
    named: list[tuple[str, list[float]]] = [
        ("naked, all in all", [one.seconds() for one in found.naked]),
        ("naked while a process ran", [one.seconds(seen.downs) for one in found.naked]),
        ("fill to its record", found.fill_delays),
        ("closed bar to its step", record.bar_delays),
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
    rows.append(Row("quotes conflated", f"{sum(seen.conflated.values()):,}"))
    return rows


def _memory(seen: Seen) -> list[Row]:
    last = [(one.hours, one.mb) for one in seen.memory if one.life == seen.lives]
    warm = [(at, mb) for at, mb in last if at >= WARM_UP_H]
    worst = max((one.mb for one in seen.memory), default=0.0)
    rows = [Row("memory at most (RSS)", f"{worst:.0f} MB", f"< {RSS_MAX:g} MB", worst < RSS_MAX)]
    if len(warm) < 2:
        return rows
    grown, lived = slope(warm), warm[-1][0] - warm[0][0]
    text = f"{grown:+.2f} MB a simulated hour, over {lived:.1f} h"
    good = grown < SLOPE_MAX if lived >= SLOPE_H else None  # less is noise
    return [*rows, Row("memory after warm-up", text, f"< {SLOPE_MAX:g} MB/h", good)]


def _parity(state: Path) -> float:
    """The share of decisions that the engine makes again."""
    command = [*THUNES, "parity", "--state", str(state), "--all", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        said: dict[str, Any] = json.loads(done.stdout)["decisions"]
    except (ValueError, KeyError):
        raise ThunesError(f"thunes parity failed: {done.stderr[-400:]}") from None
    return float(said["equal"]) / float(said["steps"])


def shown(rows: Sequence[Row], console: Console, title: str = "Soak") -> None:
    table = Table(title=title)
    for name in ("what", "measured", "asked", ""):
        table.add_column(name)
    words = {None: "", True: "yes", False: "NO"}
    for row in rows:
        table.add_row(row.what, row.measured, row.asked, words[row.good])
    console.print(table)
