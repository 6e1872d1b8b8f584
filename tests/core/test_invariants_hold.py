"""After every step the account is sound and within its limits, on random and on real markets."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.core.witness import witnessed
from tests.market.sample import real_bars
from tests.runtime.worlds import EXITS, USDT, Case, cases
from thunes.compose.backtest import World
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import (
    Asset,
    Money,
    Price,
    Quantity,
    StrategyId,
    Symbol,
    parse_timeframe,
)
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.risk.limits import WIDE_OPEN, Limits

D = Decimal


@settings(max_examples=250)
@given(cases(), st.booleans())
def test_random_worlds(case: Case, every_bar: bool) -> None:
    witnessed(case.spec, case.columns, replace(case.world, every_bar=every_bar))


LATE = st.sampled_from([700, 2 * 3_600_000])
SHARES = st.sampled_from([D("0.05"), D("0.4")])


@settings(max_examples=200)
@given(cases(charged="bnb"), LATE, SHARES)
def test_worlds_where_bnb_is_traded_and_pays_the_fees(case: Case, late: int, share: D) -> None:
    """Commands travel and orders fill in parts: no position is eaten unseen, no coin is lost."""
    friction = structs.replace(case.world.friction, latency_ms=late, participation=share)
    witnessed(case.spec, case.columns, replace(case.world, friction=friction))


def real_spec(
    columns: dict[Symbol, BarColumns], timeframe: str, limits: Limits, **changed: object
) -> RunSpec:
    """SMA 10/30, 2 % of equity an entry, stop 3 %, target 6 %, as small a tick as any coin has."""
    given_ = {
        "sizing": parse_sizing("equity:2%"),
        "exits": ExitPlan(stop_distance=D("0.03"), targets=(TargetLevel(D("0.06"), D(1)),)),
        **changed,
    }
    return RunSpec(
        quote=USDT,
        timeframe=parse_timeframe(timeframe),
        instruments=tuple(
            Instrument(
                symbol=symbol,
                base=Asset(symbol.removesuffix("USDT")),
                quote=USDT,
                tick=Price(D("0.00000001")),
                step=Quantity(D("0.00001")),
                min_notional=Money(D(5)),
            )
            for symbol in columns
        ),
        strategies=(
            StrategySpec(
                StrategyId("cross"), "sma_cross", {"fast": "10", "slow": "30"}, tuple(columns)
            ),
        ),
        limits=limits,
        costs=Costs(fee_bps=D(10), slippage_bps=D(5)),
        **given_,
    )


def universe(real_data: Path) -> dict[Symbol, BarColumns]:
    files = sorted((real_data / "binance_spot/universe_2024/1h").glob("*.parquet"))
    every = [real_bars(file, "1h") for file in files]
    return {bars.symbol: bars.columns for bars in every}


CAPS = Limits(
    max_positions=12,
    order_size=Money(D(2_500)),
    loss_per_trade=Money(D(100)),
    symbol_exposure=D("0.025"),
    total_exposure=D("0.2"),
    daily_loss_share=D("0.02"),
    daily_loss_lifted_by="day",
    drawdown_warning=D("0.15"),
    drawdown_limit=D("0.5"),
    loss_cool_down_s=1_800,
    signal_cool_down_s=14_400,
    max_age_s=7_200,
)


@pytest.mark.real_data
@pytest.mark.parametrize("limits", [WIDE_OPEN, CAPS], ids=["wide open", "capped"])
def test_a_universe_in_one_account(limits: Limits, real_data: Path) -> None:
    columns = universe(real_data)
    assert len(columns) == 47
    seen = witnessed(real_spec(columns, "1h", limits), columns, World({USDT: D(100_000)}))
    assert seen.entries > (500 if limits is CAPS else 5_000)


@pytest.mark.real_data
@pytest.mark.parametrize("exits", ["stop and target", "by signal"])
def test_a_year_of_minutes(exits: str, real_data: Path) -> None:
    bars = real_bars(real_data / "binance_spot/1m/BTCUSDT_1m.parquet", "1m")
    assert len(bars) == 535_680
    columns = {bars.symbol: bars.columns}
    one = parse_sizing("quantity:1")
    spec = real_spec(columns, "1m", WIDE_OPEN, sizing=one, exits=EXITS[exits])
    assert witnessed(spec, columns, World({USDT: D(1_000_000_000)})).entries > 10_000
