"""Skipping rows where nothing can happen changes no command, no fill, no fact and no state."""

from dataclasses import replace

from hypothesis import given, settings

from tests.runtime.worlds import Case, cases
from thunes.compose.backtest import Ran, run_backtest


def run(case: Case, *, every_bar: bool) -> Ran:
    return run_backtest(case.spec, case.columns, replace(case.world, every_bar=every_bar))


@settings(max_examples=300)
@given(cases())
def test_skipping_changes_nothing(case: Case) -> None:
    every, skipped = run(case, every_bar=True), run(case, every_bar=False)
    assert skipped.outcome_hash == every.outcome_hash
    assert skipped.built.engine.state.digest() == every.built.engine.state.digest()
    assert skipped.venue.balances() == every.venue.balances()
    assert skipped.venue.ambiguous_bars == every.venue.ambiguous_bars
    assert skipped.steps <= every.steps
