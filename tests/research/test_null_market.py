"""G4: on driftless random walks at zero cost no strategy earns or loses beyond chance.

The walk goes one tick up or down with even odds many times a bar, and each bar opens where the one
before closed: whatever a causal strategy does, the expected gain of a position is zero. For signal
strategies the returns of 20,000 trades are averaged. DCA and grid invest more in what falls, so the
return of a trade on its cost is not zero on average even without an edge; nor can trades be told
apart where a position is built in steps. There, and with stops and targets, the return on the whole
account is averaged over independent markets, what is open being marked at the last close.

What this cannot be free of: a limit order is filled one tick late and a stop is met before a target
of the same bar, so bars are kept small against the levels, and ticks against bars.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pytest

from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import RunSpec, StrategySpec
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns, Floats
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import (
    NS_PER_SECOND,
    Asset,
    Instant,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.market.bars import Bars
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.strategy.protocol import Signals, SignalStrategy
from thunes.research.recording import Recording

D = Decimal
SYMBOL, USDT = Symbol("NULLUSDT"), Asset("USDT")
MINUTE = 60 * NS_PER_SECOND
START_TICKS = 20_000
BOUND = 4.0
NONE = ExitPlan()
LEVELS = ExitPlan(stop_distance=D("0.004"), targets=(TargetLevel(D("0.006"), D(1)),))
LADDER = ExitPlan(
    stop_distance=D("0.005"),
    targets=(TargetLevel(D("0.005"), D("0.5")),),
    break_even_after=1,
    trail_distance=D("0.004"),
    trail_after=1,
)


def walk(seed: int, bars: int, steps: int) -> BarColumns:
    """`bars` bars of `steps` moves of one tick each; a tick is 1, the walk starts at 20,000."""
    rng = np.random.default_rng(seed)
    moves = rng.integers(0, 2, (bars, steps), dtype=np.int8) * np.int8(2) - np.int8(1)
    inside = moves.cumsum(axis=1, dtype=np.int32)
    close = START_TICKS + inside[:, -1].cumsum(dtype=np.int64)
    opened = np.concatenate([[START_TICKS], close[:-1]])
    high = opened + np.maximum(inside.max(axis=1), 0)
    low = opened + np.minimum(inside.min(axis=1), 0)
    assert low.min() > START_TICKS // 10
    times = np.arange(bars, dtype=np.int64) * MINUTE
    columns = [column.astype(np.float64) for column in (opened, high, low, close)]
    return BarColumns(times, *columns, np.ones(bars))


@dataclass(frozen=True)
class Run:
    """Returns of the closed trades, and of the whole account."""

    trades: Floats
    whole: float


def run(columns: BarColumns, source: str, parameters: dict[str, str], exits: ExitPlan) -> Run:
    spec = RunSpec(
        quote=USDT,
        timeframe=MINUTE,
        instruments=(
            Instrument(
                symbol=SYMBOL,
                base=Asset("NULL"),
                quote=USDT,
                tick=Price(D(1)),
                step=Quantity(D("0.000001")),
            ),
        ),
        strategies=(StrategySpec(StrategyId("null"), source, parameters, (SYMBOL,)),),
        sizing=parse_sizing("fixed:50000"),
        exits=exits,
    )
    cash = D(1_000_000)
    built = build_engine(spec, {SYMBOL: columns})
    recording = Recording(built.engine.state)
    run_backtest(spec, {SYMBOL: columns}, World({USDT: cash}), (built, recording))
    end = Instant(int(built.tape.times[-1]))
    equity = built.engine.state.view(end).account.equity()
    returns = [float(t.exit_price / t.entry_price) - 1.0 for t in recording.trades]
    return Run(np.array(returns), float(equity / cash) - 1.0)


def errors(returns: Floats) -> float:
    """How many standard errors the mean lies from zero."""
    return float(abs(returns.mean()) / (returns.std(ddof=1) / np.sqrt(returns.size)))


@pytest.mark.parametrize(
    ("source", "parameters", "bars"),
    [
        ("sma_cross", {"fast": "2", "slow": "6"}, 230_000),
        ("rsi", {"period": "3", "low": "35", "high": "65"}, 330_000),
        ("donchian", {"entry": "4", "leave": "3"}, 460_000),
    ],
)
def test_a_signal_strategy_earns_nothing(
    source: str, parameters: dict[str, str], bars: int
) -> None:
    found = run(walk(7, bars, 16), source, parameters, NONE).trades
    assert found.size >= 20_000
    assert errors(found) < BOUND


DCA = {
    "every": "20m",
    "base": "30000",
    "budget": "900000",
    "deviation": "0.004",
    "take_profit": "0.004",
    "stop": "0.03",
}
GRID = {
    "low": "19750",
    "high": "20250",
    "cells": "6",
    "amount": "150000",
    "fee": "0",
    "stop": "0.008",
}
WHOLES = [
    ("dca", DCA, NONE),
    ("grid", GRID, NONE),
    ("sma_cross", {"fast": "8", "slow": "40"}, LEVELS),
    ("donchian", {"entry": "10", "leave": "60"}, LADDER),
    ("rsi", {"period": "5", "low": "35", "high": "90"}, LADDER),
]


@pytest.mark.parametrize(("source", "parameters", "exits"), WHOLES, ids=[w[0] for w in WHOLES])
def test_the_whole_earns_nothing(source: str, parameters: dict[str, str], exits: ExitPlan) -> None:
    runs = [run(walk(seed, 900, 256), source, parameters, exits) for seed in range(200)]
    assert sum(each.trades.size for each in runs) > 1_000
    assert errors(np.array([each.whole for each in runs])) < BOUND


class Foresees(SignalStrategy, frozen=True):
    """Buys where the next bar rises: the gate must see this."""

    def signals(self, bars: Bars) -> Signals:
        rises = np.append(bars.close[1:] > bars.close[:-1], False)
        return Signals(enter=rises, exit=~rises)


def test_a_foresight_of_one_bar_is_seen() -> None:
    found = run(walk(7, 5_000, 16), f"{__file__}:Foresees", {}, NONE).trades
    assert errors(found) > 10 * BOUND
