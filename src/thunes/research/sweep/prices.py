"""Prices: decimals out of floats, levels on the tick, and which of them a venue refuses."""

import numpy as np

from thunes.research.sweep.layout import Record, two
from thunes.research.sweep.twofold import Two, divide, multiply, reaches, whole

_WHOLE_MAX = 2.0**53
_FINEST = 1e15
_NEARLY = 1.0 - 1e-9


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


def on_tick(b: Record, price: Two, up: bool) -> Two:
    tick, per_one = two(b.tick), two(b.per_tick)
    if per_one[0] > 0.0:
        return multiply((whole(multiply(price, per_one), up), 0.0), tick)
    return multiply((whole(divide(price, tick), up), 0.0), tick)


def slipped(a: Record, b: Record, price: Two, buys: bool) -> Two:
    """The price moved against us and rounded to the tick against us; never sold for nothing."""
    if buys:
        return on_tick(b, multiply(price, two(a.dearer)), True)
    moved = on_tick(b, multiply(price, two(a.cheaper)), False)
    return moved if moved[0] > 0.0 else two(b.tick)


def refused_price(b: Record, price: Two, reference: Two) -> bool:
    """Whether a filter of the venue refuses a limit or stop price, which lies on the tick."""
    if price[0] <= 0.0 or not reaches(price, two(b.min_price)):
        return True
    if b.max_price[0] > 0.0 and not reaches(two(b.max_price), price):
        return True
    if b.percent_up[0] > 0.0 and not reaches(multiply(reference, two(b.percent_up)), price):
        return True
    low = b.percent_down[0] > 0.0
    return low and not reaches(price, multiply(reference, two(b.percent_down)))


def sellable(b: Record, steps: float, price: Two) -> bool:
    """Whether the venue would take an order for so many steps at this price."""
    if steps <= 0.0:
        return False
    # By far enough for a float to tell: nine in ten.
    about = steps * b.step[0] * _NEARLY
    if about > b.min_quantity[0] and about * price[0] > b.min_notional[0]:
        return True
    quantity = multiply((steps, 0.0), two(b.step))
    if not reaches(quantity, two(b.min_quantity)):
        return False
    return reaches(multiply(quantity, price), two(b.min_notional))


def steps_of(b: Record, quantity: Two) -> float:
    """The whole steps in a quantity."""
    per_one = two(b.per_step)
    if per_one[0] > 0.0:
        return whole(multiply(quantity, per_one), False)
    return whole(divide(quantity, two(b.step)), False)
