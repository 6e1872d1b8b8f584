"""Answers: what the tables tell of one order, trade, position or balance, as plain values."""

from decimal import Decimal

import msgspec


class StoredOrder(msgspec.Struct, frozen=True):
    """One order as it stands; `reason` is why it was sent, the last two are why it ended."""

    id: str
    symbol: str
    strategy: str
    side: str
    type: str
    role: str
    leg: str
    quantity: Decimal | None
    quote_amount: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    submitted_at: int
    reason: str
    state: str
    filled: Decimal
    average_price: Decimal | None
    fees: Decimal
    ended_at: int | None
    cancel_reason: str | None
    failure: str | None


class StoredTrade(msgspec.Struct, frozen=True):
    """What one exit closed; money is quote, `pnl` is after `fees`."""

    symbol: str
    strategy: str
    entry_at: int
    entry_price: Decimal
    quantity: Decimal
    exit_at: int
    exit_price: Decimal
    fees: Decimal
    pnl: Decimal
    exit_reason: str
    stop_price: Decimal | None
    target_price: Decimal | None
    flat: bool


class StoredPosition(msgspec.Struct, frozen=True):
    """What is held of one symbol."""

    symbol: str
    strategy: str
    opened_at: int
    quantity: Decimal
    entry_price: Decimal
    stop_price: Decimal | None


class StoredBalance(msgspec.Struct, frozen=True):
    """What the venue held of one asset, free and locked, when it was last asked."""

    asset: str
    at: int
    total: Decimal
