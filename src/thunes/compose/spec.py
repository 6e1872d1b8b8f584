"""The specification: everything that decides what a run does, as one plain value."""

from decimal import Decimal

import msgspec

from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ZERO, Asset, StrategyId, Symbol
from thunes.core.portfolio.sizing import Sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits


class StrategySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One strategy of a run: `source` is a name of the catalogue or `FILE.py:Class`.

    `sha256` is of the file, so that a replay with another text is refused.
    """

    id: StrategyId
    source: str
    parameters: dict[str, str] = {}
    symbols: tuple[Symbol, ...] = ()
    sha256: str = ""


class Costs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fees and slippage in basis points; `fee_asset` is quote, received or bnb."""

    fee_bps: Decimal = ZERO
    fee_asset: str = "quote"
    slippage_bps: Decimal = ZERO

    @property
    def fee_rate(self) -> Decimal:
        return self.fee_bps / 10_000


class Friction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What else a simulated venue does: delay in milliseconds, share of volume, direction."""

    latency_ms: int = 0
    participation: Decimal | None = None
    optimistic: bool = False


class RunSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a run does, apart from the market itself.

    `entry_cap` is the share above the last price that an entry may pay; then it brings its
    protection along.
    """

    quote: Asset
    timeframe: int
    instruments: tuple[Instrument, ...]
    strategies: tuple[StrategySpec, ...]
    sizing: Sizing
    exits: ExitPlan = ExitPlan()
    limits: Limits = WIDE_OPEN
    costs: Costs = Costs()
    entry_cap: Decimal | None = None


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose orders a journal tells of: at which place, and a fingerprint of the key."""

    place: str
    key: str


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first line of a journal: enough to build the same engine again."""

    thunes: str
    run: RunSpec
    tape: dict[Symbol, str]
    account: Account | None = None  # None: of a run over the past
