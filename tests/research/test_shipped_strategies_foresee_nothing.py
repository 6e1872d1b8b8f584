"""G1, G2, G3 and G5 hold for each shipped strategy; the engine fills nothing in the signal's bar.

Signal strategies are examined as functions of bars. DCA and grid have no signals to look at: they
are run through the engine, as all are, on histories that end earlier or go on otherwise, and all
that was decided by then must be the same to the last byte.
"""

from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.market.sample import real_bars, walk_bars
from tests.runtime.worlds import EXITS, HOUR, SYMBOLS, USDT, instrument, market
from thunes.compose.backtest import World, run_backtest
from thunes.compose.engine import build_engine
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.core.domain.event import Event
from thunes.core.domain.fact import OrderChanged, PositionChanged
from thunes.core.domain.line import Line, Outcome, encode
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import StrategyId, Symbol
from thunes.core.market.bars import Bars
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.strategy.donchian import Donchian
from thunes.core.strategy.protocol import SignalStrategy
from thunes.core.strategy.rsi import Rsi
from thunes.core.strategy.sma_cross import SmaCross
from thunes.research.gates import check_chunks, check_poison, check_prefix, check_scale
from thunes.research.lookahead import check_fills, examine
from thunes.research.measure import trade_rows
from thunes.research.recording import Recording

SIGNALS: list[SignalStrategy] = [
    SmaCross(),
    SmaCross(fast=1, slow=2),
    SmaCross(fast=3, slow=7),
    Rsi(),
    Rsi(period=3, low=40.0, high=60.0),
    Donchian(),
    Donchian(entry=4, leave=2),
]


@pytest.mark.parametrize("strategy", SIGNALS, ids=repr)
@pytest.mark.parametrize("tick", ["0.01", "0.5"])
def test_a_signal_strategy_passes_every_gate(strategy: SignalStrategy, tick: str) -> None:
    bars = walk_bars(5, 1_000, tick)
    fired = strategy.signals(bars)
    assert fired.enter.any()
    assert fired.exit.any()
    assert examine(strategy, bars) == ()
    for gate in (check_prefix, check_poison, check_chunks, check_scale):
        assert gate(strategy, bars) == ()


@pytest.mark.real_data
@pytest.mark.parametrize("strategy", [SmaCross(), Rsi(), Donchian()], ids=repr)
@pytest.mark.parametrize("coin", ["BTCUSDT", "DOGEUSDT"])
def test_it_does_on_real_bars(strategy: SignalStrategy, coin: str, real_data: Path) -> None:
    hours = real_data / f"binance_spot/multiyear/1h/{coin}_1h.parquet"
    assert examine(strategy, real_bars(hours, "1h", 2_500)) == ()


@pytest.mark.parametrize("strategy", SIGNALS, ids=repr)
def test_every_prefix_gives_the_rows_it_ends_with(strategy: SignalStrategy) -> None:
    bars = walk_bars(9, 300, "0.1")
    full = strategy.signals(bars)
    for n in range(1, len(bars)):
        known = strategy.signals(bars.prefix(n))
        assert np.array_equal(known.enter, full.enter[:n])
        assert np.array_equal(known.exit, full.exit[:n])


PARAMETERS = {
    "sma_cross": {"fast": "2", "slow": "5"},
    "rsi": {"period": "4", "low": "40", "high": "60"},
    "donchian": {"entry": "6", "leave": "4"},
    "dca": {"every": "6h", "base": "200", "take_profit": "0.01", "stop": "0.06"},
    "grid": {"low": "90", "high": "110", "cells": "8", "amount": "300", "stop": "0.1"},
}
CHANGES = (OrderChanged, PositionChanged)
BARS = {symbol: market(40 + place, 260, 20 * place) for place, symbol in enumerate(SYMBOLS)}


def spec_of(source: str, exits: str) -> RunSpec:
    return RunSpec(
        quote=USDT,
        timeframe=HOUR,
        instruments=tuple(map(instrument, SYMBOLS)),
        strategies=(StrategySpec(StrategyId("one"), source, PARAMETERS[source], SYMBOLS),),
        sizing=parse_sizing("fixed:500"),
        exits=EXITS[exits],
        costs=Costs(fee_bps=Decimal(10), slippage_bps=Decimal(5)),
    )


def told(spec: RunSpec, columns: dict[Symbol, BarColumns]) -> list[bytes]:
    """Everything that was decided, and each event that it answered.

    What only tells how orders stand is left out: an order of the last close is at the venue then,
    with no open to come.
    """
    built = build_engine(spec, columns)
    lines: list[bytes] = []

    def watch(event: Event, outcome: Outcome) -> None:
        decided = [each for each in outcome.facts if not isinstance(each, CHANGES)]
        if outcome.commands or decided:
            lines.append(encode(Line(event, outcome.commands, outcome.facts)))

    run_backtest(spec, columns, World({USDT: Decimal(10_000)}), (built, watch))
    return lines


def ended(columns: BarColumns, until: int) -> BarColumns:
    """The bars that have closed by `until`."""
    rows = int(np.searchsorted(columns.open_time, until - HOUR, side="right"))
    return BarColumns(*(getattr(columns, each.name)[:rows] for each in fields(columns)))


def otherwise(columns: BarColumns, until: int) -> BarColumns:
    """The same bars until then; what comes after is another market."""
    late = columns.open_time + HOUR > until
    by = np.where(late, np.random.default_rng(1).choice([0.5, 1.0, 2.0], late.size), 1.0)
    names = ("open", "high", "low", "close")
    return replace(columns, **{name: getattr(columns, name) * by for name in names})


@pytest.mark.parametrize("exits", ["by signal", "runner"])
@pytest.mark.parametrize("source", PARAMETERS)
def test_what_is_decided_hangs_on_nothing_later(source: str, exits: str) -> None:
    spec = spec_of(source, exits)
    full = told(spec, BARS)
    assert len(full) > 20
    for until in (BARS[SYMBOLS[0]].open_time[60::13] + HOUR).tolist():
        known = told(spec, {symbol: ended(each, until) for symbol, each in BARS.items()})
        other = told(spec, {symbol: otherwise(each, until) for symbol, each in BARS.items()})
        assert full[: len(known)] == known
        assert other[: len(known)] == known


@pytest.mark.parametrize("source", PARAMETERS)
def test_nothing_fills_in_the_bar_of_its_signal(source: str) -> None:
    spec = spec_of(source, "by signal")
    built = build_engine(spec, BARS)
    recording = Recording(built.engine.state)
    run_backtest(spec, BARS, World({USDT: Decimal(10_000)}), (built, recording))
    rows = trade_rows(recording)
    assert len(rows) > 5
    for symbol, columns in BARS.items():
        mine = [row for row in rows if row.symbol == symbol]
        assert check_fills(mine, Bars(symbol, HOUR, columns)) == ()
