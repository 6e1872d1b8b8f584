"""Positions: what is held of one symbol, how it is protected, and what a closed part earned."""

from decimal import Decimal

import msgspec

from thunes.core.domain.units import (
    ZERO,
    Instant,
    Money,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.domain.word import Word


class Protection(Word):
    """How far a position is covered by stops that the venue has acknowledged."""

    FLAT = "flat"
    OPENING = "opening"
    NAKED = "naked"
    PROTECTED = "protected"
    CLOSING = "closing"


class TargetLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A take-profit: `distance` is a fraction above the entry, `share` of the filled quantity."""

    distance: Decimal
    share: Decimal


class ExitPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a position is to be left; distances are fractions of the entry price (0.02 = 2 %).

    `stop_price` and `target_price` are absolute and win over distances. What `targets` leave over
    is the runner. `break_even_after` and `trail_after` count targets hit (None: never;
    0: from the start). After an added fill the targets are those of the average price.
    """

    stop_distance: Decimal | None = None
    stop_price: Price | None = None
    targets: tuple[TargetLevel, ...] = ()
    target_price: Price | None = None
    break_even_after: int | None = None
    trail_distance: Decimal | None = None
    trail_after: int | None = None


class Leg(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a position with its own stop and, except for the runner, its own target.

    Its orders carry its name, so that what rests at the venue can be held against it.
    """

    name: str
    quantity: Quantity
    stop_price: Price | None = None
    target_price: Price | None = None


class Lot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one buy brought in: `cost` is quote paid with fees, `fees` their value in quote."""

    at: Instant
    quantity: Quantity
    price: Price
    cost: Money
    fees: Money


class Trade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one exit order closed, first lots first. Money is quote; `pnl` is after `fees`."""

    symbol: Symbol
    strategy: StrategyId
    entry_time: Instant
    entry_price: Price
    quantity: Quantity
    exit_time: Instant
    exit_price: Price
    fees: Money
    pnl: Money
    exit_reason: str
    stop_price: Price | None = None
    target_price: Price | None = None


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A holding of one symbol, owned by one strategy.

    `entry_size` is the filled quantity on which the target shares are fixed (zero while the
    first entry still fills). `peak_close` is the highest close since the entry, for trailing.
    `leaving` is why it is being left, until it is gone: an exit that failed is sent again.
    """

    symbol: Symbol
    strategy: StrategyId
    opened_at: Instant
    quantity: Quantity
    entry_price: Price
    plan: ExitPlan
    stop_price: Price | None = None
    entry_size: Quantity = Quantity(ZERO)
    entries: int = 1
    targets_hit: int = 0
    peak_close: Price | None = None
    legs: tuple[Leg, ...] = ()
    leaving: str = ""
