"""Numbers as a reader wants them: signed, grouped, with their unit, or a dash."""

import math
from datetime import UTC, datetime
from decimal import Decimal

from thunes.core.domain.units import NS_PER_SECOND

DASH = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_SIGNIFICANT = 8


def percent(value: float | None, digits: int = 1, signed: bool = False) -> str:
    """A fraction as percent: 0.1234 -> `12.3 %`."""
    if value is None or not math.isfinite(value):
        return DASH
    if abs(value) >= 100:
        digits = 0
    return f"{_number(value * 100, digits, signed)} %"


def money(value: float | Decimal | None, unit: str = "", signed: bool = False) -> str:
    """An amount with two decimals (more below one cent) and its unit: `1,234.50 USDT`."""
    if value is None or not math.isfinite(value):
        return DASH
    digits = 2 if value == 0 or abs(float(value)) >= 0.01 else 8
    return f"{_number(value, digits, signed)} {unit}".rstrip()


def ratio(value: float | None, digits: int = 2) -> str:
    """A plain number: `1.23`."""
    return DASH if value is None or not math.isfinite(value) else _number(value, digits, False)


def exact(value: Decimal | None) -> str:
    """A price or quantity to eight significant digits, at least to cents, without idle zeros."""
    if value is None:
        return DASH
    text = f"{round(value, max(_SIGNIFICANT - 1 - value.adjusted(), 2)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(at: int | None, seconds: bool = False) -> str:
    """A time in UTC to the minute: `2024-01-31 12:00`."""
    if at is None:
        return DASH
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return datetime.fromtimestamp(at // NS_PER_SECOND, UTC).strftime(form)


def span(nanoseconds: int) -> str:
    """A length of time in its two largest units: `3 d 4 h`."""
    seconds = nanoseconds // NS_PER_SECOND
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _number(value: float | Decimal, digits: int, signed: bool) -> str:
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if not text.strip("+-0.,"):  # Nothing but zeros: no sign.
        return text.lstrip("+-")
    return text.replace("-", _MINUS)
