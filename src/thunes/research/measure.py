"""Measuring: figures of a recorded run, from its trades and its equity at every close."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.domain.position import Position, Trade
from thunes.core.domain.units import Asset, Instant, Symbol
from thunes.core.market.tape import Tape
from thunes.core.stats.drawdown import longest_under_water, max_drawdown, ulcer_index
from thunes.core.stats.outcomes import profit_factor, volatility
from thunes.core.stats.performance import (
    DAYS_A_YEAR,
    NS_A_DAY,
    cagr,
    daily_equity,
    period_returns,
    sharpe,
    sortino,
    total_return,
)
from thunes.core.stats.sharpe import minimum_track_record, probabilistic_sharpe, track_record
from thunes.research.baseline import Holdings, buy_and_hold_return, exposure_matched_random
from thunes.research.recording import Recording
from thunes.research.result import Baseline, EquityCurve, Metrics, TradeRow

BASELINE_SEED = 20_240_101


@dataclass(frozen=True, slots=True)
class Priced:
    """What the figures need to know beside the recording: the quote asset and costs a side."""

    quote: Asset
    fee_rate: float
    slippage_rate: float
    ambiguous_bars: int


def equity_curve(recording: Recording, tape: Tape, quote: Asset) -> EquityCurve:
    """Equity and exposure at every close of the tape, float64."""
    instruments = recording.state.market.instruments
    equity = recording.balance(quote, tape).copy()
    market = np.zeros(len(tape))
    for symbol, instrument in instruments.items():
        held = recording.balance(instrument.base, tape)
        if not held.any():
            continue
        market += held * closes_on(tape, symbol)
    equity += market
    with np.errstate(divide="ignore", invalid="ignore"):
        exposure = np.where(equity > 0.0, market / equity, 0.0)
    return EquityCurve(at=tape.times, equity=equity, exposure=exposure)


def closes_on(tape: Tape, symbol: Symbol) -> Floats:
    """The symbol's last close at each row of the tape; 0 before its first bar."""
    rows = tape.rows(symbol, 0, len(tape))
    return np.where(rows >= 0, tape.bars[symbol].close[rows], 0.0)


def trade_rows(recording: Recording) -> tuple[TradeRow, ...]:
    """Closed trades in their order, then what is still open, marked at the last close."""
    closed = [_closed_row(trade) for trade in recording.trades]
    opened = [_open_row(recording, held) for held in recording.state.ledger.positions.values()]
    return (*closed, *opened)


def _closed_row(trade: Trade) -> TradeRow:
    return TradeRow(
        trade.symbol,
        trade.strategy,
        "long",
        trade.entry_time,
        trade.entry_price,
        trade.quantity,
        trade.exit_time,
        trade.exit_price,
        trade.fees,
        trade.pnl,
        trade.exit_reason,
        trade.stop_price,
        trade.target_price,
    )


def _open_row(recording: Recording, held: Position) -> TradeRow:
    lots = recording.state.ledger.lots[held.symbol]
    mark = recording.state.market.mark(held.symbol)
    assert mark is not None, "what is held has traded"
    cost = sum((lot.cost for lot in lots), Decimal(0))
    targets = [leg.target_price for leg in held.legs if leg.target_price is not None]
    return TradeRow(
        symbol=held.symbol,
        strategy=held.strategy,
        side="long",
        entry_time=lots[0].at,
        entry_price=held.entry_price,
        quantity=held.quantity,
        exit_time=None,
        exit_price=None,
        fees=sum((lot.fees for lot in lots), Decimal(0)),
        pnl=held.quantity * mark - cost,
        exit_reason="",
        stop_price=held.stop_price,
        target_price=targets[0] if targets else None,
    )


def measure(
    recording: Recording, tape: Tape, curve: EquityCurve, rows: tuple[TradeRow, ...], p: Priced
) -> Metrics:
    """All figures of a run. Ratios are of daily UTC equity over 365 days; see `core.stats`."""
    start = min(int(bars.open_time[0]) for bars in tape.bars.values())
    initial = _initial(recording, tape, p.quote, start)
    at = np.concatenate([[np.int64(start)], curve.at])
    equity = np.concatenate([[initial], curve.equity])
    daily = period_returns(daily_equity(curve.at, curve.equity, initial))
    record = track_record(daily)
    closed = [row for row in rows if row.exit_time is not None]
    gains = np.array([float(row.pnl) for row in closed])
    grown = total_return(equity)
    average = float(np.mean(curve.equity))
    account = recording.state.view(Instant(int(tape.times[-1]))).account
    return Metrics(
        bars=sum(len(bars) for bars in tape.bars.values()),
        trades=len(closed),
        open_positions=len(rows) - len(closed),
        wins=int(np.count_nonzero(gains > 0.0)),
        initial_equity=initial,
        final_equity=float(account.equity()),
        total_return=grown,
        buy_and_hold_return=buy_and_hold_return({s: b.columns for s, b in tape.bars.items()}),
        cagr=cagr(at, equity),
        volatility=volatility(daily, DAYS_A_YEAR),
        sharpe=sharpe(daily, DAYS_A_YEAR),
        psr=None if record is None else probabilistic_sharpe(record),
        days_needed=None if record is None else minimum_track_record(record),
        sortino=sortino(daily, DAYS_A_YEAR),
        max_drawdown=max_drawdown(equity),
        longest_drawdown_days=longest_under_water(at, equity) / NS_A_DAY,
        ulcer_index=ulcer_index(equity),
        profit_factor=profit_factor(gains),
        exposure=float(np.mean(curve.exposure)),
        turnover=recording.traded / average if average > 0.0 else 0.0,
        fees=float(sum((row.fees for row in rows), Decimal(0))),
        slippage=recording.taken * p.slippage_rate,
        ambiguous_bars=p.ambiguous_bars,
        baseline=_baseline(tape, curve, closed, grown, p),
    )


def _initial(recording: Recording, tape: Tape, quote: Asset, start: int) -> float:
    """Equity before the first bar: what is not money counts at its first open."""
    value = recording.held_at(quote, start)
    for symbol, instrument in recording.state.market.instruments.items():
        held = recording.held_at(instrument.base, start)
        if held and int(tape.bars[symbol].open_time[0]) > start:
            held = 0.0  # bought at its own first open, which is not the account's beginning
        value += held * float(tape.bars[symbol].open[0])
    return value


def _baseline(
    tape: Tape, curve: EquityCurve, closed: list[TradeRow], grown: float | None, p: Priced
) -> Baseline | None:
    held: dict[Symbol, Holdings] = {}
    for symbol, bars in tape.bars.items():
        mine = [row for row in closed if row.symbol == symbol and row.exit_time is not None]
        if not mine:
            continue
        entries = np.array([row.entry_time for row in mine], dtype=np.int64)
        exits = np.array([row.exit_time for row in mine], dtype=np.int64)
        length = (exits - entries) // bars.timeframe
        places = np.searchsorted(curve.at, entries, side="right")
        worth = curve.equity[np.minimum(places, len(tape) - 1)]
        value = np.array([float(row.entry_price * row.quantity) for row in mine])
        weight = np.where(worth > 0.0, value / np.where(worth > 0.0, worth, 1.0), 0.0)
        held[symbol] = Holdings(np.maximum(length, 1), weight)
    if not held or grown is None:
        return None
    candles = {symbol: bars.columns for symbol, bars in tape.bars.items()}
    cost = p.fee_rate + p.slippage_rate
    returns = exposure_matched_random(candles, held, cost, BASELINE_SEED)
    low, median, high = np.quantile(returns, [0.05, 0.5, 0.95])
    return Baseline(
        draws=int(returns.size),
        mean=float(np.mean(returns)),
        low=float(low),
        median=float(median),
        high=float(high),
        beaten=float(np.mean(returns < grown)),
    )
