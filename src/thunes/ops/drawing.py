"""Drawings: small charts as SVG numbers, for pages that ask the network for nothing."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 960.0, 220.0


class Drawing(NamedTuple):
    """A line (or bars, each as x, y, width, height), where zero lies, and the ends of the axis."""

    line: str
    bars: tuple[tuple[float, float, float, float, str], ...]
    zero: float | None
    low: float
    high: float


def line_of(values: Sequence[float]) -> Drawing | None:
    """The values from left to right; None for fewer than two."""
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    reach = (high - low) or 1.0
    step = WIDTH / (len(values) - 1)
    points = (
        f"{n * step:.1f},{(high - value) / reach * HEIGHT:.1f}" for n, value in enumerate(values)
    )
    return Drawing(" ".join(points), (), None, low, high)


def bars_of(values: Sequence[float]) -> Drawing | None:
    """One bar a value, from zero up or down; None without values."""
    if not values:
        return None
    low, high = min(0.0, *values), max(0.0, *values)
    reach = (high - low) or 1.0
    zero, step = high / reach * HEIGHT, WIDTH / len(values)
    bars = []
    for n, value in enumerate(values):
        tall = max(abs(value) / reach * HEIGHT, 0.5)
        top = zero - tall if value > 0 else zero
        bars.append(
            (
                round(n * step + step * 0.1, 2),
                round(top, 2),
                round(step * 0.8, 2),
                round(tall, 2),
                "up" if value > 0 else "down",
            )
        )
    return Drawing("", tuple(bars), round(zero, 2), low, high)
