"""The series behind the report's charts, short enough for a browser, as plain JSON values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from thunes.core.domain.market import Floats, Ints
from thunes.core.domain.units import Symbol, format_timeframe, parse_timeframe
from thunes.core.stats.drawdown import drawdown
from thunes.research.result import BacktestResult, TradeRow
from thunes.research.thinning import extreme_rows, merged_candles

POINTS_MAX = 4_000
CANDLES_MAX = 3_000
TRADES_DRAWN_MAX = 2_000
"""Per symbol: the latest ones."""

USUAL_CANDLES = (
    *("5s", "15s", "30s", "1m", "5m", "15m", "30m"),
    *("1h", "2h", "3h", "4h", "6h", "8h", "12h", "1d", "2d", "3d", "1w", "2w"),
)

_NS_PER_MS = 1_000_000

Json = dict[str, Any]


def chart_data(result: BacktestResult) -> Json:
    """Everything the page draws. Times are ms UTC, fractions stay fractions."""
    curve, initial = result.curve, result.metrics.initial_equity
    at = np.concatenate(([result.start], curve.at))
    equity = np.concatenate(([initial], curve.equity))
    return {
        "quote": result.quote,
        "equity": points(at, equity),
        "hold": points(at, _held(result, at) * initial),
        "drawdown": points(at, drawdown(equity)),
        "exposure": points(at, np.concatenate(([0.0], curve.exposure))),
        "symbols": [_symbol(result, symbol) for symbol in result.symbols],
    }


def bars_per_candle(result: BacktestResult) -> int:
    """How many bars go into one candle so that no chart has more than `CANDLES_MAX`.

    1: none is merged. Otherwise a number that makes a candle of a usual length, such as 3 hours.
    """
    longest = max((len(bars) for bars in result.candles.values()), default=0)
    least = -(-longest // CANDLES_MAX)
    usual = (parse_timeframe(name) for name in USUAL_CANDLES)
    fitting = (length // result.timeframe for length in usual if length % result.timeframe == 0)
    return 1 if least <= 1 else next((each for each in fitting if each >= least), least)


def _held(result: BacktestResult, at: Ints) -> Floats:
    """The growth of equal amounts of every symbol, bought at its first open: cash before that."""
    growth = np.ones((max(len(result.candles), 1), at.size))
    for row, bars in enumerate(result.candles.values()):
        if len(bars):
            closes = np.concatenate(([1.0], bars.close / bars.open[0]))
            known = np.searchsorted(bars.open_time + result.timeframe, at, side="right")
            growth[row] = closes[known]
    return np.asarray(growth.mean(axis=0), dtype=np.float64)


def points(at: Ints, values: Floats) -> Json:
    """A curve, `at` ns UTC: its extremes kept, in at most `POINTS_MAX` points."""
    rows = extreme_rows(values, POINTS_MAX)
    return {"t": (at[rows] // _NS_PER_MS).tolist(), "y": short(values[rows])}


def _symbol(result: BacktestResult, symbol: Symbol) -> Json:
    merged = bars_per_candle(result)
    bars = merged_candles(result.candles[symbol], merged)
    trades = [(i, t) for i, t in enumerate(result.trades, start=1) if t.symbol == symbol]
    return {
        "symbol": symbol,
        "candle": format_timeframe(result.timeframe * merged),
        "step": result.timeframe * merged // _NS_PER_MS,
        "t": (bars.open_time // _NS_PER_MS).tolist(),
        "open": short(bars.open),
        "high": short(bars.high),
        "low": short(bars.low),
        "close": short(bars.close),
        "left_out": max(0, len(trades) - TRADES_DRAWN_MAX),
        "trades": _trades(trades[-TRADES_DRAWN_MAX:], result.end),
    }


def _trades(trades: Sequence[tuple[int, TradeRow]], end: int) -> list[Json]:
    return [
        {
            "number": number,
            "side": trade.side,
            "from": trade.entry_time // _NS_PER_MS,
            "to": (end if trade.exit_time is None else trade.exit_time) // _NS_PER_MS,
            "entry": float(trade.entry_price),
            "exit": None if trade.exit_price is None else float(trade.exit_price),
            "stop": None if trade.stop_price is None else float(trade.stop_price),
            "target": None if trade.target_price is None else float(trade.target_price),
            "pnl": round(float(trade.pnl), 8),
            "reason": trade.exit_reason,
        }
        for number, trade in trades
    ]


def short(values: Floats) -> list[float | None]:
    """Eight significant digits are more than a screen shows."""
    return [float(f"{v:.8g}") if np.isfinite(v) else None for v in values.tolist()]
