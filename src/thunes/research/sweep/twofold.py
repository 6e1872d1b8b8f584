"""Twofold numbers: the engine's decimals as unevaluated sums of two floats, some 31 digits.

Error-free sums and products are Knuth's and Dekker's, the rest follows Hida, Li and Bailey 2001.
Rounding to a grid is decided as the decimals decide it: a quotient that lies within `_SNAP` of a
whole number, relative to its size, is that number. Quotients of decimals of up to some twenty
digits are either whole or further away than that.
"""

import numpy as np

Two = tuple[float, float]

_SPLIT = 134_217_729.0  # 2^27 + 1
_SNAP = 1e-24
_SURE = 1e-15  # further apart than what the second floats can add


def add(x: Two, y: Two) -> Two:
    high = x[0] + y[0]
    part = high - x[0]
    rest = (x[0] - (high - part)) + (y[0] - part)
    low = x[1] + y[1]
    part = low - x[1]
    last = (x[1] - (low - part)) + (y[1] - part)
    rest += low
    total = high + rest
    rest = rest - (total - high) + last
    high = total + rest
    return high, rest - (high - total)


def subtract(x: Two, y: Two) -> Two:
    return add(x, (-y[0], -y[1]))


def multiply(x: Two, y: Two) -> Two:
    high = x[0] * y[0]
    big = _SPLIT * x[0]
    a = big - (big - x[0])
    big = _SPLIT * y[0]
    b = big - (big - y[0])
    c, d = x[0] - a, y[0] - b
    rest = ((a * b - high) + a * d + c * b) + c * d
    rest += x[0] * y[1] + x[1] * y[0]
    total = high + rest
    return total, rest - (total - high)


def divide(x: Two, y: Two) -> Two:
    first = x[0] / y[0]
    left = subtract(x, multiply((first, 0.0), y))
    second = left[0] / y[0]
    left = subtract(left, multiply((second, 0.0), y))
    total = first + second
    return add((total, second - (total - first)), (left[0] / y[0], 0.0))


def whole(x: Two, up: bool) -> float:
    """The next whole number below (above, if `up`) x, or x itself where it is one."""
    near = np.rint(x[0])
    off = (x[0] - near) + x[1]
    if abs(off) > 0.5:  # too large for a float to hold every whole number
        near, off = near + np.rint(off), off - np.rint(off)
    if abs(off) <= _SNAP * max(1.0, abs(x[0])):
        return float(near)
    if up:
        return float(near + 1.0 if off > 0.0 else near)
    return float(near - 1.0 if off < 0.0 else near)


def reaches(x: Two, y: Two) -> bool:
    """Whether x >= y, equal up to rounding counting as equal."""
    over = x[0] - y[0]
    if abs(over) > _SURE * max(abs(x[0]), abs(y[0])):
        return over > 0.0
    over = subtract(x, y)[0]
    return over >= -_SNAP * max(abs(x[0]), abs(y[0]))
