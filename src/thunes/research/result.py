"""What a backtest found: trades, equity, figures, and everything a reader needs to judge them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec

from thunes.core.domain.market import BarColumns, Floats, Ints
from thunes.core.domain.units import Symbol


class TradeRow(msgspec.Struct, frozen=True):
    """One position from its first fill to its last; times in ns UTC, money in the quote asset.

    An open position has no exit time and no exit price; its `pnl` is marked at the last close and
    its `exit_reason` is empty. `pnl` is net of `fees`.
    """

    symbol: Symbol
    strategy: str
    side: Literal["long", "short"]
    entry_time: int
    entry_price: Decimal
    quantity: Decimal
    exit_time: int | None
    exit_price: Decimal | None
    fees: Decimal
    pnl: Decimal
    exit_reason: str
    stop_price: Decimal | None
    target_price: Decimal | None


@dataclass(frozen=True, slots=True)
class EquityCurve:
    """One row per bar close, oldest first: columns of equal length.

    `at` is the close in ns UTC, `equity` in the quote asset, `exposure` the fraction of equity in
    the market (0.5 = half).
    """

    at: Ints
    equity: Floats
    exposure: Floats


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a reader must know before believing the figures; rank 1 is the gravest."""

    rank: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """Total returns of random entries that held as often, as long and as much as the strategy."""

    draws: int
    mean: float
    low: float
    """The 5 % quantile."""
    median: float
    high: float
    """The 95 % quantile."""
    beaten: float
    """The share of draws with a lower total return than the strategy's, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures. Returns, drawdown and exposure are fractions; money is in the quote asset.

    Ratios and rates are annualised over daily UTC equity (365 days). None: cannot be measured.
    """

    bars: int
    trades: int
    """Closed positions."""
    open_positions: int
    wins: int
    initial_equity: float
    final_equity: float
    total_return: float | None
    buy_and_hold_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    psr: float | None
    """The confidence that the true Sharpe ratio is above zero, in [0, 1]."""
    days_needed: float | None
    """Days of such a record after which that confidence would reach 95 %; None: never."""
    sortino: float | None
    max_drawdown: float | None
    longest_drawdown_days: float
    ulcer_index: float | None
    """Root mean square of the drawdown: deep and long falls weigh more than short dips."""
    profit_factor: float | None
    exposure: float
    """The average fraction of equity in the market."""
    turnover: float
    """Traded value, both sides, over average equity."""
    fees: float
    slippage: float
    """What half spread and slippage took, estimated against the undisturbed price."""
    ambiguous_bars: int
    """Bars that contained both a stop and a target."""
    baseline: Baseline | None


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """A backtest as it is shown: what was asked, what was found, and how it was measured."""

    title: str
    strategy: str
    """In words, for a reader."""
    parameters: Mapping[str, object]
    symbols: tuple[Symbol, ...]
    quote: str
    """The asset that money is counted in."""
    timeframe: int
    """Nanoseconds per bar."""
    start: int
    end: int
    settings: tuple[tuple[str, str], ...]
    """How this was measured: (label, value) in reading order."""
    metrics: Metrics
    curve: EquityCurve
    trades: tuple[TradeRow, ...]
    candles: Mapping[Symbol, BarColumns]
    findings: tuple[Finding, ...]
    interval: tuple[float, float] | None
    """Final equity if every ambiguous bar went badly, and if every one went well."""
    outcome_hash: str
