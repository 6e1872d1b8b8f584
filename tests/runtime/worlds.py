"""Random worlds: markets with ties, gaps and spikes, and all that a run may be told to do."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from thunes.compose.backtest import World
from thunes.compose.spec import Costs, Friction, RunSpec, StrategySpec
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.mode import Cause
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Asset,
    Instant,
    Money,
    Price,
    Quantity,
    StrategyId,
    Symbol,
    parse_instant,
)
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits

D = Decimal
USDT, BNB = Asset("USDT"), Asset("BNB")
HOUR = 3_600 * NS_PER_SECOND
START = parse_instant("2024-01-03T15:00:00Z")
PRICE = 2_000  # of every symbol at the start, in ticks
TICK = D("0.05")
PATIENT = f"{Path(__file__).with_name('patient.py')}:Patient"
SYMBOLS = tuple(Symbol(f"{name}USDT") for name in ("AAA", "BNB", "CCC"))


@dataclass(frozen=True)
class Case:
    """One run: what it is told to do, on which bars, and in which world."""

    spec: RunSpec
    columns: dict[Symbol, BarColumns]
    world: World

    def __repr__(self) -> str:
        sizes = {symbol: len(each) for symbol, each in self.columns.items()}
        return f"Case({self.spec}, {sizes}, {self.world})"


def market(seed: int, rows: int, first: int = 0) -> BarColumns:
    """Bars on a coarse tick from row `first` on: ties, price gaps, spikes, missing hours."""
    rng = np.random.default_rng(seed)
    loud = int(rng.integers(2, 16))
    drift = int(rng.choice([-1, 0, 0, 1]))
    close, prices = PRICE, []
    for _ in range(rows):
        opened = close if rng.random() < 0.7 else close + int(rng.integers(-2, 3)) * loud
        close = opened + drift + int(rng.integers(-1, 2)) * int(rng.integers(0, loud + 1))
        close = opened + int(rng.integers(-150, 151)) if rng.random() < 0.02 else close
        reach = int(rng.choice([0, 1, loud, loud, 100 if rng.random() < 0.1 else 2]))
        prices.append((opened, max(opened, close) + reach, min(opened, close) - reach, close))
        close = max(close, 400)
    ticks = np.maximum(np.array(prices, dtype=np.int64), 300)
    columns = [np.array([float(int(v) * TICK) for v in ticks[:, k]]) for k in range(4)]
    volume = rng.integers(0, 60, rows).astype(np.float64)
    times = START + HOUR * (first + np.arange(rows, dtype=np.int64))
    kept = rng.random(rows) > (0.06 if rng.random() < 0.7 else 0.0)
    kept[[0, -1]] = True
    return BarColumns(times[kept], *(each[kept] for each in columns), volume[kept])


def instrument(symbol: Symbol) -> Instrument:
    return Instrument(
        symbol=symbol,
        base=Asset(symbol.removesuffix("USDT")),
        quote=USDT,
        tick=Price(TICK),
        step=Quantity(D("0.001")),
        min_quantity=Quantity(D("0.001")),
        min_notional=Money(D(5)),
    )


def level(percent: str) -> D:
    return D(percent) / 100


LADDER = (TargetLevel(level("1"), D("0.4")), TargetLevel(level("2"), D("0.4")))
EXITS = {
    "by signal": ExitPlan(),
    "stop": ExitPlan(stop_distance=level("1.5")),
    "target": ExitPlan(targets=(TargetLevel(level("2"), D(1)),)),
    "stop and target": ExitPlan(
        stop_distance=level("1"), targets=(TargetLevel(level("1.5"), D(1)),)
    ),
    "ladder": ExitPlan(stop_distance=level("2"), targets=LADDER, break_even_after=1),
    "runner": ExitPlan(
        stop_distance=level("2"), targets=LADDER, trail_distance=level("1"), trail_after=2
    ),
    "trail": ExitPlan(stop_distance=level("2"), trail_distance=level("2"), trail_after=0),
    "break-even": ExitPlan(stop_distance=level("2"), break_even_after=0),
}

STRATEGIES: dict[str, tuple[str, dict[str, str]]] = {
    "cross": ("sma_cross", {"fast": "2", "slow": "5"}),
    "slow cross": ("sma_cross", {"fast": "4", "slow": "20"}),
    "rsi": ("rsi", {"period": "4", "low": "40", "high": "60"}),
    "donchian": ("donchian", {"entry": "6", "leave": "4"}),
    "dca": ("dca", {"every": "6h", "base": "200", "take_profit": "0.01", "stop": "0.06"}),
    "grid": (
        "grid",
        {"low": "97", "high": "104", "cells": "4", "amount": "300", "fee": "0", "stop": "0.03"},
    ),
    "patient": (PATIENT, {}),
    "patient, kept": (PATIENT, {"every": "3h", "leave": "false", "below": "0.01", "hours": "7"}),
}

SIZINGS = ("all_cash", "fixed:500", "equity:25%", "quantity:4", "risk:1%", "volatility:40%")


def limits() -> st.SearchStrategy[Limits]:
    def one_of(*values: object) -> st.SearchStrategy[object]:
        return st.sampled_from([None, *values])

    built = st.builds(
        Limits,
        max_positions=one_of(1, 2),
        order_size=one_of(Money(D(1_500))),
        loss_per_trade=one_of(Money(D(20))),
        daily_loss=one_of(Money(D(40)), Money(D(150))),
        daily_loss_share=one_of(level("0.5"), level("2")),
        daily_loss_lifted_by=st.sampled_from(["operator", "day"]),
        symbol_exposure=one_of(level("30")),
        total_exposure=one_of(level("60"), D(1)),
        drawdown_warning=one_of(level("0.4"), level("1")),
        drawdown_limit=one_of(level("1.5"), level("6")),
        max_spread=one_of(level("1")),
        max_age_s=one_of(1, 7_200),
        loss_cool_down_s=one_of(20_000),
        signal_cool_down_s=one_of(20_000),
    )
    return st.one_of(st.just(WIDE_OPEN), built, built)


RESERVES = st.sampled_from([D(2), D("0.02"), D(0)])
"""What is held beside the positions to pay fees in BNB; without enough of it a position pays."""

CAUSES = (Cause.OPERATOR_KILL, Cause.OPERATOR_PAUSE, Cause.OPERATOR_RESUME, Cause.OPERATOR_RESUME)


def acts(rows: int) -> st.SearchStrategy[list[OperatorActed]]:
    act = st.builds(
        lambda row, part, cause: OperatorActed(
            at=Instant(START + row * HOUR + part), cause=cause, who="operator", why="a test"
        ),
        st.integers(1, rows),
        st.sampled_from([0, 1, HOUR // 2, HOUR - 1]),
        st.sampled_from(CAUSES),
    )
    return st.one_of(st.just([]), st.lists(act, max_size=4))


@st.composite
def cases(draw: st.DrawFn, rows_max: int = 220, charged: str = "") -> Case:
    """A market and a run on it; several symbols are listed at different times."""
    rows = draw(st.integers(4, rows_max))
    symbols = SYMBOLS[: draw(st.integers(1, 3))]
    charged = charged or draw(st.sampled_from(["quote", "quote", "received", "bnb"]))
    if charged == "bnb" and BNB not in {instrument(symbol).base for symbol in symbols}:
        symbols = SYMBOLS[:2]
    seed = draw(st.integers(0, 2**32))
    columns = {}
    for place, symbol in enumerate(symbols):
        late = place and not (charged == "bnb" and symbol == "BNBUSDT")
        first = draw(st.integers(0, rows // 2)) if late else 0
        columns[symbol] = market(seed + place, rows - first, first)
    names = draw(st.lists(st.sampled_from(sorted(STRATEGIES)), min_size=1, max_size=2, unique=True))
    spec = RunSpec(
        quote=USDT,
        timeframe=HOUR,
        instruments=tuple(instrument(symbol) for symbol in symbols),
        strategies=tuple(
            StrategySpec(StrategyId(name), *STRATEGIES[name], symbols) for name in names
        ),
        sizing=parse_sizing(draw(st.sampled_from(SIZINGS))),
        exits=draw(st.sampled_from(list(EXITS.values()))),
        limits=draw(limits()),
        costs=Costs(
            fee_bps=draw(st.sampled_from([D(0), D(10), D("7.5")])),
            fee_asset=charged,
            slippage_bps=draw(st.sampled_from([D(0), D(5), D(20)])),
        ),
        entry_cap=draw(st.sampled_from([None, level("0.1"), level("2")])),
    )
    world = World(
        balances={USDT: D(10_000), **({BNB: draw(RESERVES)} if charged == "bnb" else {})},
        friction=Friction(
            latency_ms=draw(st.sampled_from([0, 0, 0, 700, 2 * 3_600_000])),
            participation=draw(st.sampled_from([None, None, D("0.05"), D("0.4")])),
            optimistic=draw(st.booleans()),
        ),
        operators=draw(acts(rows)),
    )
    return Case(spec, columns, world)
