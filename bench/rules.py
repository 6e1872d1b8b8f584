"""Rules: what a measured account trades by."""

from decimal import Decimal

from thunes.compose.spec import Costs, RunSpec
from thunes.compose.strategies import specify_strategy
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import Asset
from thunes.core.portfolio.sizing import parse_sizing

_FEE_BPS, _STOP = Decimal(10), Decimal("0.02")


def rules(
    instruments: tuple[Instrument, ...],
    timeframe: int,
    strategy: str = "sma_cross",
    parameters: dict[str, str] | None = None,
) -> RunSpec:
    """One strategy on all instruments, a hundred an entry, a stop at 2 %."""
    symbols = tuple(one.symbol for one in instruments)
    return RunSpec(
        quote=Asset("USDT"),
        timeframe=timeframe,
        instruments=instruments,
        strategies=(specify_strategy(strategy, parameters or {}, symbols),),
        sizing=parse_sizing("fixed:100"),
        exits=ExitPlan(stop_distance=_STOP),
        costs=Costs(_FEE_BPS, "received"),
    )
