"""The tables: ours beside the peers', with the ratio, and what is to be reached."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from bench.harness import (
    CORE,
    CSCV,
    CYCLE,
    DENSE,
    FIGURES,
    IN_TO_OUT,
    IN_TO_OUT_LATE,
    KLINES,
    LIVE_START,
    MESSAGES,
    OURS,
    RATE,
    REST_ORDERS,
    RUN_ONLY,
    SCREEN_LEVELS,
    SCREEN_MANY,
    SCREEN_SHARED,
    SCREEN_YEAR,
    SENT,
    SOCKET_ORDERS,
    SPA,
    SPARSE,
    SYNCED,
    TICKERS,
    VERIFIED,
    WEEK,
    Row,
)
from bench.reference import Check, Expected

WIDTH = 172
FULL, TIGHT, WIDE = "W1 D2 one unit", "W3 D2 0.2%/0.4%", "W3 D2 2%/4%"
MANY, COLD, HELP, FLAT = "W7 D3 45 symbols", "cold start", "thunes --help", "flat"
FLAT_MAX = 1.15
"""How much dearer a trade may be on 525,600 bars than on 100,000: what this machine's noise is."""
SCREENS = (
    (SCREEN_MANY, 10.0, 250.0),
    (SCREEN_YEAR, 1_000.0, 400.0),
    (SCREEN_LEVELS, 10.0, 250.0),
    (SCREEN_SHARED, 40.0, 300.0),
)
"""What the screen is to reach: milliseconds and megabytes."""
_WITH_FIGURES = ("backtesting.py",)


class Target(NamedTuple):
    """One thing to reach; `reached` is None where it could not be measured."""

    what: str
    measured: str
    wanted: str
    reached: bool | None


def ratios(rows: Sequence[Row], peer: Row) -> tuple[float, float] | None:
    """How many times faster we are by the medians and by the best runs, like with like: with
    figures where the peer has them. Load slows a median; the best run is what the machine can."""
    whole = (COLD, FIGURES, *(work for work, *_ in SCREENS))
    like = OURS if peer.who in _WITH_FIGURES or peer.work in whole else RUN_ONLY
    ours = next((row for row in rows if row.work == peer.work and row.who == like), None)
    if ours is None or peer.who.startswith(OURS):
        return None
    share = ours.units / peer.units
    return peer.seconds * share / ours.seconds, peer.best * share / ours.best


def targets(rows: Sequence[Row]) -> Iterator[Target]:
    """What the project set out to reach, with what was measured now."""
    for work in (FULL, WIDE, TIGHT):
        yield _faster(rows, work, "backtesting.py", 1.0)
        yield _faster(rows, work, "nautilus", 10.0)
    yield _faster(rows, MANY, "nautilus", 10.0)
    flat = {row.units: row.seconds / (row.entries or 1) for row in rows if row.work == FLAT}
    grown = flat[max(flat)] / flat[min(flat)] if flat else None
    yield _at_most("seconds a trade, 525,600 bars to 100,000", grown, FLAT_MAX, "x")
    full = next((row for row in rows if row.work == FULL and row.who == OURS), None)
    yield _at_most(f"peak memory of {FULL}", full.peak_mb if full else None, 300.0, " MB")
    seconds = {row.work: row.seconds for row in rows if row.who == OURS}
    yield _at_most(f"{COLD}, process start to result", seconds.get(COLD), 1.5, " s")
    yield _at_most(HELP, seconds.get(HELP), 0.4, " s")
    synced = seconds.get(SYNCED)
    yield _at_most(f"{SYNCED}, p99", synced * 1e3 if synced else None, 2.0, " ms")
    verified = 1 / seconds[VERIFIED] if VERIFIED in seconds else None
    reached = None if verified is None else verified >= 200_000
    said = "-" if verified is None else f"{verified:,.0f} lines/s"
    yield Target(VERIFIED, said, ">= 200,000 lines/s", reached)
    yield _at_least(rows, CORE, 30_000, " steps/s")
    yield _at_least(rows, DENSE, 2_500, "x real time")
    yield _at_least(rows, SPARSE, 20_000, "x real time")
    yield _at_most(WEEK, seconds.get(WEEK), 60.0, " s")
    yield _at_least(rows, REST_ORDERS, 2_000, " orders/s")
    yield _at_least(rows, SOCKET_ORDERS, 2_000, " orders/s")
    yield _at_least(rows, MESSAGES, 20_000, " messages/s")
    yield _at_least(rows, TICKERS, 300_000, " messages/s")
    for work, milliseconds, megabytes in SCREENS:
        found = next((row for row in rows if row.work == work), None)
        took = None if found is None else found.seconds * 1e3
        yield _at_most(work, took, milliseconds, " ms")
        yield _at_most(
            f"{work}, memory", None if found is None else found.peak_mb, megabytes, " MB"
        )
    bars = seconds.get(KLINES)
    yield _at_most(KLINES, None if bars is None else bars * 1e3, 1.5, " ms")
    figures = seconds.get(FIGURES)
    yield _at_most(FIGURES, None if figures is None else figures * 1e3, 5.0, " ms")
    yield _at_most(CSCV, seconds.get(CSCV), 1.0, " s")
    yield _at_most(SPA, seconds.get(SPA), 0.5, " s")
    sent = seconds.get(SENT)
    yield _at_most(f"{SENT}, p50", None if sent is None else sent * 1e3, 0.6, " ms")
    yield from _live(rows, seconds)


def _live(rows: Sequence[Row], seconds: Mapping[str, float]) -> Iterator[Target]:
    for what, work, most in (("p50", IN_TO_OUT, 1.0), ("p99", IN_TO_OUT_LATE, 5.0)):
        took = seconds.get(work)
        yield _at_most(f"{IN_TO_OUT}, {what}", None if took is None else took * 1e3, most, " ms")
    cycle = seconds.get(CYCLE)
    yield _at_most(CYCLE, None if cycle is None else cycle * 1e3, 200.0, " ms")
    yield _at_least(rows, RATE, 7_840, " messages/s, none lost")
    yield _at_most(LIVE_START, seconds.get(LIVE_START), 3.0, " s")


def _faster(rows: Sequence[Row], work: str, peer: str, times: float) -> Target:
    found = [row for row in rows if row.work == work and row.who.startswith(peer)]
    # The longest run of the peer: on fewer bars some are faster than on all.
    longest = max(found, key=lambda row: row.units, default=None)
    got = None if longest is None else ratios(rows, longest)
    what = f"{work}, against {peer if longest is None else longest.who}"
    sign = ">" if times == 1.0 else ">="
    reached = None if got is None else min(got) > times or min(got) == times != 1.0
    return Target(what, _said(got) or "-", f"{sign} {times:g}x", reached)


def _at_least(rows: Sequence[Row], work: str, least: float, unit: str) -> Target:
    rate = next((row.rate for row in rows if row.work == work and row.who == OURS), None)
    said = "-" if rate is None else f"{rate:,.0f}{unit}"
    return Target(work, said, f">= {least:,.0f}{unit}", None if rate is None else rate >= least)


def _said(got: tuple[float, float] | None) -> str:
    return "" if got is None else f"{got[0]:.2f}x / {got[1]:.2f}x"


def _at_most(what: str, got: float | None, most: float, unit: str) -> Target:
    measured = "-" if got is None else f"{got:.3g}{unit}"
    return Target(what, measured, f"<= {most:g}{unit}", None if got is None else got <= most)


def show(rows: Sequence[Row], checks: Mapping[str, Check], heading: str) -> None:
    """Print everything."""
    console = Console(width=WIDTH)
    table = Table(title=heading, title_justify="left")
    for name in ("work", "system", "final equity", "entries", "to the cent"):
        right = name in ("final equity", "entries")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for name in ("median s (best-worst, runs)", "per second", "ours is", "MB"):
        table.add_column(name, justify="right", no_wrap=True)
    for work, here in _by_work(rows):
        for place, row in enumerate(here):
            table.add_row("" if place else work, *_cells(row, rows, checks.get(work)))
        table.add_section()
    console.print(table)
    for work, check in checks.items():
        if check.why:
            console.print(f"{work}: the peers' floor gets {_result(check.published)},")
            console.print(f"  a plain loop with our convention {_result(check.ours)}: {check.why}.")
    reach = Table(title="to reach", title_justify="left")
    for name in ("what", "measured", "to reach", "reached"):
        reach.add_column(name, justify="left" if name == "what" else "right")
    for target in targets(rows):
        said = {True: "yes", False: "no", None: "not measured"}[target.reached]
        reach.add_row(target.what, target.measured, target.wanted, said)
    console.print(reach)


def _result(expected: Expected) -> str:
    return f"{expected.equity:,.4f} and {expected.entries:,}"


def _by_work(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for work in dict.fromkeys(row.work for row in rows):
        here = [row for row in rows if row.work == work]
        yield work, sorted(here, key=lambda row: not row.who.startswith(OURS))


def _cells(row: Row, rows: Sequence[Row], check: Check | None) -> tuple[str, ...]:
    equity, entries = "", ""
    equal = row.note
    if row.equity is not None and row.entries is not None:
        equity, entries = f"{row.equity:,.4f}", f"{row.entries:,}"
        if check is not None:
            equal = "part of it" if row.part else check.said(row.equity, row.entries)
    spread = f"{row.seconds:.3f} ({row.best:.3f}-{max(row.times):.3f}, {len(row.times)})"
    if row.unit == "lines/s":
        spread = ""
    elif row.work == SYNCED:
        spread = f"{row.seconds:.4f}"
    return (
        row.who,
        equity,
        entries,
        equal,
        spread,
        "" if row.rate is None else f"{row.rate:,.0f}",
        _said(ratios(rows, row)),
        "" if row.peak_mb is None else f"{row.peak_mb:,.0f}",
    )
