"""Runs of a search: the screen and the engine say the same of every set and every window."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.grounds import BTC, bars, ground, midnight, strategy_file
from thunes.compose.concluded import confirm_set, doubled
from thunes.compose.fingerprint import code_version, data_hash, terms_hash
from thunes.compose.searched import Ground, initial_equity, run_engine, run_sets
from thunes.core.domain.errors import DataError
from thunes.core.domain.position import ExitPlan, TargetLevel

SETS = [{"fast": "3", "slow": "9"}, {"fast": "8", "slow": "30"}, {"fast": "40", "slow": "200"}]
STOPS = ExitPlan(
    stop_distance=Decimal("0.01"),
    targets=(TargetLevel(distance=Decimal("0.02"), share=Decimal(1)),),
)


_NEVER = """    n: int = 1
    def signals(self, bars: Bars) -> Signals:
        return Signals(enter=bars.close < 0, exit=bars.close < 0)
"""


def same(here: Ground) -> None:
    """Every set comes to the same by the screen and by the engine, and its fills do."""
    assert here.terms is not None
    for parameters, screened in zip(SETS, run_sets(here, SETS), strict=True):
        engine = run_engine(here.with_parameters(parameters))
        assert screened.returns == pytest.approx(engine.returns, rel=1e-9, abs=1e-12)
        assert screened.returns.size == here.days.size
        assert screened.closed == engine.closed
        assert screened.drawdown == pytest.approx(engine.drawdown, rel=1e-9)
        confirm_set(here, parameters)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.booleans())
def test_all_of_the_bars(seed: int, stops: bool) -> None:
    same(ground(bars(12, seed), exits=STOPS if stops else None))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(0, 10), st.integers(1, 8), st.booleans())
def test_a_window_of_them(seed: int, first: int, days: int, stops: bool) -> None:
    whole = ground(bars(20, seed), exits=STOPS if stops else None)
    here = whole.between(midnight(first), midnight(first + days))
    assert here.days.tolist() == [midnight(first + n + 1) for n in range(days)]
    same(here)


def test_bars_before_a_window_warm_up_and_trade_nothing() -> None:
    slow = [{"fast": "5", "slow": "96"}]
    warm = cold = 0
    for seed in range(6):
        here = ground(bars(20, seed)).between(midnight(10), midnight(14))
        warm += run_sets(here, slow)[0].closed
        cold += run_sets(ground(bars(20, seed).rows(240, 336)), slow)[0].closed
        assert initial_equity(here) == 10_000
    # With its averages known from the first bar on it trades where one that has to wait cannot.
    assert warm > cold == 0


def test_what_comes_after_a_window_changes_nothing_in_it() -> None:
    columns = bars(20, 7)
    other = bars(20, 8)
    mixed = type(columns)(
        columns.open_time,
        *(
            np.concatenate((getattr(columns, name)[:240], getattr(other, name)[240:]))
            for name in ("open", "high", "low", "close", "volume")
        ),
    )
    one, two = (ground(each).between(midnight(2), midnight(10)) for each in (columns, mixed))
    for a, b in zip(run_sets(one, SETS), run_sets(two, SETS), strict=True):
        assert a.returns.tolist() == b.returns.tolist()


def test_what_is_held_at_the_end_of_a_test_is_sold_at_its_costs() -> None:
    columns = bars(20, 3)
    rising = type(columns)(
        columns.open_time,
        *(np.round(np.linspace(100, 200, 480), 2) for _ in range(4)),
        columns.volume,
    )
    here = ground(rising).with_parameters({"fast": "2", "slow": "3"})
    dip = rising.close.copy()
    dip[250:260] = np.round(dip[250:260] * 0.9, 2)
    dipped = replace(here, columns={BTC: type(columns)(rising.open_time, dip, dip, dip, dip, dip)})
    kept, sold = run_engine(dipped), run_engine(replace(dipped, closing=True))
    assert kept.returns[:-1].tolist() == sold.returns[:-1].tolist()
    ratio = (1 + sold.returns[-1]) / (1 + kept.returns[-1])
    assert ratio == pytest.approx(1 - 0.0015, abs=1e-6)


def test_twice_the_costs_cost_more() -> None:
    here = ground(bars(40, 1))
    assert doubled(here).spec.costs.fee_bps == 20
    assert doubled(here).spec.costs.slippage_bps == 10
    for once, twice in zip(run_sets(here, SETS), run_sets(doubled(here), SETS), strict=True):
        assert np.prod(1 + twice.returns) < np.prod(1 + once.returns)


def test_a_strategy_that_asks_events_is_run_by_the_engine() -> None:
    here = ground(bars(10), source="dca").between(midnight(4), midnight(8))
    assert here.terms is None
    outcome = run_sets(here, [{"base": "50"}])[0]
    assert outcome.returns.size == 4
    assert outcome.returns.any()


def test_a_window_without_a_bar_of_anything_is_told() -> None:
    with pytest.raises(DataError, match="no symbol that is traded has a bar"):
        ground(bars(5)).between(midnight(50), midnight(60))


def test_fingerprints_tell_apart_what_decides_and_nothing_else(tmp_path: Path) -> None:
    here = ground()
    assert terms_hash(here) == terms_hash(here.with_parameters(SETS[0]))
    assert terms_hash(here) == terms_hash(replace(here, memory=7))
    others = [
        doubled(here),
        replace(here, closing=True),
        here.between(midnight(3), midnight(9)),
        ground(exits=STOPS),
        ground(cash="20000"),
    ]
    assert len({terms_hash(each) for each in (here, *others)}) == 6
    first, second = (
        ground(source=strategy_file(tmp_path, _NEVER + f"    # {n}\n")) for n in range(2)
    )
    assert terms_hash(first) != terms_hash(second)
    changed = bars(40, 0)
    assert data_hash({BTC: changed}, 1) != data_hash({BTC: bars(40, 1)}, 1)
    assert code_version() == code_version()
