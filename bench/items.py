"""Our work items: each is measured in a process of its own, `python -m bench.items NAME RUNS`."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path

import msgspec
from msgspec import structs

from bench import screened
from bench.data import CACHE, D1, D2, D3, columns, table
from bench.harness import (
    OURS,
    ROOT,
    RUN_ONLY,
    SCREEN_LEVELS,
    SCREEN_MANY,
    SCREEN_RECORDED,
    SCREEN_SHARED,
    SCREEN_YEAR,
    SYNCED,
    VERIFIED,
    Result,
    Row,
    measure,
)
from thunes.adapters.storage.bars.check import read_bars
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.measured import measured_backtest
from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.event import Event
from thunes.core.domain.fact import PositionOpened
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.line import Outcome
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import ONE, Asset, Instant, Price, Quantity, Symbol
from thunes.core.portfolio.sizing import parse_sizing

USDT = Asset("USDT")
BTC = Symbol("BTCUSDT")
COSTS = Costs(fee_bps=Decimal(10), fee_asset="quote", slippage_bps=Decimal(5))
# So fine that rounding to the grid stays far below a cent: the peers have no grid.
TICK, STEP = Price(Decimal("1e-11")), Quantity(Decimal("1e-16"))
BILLION, MILLION, TEN_THOUSAND = Decimal(10**9), Decimal(10**6), Decimal(10**4)
# What 1,000 of coins at the open cost with slippage and fee: the peers' 1,000 is the coins alone.
THOUSAND_OF_COINS = "fixed:1001.5005"
TIGHT, WIDE = ("0.002", "0.004"), ("0.02", "0.04")

Job = tuple[RunSpec, Mapping[Symbol, BarColumns], World]


def job(
    market: Mapping[Symbol, BarColumns],
    sizing: str,
    cash: Decimal,
    exits: tuple[str, str] | None = None,
) -> Job:
    """SMA 10/30 on every symbol of one account, 10 bps of fee and 5 bps of slippage a side."""
    times = next(iter(market.values())).open_time
    plan = ExitPlan()
    if exits is not None:
        stop, target = (Decimal(text) for text in exits)
        plan = ExitPlan(stop_distance=stop, targets=(TargetLevel(target, ONE),))
    spec = RunSpec(
        quote=USDT,
        timeframe=int(times[1] - times[0]),
        instruments=tuple(
            Instrument(symbol, Asset(symbol.removesuffix(USDT)), USDT, TICK, STEP)
            for symbol in market
        ),
        strategies=(specify_strategy("sma_cross", {}, tuple(market)),),
        sizing=parse_sizing(sizing),
        exits=plan,
        costs=COSTS,
    )
    return spec, market, World(balances={USDT: cash})


def with_figures(one: Job) -> Result:
    """What a user calls: the run, its trades, every figure, the baselines and the warnings."""
    metrics = measured_backtest(*one).result.metrics
    return metrics.final_equity, metrics.trades + metrics.open_positions


def run_only(one: Job) -> Result:
    """The run alone, as peers measure it that have no figures: building, every step, equity."""
    spec, market, world = one
    built, entries = build_engine(spec, market), 0

    def count(_: Event, outcome: Outcome) -> None:
        nonlocal entries
        entries += sum(isinstance(fact, PositionOpened) for fact in outcome.facts)

    run_backtest(spec, market, world, (built, count))
    account = built.engine.state.view(Instant(int(built.tape.times[-1]))).account
    return float(account.equity()), entries


def both(work: str, one: Job, runs: int) -> list[Row]:
    """The whole user call, and beside it the run alone, alternately warm."""
    bars = sum(len(each) for each in one[1].values())
    found = []
    for who, call in ((OURS, with_figures), (RUN_ONLY, run_only)):
        row = Row(work=work, who=who, times=[], units=bars, unit="bars/s")
        found.append(measure(row, partial(call, one), runs))
    return found


def d1() -> dict[Symbol, BarColumns]:
    return {BTC: columns(D1, table("d1"))}


def d2(bars: int | None = None) -> dict[Symbol, BarColumns]:
    return {BTC: columns(D2, table("d2"), bars)}


def d3() -> dict[Symbol, BarColumns]:
    return {
        Symbol(f"S{place:02d}USDT"): columns(walk, prices)
        for place, (walk, prices) in enumerate(zip(D3, table("d3"), strict=True))
    }


def small(runs: int) -> list[Row]:
    full, unit = job(d1(), "all_cash", TEN_THOUSAND), job(d1(), "quantity:1", BILLION)
    return [*both("W1 D1 full cash", full, runs), *both("W1 D1 one unit", unit, runs)]


def flat(runs: int) -> list[Row]:
    """The same rate on more and more bars, with stop and target: past orders cost nothing."""
    rows = []
    for bars in (100_000, 250_000, D2.bars):
        one = job(d2(bars), "quantity:1", BILLION, TIGHT)
        row = Row(work="flat", who=f"{bars:,} bars", times=[], units=bars, unit="bars/s")
        row = measure(row, partial(run_only, one), runs)
        row.note = f"{row.seconds / (row.entries or 1) * 1e6:.1f} us a trade"
        rows.append(row)
    return rows


def of(module: str, name: str = "rows") -> Callable[[int], list[Row]]:
    """Rows of another module of the bench. It is imported when it is asked for, so that no other
    work item has it in its memory."""

    def rows(runs: int) -> list[Row]:
        found: list[Row] = getattr(import_module(f"bench.{module}"), name)(runs)
        return found

    return rows


def journalled(_: int) -> list[Row]:
    """The journal on a real disk: synced appends, plain appends, verification."""
    journal = import_module("bench.journal")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        middle, late = journal.synced(Path(folder) / "synced")
        appended, verified = journal.bulk(Path(folder) / "bulk")
    return [
        Row(work=SYNCED, who=OURS, times=[late / 1e3], note=f"p99; p50 {middle:.3f} ms"),
        Row(work="journal append", who=OURS, times=[1 / appended], unit="lines/s"),
        Row(work=VERIFIED, who=OURS, times=[1 / verified], unit="lines/s"),
    ]


def tables(runs: int) -> list[Row]:
    """The journal of a run with many trades into SQL tables, on a real disk."""
    spec, market, world = job(d2(100_000), "quantity:1", BILLION, TIGHT)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        recorded = Path(folder) / "journal"
        run_backtest(spec, market, replace(world, journal=recorded))
        found: list[Row] = import_module("bench.projected").rows(recorded, runs)
        return found


def screens(name: str, runs: int) -> list[Row]:
    """One of the screen's work items, so that each has a process and a peak of its own."""
    full = (d1, "all_cash", TEN_THOUSAND, None)
    a_year = (d2, "all_cash", TEN_THOUSAND, None)
    levels = (d2, "quantity:1", BILLION, TIGHT)
    shared = (d3, THOUSAND_OF_COINS, MILLION, None)
    market, sizing, cash, exits = {
        SCREEN_MANY: full,
        SCREEN_YEAR: a_year,
        SCREEN_LEVELS: levels,
        SCREEN_SHARED: shared,
    }[name]
    pairs = {SCREEN_MANY: screened.THOUSAND, SCREEN_YEAR: screened.YEARS}
    one = job(market(), sizing, cash, exits)
    return [screened.row(name, one, pairs.get(name, screened.ONE), runs)]


def recorded(runs: int) -> list[Row]:
    """The year's pairs on a recorded one, on the venue's own grid; no row where it is not there."""
    places = (ROOT / "shared", ROOT.parent / "shared")
    paths = [place / "data/binance_spot/1m/BTCUSDT_1m.parquet" for place in places]
    there = [path for path in paths if path.exists()]
    if not there:
        return []
    bars = read_bars(there[0])
    year = bars.rows(0, D2.bars)
    spec, market, world = job({BTC: year}, "all_cash", TEN_THOUSAND)
    grid = {"tick": Price(Decimal("0.01")), "step": Quantity(Decimal("0.00001"))}
    spec = structs.replace(spec, instruments=(structs.replace(spec.instruments[0], **grid),))
    return [screened.row(SCREEN_RECORDED, (spec, market, world), screened.YEARS, runs)]


ITEMS: dict[str, Callable[[int], list[Row]]] = {
    "W1-D1": small,
    "W1": lambda runs: both("W1 D2 one unit", job(d2(), "quantity:1", BILLION), runs),
    "W3": lambda runs: [
        row
        for name, exits in (("2%/4%", WIDE), ("0.2%/0.4%", TIGHT))
        for row in both(f"W3 D2 {name}", job(d2(), "quantity:1", BILLION, exits), runs)
    ],
    "W7": lambda runs: both("W7 D3 45 symbols", job(d3(), THOUSAND_OF_COINS, MILLION), runs),
    "S1": lambda runs: screens(SCREEN_MANY, max(runs, 7)),
    "S2": lambda runs: screens(SCREEN_YEAR, runs),
    "S3": lambda runs: screens(SCREEN_LEVELS, max(runs, 7)),
    "S4": lambda runs: screens(SCREEN_SHARED, max(runs, 7)),
    "S5": recorded,
    "flat": flat,
    "journal": journalled,
    "tables": tables,
    "simulate": of("worlds", "hours"),
    "week": of("worlds", "week"),
    "live": of("living"),
    "beside": of("beside"),
    "sandbox": of("served"),
    "sent": of("sent", "sent"),
    "wire": of("wire", "wire"),
    "luck": of("luck"),
}


def main() -> None:
    name, runs = sys.argv[1:]
    for row in ITEMS[name](int(runs)):
        print(msgspec.json.encode(row).decode())


if __name__ == "__main__":
    main()
