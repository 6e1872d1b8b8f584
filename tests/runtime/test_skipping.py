"""Skipping rows where nothing can happen changes no command, no fill, no fact and no state."""

from dataclasses import replace

from hypothesis import given, settings

from tests.runtime.test_determinism import plain
from tests.runtime.worlds import Case, cases, market
from thunes.compose.backtest import Ran, run_backtest
from thunes.compose.engine import build_engine
from thunes.core.domain.command import PlaceOrders
from thunes.core.domain.event import BarsClosed, Event
from thunes.core.domain.line import Outcome
from thunes.core.domain.units import Symbol


def run(case: Case, *, every_bar: bool) -> Ran:
    return run_backtest(case.spec, case.columns, replace(case.world, every_bar=every_bar))


def same_run(case: Case) -> None:
    every, skipped = run(case, every_bar=True), run(case, every_bar=False)
    assert skipped.outcome_hash == every.outcome_hash
    assert skipped.built.engine.state.digest() == every.built.engine.state.digest()
    assert skipped.venue.balances() == every.venue.balances()
    assert skipped.venue.ambiguous_bars == every.venue.ambiguous_bars
    assert skipped.steps <= every.steps


@settings(max_examples=300)
@given(cases())
def test_skipping_changes_nothing(case: Case) -> None:
    same_run(case)


@settings(max_examples=100)
@given(cases(charged="bnb"))
def test_skipping_changes_nothing_where_positions_pay_fees(case: Case) -> None:
    same_run(case)


def test_a_grid_begins_where_its_symbol_does_whoever_skips_the_rows_before() -> None:
    case = plain("grid")
    listed = {symbol: 37 * place for place, symbol in enumerate(case.columns)}
    columns = {s: market(10 + first, 400 - first, first) for s, first in listed.items()}
    case = replace(case, columns=columns)
    same_run(case)
    built, begun = build_engine(case.spec, columns), dict[Symbol, int]()

    def watch(event: Event, outcome: Outcome) -> None:
        for command in outcome.commands:
            if isinstance(command, PlaceOrders) and isinstance(event, BarsClosed):
                begun.setdefault(command.orders[0].symbol, event.at)

    run_backtest(case.spec, columns, case.world, (built, watch))
    assert begun == {s: int(bars.open_time[0]) + case.spec.timeframe for s, bars in columns.items()}
