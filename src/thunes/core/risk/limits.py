"""Limits: the numbers that must hold, and the relations between them, checked when built."""

from decimal import Decimal
from typing import Literal

import msgspec

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import ONE, Money

NOT_ABOVE = (
    ("min_notional", "order_size"),
    ("loss_per_trade", "daily_loss"),
    ("symbol_exposure", "total_exposure"),
)
BELOW = (("drawdown_warning", "drawdown_limit"),)
BELOW_ONE = ("daily_loss_share", "drawdown_warning", "drawdown_limit", "max_spread")
"""What holds between limits, whoever sets them: the lower name first."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """None means wide open. Shares are fractions of equity; times are seconds.

    `loss_per_trade` is what an entry may lose at its stop; `order_size` what it may cost.
    `daily_loss_lifted_by` says who ends a halt by daily loss: the operator, or the next UTC day.
    """

    max_positions: int | None = None
    min_notional: Money | None = None
    order_size: Money | None = None
    loss_per_trade: Money | None = None
    daily_loss: Money | None = None
    daily_loss_share: Decimal | None = None
    daily_loss_lifted_by: Literal["operator", "day"] = "operator"
    symbol_exposure: Decimal | None = None
    total_exposure: Decimal | None = None
    drawdown_warning: Decimal | None = None
    drawdown_limit: Decimal | None = None
    max_spread: Decimal | None = None
    max_age_s: int | None = None
    loss_cool_down_s: int | None = None
    signal_cool_down_s: int | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal | int) and not value > 0:
                raise UsageError(f"limit {name} = {value} must be above zero")
        for low, high in NOT_ABOVE:
            _ordered(low, getattr(self, low), high, getattr(self, high))
        for low, high in BELOW:
            lower, upper = getattr(self, low), getattr(self, high)
            if lower is not None and lower == upper:
                raise UsageError(f"{low} = {lower} must be below {high} = {upper}")
            _ordered(low, lower, high, upper)
        for name in BELOW_ONE:
            value = getattr(self, name)
            if value is not None and value >= ONE:
                raise UsageError(f"limit {name} = {value} must be below 1: it is a fraction")
        if self.total_exposure is not None and self.total_exposure > ONE:
            raise UsageError(
                f"limit total_exposure = {self.total_exposure} is above 1: "
                "a spot account cannot hold more than its equity"
            )

    def check_order(self, default_size: Money, cash: Money) -> None:
        """An entry of the configured default size must be possible, or nothing ever trades."""
        _ordered("min_notional", self.min_notional, "the configured order size", default_size)
        _ordered("the configured order size", default_size, "order_size", self.order_size)
        if self.symbol_exposure is not None:
            cap = Money(self.symbol_exposure * cash)
            _ordered("the configured order size", default_size, "symbol_exposure x cash", cap)

    @property
    def watches_equity(self) -> bool:
        """Whether some limit must be looked at whenever equity moves."""
        watched = (
            self.daily_loss,
            self.daily_loss_share,
            self.drawdown_warning,
            self.drawdown_limit,
        )
        return any(limit is not None for limit in watched)


def _ordered(low: str, lower: Decimal | None, high: str, upper: Decimal | None) -> None:
    if lower is not None and upper is not None and lower > upper:
        raise UsageError(f"{low} = {lower} must not be above {high} = {upper}")


WIDE_OPEN = Limits()
