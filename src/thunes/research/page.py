"""The words and figures of the report, in the order in which they are read."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thunes.core.domain.units import NS_PER_DAY, format_timeframe
from thunes.research.charts import bars_per_candle
from thunes.research.result import BacktestResult, Metrics, TradeRow
from thunes.research.thinning import monthly_returns
from thunes.research.wording import DASH, exact, moment, money, percent, ratio, span

TRADES_LISTED_MAX = 1_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Words = dict[str, Any]


def page_words(result: BacktestResult) -> Words:
    """What the template prints; nothing in it is escaped yet."""
    m = result.metrics
    return {
        "title": result.title,
        "strategy": result.strategy,
        "facts": _facts(result),
        "total": percent(m.total_return, signed=True),
        "total_sign": sign(m.total_return),
        "money": f"{money(m.initial_equity)} \N{RIGHTWARDS ARROW} "
        f"{money(m.final_equity, result.quote)}",
        "compared": _compared(m),
        "verdict": _verdict(m),
        "tiles": _tiles(m, result),
        "interval": _interval(result),
        "findings": sorted(result.findings, key=lambda finding: finding.rank),
        "symbols": result.symbols,
        "merged": bars_per_candle(result),
        "timeframe": format_timeframe(result.timeframe),
        "months": _months(result),
        "month_names": MONTHS,
        "trades": [_trade(i, t, result) for i, t in _listed(result)],
        "trades_in_all": len(result.trades),
        "costs": _costs(m, result.quote),
        "exposure": _exposure(result),
        "settings": result.settings,
        "parameters": {name: str(value) for name, value in result.parameters.items()},
        "outcome_hash": result.outcome_hash,
    }


def _facts(result: BacktestResult) -> list[str]:
    period = f"{moment(result.start)} to {moment(result.end)} UTC"
    length = span(result.end - result.start)
    count = result.metrics.bars
    bars = f"{count:,} {'bar' if count == 1 else 'bars'} of {format_timeframe(result.timeframe)}"
    return [", ".join(result.symbols), bars, period, length]


def _compared(m: Metrics) -> list[Words]:
    """Rows of the strip: a mark each, and a band where chance ends up; places in percent."""
    rows: list[tuple[str, float | None, tuple[float, float] | None]] = [
        ("This strategy", m.total_return, None),
        ("Buy and hold", m.buy_and_hold_return, None),
    ]
    if m.baseline:
        rows.append(("Random entries", m.baseline.median, (m.baseline.low, m.baseline.high)))
    known = [0.0, *(v for _, mark, band in rows for v in (mark, *(band or ())) if v is not None)]
    low, high = min(known), max(known)
    scale = 100 / (high - low) if high > low else 0.0

    def place(value: float) -> float:
        return float(round((value - low) * scale, 2))

    return [
        {
            "label": label,
            "value": percent(mark, signed=True),
            "range": " to ".join(percent(v, signed=True) for v in band) if band else "",
            "mark": None if mark is None else place(mark),
            "band": (place(band[0]), round(place(band[1]) - place(band[0]), 2)) if band else None,
            "zero": place(0.0),
        }
        for label, mark, band in rows
    ]


def _verdict(m: Metrics) -> str:
    if m.baseline is None:
        return ""
    return (
        f"It earned more than {percent(m.baseline.beaten, 0)} of {m.baseline.draws:,} runs that "
        "entered at random, held as often and as long, and paid the same costs. "
        f"Their median is marked, the band holds 90 % of them; on average they made "
        f"{percent(m.baseline.mean, signed=True)}."
    )


def _tiles(m: Metrics, result: BacktestResult) -> list[tuple[str, str, str]]:
    """(label, figure, what it says) of the figures below the headline."""
    won = f"{m.wins:,} of {m.trades:,} closed" if m.trades else "no closed trade"
    still = f", {m.open_positions:,} open" if m.open_positions else ""
    length = result.end - result.start
    trust = DASH if m.psr is None else f"above 0 with {percent(m.psr, 0)} confidence"
    return [
        ("CAGR", percent(m.cagr, signed=True), _reach(length)),
        ("Sharpe ratio", ratio(m.sharpe), trust),
        ("Sortino ratio", ratio(m.sortino), "annualised, target 0"),
        ("Volatility", percent(m.volatility), "annualised, daily"),
        ("Maximum drawdown", percent(m.max_drawdown), _water(m.longest_drawdown_days)),
        ("Win rate", percent(m.wins / m.trades if m.trades else None), won + still),
        ("Profit factor", ratio(m.profit_factor), "won over lost"),
        ("Costs", money(m.fees + m.slippage, result.quote), "fees and slippage"),
    ]


def _reach(length: int) -> str:
    return "growth a year" if length >= 365 * NS_PER_DAY else f"extrapolated from {span(length)}"


def _water(days: float) -> str:
    if days == 0:
        return "never under water"
    return f"longest under water {days:,.{1 if days < 10 else 0}f} days"


def _interval(result: BacktestResult) -> str:
    if result.interval is None or not result.metrics.ambiguous_bars:
        return ""
    bad, good = result.interval
    count = result.metrics.ambiguous_bars
    held = "bar held both a stop and a target" if count == 1 else "bars held both stop and target"
    return (
        f"{count:,} {held}, so their order is unknown. Final equity is {money(bad, result.quote)} "
        f"if each went badly and {money(good, result.quote)} if each went well."
    )


def _months(result: BacktestResult) -> list[Words]:
    curve = result.curve
    months, years = monthly_returns(curve.at, curve.equity, result.metrics.initial_equity)
    strongest = max([0.05, *(abs(v) for row in months.values() for v in row if v is not None)])
    return [
        {
            "year": year,
            "cells": [_cell(value, strongest) for value in months[year]],
            "total": _cell(years[year], strongest),
        }
        for year in sorted(months)
    ]


def _cell(value: float | None, strongest: float) -> Words:
    strength = 0.0 if value is None else min(1.0, abs(value) / strongest)
    text = "" if value is None else percent(value, signed=True).removesuffix(" %")
    return {"text": text, "sign": sign(value), "strength": round(100 * strength**0.7 * 0.6)}


def _listed(result: BacktestResult) -> list[tuple[int, TradeRow]]:
    return list(enumerate(result.trades[:TRADES_LISTED_MAX], start=1))


def _trade(number: int, trade: TradeRow, result: BacktestResult) -> Words:
    value = trade.entry_price * trade.quantity
    is_open = trade.exit_time is None
    return {
        "number": number,
        "symbol": trade.symbol,
        "strategy": trade.strategy,
        "side": trade.side,
        "entered": moment(trade.entry_time),
        "entry": exact(trade.entry_price),
        "quantity": exact(trade.quantity),
        "left": "open" if is_open else moment(trade.exit_time),
        "exit": DASH if is_open else exact(trade.exit_price),
        "held": span(
            (result.end if trade.exit_time is None else trade.exit_time) - trade.entry_time
        ),
        "reason": DASH if is_open else trade.exit_reason,
        "stop": exact(trade.stop_price),
        "target": exact(trade.target_price),
        "fees": money(trade.fees),
        "pnl": money(trade.pnl, signed=True),
        "return": percent(float(trade.pnl / value) if value else None, 2, signed=True),
        "sign": sign(trade.pnl),
    }


def _costs(m: Metrics, quote: str) -> list[Words]:
    """From what the market gave to what was kept: (label, amount, share of the start)."""
    kept = m.final_equity - m.initial_equity
    lines = [
        ("Before costs", kept + m.fees + m.slippage),
        ("Fees", -m.fees),
        ("Half spread and slippage", -m.slippage),
        ("After costs", kept),
    ]
    trades = m.trades + m.open_positions
    start = m.initial_equity
    return [
        {
            "label": label,
            "amount": money(amount, quote, signed=True),
            "share": percent(amount / start if start > 0 else None, 2, signed=True),
            "each": money(amount / trades if trades else None, quote, signed=True),
            "sign": sign(amount),
        }
        for label, amount in lines
    ]


def _exposure(result: BacktestResult) -> Mapping[str, tuple[str, str]]:
    exposure = result.curve.exposure
    highest = float(exposure.max()) if exposure.size else None
    busy = float((exposure != 0).mean()) if exposure.size else None
    turnover = f"{ratio(result.metrics.turnover, 1)} \N{MULTIPLICATION SIGN}"
    return {
        "Average": (percent(result.metrics.exposure), "of equity"),
        "Highest": (percent(highest), "of equity"),
        "In the market": (percent(busy), "of bars"),
        "Turnover": (turnover, "average equity, both sides"),
    }


def sign(value: float | Decimal | None) -> str:
    """The class that colours a gain or a loss."""
    if value is None or value == 0:
        return "flat"
    return "up" if value > 0 else "down"
