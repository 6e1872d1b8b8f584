"""Sizing: how much to enter with, in the quote asset or in units."""

import math
from decimal import Decimal

import msgspec
import numpy as np

from thunes.core.domain.decision import Budget
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import ZERO, Money, Quantity, Symbol, floor_to
from thunes.core.domain.view import View

_SECONDS_PER_YEAR = 365 * 86_400
_FORMS = "all_cash, fixed:AMOUNT, quantity:UNITS, equity:10%, risk:1% or volatility:40%"


class Sizing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of sizing. `value` is quote money, units, or a fraction, by `kind`.

    `all_cash`: all that is available. `fixed`: that much quote. `quantity`: that many units.
    `equity`: that fraction of equity. `risk`: as much as loses that fraction of equity at the
    stop. `volatility`: as much as brings the position's yearly volatility to that fraction.
    """

    kind: str
    value: Decimal = ZERO


class Wish(msgspec.Struct, frozen=True):
    """An amount to enter with: exactly one of the two is set."""

    quantity: Quantity | None = None
    quote_amount: Money | None = None


VOLATILITY_BARS = 100

_CENTIMES = Decimal("1e-8")
"""What a quotient is rounded down to: sums of amounts without end would not stay exact."""


def parse_sizing(text: str) -> Sizing:
    """The rule named by `all_cash`, `fixed:100`, `quantity:1`, `equity:10%`, `risk:1%` ..."""
    kind, _, number = text.partition(":")
    if kind == "all_cash" and not number:
        return Sizing(kind=kind)
    percent = kind in ("equity", "risk", "volatility")
    if kind not in ("fixed", "quantity") and not percent:
        raise UsageError(f"sizing {text!r} is not one of {_FORMS}")
    try:
        value = Decimal(number.removesuffix("%") if percent else number)
    except ArithmeticError:
        raise UsageError(f"sizing {text!r}: {number!r} is not a number; use {_FORMS}") from None
    if percent and not number.endswith("%"):
        raise UsageError(f"sizing {text!r} needs a percent sign, as in {kind}:{number}%")
    if not value.is_finite() or value <= ZERO:
        raise UsageError(f"sizing {text!r} must be above zero")
    if kind in ("equity", "risk") and value > 100:
        raise UsageError(f"sizing {text!r} is above 100 %")
    return Sizing(kind=kind, value=value / 100 if percent else value)


def size(
    rule: Sizing, symbol: Symbol, stop_distance: Decimal | None, budget: Budget, view: View
) -> Wish | None:
    """What to enter with, never more than is available; None where the rule lacks what it needs.

    `risk` needs a stop distance; `volatility` needs closes.
    """
    match rule.kind:
        case "all_cash":
            return Wish(quote_amount=budget.available)
        case "fixed":
            return Wish(quote_amount=Money(rule.value))
        case "quantity":
            return Wish(quantity=Quantity(rule.value))
        case "equity":
            wanted = budget.equity * rule.value
        case "risk":
            if stop_distance is None:
                return None
            wanted = floor_to(budget.equity * rule.value / stop_distance, _CENTIMES)
        case _:
            yearly = _yearly_volatility(symbol, view)
            if yearly is None:
                return None
            wanted = floor_to(budget.equity * rule.value / yearly, _CENTIMES)
    return Wish(quote_amount=Money(min(wanted, budget.available)))


def _yearly_volatility(symbol: Symbol, view: View) -> Decimal | None:
    """Standard deviation of log returns of the last closes, scaled to a year of 365 days."""
    closes = view.market.closes(symbol, VOLATILITY_BARS + 1)
    if closes.size < VOLATILITY_BARS + 1:
        return None
    deviation = float(np.std(np.diff(np.log(closes)), ddof=1))
    yearly = deviation * math.sqrt(periods_a_year(view.market.bar_seconds()))
    return Decimal(repr(yearly)) if yearly > 0.0 else None


def periods_a_year(seconds: float) -> float:
    """How many bars of so many seconds a year of 365 days has."""
    return _SECONDS_PER_YEAR / seconds
