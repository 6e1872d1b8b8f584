"""SMA cross with stop and target, slow and obvious: exact fractions, one bar after the other."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, floor
from typing import NamedTuple


@dataclass(frozen=True)
class Settings:
    fast: int
    slow: int
    cash: Fraction
    fee: Fraction
    slippage: Fraction
    tick: Fraction
    step: Fraction
    stop: Fraction | None = None
    target: Fraction | None = None
    fixed: Fraction | None = None  # quote money an entry; None: all cash


class Bar(NamedTuple):
    open: Fraction
    high: Fraction
    low: Fraction
    close: Fraction


class Trade(NamedTuple):
    """Bars are row numbers; the exit of what is still open is None."""

    entry_bar: int
    entry: Fraction
    quantity: Fraction
    exit_bar: int | None
    exit: Fraction | None
    fees: Fraction
    reason: str


def trade(bars: list[Bar], s: Settings) -> tuple[list[Trade], Fraction, Fraction]:
    """The trades, the cash at the end, and the equity at the last close."""
    above = _above([bar.close for bar in bars], s)
    cash, held, trades = s.cash, Fraction(0), []
    bought = (0, Fraction(0))
    for row, bar in enumerate(bars):
        before, last = (above[row - 2], above[row - 1]) if row > 1 else (None, None)
        known = before is not None and last is not None
        if not held and known and last and not before:
            price = ceil(bar.open * (1 + s.slippage) / s.tick) * s.tick
            budget = cash if s.fixed is None else s.fixed
            quantity = floor(budget / (price * (1 + s.fee)) / s.step) * s.step
            if budget <= cash and quantity:
                held, bought = quantity, (row, price)
                cash -= quantity * price * (1 + s.fee)
                sold = _inside(bar, price, s)  # entered at the open: no gap below it to fall into
            else:
                sold = None
        elif held and known and before and not last:
            sold = _slipped(bar.open, s), "signal"
        else:
            sold = (_at_open(bar, bought[1], s) or _inside(bar, bought[1], s)) if held else None
        if sold:
            fees = held * (bought[1] + sold[0]) * s.fee
            trades.append(Trade(bought[0], bought[1], held, row, sold[0], fees, sold[1]))
            cash, held = cash + held * sold[0] * (1 - s.fee), Fraction(0)
    if held:
        trades.append(Trade(*bought, held, None, None, held * bought[1] * s.fee, "open"))
    return trades, cash, cash + held * bars[-1].close


def _above(closes: list[Fraction], s: Settings) -> list[bool | None]:
    """Whether the fast average is above the slow one, exactly; None while one is unknown."""
    total = [Fraction(0), *accumulate(closes)]
    return [None] * (s.slow - 1) + [
        (total[n] - total[n - s.fast]) / s.fast > (total[n] - total[n - s.slow]) / s.slow
        for n in range(s.slow, len(total))
    ]


def _slipped(price: Fraction, s: Settings) -> Fraction:
    """What a sale at market gets: moved down, then rounded down; a tick at least."""
    return max(floor(price * (1 - s.slippage) / s.tick) * s.tick, s.tick)


def _levels(entry: Fraction, s: Settings) -> tuple[Fraction | None, Fraction | None]:
    """The stop, rounded away from the entry, and the target, rounded towards it: both down."""
    stop = None if s.stop is None else floor(entry * (1 - s.stop) / s.tick) * s.tick
    target = None if s.target is None else floor(entry * (1 + s.target) / s.tick) * s.tick
    return stop, target


def _at_open(bar: Bar, entry: Fraction, s: Settings) -> tuple[Fraction, str] | None:
    stop, target = _levels(entry, s)
    if stop is not None and bar.open <= stop:
        return _slipped(bar.open, s), "stop"
    return (target, "target") if target is not None and bar.open > target else None


def _inside(bar: Bar, entry: Fraction, s: Settings) -> tuple[Fraction, str] | None:
    stop, target = _levels(entry, s)
    if stop is not None and bar.low <= stop:
        return _slipped(stop, s), "stop"
    return (target, "target") if target is not None and bar.high > target else None
