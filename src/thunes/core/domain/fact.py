"""Facts: what a step found out or decided, for the record."""

from decimal import Decimal

import msgspec

from thunes.core.domain.decision import Check, Gate, Proposal
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.position import Trade
from thunes.core.domain.units import Instant, Money, OrderId, Price, Quantity, StrategyId, Symbol


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


Fact = Decided | PositionOpened | TradeClosed | OrderFailed | ModeChanged | DayRolled | Noticed
