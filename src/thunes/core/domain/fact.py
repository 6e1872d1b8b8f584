"""Facts: what a step found out or decided, for the record."""

from decimal import Decimal

import msgspec

from thunes.core.domain.decision import Check, Gate, Proposal
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.position import Trade
from thunes.core.domain.units import Instant, Money, OrderId, Price, Quantity, StrategyId, Symbol
from thunes.core.domain.view import OrderState
from thunes.core.domain.word import Word


class Decided(msgspec.Struct, frozen=True, tag="decided", forbid_unknown_fields=True):
    """One proposal reviewed: approved (`refused_by` None) or refused, with every gate."""

    proposal: Proposal
    refused_by: Gate | None
    checks: tuple[Check, ...]


class PositionOpened(
    msgspec.Struct, frozen=True, tag="position_opened", forbid_unknown_fields=True
):
    symbol: Symbol
    strategy: StrategyId
    price: Price
    quantity: Quantity


class TradeClosed(msgspec.Struct, frozen=True, tag="trade_closed", forbid_unknown_fields=True):
    """An exit order is done; `flat` says whether the position is gone with it (dust aside)."""

    trade: Trade
    flat: bool


class OrderFailed(msgspec.Struct, frozen=True, tag="order_failed", forbid_unknown_fields=True):
    """A venue refused, ended or lost an order of ours."""

    order_id: OrderId
    symbol: Symbol
    text: str


class ModeChanged(msgspec.Struct, frozen=True, tag="mode_changed", forbid_unknown_fields=True):
    before: Mode
    after: Mode
    cause: Cause
    actual: Decimal | None
    limit: Decimal | None
    text: str = ""


class DayRolled(msgspec.Struct, frozen=True, tag="day_rolled", forbid_unknown_fields=True):
    """A UTC day began with this equity; the daily loss is counted from it."""

    day: int
    equity: Money


class Noticed(msgspec.Struct, frozen=True, tag="noticed", forbid_unknown_fields=True):
    """Something an operator should read: a strategy that failed, a report nobody expected."""

    code: str
    text: str
    at: Instant | None = None


class OrderChanged(msgspec.Struct, frozen=True, tag="order_changed", forbid_unknown_fields=True):
    """What an order is after a step that changed it; the sums are over all its fills, in quote but
    for `filled`."""

    order_id: OrderId
    state: OrderState
    filled: Quantity
    value: Money
    fees: Money


class PositionChanged(
    msgspec.Struct, frozen=True, tag="position_changed", forbid_unknown_fields=True
):
    """What is held of a symbol after a step that changed it; gone where `quantity` is zero."""

    symbol: Symbol
    strategy: StrategyId
    opened_at: Instant
    quantity: Quantity
    entry_price: Price
    stop_price: Price | None


class Difference(Word):
    """How what the venue tells can differ from what we believe."""

    PHANTOM = "phantom"  # we hold or wait for what the venue does not have
    FOREIGN_ORDER = "foreign_order"  # an open order that is not ours
    FOREIGN_FILL = "foreign_fill"  # traded on the account, not by us
    LATE_FILL = "late_fill"  # a fill of ours that no report had told of
    BALANCE = "balance"  # coins or money that came or went: a deposit, a withdrawal
    UNKNOWN_POSITION = "unknown_position"  # coins of a traded symbol that nobody here bought
    MISSING_STOP = "missing_stop"  # held without the stop that it should have


class Discrepancy(msgspec.Struct, frozen=True, tag="discrepancy", forbid_unknown_fields=True):
    """What the venue told is not what we believed. The venue is right; nothing is sold for it."""

    kind: Difference
    subject: str  # a symbol or an asset
    text: str


Fact = (
    Decided
    | PositionOpened
    | TradeClosed
    | OrderFailed
    | OrderChanged
    | PositionChanged
    | ModeChanged
    | DayRolled
    | Noticed
    | Discrepancy
)
