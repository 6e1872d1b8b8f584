"""Terms: the part of a run's rules that the state itself goes by."""

from dataclasses import dataclass
from decimal import Decimal

from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import Asset


@dataclass(frozen=True, slots=True)
class Terms:
    """In which asset money is counted, the share of cash that is kept back for fees, whether the
    highest equity is needed, and how what no strategy opened is to be left."""

    quote: Asset
    fee_rate: Decimal
    watch_equity: bool
    adopted: ExitPlan
