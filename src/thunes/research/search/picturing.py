"""What the pictures of a search are made of: values of a parameter in order, bins, fortunes."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from thunes.core.domain.market import Floats
from thunes.core.stats.fortunes import Fortunes
from thunes.research.charts import Json

BINS = 40
CENTRAL = 0.99
"""What resampling did to growth is drawn without the outer 1 %: its tail is long."""


class Scale(NamedTuple):
    """The values of one parameter in order: each place's label and its first value, and where each
    value belongs.

    `merged` values, neighbours of each other, share a place; 1: every value has its own.
    """

    labels: tuple[str, ...]
    firsts: tuple[str, ...]
    place: dict[str, int]
    merged: int


def scale_of(values: Iterable[str], limit: int) -> Scale:
    """Numbers ascend, text follows them in the order of the alphabet; at most `limit` places."""
    distinct = sorted(set(values), key=_order)
    each = max(1, -(-len(distinct) // limit))
    groups = [distinct[first : first + each] for first in range(0, len(distinct), each)]
    ends = ((group[0], group[-1]) for group in groups)
    labels = tuple(low if low == high else f"{low} to {high}" for low, high in ends)
    firsts = tuple(group[0] for group in groups)
    return Scale(labels, firsts, {value: i // each for i, value in enumerate(distinct)}, each)


def as_number(value: str) -> float | None:
    """The finite number that a value is; None for any other text."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def histogram(values: Floats) -> Json:
    """Shares of the finite `values` in about `BINS` bins, of which one ends exactly at zero.

    `below`: the bin holds values at or below zero; an upper end belongs to its bin.
    """
    known = values[np.isfinite(values)]
    reach = float(np.ptp(known)) if known.size else 0.0
    width = reach / BINS or abs(float(known[0])) / BINS or 1.0 / BINS if known.size else 1.0
    # Rounding must not carry a value over zero.
    bins = np.where(known > 0, np.maximum(1, np.ceil(known / width)), np.ceil(known / width))
    places, counts = np.unique(bins.astype(np.int64), return_counts=True)
    return {
        "x": [round((place - 0.5) * width, 10) for place in places.tolist()],
        "y": (counts / max(1, known.size)).tolist(),
        "below": (places <= 0).tolist(),
        "width": width,
    }


def fortune_data(fortunes: Fortunes | None, own: float | None) -> Json | None:
    """The histograms of what resampling came to; `own` is the drawdown that was lived."""
    if fortunes is None:
        return None
    growth = fortunes.growth[np.isfinite(fortunes.growth)] - 1
    low, high = (
        np.quantile(growth, ((1 - CENTRAL) / 2, (1 + CENTRAL) / 2)) if growth.size else (0, 0)
    )
    return {
        "growth": histogram(growth[(growth >= low) & (growth <= high)]),
        "drawdown": histogram(-fortunes.drawdown),
        "own": None if own is None or not math.isfinite(own) else -own,
    }


def optional(values: Iterable[float | None]) -> Floats:
    """Figures as an array: what is missing or infinite is NaN."""
    found = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    return np.where(np.isfinite(found), found, math.nan)


def _order(value: str) -> tuple[bool, float, str]:
    number = as_number(value)
    return number is None, number or 0.0, value
