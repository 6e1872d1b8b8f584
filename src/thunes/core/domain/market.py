"""What a market says: bars, quotes, trades."""

from dataclasses import dataclass, fields

import msgspec
import numpy as np
from numpy.typing import NDArray

from thunes.core.domain.units import Instant, Price, Quantity, Symbol

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars as columns of equal length n, oldest first.

    `open_time` is int64 nanoseconds UTC; prices are quote units, volume base units, float64.
    """

    open_time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return int(self.open_time.size)

    def rows(self, first: int, last: int) -> "BarColumns":
        """The rows first..last-1, not copied."""
        return BarColumns(*(getattr(self, each.name)[first:last] for each in fields(self)))


class Bar(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One bar as the tape holds it: `close_time` is when it is known. On record it is a row."""

    open_time: Instant
    close_time: Instant
    open: float
    high: float
    low: float
    close: float
    volume: float


class PublicTrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trade between others that the venue published."""

    at: Instant
    symbol: Symbol
    price: Price
    quantity: Quantity


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The best bid and ask of one symbol, as received at `at`."""

    at: Instant
    symbol: Symbol
    bid: Price
    bid_quantity: Quantity
    ask: Price
    ask_quantity: Quantity


class Levels(msgspec.Struct, frozen=True):
    """What would make resting orders of a symbol act: an open, or a price at or past a level."""

    at_open: bool
    below: float
    above: float
