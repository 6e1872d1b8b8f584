"""Random worlds that a screen takes: signal strategies, markets, costs, limits and exits."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from msgspec import structs

from tests.runtime.worlds import EXITS, STRATEGIES, USDT, Case, cases, level
from thunes.compose.spec import Friction, StrategySpec
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import Money, Price, Quantity, StrategyId, Symbol

D = Decimal
BNB_SYMBOL = Symbol("BNBUSDT")
SCREENED = ("cross", "slow cross", "rsi", "donchian")
CHANCE = f"{Path(__file__).with_name('chance.py')}:Chance"

THIRDS = tuple(TargetLevel(level(far), D("0.3")) for far in ("0.4", "0.9", "1.7"))
ALL_OUT = (TargetLevel(level("0.6"), D("0.5")), TargetLevel(level("1.2"), D("0.5")))
PLANS = (
    *EXITS.values(),
    ExitPlan(stop_distance=level("0.1"), targets=ALL_OUT),
    ExitPlan(
        stop_distance=level("0.7"),
        targets=THIRDS,
        break_even_after=1,
        trail_after=0,
        trail_distance=level("0.8"),
    ),
    ExitPlan(targets=THIRDS),
    ExitPlan(stop_distance=level("1"), targets=ALL_OUT, trail_distance=level("0.3"), trail_after=1),
)


@st.composite
def screened_cases(draw: st.DrawFn, rows_max: int = 220) -> Case:
    """A run of one signal strategy without friction; fees in BNB only where nobody trades BNB."""
    case = draw(cases(rows_max))
    columns, traded = case.columns, tuple(case.columns)
    if case.spec.costs.fee_asset == "bnb":
        traded = tuple(symbol for symbol in columns if symbol != BNB_SYMBOL)
        columns = within(columns, BNB_SYMBOL)
    spec = structs.replace(case.spec, strategies=(draw(strategies(traded)),))
    balances = dict(case.world.balances)
    if draw(st.booleans()):
        balances[USDT] = draw(st.sampled_from([D(600), D("1234.56789"), D(90)]))
        spec = structs.replace(
            spec,
            exits=draw(st.sampled_from(PLANS)),
            instruments=tuple(draw(grids(each)) for each in spec.instruments),
        )
    world = replace(case.world, balances=balances, friction=Friction(), operators=())
    return Case(spec, columns, world)


@st.composite
def strategies(draw: st.DrawFn, traded: tuple[Symbol, ...]) -> StrategySpec:
    name = draw(st.sampled_from([*SCREENED, "chance", "chance"]))
    source, parameters = STRATEGIES.get(name, (CHANCE, {}))
    if name == "chance":
        parameters = {
            "seed": str(draw(st.integers(0, 2**32))),
            "every": str(draw(st.sampled_from([2, 4, 9]))),
            "stops": str(draw(st.booleans())).lower(),
        }
    return StrategySpec(StrategyId(name), source, parameters, traded)


@st.composite
def grids(draw: st.DrawFn, instrument: Instrument) -> Instrument:
    """The instrument with other filters, some of which bind."""
    return structs.replace(
        instrument,
        tick=Price(draw(st.sampled_from([D("0.01"), D("0.05"), D("0.1"), D("0.00000001")]))),
        step=Quantity(draw(st.sampled_from([D("0.001"), D("0.1"), D(1), D("0.00000001")]))),
        min_quantity=Quantity(draw(st.sampled_from([D(0), D("0.5")]))),
        max_quantity=Quantity(draw(st.sampled_from([D(0), D(5)]))),
        market_max_quantity=Quantity(draw(st.sampled_from([D(0), D(0), D(3)]))),
        min_notional=Money(draw(st.sampled_from([D(0), D(5), D(80), D(480)]))),
        max_price=Price(draw(st.sampled_from([D(0), D(0), D(101)]))),
        percent_down=draw(st.sampled_from([D(0), D(0), D("0.985")])),
        percent_up=draw(st.sampled_from([D(0), D(0), D("1.01")])),
    )


def within(columns: dict[Symbol, BarColumns], symbol: Symbol) -> dict[Symbol, BarColumns]:
    """The bars that open with one of this symbol."""
    times = columns[symbol].open_time
    kept = {each: np.isin(bars.open_time, times) for each, bars in columns.items()}
    return {
        each: BarColumns(*(getattr(bars, name)[kept[each]] for name in BarColumns.__slots__))
        for each, bars in columns.items()
    }
