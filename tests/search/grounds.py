"""Grounds to search on: made-up bars, and a ledger in a directory of their own."""

from decimal import Decimal
from pathlib import Path

import numpy as np

from thunes.compose.backtest import World
from thunes.compose.fingerprint import data_hash
from thunes.compose.searched import Ground
from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_DAY, Asset, Money, Price, Quantity, Symbol
from thunes.core.portfolio.sizing import parse_sizing

HOUR = 3_600_000_000_000
BTC = Symbol("BTCUSDT")
MONDAY = 1_704_067_200_000_000_000  # 2024-01-01, midnight UTC


def bars(days: int = 40, seed: int = 0, drift: float = 0.0) -> BarColumns:
    """Hourly bars of a random walk on a grid of cents."""
    random = np.random.default_rng(seed)
    steps = random.normal(drift, 0.01, 24 * days)
    close = np.round(100 * np.exp(np.cumsum(steps)), 2)
    opened = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    at = MONDAY + HOUR * np.arange(close.size)
    return BarColumns(at, opened, high + 0.01, low - 0.01, close, np.ones(close.size))


def ground(
    columns: BarColumns | None = None,
    source: str = "sma_cross",
    exits: ExitPlan | None = None,
    cash: str = "10000",
) -> Ground:
    """A run of one strategy on BTCUSDT with 10,000 USDT, 10 + 5 basis points a side."""
    by_symbol = {BTC: bars() if columns is None else columns}
    instrument = Instrument(
        symbol=BTC,
        base=Asset("BTC"),
        quote=Asset("USDT"),
        tick=Price(Decimal("0.01")),
        step=Quantity(Decimal("0.00001")),
        min_quantity=Quantity(Decimal("0.00001")),
        min_notional=Money(Decimal(5)),
    )
    spec = RunSpec(
        quote=Asset("USDT"),
        timeframe=HOUR,
        instruments=(instrument,),
        strategies=(specify_strategy(source, {}, (BTC,)),),
        sizing=parse_sizing("all_cash"),
        exits=ExitPlan() if exits is None else exits,
        costs=Costs(fee_bps=Decimal(10), slippage_bps=Decimal(5)),
    )
    world = World({Asset("USDT"): Decimal(cash)})
    return Ground(spec, by_symbol, world, data_hash(by_symbol, HOUR))


def midnight(day: int) -> int:
    """The begin (ns UTC) of a day of the bars, from 0."""
    return MONDAY + day * NS_PER_DAY


def strategy_file(folder: Path, body: str, name: str = "mine") -> str:
    """A strategy file with one class `Mine`; its source."""
    path = folder / f"{name}.py"
    path.write_text(
        "from typing import Annotated\n"
        "import numpy as np\n"
        "from msgspec import Meta\n"
        "from thunes.core.market.bars import Bars\n"
        "from thunes.core.market.indicators import sma\n"
        "from thunes.core.strategy.protocol import Signals, SignalStrategy\n\n"
        "class Mine(SignalStrategy, frozen=True):\n" + body
    )
    return f"{path}:Mine"
