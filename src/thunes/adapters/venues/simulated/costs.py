"""What trading costs at the simulated venue: commission and slippage as replaceable values."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Protocol

from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import EXACT, ONE, ZERO

_BPS = Decimal("0.0001")


class Charged(Enum):
    """In which asset commission is taken."""

    QUOTE = "quote"  # on top of the cost of a buy, out of the proceeds of a sell
    RECEIVED = "received"  # base on a buy, quote on a sell: Binance without BNB
    BNB = "bnb"  # BNB at a discount while the account holds enough of it, else as RECEIVED


@dataclass(frozen=True, slots=True)
class FeeModel:
    """Commission as fractions of the traded value (0.001 = 10 bps).

    With a `step` it is taken in multiples of that, rounded down; 0: to the last digit.
    """

    maker: Decimal = ZERO
    taker: Decimal = ZERO
    charged: Charged = Charged.QUOTE
    bnb_discount: Decimal = Decimal("0.25")
    step: Decimal = ZERO

    def __post_init__(self) -> None:
        for name in ("maker", "taker", "bnb_discount"):
            value = getattr(self, name)
            if not ZERO <= value < ONE:
                raise UsageError(f"fee model: {name} is {value}; it must be from 0 to below 1")


class SlippageModel(Protocol):
    """How far a market order moves the price against itself."""

    def fraction(self, quantity: Decimal) -> Decimal:
        """The adverse move as a fraction of the price, for `quantity` base units."""


@dataclass(frozen=True, slots=True)
class FixedSlippage:
    """The same adverse move for every quantity, in basis points."""

    bps: Decimal = ZERO
    _fraction: Decimal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not ZERO <= self.bps < 10_000:
            raise UsageError(f"slippage is {self.bps} bps; it must be from 0 to below 10000")
        object.__setattr__(self, "_fraction", EXACT.multiply(self.bps, _BPS))

    def fraction(self, quantity: Decimal) -> Decimal:  # noqa: ARG002 - the port's signature
        return self._fraction


@dataclass(frozen=True, slots=True)
class SquareRootImpact:
    """`half_spread + y * daily_sigma * sqrt(quantity / daily_volume)`.

    The square-root law of impact (Almgren et al. 2005; Toth et al. 2011). `half_spread` and
    `daily_sigma` are fractions, `daily_volume` is in base units.
    """

    half_spread: Decimal
    daily_sigma: Decimal
    daily_volume: Decimal
    y: Decimal = ONE

    def __post_init__(self) -> None:
        if self.daily_volume <= ZERO:
            raise UsageError(f"impact: daily volume is {self.daily_volume}; it must be above 0")
        if min(self.half_spread, self.daily_sigma, self.y) < ZERO:
            raise UsageError("impact: half spread, sigma and y must not be negative")

    def fraction(self, quantity: Decimal) -> Decimal:
        """Below one: a price that falls by more than all of itself is no price."""
        root = (quantity / self.daily_volume).sqrt()
        return min(self.half_spread + self.y * self.daily_sigma * root, Decimal("0.99"))
