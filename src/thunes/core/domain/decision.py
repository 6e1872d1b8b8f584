"""Decisions: the values that pass between the rooms, and why something is not allowed."""

from decimal import Decimal

import msgspec

from thunes.core.domain.order import Order
from thunes.core.domain.position import ExitPlan, Leg
from thunes.core.domain.units import (
    ZERO,
    Instant,
    Money,
    OrderId,
    Price,
    Quantity,
    StrategyId,
    Symbol,
)
from thunes.core.domain.view import AccountView
from thunes.core.domain.word import Word


class Action(Word):
    """What a signal asks for. ADD is a declared addition to a position that is held."""

    ENTER = "enter"
    ADD = "add"
    EXIT = "exit"
    CANCEL = "cancel"


class Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a strategy thinks about one symbol at one instant.

    Without `quote_amount` the portfolio sizes the entry; with `limit_price` it waits there until
    `expires_at`. `plan` replaces the configured exits; `stop_distance` only their stop.
    """

    strategy: StrategyId
    symbol: Symbol
    action: Action
    limit_price: Price | None = None
    quote_amount: Money | None = None
    expires_at: Instant | None = None
    stop_distance: Decimal | None = None
    plan: ExitPlan | None = None
    leg: str = ""
    reason: str = ""


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the portfolio wants: an amount to enter with, or to be out."""

    signal: Signal
    quantity: Quantity | None = None
    quote_amount: Money | None = None


class Purpose(Word):
    ENTRY = "entry"
    EXIT = "exit"
    PROTECT = "protect"
    MOVE_STOP = "move_stop"
    CANCEL = "cancel"


class Proposal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Orders to send and orders to take back, as one act: cancel and replace if both.

    `notional` and `stop_price` are what the act would cost and where it would be stopped, at the
    reference price known now. `legs` is the protection that the orders put in place.
    """

    purpose: Purpose
    symbol: Symbol
    strategy: StrategyId
    orders: tuple[Order, ...] = ()
    cancels: tuple[OrderId, ...] = ()
    notional: Money | None = None
    reference: Price | None = None
    stop_price: Price | None = None
    plan: ExitPlan | None = None
    legs: tuple[Leg, ...] = ()
    adds: bool = False
    reason: str = ""


class Gate(Word):
    """The checks that an entry must pass, in the order in which they are recorded."""

    KILL_SWITCH = "kill_switch"
    MODE = "mode"
    RECONCILED = "reconciled"
    MAX_POSITIONS = "max_positions"
    ONE_POSITION_PER_SYMBOL = "one_position_per_symbol"
    LOSS_COOL_DOWN = "loss_cool_down"
    SIGNAL_COOL_DOWN = "signal_cool_down"
    PRICE_KNOWN = "price_known"
    STALE_DATA = "stale_data"
    SPREAD = "spread"
    MIN_NOTIONAL = "min_notional"
    ORDER_SIZE = "order_size"
    LOSS_PER_TRADE = "loss_per_trade"
    DAILY_LOSS = "daily_loss"
    DAILY_LOSS_SHARE = "daily_loss_share"
    SYMBOL_EXPOSURE = "symbol_exposure"
    TOTAL_EXPOSURE = "total_exposure"
    AVAILABLE_CASH = "available_cash"
    VENUE_FILTERS = "venue_filters"


class Check(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One gate evaluated: what it saw and what it allows (None: no such number)."""

    gate: Gate
    passed: bool
    actual: Decimal | None = None
    limit: Decimal | None = None


class Approved(msgspec.Struct, frozen=True, tag="approved", forbid_unknown_fields=True):
    """Made by `risk` only: this proposal may be sent."""

    proposal: Proposal
    checks: tuple[Check, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused", forbid_unknown_fields=True):
    """Made by `risk` only: the first gate that failed, and all that were evaluated."""

    proposal: Proposal
    reason: Gate
    checks: tuple[Check, ...]


Verdict = Approved | Refused


class Budget(msgspec.Struct, frozen=True):
    """What may be risked now. `spent` is what this step has already promised to entries."""

    account: AccountView
    spent: Money = Money(ZERO)

    @property
    def equity(self) -> Money:
        return self.account.equity()

    @property
    def available(self) -> Money:
        return Money(max(ZERO, self.account.available() - self.spent))
