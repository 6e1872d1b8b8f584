"""Daily returns are what a strategy earned, as its journal tells it: no deposit is one."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ops.rehearsals import asked
from thunes.cli.lived import live_asked
from thunes.compose.backtest import World
from thunes.compose.measured import measured_backtest
from thunes.compose.spec import Costs, RunSpec, StrategySpec
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.event import BarsClosed, VenueReported
from thunes.core.domain.fact import DayRolled, PositionChanged, TradeClosed
from thunes.core.domain.instrument import Instrument
from thunes.core.domain.market import Bar
from thunes.core.domain.position import Trade
from thunes.core.domain.units import NS_PER_DAY, Asset, Price, Quantity, StrategyId, Symbol
from thunes.core.portfolio.sizing import parse_sizing
from thunes.core.stats.performance import daily_equity, period_returns
from thunes.ops.daily_returns import (
    StrategyDays,
    days_in_csv,
    days_of_account,
    days_of_backtest,
)
from thunes.simulation.market import DEMO_MARKET, synthesize

D = Decimal
BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
OURS, OTHER = StrategyId("sma_cross"), StrategyId("rsi")
DAY = 20_000


def closed(price: str, day: int, equity: str = "") -> tuple[BarsClosed, list[Any]]:
    """A closing; with `equity` it is the first one of the day."""
    at = day * NS_PER_DAY
    worth = float(price)
    bar = Bar(at - 60 * 10**9, at, worth, worth, worth, worth, 1.0)
    facts = [DayRolled(day, D(equity))] if equity else []
    return BarsClosed(at, day, {BTC: (bar,)}), facts


def changed(quantity: str, price: str, whose: StrategyId = OURS) -> Any:
    fact = PositionChanged(BTC, whose, 0, D(quantity), D(price), None)
    return VenueReported(0, ()), [fact]


def sold(pnl: str, whose: StrategyId = OURS) -> Any:
    trade = Trade(BTC, whose, 0, D(100), D(1), 0, D(100), D(0), D(pnl), "signal")
    return VenueReported(0, ()), [TradeClosed(trade, True)]


def told(*steps: Any) -> dict[int, float]:
    days = StrategyDays(OURS)
    for event, facts in steps:
        days.take(event, facts)
    return days.returns


def test_what_is_held_counts_at_its_price_and_what_is_sold_as_booked() -> None:
    found = told(
        closed("100", DAY, "1000"),
        changed("2", "100"),
        closed("110", DAY + 1, "1020"),  # +20 held
        changed("0", "100"),
        sold("14"),
        closed("300", DAY + 2, "1014"),  # 14 - 20
        closed("300", DAY + 3, "1014"),
    )
    assert found == pytest.approx({DAY: 0.02, DAY + 1: -6 / 1020, DAY + 2: 0.0})


def test_a_deposit_is_no_return_and_neither_is_what_another_strategy_earns() -> None:
    found = told(
        closed("100", DAY, "1000"),
        changed("2", "100", OTHER),
        sold("500", OTHER),
        closed("200", DAY + 1, "9000"),  # a deposit, and the profit of another
        sold("90"),
        closed("200", DAY + 2, "90"),  # a withdrawal
    )
    assert found == pytest.approx({DAY: 0.0, DAY + 1: 0.01})


def test_what_came_while_nothing_ran_counts_to_the_day_before() -> None:
    found = told(
        closed("100", DAY, "1000"),
        changed("1", "100"),
        closed("50", DAY + 4, "950"),
        closed("50", DAY + 5, "950"),
    )
    assert found == pytest.approx({DAY: -0.05, DAY + 4: 0.0})


def test_a_day_that_has_not_ended_is_none() -> None:
    assert told(closed("100", DAY, "1000"), closed("90", DAY)) == {}
    assert told() == {}


def test_a_backtest_tells_the_daily_returns_that_it_was_measured_by(tmp_path: Path) -> None:
    columns = {BTC: synthesize(DEMO_MARKET)}
    one = Instrument(
        symbol=BTC,
        base=Asset("BTC"),
        quote=Asset("USDT"),
        tick=Price(D("0.01")),
        step=Quantity(D("0.00001")),
        min_quantity=Quantity(D("0.00001")),
        min_notional=D(5),
    )
    spec = RunSpec(
        quote=Asset("USDT"),
        timeframe=3_600 * 10**9,
        instruments=(one,),
        strategies=(StrategySpec(OURS, "sma_cross", {"fast": "10", "slow": "30"}, (BTC,)),),
        sizing=parse_sizing("all_cash"),
        costs=Costs(D(10), "quote", D(5)),
    )
    world = World({Asset("USDT"): D(10_000)}, journal=tmp_path / "journal")
    curve = measured_backtest(spec, columns, world).result.curve
    found = days_of_backtest(tmp_path / "journal")
    expected = period_returns(daily_equity(curve.at, curve.equity, 10_000.0))
    assert list(found.values()) == pytest.approx(expected, abs=1e-12)
    assert min(found) == columns[BTC].open_time[0] // NS_PER_DAY
    assert np.count_nonzero(expected) > 50


def test_an_account_tells_what_its_equity_does_while_nobody_deposits(tmp_path: Path) -> None:
    live_asked(asked(tmp_path, 25.0, faults=None, config=None))
    journal = tmp_path / "state" / "journal"
    equity, ours = days_of_backtest(journal), days_of_account(journal, OURS)
    assert len(equity) == 1
    # A position held over midnight has paid the fee of its entry in equity, and not yet here.
    assert [ours[day] for day in equity] == pytest.approx(list(equity.values()), abs=2e-5)
    assert any(equity.values())
    assert not any(days_of_account(journal, OTHER).values())


def test_returns_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "returns.csv"
    file.write_text("Date, equity, Return\n2026-11-20,100,0.01\n\n2026-11-22,99,-0.02\n")
    assert days_in_csv(file) == {20_777: 0.01, 20_779: -0.02}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its first line must name the columns date and return"),
        ("day,pnl\n", "its first line must name the columns date and return"),
        ("date,return\n2026-11-20,0\n2026-11-20,0\n", "line 3: 2026-11-20 stands there twice"),
        ("date,return\n2026-11-20,0\n2026-11-19,0\n", "line 3: 2026-11-19 comes after a later"),
        ("date,return\n2026-11-20T01:00Z,0\n", "line 2: '2026-11-20T01:00Z' is not a day"),
        ("date,return\nlast week,0\n", "line 2: 'last week' is not a day such as 2026-11-21"),
        ("date,return\n2026-11-20,nan\n", "line 2: 'nan' is not a return"),
        ("date,return\n2026-11-20,-1.5\n", "line 2: '-1.5' is not a return"),
        ("date,return\n2026-11-20\n", "line 2: '' is not a return"),
        ("date,return\n2026-11-20,inf\n", "line 2: 'inf' is not a return"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "returns.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=said):
        days_in_csv(file)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        days_in_csv(tmp_path)
    (tmp_path / "x").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(DataError, match="is no text"):
        days_in_csv(tmp_path / "x")
