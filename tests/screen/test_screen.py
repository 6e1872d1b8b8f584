"""What a screen tells of parameter sets, in whatever form it is computed, and what it refuses."""

import math
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.runtime.worlds import HOUR, START, SYMBOLS, USDT, Case, instrument, market
from tests.screen.worlds import screened_cases
from thunes.compose.backtest import World
from thunes.compose.measured import measured_backtest
from thunes.compose.screened import terms_of
from thunes.compose.spec import RunSpec, StrategySpec
from thunes.compose.strategies import load_kind
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import Asset, Price, StrategyId, Symbol
from thunes.core.market.bars import Bars
from thunes.core.market.tape import Tape
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.strategy.catalog import build
from thunes.core.strategy.protocol import Signals, SignalStrategy, StrategyError
from thunes.core.strategy.sma_cross import SmaCross
from thunes.research.screen import Screened, screen
from thunes.research.sweep import events, job
from thunes.research.sweep.market import prices_of
from thunes.research.sweep.terms import Terms

D = Decimal
ONE = SYMBOLS[:1]
PAIRS = [SmaCross(fast=fast, slow=slow) for fast in (2, 3, 5) for slow in (7, 12)]


def plain_spec(symbols: tuple[Symbol, ...] = ONE, sizing: str = "all_cash") -> RunSpec:
    return RunSpec(
        quote=USDT,
        timeframe=HOUR,
        instruments=tuple(instrument(symbol) for symbol in symbols),
        strategies=(StrategySpec(StrategyId("cross"), "sma_cross", {}, symbols),),
        sizing=parse_sizing(sizing),
    )


def terms(symbols: tuple[Symbol, ...] = ONE, sizing: str = "all_cash") -> Terms:
    return terms_of(plain_spec(symbols, sizing), World(balances={USDT: D(10_000)}))


def bars_of(columns: dict[Symbol, BarColumns]) -> dict[Symbol, Bars]:
    return {symbol: Bars(symbol, HOUR, each) for symbol, each in columns.items()}


def some_bars(rows: int = 300) -> dict[Symbol, Bars]:
    return bars_of({ONE[0]: market(3, rows)})


def assert_same(one: Screened, other: Screened) -> None:
    for name in ("final_equity", "entries", "trades", "wins", "sharpe", "max_drawdown", "exposure"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def close_to(ours: float, theirs: float | None) -> bool:
    if theirs is None:
        return math.isnan(ours)
    return math.isclose(ours, theirs, rel_tol=1e-8, abs_tol=1e-10)


@settings(max_examples=25)
@given(screened_cases())
def test_the_figures_are_those_of_the_measured_backtest(case: Case) -> None:
    spec = case.spec.strategies[0]
    strategy = build(load_kind(spec.source)[0], spec.parameters)
    assert isinstance(strategy, SignalStrategy)
    try:
        found = screen(bars_of(case.columns), [strategy], terms_of(case.spec, case.world))
    except DataError:
        assume(False)
    assume(not found.doubts[0])
    wanted = measured_backtest(case.spec, case.columns, case.world).result.metrics
    assert found.trades[0] == wanted.trades
    assert found.open_positions[0] == wanted.open_positions
    assert found.wins[0] == wanted.wins
    assert close_to(found.final_equity[0], wanted.final_equity)
    assert close_to(found.total_return[0], wanted.total_return)
    assert close_to(found.sharpe[0], wanted.sharpe)
    assert close_to(found.max_drawdown[0], wanted.max_drawdown)
    assert close_to(found.profit_factor[0], wanted.profit_factor)
    assert close_to(found.exposure[0], wanted.exposure)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(20, 400),
    blur=st.sampled_from([0.0, 0.0, 1e-3]),
)
def test_crossings_are_found_where_the_signals_are(seed: int, rows: int, blur: float) -> None:
    """On prices with many ties, and on some that lie on no grid."""
    columns = market(seed, rows)
    closes = columns.close + blur * np.random.default_rng(seed).random(len(columns)) ** 9
    made = replace(columns, close=closes, high=columns.high + blur)
    later = market(seed + 1, rows - 5, 5)
    for markets in ((made, later), (made,)):
        tape = Tape(bars_of(dict(zip(SYMBOLS, markets, strict=False))))
        symbols = tuple(tape.bars)
        at_once = events.events_of(PAIRS, tape, symbols)
        asked = [Asked(fast=p.fast, slow=p.slow) for p in PAIRS]
        one_by_one = events.events_of(asked, tape, symbols)
        for ours, theirs in zip(at_once, one_by_one, strict=True):
            np.testing.assert_array_equal(ours, theirs)


class Asked(SignalStrategy, frozen=True):
    """The same crossing, without the promise that it is one."""

    fast: int
    slow: int

    def signals(self, bars: Bars) -> Signals:
        return SmaCross(fast=self.fast, slow=self.slow).signals(bars)


def test_as_many_at_a_time_as_there_is_room_for_changes_nothing() -> None:
    bars = some_bars()
    whole = screen(bars, PAIRS, terms(), keep_daily=True)
    parts = screen(bars, PAIRS, terms(), memory=30_000, keep_daily=True)
    assert_same(whole, parts)
    assert whole.daily is not None
    assert parts.daily is not None
    np.testing.assert_array_equal(whole.daily, parts.daily)
    assert whole.trades.sum() > 20


def test_daily_equity_is_kept_only_when_asked_for() -> None:
    assert screen(some_bars(), PAIRS, terms()).daily is None


def test_volatility_is_that_of_the_rule_of_sizing() -> None:
    """Bit for bit, for the amount that follows from it is rounded down."""
    tape = Tape(some_bars())
    prices = prices_of(tape, ONE, levels=False)
    found = job.yearly_volatility(prices, tape)[:, 0]
    closes = tape.bars[ONE[0]].close
    assert np.isnan(found[:100]).all()
    for row in (100, 173, len(closes) - 1):
        deviation = float(np.std(np.diff(np.log(closes[row - 100 : row + 1])), ddof=1))
        assert found[row] == deviation * math.sqrt(365 * 86_400 / 3_600)


def refused(match: str, kind: type[Exception] = UsageError) -> AbstractContextManager[object]:
    return pytest.raises(kind, match=match)


def test_nothing_to_screen_is_refused() -> None:
    with refused("no parameter sets"):
        screen(some_bars(), [], terms())


def test_a_pair_that_looks_at_more_bars_than_there_are_never_trades() -> None:
    found = screen(some_bars(), [SmaCross(fast=10, slow=500)], terms())
    assert found.entries.tolist() == [0]
    assert found.total_return.tolist() == [0.0]


def test_a_symbol_listed_late_does_not_keep_the_others_from_being_screened() -> None:
    bars = bars_of({SYMBOLS[0]: even(60), SYMBOLS[1]: even(4, 56)})
    assert screen(bars, PAIRS, terms(SYMBOLS[:2])).doubts == ("",) * len(PAIRS)


def test_more_results_than_fit_are_refused_with_how_many_do() -> None:
    match = r"6 parameter sets need .* allow more, or screen at most \d+ at a time"
    with refused(match + ", or do not keep daily equity"):
        screen(some_bars(), PAIRS, terms(), memory=1_000, keep_daily=True)


def test_a_price_that_is_none_is_refused_with_its_row() -> None:
    columns = even(60)
    columns.high[7] = math.nan
    asked = replace(terms(), exits=ExitPlan(stop_distance=D("0.02")))
    with refused("AAAUSDT: high is nan in row 7, 2024-01-03T22:00:00Z", DataError):
        screen(bars_of({ONE[0]: columns}), PAIRS, asked)


def test_a_strategy_that_gives_no_signals_is_refused_by_name() -> None:
    class Wrong(SignalStrategy, frozen=True):
        def signals(self, bars: Bars) -> Signals:
            return Signals(enter=np.full(len(bars), np.nan), exit=np.zeros(len(bars), bool))

    with refused("strategy Wrong: enter must be a bool array, not float64", StrategyError):
        screen(some_bars(), [Wrong()], terms())


def test_bars_that_do_not_open_together_are_refused() -> None:
    beside = even(60)
    beside = replace(beside, open_time=beside.open_time + HOUR // 2)
    with refused("must open together"):
        screen(bars_of({SYMBOLS[0]: even(60), SYMBOLS[1]: beside}), PAIRS, terms(SYMBOLS[:2]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"fee_asset": "bnb", "traded": SYMBOLS[1:2]}, "positions would pay them"),
        ({"fee_asset": "base"}, "one of quote, received, bnb"),
        ({"traded": (Symbol("XUSDT"),)}, "no instrument describes it"),
        ({"exits": ExitPlan(stop_price=Price(D(1)))}, "give distances"),
        ({"balances": {USDT: D(1), Asset("BTC"): D(1)}}, "1 BTC is held from the start"),
    ],
)
def test_terms_that_are_not_screened_are_refused(changed: dict[str, Any], said: str) -> None:
    with refused(said):
        replace(terms(SYMBOLS[:2]), **changed)


def test_more_targets_than_a_venue_takes_orders_are_refused() -> None:
    levels = tuple(TargetLevel(D(n) / 100, D("0.1")) for n in range(1, 9))
    with refused("8 targets are planned: at most 7"):
        screen(some_bars(), PAIRS, replace(terms(), exits=ExitPlan(targets=levels)))
    few = structs.replace(instrument(ONE[0]), max_orders=2)
    plan = ExitPlan(targets=levels[:1])
    with refused("takes 2 orders at a time, the exits may need 4"):
        screen(some_bars(), PAIRS, replace(terms(), instruments=(few,), exits=plan))


def even(rows: int, first: int = 0) -> BarColumns:
    """Bars without a hole."""
    times = START + HOUR * (first + np.arange(rows, dtype=np.int64))
    close = 100.0 + np.arange(rows) % 7
    return BarColumns(times, close, close + 1, close - 1, close, np.ones(rows))
