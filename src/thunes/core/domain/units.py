"""The units: instants, prices, quantities, money and their exact rounding."""

import re
from datetime import UTC, datetime
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import NewType

from thunes.core.domain.errors import UsageError

Instant = NewType("Instant", int)
"""Nanoseconds since 1970-01-01T00:00:00Z."""

Price = NewType("Price", Decimal)
"""Quote units for one base unit."""

Quantity = NewType("Quantity", Decimal)
"""Base units."""

Money = NewType("Money", Decimal)
"""Units of the account's quote asset."""

Symbol = NewType("Symbol", str)
Asset = NewType("Asset", str)
OrderId = NewType("OrderId", str)
StrategyId = NewType("StrategyId", str)

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
ZERO = Decimal(0)
ONE = Decimal(1)

# Products of a price, a quantity and a fee rate stay exact; only a division rounds.
EXACT = Context(
    prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)

_TIMEFRAME = re.compile(r"([1-9][0-9]*)([smhdw])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value` (exact; step > 0)."""
    multiple = value // step * step  # truncated towards zero, exactly
    return multiple if multiple <= value else multiple - step


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value` (exact; step > 0)."""
    multiple = value // step * step
    return multiple if multiple >= value else multiple + step


def parse_timeframe(text: str) -> int:
    """Nanoseconds of a timeframe such as `1m`, `4h`, `1d`."""
    match = _TIMEFRAME.fullmatch(text)
    if match is None:
        raise UsageError(f"timeframe {text!r} is not like 1m, 15m, 1h, 4h, 1d")
    return int(match[1]) * _UNIT_SECONDS[match[2]] * NS_PER_SECOND


def format_timeframe(nanoseconds: int) -> str:
    """The shortest name of a timeframe: 3_600e9 -> `1h`."""
    seconds = nanoseconds // NS_PER_SECOND
    for unit in ("d", "h", "m", "s"):
        if seconds % _UNIT_SECONDS[unit] == 0:
            return f"{seconds // _UNIT_SECONDS[unit]}{unit}"
    raise AssertionError("a timeframe is a whole number of seconds")


def parse_instant(text: str) -> Instant:
    """An ISO 8601 time; one without a zone is UTC."""
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not an ISO 8601 time such as 2024-01-31T12:00:00Z") from None
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    whole = stamp.replace(microsecond=0)
    return Instant(int(whole.timestamp()) * NS_PER_SECOND + stamp.microsecond * 1_000)


def format_instant(at: int) -> str:
    """ISO 8601 in UTC, with fractions only where there are any."""
    seconds, rest = divmod(at, NS_PER_SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + (f".{rest:09d}".rstrip("0") if rest else "") + "Z"
