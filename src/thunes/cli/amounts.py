"""Amounts as people type them: numbers, percentages, ladders, NAME=VALUE."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from thunes.core.domain.errors import UsageError
from thunes.core.domain.position import TargetLevel
from thunes.core.domain.units import ONE, ZERO


def number(flag: str, text: str) -> Decimal:
    """A finite decimal, or a UsageError that names the flag."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{flag}: {text!r} is not a number") from None
    if not value.is_finite():
        raise UsageError(f"{flag}: {text!r} is not a finite number")
    return value


def fraction(flag: str, text: str) -> Decimal:
    """`2%` as 0.02; between 0 % and 100 %, both excluded."""
    if not text.endswith("%"):
        raise UsageError(f"{flag}: {text!r} needs a percent sign, as in 2%")
    value = number(flag, text[:-1]) / 100
    if not ZERO < value < ONE:
        raise UsageError(f"{flag}: {text} must lie between 0% and 100%")
    return value


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` texts by name."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"{text!r} is not NAME=VALUE")
        found[name] = value
    return found


def ladder(text: str) -> tuple[TargetLevel, ...]:
    """`4%` for all, or `2%:0.4,4%:0.4`: distances with the share of the position each takes."""
    levels = []
    for part in text.split(","):
        distance, sign, share = part.partition(":")
        taken = number("--take-profit", share) if sign else ONE
        levels.append(TargetLevel(distance=_distance(distance), share=taken))
    total = sum((level.share for level in levels), ZERO)
    if any(level.share <= ZERO for level in levels) or total > ONE:
        raise UsageError(f"--take-profit {text}: the shares must be above 0 and sum to at most 1")
    if any(a.distance >= b.distance for a, b in zip(levels, levels[1:], strict=False)):
        raise UsageError(f"--take-profit {text}: each target must be farther than the one before")
    return tuple(levels)


def _distance(text: str) -> Decimal:
    if not text.endswith("%"):
        raise UsageError(f"--take-profit: {text!r} needs a percent sign, as in 4%")
    value = number("--take-profit", text[:-1]) / 100
    if value <= ZERO:
        raise UsageError(f"--take-profit: {text} must be above 0%")
    return value
