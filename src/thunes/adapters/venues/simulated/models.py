"""How the simulated venue behaves: one frozen value of small replaceable models."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from thunes.adapters.venues.simulated.costs import FeeModel, FixedSlippage, SlippageModel
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import ONE, ZERO


class Ambiguity(Enum):
    """Which way a bar is thought to have gone first when both were possible."""

    PESSIMISTIC = "pessimistic"  # down: stops before targets
    OPTIMISTIC = "optimistic"  # up: targets before stops


@dataclass(frozen=True, slots=True)
class LatencyModel:
    """How long a command travels to the venue. One that arrives inside a bar acts after it."""

    nanoseconds: int = 0

    def __post_init__(self) -> None:
        if self.nanoseconds < 0:
            raise UsageError(f"latency is {self.nanoseconds} ns; it must not be negative")


@dataclass(frozen=True, slots=True)
class ParticipationModel:
    """The share of a bar's volume (or of a quote's or trade's quantity) that we may fill."""

    share: Decimal | None = None  # None: all of an order fills at once

    def __post_init__(self) -> None:
        if self.share is not None and not ZERO < self.share <= ONE:
            raise UsageError(f"participation is {self.share}; it must be above 0, at most 1")


@dataclass(frozen=True, slots=True)
class Models:
    """Everything about the simulated venue that a run may choose."""

    fees: FeeModel = field(default_factory=FeeModel)
    slippage: SlippageModel = field(default_factory=FixedSlippage)
    latency: LatencyModel = field(default_factory=LatencyModel)
    participation: ParticipationModel = field(default_factory=ParticipationModel)
    ambiguity: Ambiguity = Ambiguity.PESSIMISTIC
    limit_touch_fills: bool = False  # for comparison only: a limit fills when merely touched
