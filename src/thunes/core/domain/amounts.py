"""Amounts as people type them: numbers, percentages, ladders, NAME=VALUE."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from thunes.core.domain.errors import UsageError
from thunes.core.domain.position import TargetLevel
from thunes.core.domain.units import ONE, ZERO

# Sixty digits are exact: a product of two such numbers keeps every one of them.
LARGEST = Decimal("1e18")
SMALLEST = Decimal("1e-18")


def number(flag: str, text: str) -> Decimal:
    """A decimal that can be reckoned with exactly, or a UsageError that names the flag."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{flag}: {text!r} is not a number") from None
    if not value.is_finite():
        raise UsageError(f"{flag}: {text!r} is not a finite number")
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise UsageError(f"{flag}: {text} must lie between {SMALLEST:f} and {LARGEST:f}, or be 0")
    return value


def fraction(flag: str, text: str) -> Decimal:
    """`2%` as 0.02; between 0 % and 100 %, both excluded."""
    if not text.endswith("%"):
        raise UsageError(f"{flag}: {text!r} needs a percent sign, as in 2%")
    value = number(flag, text[:-1]) / 100
    if not ZERO < value < ONE:
        raise UsageError(f"{flag}: {text} must lie between 0% and 100%")
    return value


def pairs(flag: str, texts: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` texts by name."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name or not value:
            raise UsageError(f"{flag}: {text!r} is not NAME=VALUE")
        if name in found:
            raise UsageError(f"{flag}: {name} is given twice, as {found[name]} and as {value}")
        found[name] = value
    return found


def ladder(flag: str, text: str) -> tuple[TargetLevel, ...]:
    """`4%` for all, or `2%:0.4,4%:0.4`: distances with the share of the position each takes."""
    levels = []
    for part in text.split(","):
        distance, sign, share = part.partition(":")
        taken = number(flag, share) if sign else ONE
        levels.append(TargetLevel(distance=_distance(flag, distance), share=taken))
    total = sum((level.share for level in levels), ZERO)
    if any(level.share <= ZERO for level in levels) or total > ONE:
        raise UsageError(f"{flag} {text}: the shares must be above 0 and sum to at most 1")
    if any(a.distance >= b.distance for a, b in pairwise(levels)):
        raise UsageError(f"{flag} {text}: each target must be farther than the one before")
    return tuple(levels)


def _distance(flag: str, text: str) -> Decimal:
    if not text.endswith("%"):
        raise UsageError(f"{flag}: {text!r} needs a percent sign, as in 4%")
    value = number(flag, text[:-1]) / 100
    if value <= ZERO:
        raise UsageError(f"{flag}: {text} must be above 0%")
    return value
