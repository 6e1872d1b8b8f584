"""Strategies and sizing by their written rules, against slow and obvious counterparts."""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.bench import BTC, HOUR, Bench, decisions, flat_bars, placed, signal, trades
from tests.market.sample import walk_bars
from thunes.core.domain.command import CancelOrders
from thunes.core.domain.decision import Action
from thunes.core.domain.errors import UsageError
from thunes.core.domain.market import BarColumns
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import Accepted, Order, OrderRole, OrderType
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import ZERO
from thunes.core.market.bars import Bars
from thunes.core.portfolio.sizing import VOLATILITY_BARS, parse_sizing
from thunes.core.strategy.catalog import SHIPPED, build, describe
from thunes.core.strategy.dca import Dca
from thunes.core.strategy.donchian import Donchian
from thunes.core.strategy.feed import evaluate
from thunes.core.strategy.grid import Grid
from thunes.core.strategy.protocol import Desk, Signals, SignalStrategy, Strategy, StrategyError
from thunes.core.strategy.rsi import Rsi
from thunes.core.strategy.sma_cross import SmaCross

D = Decimal
DESK = Desk("me", "BTCUSDT")
WALKS = st.tuples(st.integers(0, 10**6), st.integers(2, 160))


def rows(flags: Any) -> list[int]:
    return np.flatnonzero(flags).tolist()


def bars_of(
    closes: Sequence[float], highs: Sequence[float] = (), lows: Sequence[float] = ()
) -> Bars:
    flat = flat_bars(closes)
    made = BarColumns(
        flat.open_time,
        flat.open,
        np.array(highs or closes, dtype=np.float64),
        np.array(lows or closes, dtype=np.float64),
        flat.close,
        flat.volume,
    )
    return Bars("BTCUSDT", HOUR, made)


# The signal forms.


@settings(max_examples=60)
@given(WALKS, st.integers(1, 9), st.integers(1, 20), st.sampled_from(["0.01", "0.5"]))
def test_sma_cross_by_exact_sums(walk: tuple[int, int], fast: int, more: int, tick: str) -> None:
    """+1 if sum_f * s > sum_s * f else -1: a tie is not above, the first row never trades."""
    slow = fast + more
    bars = walk_bars(*walk, tick)
    closes = [Fraction(repr(float(c))) for c in bars.close]
    enter, leave, before = [], [], None
    for t in range(slow - 1, len(closes)):
        sum_f, sum_s = sum(closes[t - fast + 1 : t + 1]), sum(closes[t - slow + 1 : t + 1])
        now = sum_f * slow > sum_s * fast
        if before is not None and now is not before:
            (enter if now else leave).append(t)
        before = now
    signals = evaluate(SmaCross(fast=fast, slow=slow), bars)
    assert rows(signals.enter) == enter
    assert rows(signals.exit) == leave


def slow_rsi(closes: list[float], n: int) -> list[float | None]:
    """Wilder's averages, seeded by the mean of the first n changes; 50 without any change."""
    values: list[float | None] = [None] * len(closes)
    gains = [max(b - a, 0.0) for a, b in pairwise(closes)]
    losses = [max(a - b, 0.0) for a, b in pairwise(closes)]
    if len(gains) < n:
        return values
    gain, loss = math.fsum(gains[:n]) / n, math.fsum(losses[:n]) / n
    for t in range(n, len(closes)):
        if t > n:
            gain = (gain * (n - 1) + gains[t - 1]) / n
            loss = (loss * (n - 1) + losses[t - 1]) / n
        values[t] = 50.0 if gain + loss == 0 else 100 * gain / (gain + loss)
    return values


@settings(max_examples=60)
@given(WALKS, st.integers(2, 15))
def test_rsi_enters_on_the_way_up_and_leaves_on_the_way_down(
    walk: tuple[int, int], period: int
) -> None:
    bars = walk_bars(*walk)
    strength = slow_rsi(bars.close.tolist(), period)
    signals = evaluate(Rsi(period=period, low=40.0, high=60.0), bars)
    enter, leave = [], []
    for t in range(1, len(strength)):
        before, now = strength[t - 1], strength[t]
        if before is None or now is None:
            continue
        near = any(abs(v - level) < 1e-9 for v in (before, now) for level in (40, 60))
        if near:
            return  # too close to call in floating point
        if before <= 40 < now:
            enter.append(t)
        if before > 60 >= now:
            leave.append(t)
    assert rows(signals.enter) == enter
    assert rows(signals.exit) == leave


@settings(max_examples=60)
@given(WALKS, st.integers(1, 25), st.integers(1, 25))
def test_donchian_breaks_what_the_bars_before_made(
    walk: tuple[int, int], entry: int, leave: int
) -> None:
    bars = walk_bars(*walk)
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    signals = evaluate(Donchian(entry=entry, leave=leave), bars)
    up = [t for t in range(entry, len(close)) if close[t] > max(high[t - entry : t])]
    down = [t for t in range(leave, len(close)) if close[t] < min(low[t - leave : t])]
    assert rows(signals.enter) == up
    assert rows(signals.exit) == down


def test_a_close_that_only_touches_the_channel_does_not_break_it() -> None:
    bars = bars_of([10, 11, 11, 12, 9, 9, 8], highs=[10, 11, 11, 13, 10, 9, 9])
    signals = evaluate(Donchian(entry=2, leave=2), bars)
    assert rows(signals.enter) == [3]
    assert rows(signals.exit) == [4, 6]


def test_an_engine_acts_at_the_close_of_the_signal_and_not_on_a_state() -> None:
    """After a stop-out the next entry needs a new cross."""
    closes = [10.0, 9, 8, 9, 12, 14, 15, 16, 9, 6, 8, 12]
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, exits=ExitPlan(stop_distance=D("0.1")))
    signals = evaluate(SmaCross(fast=1, slow=3), bench.tape.bars["BTCUSDT"])
    first, second = rows(signals.enter)[:2]
    for sequence in range(len(closes)):
        acts = []
        if signals.enter[sequence]:
            acts.append(signal())
        if signals.exit[sequence]:
            acts.append(signal(Action.EXIT))
        outcome = bench.bar(*acts)
        entries = [o for o in placed(outcome) if o.role is OrderRole.ENTRY]
        assert bool(entries) is (sequence in (first, second))
        if entries:
            price = repr(closes[sequence])
            bench.obey(bench.report(bench.fill(entries[0], price, "5", complete=True)))
        if sequence == first + 1:
            (stop,) = bench.resting.values()
            bench.report(bench.fill(stop, str(stop.stop_price)))


# Parameters.


def said(name: str, **parameters: str) -> str:
    with pytest.raises(UsageError) as caught:
        build(SHIPPED[name], parameters)
    return str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_strategy_stands_with_its_defaults_and_says_them(name: str) -> None:
    kind = SHIPPED[name]
    assert build(kind, {}) == kind()
    rows_of = describe(kind)
    assert [row.name for row in rows_of] == list(kind.__struct_fields__)
    again = build(kind, {row.name: str(row.default) for row in rows_of})
    assert again == kind()


@pytest.mark.parametrize("name", SHIPPED)
def test_an_unknown_parameter_is_refused_with_those_there_are(name: str) -> None:
    text = said(name, speed="9")
    assert "'speed'" in text
    assert all(row.name in text for row in describe(SHIPPED[name]))


BOUNDED = [
    (name, row.name, bad)
    for name, kind in SHIPPED.items()
    for row in describe(kind)
    if row.bounds
    for bad in ("-1", "1e30", "abc", "nan")
]


@pytest.mark.parametrize(("name", "parameter", "bad"), BOUNDED)
def test_a_value_out_of_bounds_is_refused_by_name(name: str, parameter: str, bad: str) -> None:
    row = next(row for row in describe(SHIPPED[name]) if row.name == parameter)
    upper = "<" in row.bounds
    if bad == "1e30" and not upper:
        return
    text = said(name, **{parameter: bad})
    assert parameter in text
    assert bad in text


@pytest.mark.parametrize(
    ("name", "wrong", "parts"),
    [
        ("sma_cross", {"fast": "30", "slow": "30"}, ("fast 30", "slow 30")),
        ("sma_cross", {"fast": "31", "slow": "30"}, ("fast 31", "slow 30")),
        ("rsi", {"low": "70", "high": "30"}, ("low 70", "high 30")),
        ("rsi", {"low": "50", "high": "50"}, ("low 50", "high 50")),
        ("dca", {"base": "100", "budget": "99"}, ("base 100", "budget 99")),
        ("dca", {"every": "1y"}, ("'1y'",)),
        ("grid", {"low": "100", "high": "100"}, ("low 100", "high 100")),
        ("grid", {"low": "100", "high": "101", "cells": "6"}, ("6 cells", "fees", "fewer")),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(
    name: str, wrong: dict[str, str], parts: tuple[str, ...]
) -> None:
    text = said(name, **wrong)
    assert all(part in text for part in parts), text


# What a strategy may not give back.


class Given(SignalStrategy, frozen=True):
    """Gives back whatever it was told to."""

    answer: Any = None

    def signals(self, bars: Bars) -> Signals:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


YES, NO = np.ones(4, dtype=bool), np.zeros(4, dtype=bool)
WRONG = {
    "raises": (ValueError("no idea"), "ValueError", "no idea"),
    "nothing": (None, "must return Signals"),
    "list": (Signals([True] * 4, NO), "enter", "bool array", "list"),
    "ints": (Signals(YES.astype(int), NO), "enter", "bool array", "int64"),
    "short": (Signals(NO, NO[:3]), "exit", "(3,)", "4 bars"),
    "square": (Signals(NO.reshape(2, 2), NO), "enter", "(2, 2)"),
    "both": (Signals(YES, YES), "row 0", "both enters and exits"),
    "stop": (Signals(YES, NO, np.full(4, 1.0)), "stop_distance", "row 0", "between 0 and 1"),
    "stop zero": (Signals(YES, NO, np.zeros(4)), "stop_distance", "row 0"),
    "stop type": (Signals(YES, NO, np.ones(4, np.float32)), "stop_distance", "float64", "float32"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_signals_are_told_in_one_sentence(what: str) -> None:
    answer, *parts = WRONG[what]
    with pytest.raises(StrategyError) as caught:
        evaluate(Given(answer=answer), flat_bars([1.0] * 4))
    text = str(caught.value)
    assert "Given" in text
    assert all(part in text for part in parts), text
    assert "\n" not in text


# DCA.


def ladder_of(**parameters: Any) -> list[tuple[Decimal, Decimal]]:
    return Dca(**{"base": 10.0, "budget": 1e6, "stop": 0.5, **parameters}).ladder(D(100))


def test_dca_waits_at_the_published_prices_and_averages_them() -> None:
    """P 100, d 1 %, v 1.5, w 2: 100, 99, 97.5, 95.25; average 96.6388."""
    steps = ladder_of(orders=3, deviation=0.01, spread=1.5, scale=2.0)
    assert [price for price, _ in steps] == [D(99), D("97.5"), D("95.25")]
    assert [amount for _, amount in steps] == [20, 40, 80]
    spent = 10 + sum(amount for _, amount in steps)
    units = D(10) / 100 + sum(amount / price for price, amount in steps)
    assert round(spent / units, 4) == D("96.6388")


def test_dca_with_even_spacing_takes_even_steps() -> None:
    steps = ladder_of(orders=3, deviation=0.01, spread=1.0, scale=1.0)
    assert steps == [(D(99), 10), (D(98), 10), (D(97), 10)]


@given(
    st.integers(0, 20),
    st.integers(1, 50).map(lambda n: n / 1_000),
    st.sampled_from([1.0, 1.5, 2.0]),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.integers(1, 90).map(lambda n: n / 100),
    st.integers(10, 10_000).map(float),
)
def test_dca_never_buys_at_its_stop_nor_beyond_its_budget(
    orders: int, deviation: float, spread: float, scale: float, stop: float, budget: float
) -> None:
    steps = ladder_of(
        orders=orders, deviation=deviation, spread=spread, scale=scale, stop=stop, budget=budget
    )
    assert len(steps) <= orders
    assert all(price > 100 * (1 - D(repr(stop))) for price, _ in steps)
    assert 10 + sum((amount for _, amount in steps), ZERO) <= D(repr(budget))
    assert [price for price, _ in steps] == sorted((p for p, _ in steps), reverse=True)


def dca_bench(**parameters: Any) -> Bench:
    bars = {"BTCUSDT": flat_bars([100.0] * 60)}
    values: dict[str, Any] = {"every": "1h", "base": 1_000.0, "budget": 1e5, "stop": 0.2}
    strategy = Dca(**{**values, **parameters})
    return Bench(bars=bars, strategies={DESK: strategy}, balances={"USDT": D(10**5)})


def started(**parameters: Any) -> Bench:
    """A bench whose first entry of 10 BTC has filled at 100, with its safety orders waiting."""
    bench = dca_bench(**parameters)
    (order,) = placed(bench.bar())
    bench.obey(bench.report(bench.fill(order, "100", "10", complete=True)))
    return bench


def waits(bench: Bench, role: OrderRole) -> list[Order]:
    return [o for o in bench.resting.values() if o.role is role]


def test_dca_buys_at_once_and_lays_its_safety_orders_below() -> None:
    bench = dca_bench()
    (order,) = placed(bench.bar())
    assert (order.type, order.quote_amount) == (OrderType.MARKET, 1_000)
    bench.obey(bench.report(bench.fill(order, "100", "10", complete=True)))
    entries = waits(bench, OrderRole.ENTRY)
    assert [o.limit_price for o in entries] == [D(99), D("97.5"), D("95.25")]
    (target,), (stop,) = waits(bench, OrderRole.TARGET), waits(bench, OrderRole.STOP)
    assert (target.limit_price, stop.stop_price) == (102, 80)


def test_dca_moves_its_target_with_the_average_and_its_stop_not() -> None:
    bench = started()
    for price, amount in (("99", "20"), ("97.5", "40"), ("95.25", "80")):
        order = next(o for o in waits(bench, OrderRole.ENTRY) if o.limit_price == D(price))
        before = bench.held()
        bench.obey(bench.report(bench.fill(order, price, amount)))
        assert bench.held() == before + D(amount)
        lots = bench.state.ledger.lots["BTCUSDT"]
        average = sum(x.quantity * x.price for x in lots) / bench.held()
        (target,), (stop,) = waits(bench, OrderRole.TARGET), waits(bench, OrderRole.STOP)
        assert 0 <= average * D("1.02") - target.limit_price <= D("0.01")
        assert stop.stop_price == 80
        assert target.quantity == stop.quantity == bench.held()


def test_dca_starts_anew_in_the_next_period_once_all_is_sold() -> None:
    bench = started()
    (target,) = waits(bench, OrderRole.TARGET)
    outcome = bench.report(bench.fill(target, "102"))
    waiting = {o.id for o in waits(bench, OrderRole.ENTRY)}
    cancels = [c for c in outcome.commands if isinstance(c, CancelOrders)]
    assert {i for c in cancels for i in c.order_ids} == waiting, "its safety orders go with it"
    bench.obey(outcome)
    assert bench.resting == {}
    (order,) = placed(bench.bar())
    assert order.quote_amount == 1_000


def test_dca_holds_and_waits_between_periods() -> None:
    bench = started()
    bench.bars(5)
    assert len(waits(bench, OrderRole.ENTRY)) == 3
    assert len(bench.orders) == 6


def test_dca_does_not_call_its_own_first_entry_off() -> None:
    """An acknowledgement before the fill is news of an order, not of a flat position."""
    bench = dca_bench()
    (order,) = placed(bench.bar())
    assert bench.report(Accepted(order.id)).commands == ()
    assert placed(bench.bar()) == [], "nor sends a second beside it"


def test_dca_on_one_symbol_is_not_disturbed_by_another() -> None:
    bars = {s: flat_bars([100.0] * 9, s) for s in ("BTCUSDT", "ETHUSDT")}
    dca = Dca(every="1h", base=1_000.0, stop=0.2)
    desks = {DESK: dca, Desk("me", "ETHUSDT"): dca}
    bench = Bench(bars=bars, strategies=desks)
    first, second = placed(bench.bar())
    outcome = bench.report(bench.fill(first, "100", "10", complete=True))
    cancels = [c for c in outcome.commands if isinstance(c, CancelOrders)]
    assert cancels == []
    assert second.id in bench.state.ledger.orders.open_entries


def test_dca_is_stopped_out_of_everything_at_once() -> None:
    bench = started()
    (order,) = [o for o in waits(bench, OrderRole.ENTRY) if o.limit_price == 99]
    bench.obey(bench.report(bench.fill(order, "99", "20")))
    (stop,) = waits(bench, OrderRole.STOP)
    outcome = bench.report(bench.fill(stop, "80"))
    assert sum(t.quantity for t in trades(outcome)) == 30
    bench.obey(outcome)
    assert bench.resting == {}


# Grid.


def test_a_grid_cell_earns_the_published_figure() -> None:
    """100 to 121 in 2 cells at 0.1 %: 9.780 % a cycle."""
    grid = Grid(low=100.0, high=121.0, cells=2, fee=0.001)
    assert grid.levels(D("0.01")) == [D(100), D(110), D(121)]
    assert round(grid.net_per_cycle() * 100, 3) == 9.780


@given(st.integers(2, 50), st.floats(100.5, 150), st.sampled_from([0.0, 0.001, 0.01]))
def test_a_grid_narrower_than_its_fees_is_refused(cells: int, high: float, fee: float) -> None:
    ratio = (high / 100.0) ** (1 / cells)
    worth = ratio * (1 - fee) / (1 + fee) - 1
    wanted = {"low": "100", "high": repr(high), "cells": str(cells), "fee": repr(fee)}
    if worth > 1e-9:
        grid = build(Grid, wanted)
        assert isinstance(grid, Grid)
        assert grid.net_per_cycle() == pytest.approx(worth)
    elif worth < -1e-9:
        with pytest.raises(UsageError, match="narrower than the fees"):
            build(Grid, wanted)


def grid_bench(close: float = 115.0) -> Bench:
    grid = Grid(low=100.0, high=121.0, cells=2, amount=1_000.0, stop=0.05, fee=0.001)
    bars = {"BTCUSDT": flat_bars([close] * 60)}
    bench = Bench(bars=bars, strategies={DESK: grid}, balances={"USDT": D(10_000)})
    bench.obey(bench.bar())
    return bench


def fill_at(bench: Bench, price: str, role: OrderRole = OrderRole.ENTRY) -> Order:
    """Fill the resting order of this role at this level, fee 0.1 %, and answer what follows."""
    order = next(o for o in waits(bench, role) if (o.limit_price or o.stop_price) == D(price))
    fee = bench.left[order.id] * D(price) / 1_000
    bench.obey(bench.report(bench.fill(order, price, fee=fee)))
    return order


def test_a_grid_waits_below_the_market_only() -> None:
    assert [o.limit_price for o in waits(grid_bench(), OrderRole.ENTRY)] == [100, 110]
    assert [o.limit_price for o in waits(grid_bench(105.0), OrderRole.ENTRY)] == [100]


def test_a_grid_begins_with_the_first_bar_of_its_own_symbol() -> None:
    """The tape begins with whoever is listed first; a grid cannot lay levels below no price."""
    grid = Grid(low=100.0, high=121.0, cells=2, amount=1_000.0, stop=0.05, fee=0.001)
    late = flat_bars([115.0] * 6, "ETHUSDT", first=3)
    bars = {"BTCUSDT": flat_bars([115.0] * 9), "ETHUSDT": late}
    bench = Bench(bars=bars, strategies={DESK: grid, Desk("me", "ETHUSDT"): grid})
    laid = [[order.symbol for order in placed(bench.bar())] for _ in range(9)]
    assert laid == [["BTCUSDT"] * 2, [], [], ["ETHUSDT"] * 2, [], [], [], [], []]


def test_dca_begins_with_the_first_bar_of_its_own_symbol() -> None:
    dca = Dca(every="7d", base=1_000.0, stop=0.2)
    late = flat_bars([100.0] * 6, "ETHUSDT", first=3)
    bars = {"BTCUSDT": flat_bars([100.0] * 9), "ETHUSDT": late}
    bench = Bench(bars=bars, strategies={Desk("me", "ETHUSDT"): dca})
    assert [len(placed(bench.bar())) for _ in range(6)] == [0, 0, 0, 1, 0, 0]


def test_a_grid_cycle_earns_what_it_says() -> None:
    bench = grid_bench()
    bought = fill_at(bench, "110")
    (target,), (stop,) = waits(bench, OrderRole.TARGET), waits(bench, OrderRole.STOP)
    assert (target.limit_price, stop.stop_price, target.leg) == (121, 95, bought.leg)
    fill_at(bench, "121", OrderRole.TARGET)
    paid = bought.quantity * 110 * D("1.001")
    assert (bench.cash() - 10_000) / paid == pytest.approx(D("0.0978021978"), abs=D("1E-9"))


def test_a_grid_buys_a_cell_again_after_its_target() -> None:
    bench = grid_bench()
    fill_at(bench, "110")
    fill_at(bench, "121", OrderRole.TARGET)
    entries = waits(bench, OrderRole.ENTRY)
    assert sorted(o.limit_price for o in entries) == [100, 110]
    again = next(o for o in entries if o.limit_price == 110)
    assert again.leg == "cell-1"
    assert bench.held() == 0


def test_the_cells_of_a_grid_are_protected_each_on_its_own() -> None:
    bench = grid_bench()
    fill_at(bench, "110")
    fill_at(bench, "100")
    assert sorted(o.limit_price for o in waits(bench, OrderRole.TARGET)) == [110, 121]
    assert len(waits(bench, OrderRole.STOP)) == 2
    fill_at(bench, "110", OrderRole.TARGET)
    assert [o.limit_price for o in waits(bench, OrderRole.TARGET)] == [121]
    assert bench.offered("BTCUSDT") == bench.held()


def test_a_grid_leaves_its_range_for_good() -> None:
    bench = grid_bench()
    fill_at(bench, "110")
    assert [o.limit_price for o in waits(bench, OrderRole.ENTRY)] == [100]
    fill_at(bench, "95", OrderRole.STOP)
    for order in waits(bench, OrderRole.EXIT):
        bench.obey(bench.report(bench.fill(order, "94")))
    assert bench.held() == 0
    assert bench.resting == {}, "waiting buys are called off"
    bench.bars(20)
    assert bench.resting == {}


def test_a_grid_that_leaves_sells_the_other_cells_at_market() -> None:
    bench = grid_bench()
    fill_at(bench, "110")
    fill_at(bench, "100")
    fill_at(bench, "95", OrderRole.STOP)
    (order,) = waits(bench, OrderRole.EXIT)
    assert order.quantity == bench.held()
    assert order.type is OrderType.MARKET
    bench.obey(bench.report(bench.fill(order, "94")))
    assert (bench.held(), bench.resting) == (0, {})


def test_a_grid_never_invests_more_than_its_cells() -> None:
    bench = grid_bench()
    fill_at(bench, "110")
    fill_at(bench, "100")
    assert 10_000 - bench.cash() <= 2_000
    assert waits(bench, OrderRole.ENTRY) == []


def test_a_killed_grid_buys_nothing_back() -> None:
    bench = grid_bench()
    fill_at(bench, "110")
    bench.obey(bench.operator(Cause.OPERATOR_KILL))
    fill_at(bench, "121", OrderRole.TARGET)
    assert bench.resting == {}


# Sizing.


def sized(rule: str, **more: Any) -> Order | None:
    orders = placed(Bench(sizing=rule, **more).bar(signal()))
    return orders[0] if orders else None


STOP2 = ExitPlan(stop_distance=D("0.02"))


def test_each_sizing_rule_on_the_same_account() -> None:
    order = sized("all_cash")
    assert order is not None
    assert order.quote_amount == 10_000
    for rule, amount in (("fixed:123.45", "123.45"), ("equity:12.5%", "1250")):
        order = sized(rule)
        assert order is not None
        assert order.quote_amount == D(amount)
    order = sized("quantity:1.5")
    assert order is not None
    assert (order.quantity, order.quote_amount) == (D("1.5"), None)
    order = sized("risk:1%", exits=STOP2)
    assert order is not None
    assert order.quote_amount == 5_000, "1 % of 10,000 is lost at a stop 2 % away"
    order = sized("risk:3%", exits=STOP2)
    assert order is not None
    assert order.quote_amount == 10_000, "and never more than there is"


def test_sizing_by_equity_counts_what_is_held() -> None:
    bars = {"BTCUSDT": flat_bars([100.0, 200.0, 200.0]), "ETHUSDT": flat_bars([9.0] * 3, "ETHUSDT")}
    bench = Bench(bars=bars, sizing="equity:10%")
    (order,) = placed(bench.bar(signal()))
    bench.report(bench.fill(order, "100", "10", complete=True))
    (order,) = placed(bench.bar(signal(symbol="ETHUSDT")))
    assert order.quote_amount == 1_100, "9,000 in cash and 2,000 in BTC"


@pytest.mark.parametrize("rule", ["risk:1%", "volatility:40%"])
def test_a_rule_that_lacks_what_it_needs_enters_nothing(rule: str) -> None:
    """No stop, no closes: the entry is refused and on record, never sized by a guess."""
    bench = Bench(sizing=rule)
    outcome = bench.bar(signal())
    assert placed(outcome) == []
    (decided,) = decisions(outcome)
    assert decided.refused_by is not None
    assert decided.proposal.notional in (None, ZERO)


def test_sizing_by_risk_uses_the_stop_of_the_signal() -> None:
    bench = Bench(sizing="risk:1%")
    (order,) = placed(bench.bar(signal(stop_distance=D("0.04"))))
    assert order.quote_amount == 2_500


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["1%", "10%", "40%"]))
def test_sizing_by_volatility_against_numpy(seed: int, target: str) -> None:
    bars = walk_bars(seed, VOLATILITY_BARS + 30)
    instruments, rule = (named("TESTUSDT"),), f"volatility:{target}"
    bench = Bench(bars={"TESTUSDT": bars}, instruments=instruments, sizing=rule)
    for _ in range(VOLATILITY_BARS):
        outcome = bench.bar()
    assert placed(outcome) == []
    outcome = bench.bar(signal(symbol="TESTUSDT"))
    closes = bars.close[: VOLATILITY_BARS + 1]
    changes = np.log(closes[1:] / closes[:-1])
    yearly = math.sqrt(np.sum((changes - changes.mean()) ** 2) / (changes.size - 1) * 365 * 24)
    wanted = min(10_000.0, 10_000 * float(D(target[:-1]) / 100) / yearly)
    (order,) = placed(outcome)
    assert float(order.quote_amount or 0) == pytest.approx(wanted, abs=0.011)


def named(symbol: str) -> Any:
    return replace(BTC, symbol=symbol, base=symbol.removesuffix("USDT"))


def test_one_close_short_is_not_enough_for_a_volatility() -> None:
    bench = Bench(bars={"BTCUSDT": walk_named(VOLATILITY_BARS + 9)}, sizing="volatility:10%")
    for _ in range(VOLATILITY_BARS - 1):
        bench.bar()
    assert placed(bench.bar(signal())) == []
    assert len(placed(bench.bar(signal()))) == 1


def walk_named(count: int) -> Bars:
    walk = walk_bars(7, count)
    return Bars("BTCUSDT", walk.timeframe, walk.columns)


def test_a_market_without_any_movement_has_no_volatility_to_size_by() -> None:
    bench = Bench(sizing="volatility:10%")
    bench.bars(VOLATILITY_BARS + 2)
    assert placed(bench.bar(signal())) == []


@pytest.mark.parametrize(
    "text",
    [
        "", "half", "fixed", "fixed:", "fixed:x", "fixed:0", "fixed:-5", "fixed:nan", "fixed:inf",
        "fixed:1%", "equity:10", "equity:0%", "equity:101%", "risk:101%", "risk:1", "volatility:40",
        "all_cash:1", "quantity:0",
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="sizing") as caught:
        parse_sizing(text)
    assert repr(text) in str(caught.value)


def test_entries_of_one_step_are_sized_by_what_the_first_left() -> None:
    bars = {s: flat_bars([100.0] * 9, s) for s in ("BTCUSDT", "ETHUSDT")}
    bench = Bench(bars=bars, sizing="equity:60%")
    orders = placed(bench.bar(signal(), signal(symbol="ETHUSDT")))
    assert [o.quote_amount for o in orders] == [6_000, 4_000]


def test_an_amount_that_the_strategy_names_wins_over_the_rule() -> None:
    (order,) = placed(Bench(sizing="all_cash").bar(signal(quote_amount=D(77))))
    assert order.quote_amount == 77


def test_the_catalogue_holds_what_ships() -> None:
    assert set(SHIPPED) == {"sma_cross", "rsi", "donchian", "dca", "grid"}
    assert all(issubclass(kind, Strategy) for kind in SHIPPED.values())
