"""A cancel that was carried out waits for the news of its instant, and keeps nobody waiting."""

from decimal import Decimal

import numpy as np
import pytest

from thunes.compose.backtest import World, run_backtest
from thunes.compose.spec import Friction, RunSpec, StrategySpec
from thunes.core.domain.event import OperatorActed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import BarColumns
from thunes.core.domain.mode import Cause
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.portfolio.sizing import Sizing

D = Decimal
HOUR = 3_600 * 10**9
START = 1_704_294_000 * 10**9
OPENS = [99.2, 98.45, 98.55, 97.75, 97.15, 97.15, 97.5, 97.5, 97.2, 96.4, 96.7, 96.7, 93.7, 94.6]
CLOSES = [98.85, 98.55, 98.55, 97.55, 97.15, 97.1, 97.5, 97.2, 97.2, 96.7, 96.7, 93.3, 93.8, 94.65]
VOLUMES = [53.0, 52.0, 49.0, 18.0, 3.0, 46.0, 49.0, 27.0, 9.0, 8.0, 22.0, 45.0, 19.0, 1.0]
KILL = OperatorActed(START + 14 * HOUR + 1, Cause.OPERATOR_KILL, "operator", "a test")


def columns() -> BarColumns:
    opens, closes = np.array(OPENS), np.array(CLOSES)
    high, low = np.maximum(opens, closes) + 0.1, np.minimum(opens, closes) - 0.1
    times = START + HOUR * np.arange(len(OPENS), dtype=np.int64)
    return BarColumns(times, opens, high, low, closes, np.array(VOLUMES))


def spec(*strategies: StrategySpec) -> RunSpec:
    instrument = Instrument(
        "AAAUSDT", "AAA", "USDT", D("0.05"), D("0.001"), D("0.001"), min_notional=D(5)
    )
    return RunSpec(
        quote="USDT",
        timeframe=HOUR,
        instruments=(instrument,),
        strategies=strategies,
        sizing=Sizing("all_cash", D(0)),
        exits=ExitPlan(targets=(TargetLevel(D("0.02"), D(1)),)),
    )


CROSS = StrategySpec("cross", "sma_cross", {"fast": "2", "slow": "5"}, ("AAAUSDT",))
BREAKOUT = StrategySpec("donchian", "donchian", {"entry": "6", "leave": "4"}, ("AAAUSDT",))


@pytest.mark.parametrize("strategies", [(CROSS,), (CROSS, BREAKOUT)])
@pytest.mark.parametrize("latency_ms", [0, 700])
@pytest.mark.parametrize("operators", [(), (KILL,)])
def test_an_entry_that_ends_in_part_is_protected_before_anything_else_happens(
    strategies: tuple[StrategySpec, ...], latency_ms: int, operators: tuple[OperatorActed, ...]
) -> None:
    """What it bought asks for its target at once: neither a later bar nor an operator comes first,
    and a run that skips rows asks when one that looks at all of them does."""
    friction = Friction(latency_ms=latency_ms, participation=D("0.05"))
    hashes = set()
    for every_bar in (False, True):
        world = World({"USDT": D(10_000)}, friction, every_bar=every_bar, operators=operators)
        hashes.add(run_backtest(spec(*strategies), {"AAAUSDT": columns()}, world).outcome_hash)
    assert len(hashes) == 1
