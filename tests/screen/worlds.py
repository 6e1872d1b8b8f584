"""Random worlds that a screen takes: signal strategies, markets, costs, limits and exits."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from msgspec import structs

from tests.runtime.worlds import BNB, STRATEGIES, Case, cases
from thunes.compose.spec import Friction, StrategySpec
from thunes.core.domain.market import BarColumns
from thunes.core.domain.units import StrategyId, Symbol

BNB_SYMBOL = Symbol("BNBUSDT")
SCREENED = ("cross", "slow cross", "rsi", "donchian")


@st.composite
def screened_cases(draw: st.DrawFn, rows_max: int = 220) -> Case:
    """A run of one signal strategy without friction; fees in BNB only where nobody trades BNB."""
    case = draw(cases(rows_max))
    name = draw(st.sampled_from(SCREENED))
    columns, traded = case.columns, tuple(case.columns)
    if case.spec.costs.fee_asset == "bnb":
        traded = tuple(symbol for symbol in columns if symbol != BNB_SYMBOL)
        columns = within(columns, BNB_SYMBOL)
    spec = structs.replace(
        case.spec,
        strategies=(StrategySpec(StrategyId(name), *STRATEGIES[name], traded),),
    )
    world = replace(case.world, friction=Friction(), operators=())
    return Case(spec, columns, world)


def within(columns: dict[Symbol, BarColumns], symbol: Symbol) -> dict[Symbol, BarColumns]:
    """The bars that open with one of this symbol."""
    times = columns[symbol].open_time
    kept = {each: np.isin(bars.open_time, times) for each, bars in columns.items()}
    return {
        each: BarColumns(*(getattr(bars, name)[kept[each]] for name in BarColumns.__slots__))
        for each, bars in columns.items()
    }
