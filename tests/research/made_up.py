"""A backtest result made up from a seed, to show and to test reports with."""

from decimal import Decimal

import numpy as np

from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import NS_PER_SECOND, Symbol, parse_instant
from thunes.core.stats.drawdown import longest_under_water, max_drawdown
from thunes.core.stats.outcomes import profit_factor, volatility
from thunes.core.stats.performance import (
    NS_A_DAY,
    cagr,
    daily_equity,
    period_returns,
    sharpe,
    sortino,
    total_return,
)
from thunes.core.stats.sharpe import probabilistic_sharpe, track_record
from thunes.research.baseline import Holdings, buy_and_hold_return, exposure_matched_random
from thunes.research.result import (
    BacktestResult,
    Baseline,
    EquityCurve,
    Finding,
    Metrics,
    TradeRow,
)

HOUR = 3_600 * NS_PER_SECOND
START = parse_instant("2024-01-01T00:00:00Z")
INITIAL = 10_000.0
COST = 0.0012


def bars(count: int, seed: int, first: float = 42_000.0) -> BarColumns:
    rng = np.random.default_rng(seed)
    close = first * np.exp(np.cumsum(rng.standard_t(4, count) * 0.004 + 0.00008))
    opened = np.concatenate(([first], close[:-1]))[:count]
    wick = np.abs(rng.normal(0, 0.002, (2, count)))
    return BarColumns(
        open_time=START + np.arange(count, dtype=np.int64) * HOUR,
        open=opened,
        high=np.maximum(opened, close) * (1 + wick[0]),
        low=np.minimum(opened, close) * (1 - wick[1]),
        close=close,
        volume=rng.gamma(2, 50, count),
    )


def trade(symbol: Symbol, candles: BarColumns, entry: int, leave: int | None) -> TradeRow:
    """A long from the open of one row to the open of another; None: still open at the end."""
    price = Decimal(str(round(candles.open[entry], 2)))
    last = float(candles.close[-1]) if leave is None else float(candles.open[leave])
    mark = Decimal(str(round(last, 2)))
    quantity = (Decimal(5_000) / price).quantize(Decimal("0.00001"))
    fees = (price + mark) * quantity * Decimal("0.001")
    won = mark > price
    return TradeRow(
        symbol=symbol,
        strategy="sma_cross",
        side="long",
        entry_time=int(candles.open_time[entry]),
        entry_price=price,
        quantity=quantity,
        exit_time=None if leave is None else int(candles.open_time[leave]),
        exit_price=None if leave is None else mark,
        fees=fees,
        pnl=(mark - price) * quantity - fees,
        exit_reason="" if leave is None else ("target" if won else "stop"),
        stop_price=(price * Decimal("0.97")).quantize(Decimal("0.01")),
        target_price=(price * Decimal("1.05")).quantize(Decimal("0.01")) if won else None,
    )


def trades_of(symbol: Symbol, candles: BarColumns, count: int, seed: int) -> list[TradeRow]:
    rng = np.random.default_rng(seed)
    size = len(candles)
    entries = np.sort(rng.choice(max(size - 4, 1), min(count, max(size - 4, 0)), replace=False))
    found = []
    for i, entry in enumerate(entries.tolist()):
        until = int(entries[i + 1]) if i + 1 < entries.size else size - 3
        leave = min(entry + int(rng.integers(3, 60)), until)
        found.append(trade(symbol, candles, entry, leave if leave < size else None))
    if size > 4 and count:
        found.append(trade(symbol, candles, size - 3, None))
    return found


def curve_of(rows: list[TradeRow], candles: dict[Symbol, BarColumns]) -> EquityCurve:
    some = next(iter(candles.values()))
    at = some.open_time + HOUR
    equity, held = np.full(at.size, INITIAL), np.zeros(at.size)
    for row in rows:
        c = candles[row.symbol]
        since = int((row.entry_time - START) // HOUR)
        until = at.size if row.exit_time is None else int((row.exit_time - START) // HOUR)
        value = c.close[since:until] * float(row.quantity)
        held[since:until] += value
        equity[since:until] += value - float(row.entry_price * row.quantity)
        equity[until:] += float(row.pnl)
    return EquityCurve(at=at, equity=equity, exposure=held / equity)


def metrics_of(
    rows: list[TradeRow], curve: EquityCurve, candles: dict[Symbol, BarColumns]
) -> Metrics:
    closed = [row for row in rows if row.exit_time is not None]
    pnl = np.array([float(row.pnl) for row in closed])
    daily = period_returns(daily_equity(curve.at, curve.equity, INITIAL))
    record = track_record(daily)
    fees = float(sum(row.fees for row in rows))
    traded = 2 * sum(float(row.entry_price * row.quantity) for row in rows)
    whole = np.append(INITIAL, curve.equity)
    return Metrics(
        bars=curve.at.size,
        trades=len(closed),
        open_positions=len(rows) - len(closed),
        wins=int((pnl > 0).sum()),
        initial_equity=INITIAL,
        final_equity=float(whole[-1]),
        total_return=total_return(whole),
        buy_and_hold_return=buy_and_hold_return(candles),
        cagr=cagr(np.append(START, curve.at), whole),
        volatility=volatility(daily, 365),
        sharpe=sharpe(daily, 365),
        psr=probabilistic_sharpe(record) if record else None,
        days_needed=None,
        sortino=sortino(daily, 365),
        max_drawdown=max_drawdown(whole),
        longest_drawdown_days=longest_under_water(np.append(START, curve.at), whole) / NS_A_DAY,
        ulcer_index=None,
        profit_factor=profit_factor(pnl),
        exposure=float(curve.exposure.mean()) if curve.at.size else 0.0,
        turnover=traded / INITIAL,
        fees=fees,
        slippage=fees * 0.2,
        ambiguous_bars=3,
        baseline=baseline_of(rows, candles, float(whole[-1]) / INITIAL - 1),
    )


def baseline_of(
    rows: list[TradeRow], candles: dict[Symbol, BarColumns], earned: float
) -> Baseline | None:
    held = {}
    for symbol in candles:
        own = [row for row in rows if row.symbol == symbol and row.exit_time is not None]
        lengths = np.array([(row.exit_time - row.entry_time) // HOUR for row in own], np.int64)
        held[symbol] = Holdings(lengths, np.full(len(own), 0.5))
    total = exposure_matched_random(candles, held, COST, seed=7)
    low, median, high = np.quantile(total, [0.05, 0.5, 0.95]).tolist()
    beaten = float((total < earned).mean())
    return Baseline(total.size, float(total.mean()), low, median, high, beaten) if rows else None


def result(count: int = 2_160, per_symbol: int = 24, symbols: int = 2) -> BacktestResult:
    names = tuple(Symbol(s) for s in ("BTCUSDT", "ETHUSDT", "SOLUSDT")[:symbols])
    candles = {
        name: bars(count, seed, first)
        for name, seed, first in zip(names, (4, 9, 3), (42_000.0, 2_300.0, 98.0), strict=False)
    }
    rows = [
        row
        for i, name in enumerate(names)
        for row in trades_of(name, candles[name], per_symbol, 20 + i)
    ]
    rows.sort(key=lambda row: row.entry_time)
    curve = curve_of(rows, candles)
    metrics = metrics_of(rows, curve, candles)
    return BacktestResult(
        title="SMA cross on two majors",
        strategy="Long while the fast average is above the slow one; stop 3 % below the entry.",
        parameters={"fast": 10, "slow": 30, "stop": "3 %"},
        symbols=names,
        quote="USDT",
        timeframe=HOUR,
        start=int(START),
        end=int(START) + count * HOUR,
        settings=(
            ("Fills", "Decided at the close, filled at the next open plus half spread"),
            ("Stops", "Before targets inside one bar; through a gap at the open"),
            ("Fees", "0.10 % maker, 0.10 % taker"),
            ("Half spread", "1 bp, slippage 1 bp, always adverse"),
            ("Limits", "Wide open: no drawdown stop, no daily loss limit"),
            ("Data", "2,160 bars of 1h, no gaps, binance spot"),
        ),
        metrics=metrics,
        curve=curve,
        trades=tuple(rows),
        candles=candles,
        findings=FINDINGS,
        interval=(metrics.final_equity - 120.0, metrics.final_equity + 85.0),
        outcome_hash="9f2c41b6a8d07e35c1f4d9be02a7735810cc64e9a1f7bb23d58e0469f3d2ab17",
    )


FINDINGS = (
    Finding(
        2,
        "short-record",
        "90 days are too few to tell this Sharpe ratio from zero: about 240 days are needed.",
    ),
    Finding(
        1,
        "no-edge-over-chance",
        "Random entries that held as long did as well in more than 5 % of 1,000 runs.",
    ),
    Finding(
        3, "ambiguous-bars", "3 bars held both stop and target; the stop was taken as hit first."
    ),
)
