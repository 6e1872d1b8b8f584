"""Prices: decimals out of floats, levels on the tick, and which of them a venue refuses."""

import numpy as np

from thunes.research.sweep.layout import (
    MAX_PRICE,
    MIN_NOTIONAL,
    MIN_PRICE,
    MIN_QUANTITY,
    PERCENT_DOWN,
    PERCENT_UP,
    SCALE,
    SLIPPAGE,
    STEP,
    TICK,
    Sweep,
    get,
    own,
)
from thunes.research.sweep.twofold import Two, add, divide, multiply, reaches, subtract, whole

_WHOLE_MAX = 2.0**53
_FINEST = 1e15
_ONE = (1.0, 0.0)


def decimal_of(value: float, scale: float) -> Two:
    """The decimal that a float is printed as; `scale` units per one is the grid to try first."""
    scale = max(scale, 1.0)
    while scale <= _FINEST:
        units = np.rint(value * scale)
        if abs(units) > _WHOLE_MAX:
            break
        if units / scale == value:
            high, low = multiply((value, 0.0), (scale, 0.0))
            return value, ((units - high) - low) / scale
        scale *= 10.0
    return value, 0.0


def price_of(w: Sweep, s: int, value: float) -> Two:
    """The decimal of a price of this symbol."""
    return decimal_of(value, w.grid[s, SCALE])


def on_tick(w: Sweep, s: int, price: Two, up: bool) -> Two:
    tick = get(w.grid, s, TICK)
    return multiply((whole(divide(price, tick), up), 0.0), tick)


def slipped(w: Sweep, s: int, price: Two, buys: bool) -> Two:
    """The price moved against us and rounded to the tick against us; never sold for nothing."""
    share = own(w.rule, SLIPPAGE)
    if buys:
        return on_tick(w, s, multiply(price, add(_ONE, share)), True)
    moved = on_tick(w, s, multiply(price, subtract(_ONE, share)), False)
    return moved if moved[0] > 0.0 else get(w.grid, s, TICK)


def refused_price(w: Sweep, s: int, price: Two, reference: Two) -> bool:
    """Whether a filter of the venue refuses a limit or stop price, which lies on the tick."""
    if price[0] <= 0.0 or not reaches(price, get(w.grid, s, MIN_PRICE)):
        return True
    for column, sign in ((MAX_PRICE, 0.0), (PERCENT_UP, 1.0)):
        most = get(w.grid, s, column)
        if most[0] > 0.0:
            limit = multiply(reference, most) if sign else most
            if not reaches(limit, price):
                return True
    least = get(w.grid, s, PERCENT_DOWN)
    return least[0] > 0.0 and not reaches(price, multiply(reference, least))


def sellable(w: Sweep, s: int, steps: float, price: Two) -> bool:
    """Whether the venue would take an order for so many steps at this price."""
    if steps <= 0.0:
        return False
    quantity = multiply((steps, 0.0), get(w.grid, s, STEP))
    if not reaches(quantity, get(w.grid, s, MIN_QUANTITY)):
        return False
    return reaches(multiply(quantity, price), get(w.grid, s, MIN_NOTIONAL))


def steps_of(w: Sweep, s: int, quantity: Two) -> float:
    """The whole steps in a quantity."""
    return whole(divide(quantity, get(w.grid, s, STEP)), False)
