"""Gates on both sides of their limits; every entry meets them all, what only reduces meets none."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.bench import (
    BTC,
    HOUR,
    Bench,
    changes,
    decisions,
    flat_bars,
    placed,
    signal,
    trades,
)
from thunes.core.domain.decision import Action, Check, Gate, Purpose
from thunes.core.domain.errors import UsageError
from thunes.core.domain.event import QuoteReceived, Restarted
from thunes.core.domain.fact import Decided, Noticed
from thunes.core.domain.market import Quote
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import OrderRole, OutcomeUnknown
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND, StrategyId
from thunes.core.risk.gates import GATES, LIMIT_OF, PRE_TRADE_TWINS
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.core.risk.mode import MODE_TABLE

D = Decimal
STOP = ExitPlan(stop_distance=D("0.02"))


def asked(bench: Bench, *signals: Any) -> Decided:
    """The decision about the one entry that the next bar asks for."""
    outcome = bench.bar(*(signals or (signal(),)))
    (decided,) = [d for d in decisions(outcome) if d.proposal.purpose is Purpose.ENTRY]
    return decided


def check_of(decided: Decided, gate: Gate) -> Check:
    return next(check for check in decided.checks if check.gate is gate)


def two_symbols(rows: int = 60, **more: Any) -> Bench:
    bars = {s: flat_bars([100.0] * rows, s) for s in ("BTCUSDT", "ETHUSDT")}
    return Bench(bars=bars, **more)


# Each gate: (what is allowed, what is one step beyond it). Both are decisions of a real engine.


def killed(beyond: bool) -> Decided:
    bench = Bench()
    if beyond:
        bench.operator(Cause.OPERATOR_KILL)
    return asked(bench)


def paused(beyond: bool) -> Decided:
    bench = Bench()
    if beyond:
        bench.operator(Cause.OPERATOR_PAUSE)
    return asked(bench)


def unreconciled(beyond: bool) -> Decided:
    bench = Bench()
    if beyond:
        bench.step(Restarted(bench.at, epoch=1))
    return asked(bench)


def max_positions(beyond: bool) -> Decided:
    bench = two_symbols(limits=Limits(max_positions=1 if beyond else 2))
    bench.enter("5", symbol="ETHUSDT")
    return asked(bench)


def max_positions_in_flight(beyond: bool) -> Decided:
    bench = two_symbols(limits=Limits(max_positions=1 if beyond else 2))
    bench.bar(signal(symbol="ETHUSDT", limit_price=D(90)))
    return asked(bench)


def one_position(beyond: bool) -> Decided:
    bench = two_symbols()
    bench.enter("5", symbol="BTCUSDT" if beyond else "ETHUSDT")
    return asked(bench)


def one_position_in_flight(beyond: bool) -> Decided:
    bench = two_symbols()
    bench.bar(signal(symbol="BTCUSDT" if beyond else "ETHUSDT", limit_price=D(90)))
    return asked(bench)


def loss_cool_down(beyond: bool) -> Decided:
    wait = 2 * 3_600 + (1 if beyond else 0)
    bench = two_symbols(limits=Limits(loss_cool_down_s=wait))
    bench.enter("5", symbol="ETHUSDT")
    (order,) = placed(bench.bar(signal(Action.EXIT, "ETHUSDT")))
    (trade,) = trades(bench.report(bench.fill(order, "99")))
    assert trade.pnl < 0
    bench.bar()
    return asked(bench)


def signal_cool_down(beyond: bool) -> Decided:
    bench = Bench(limits=Limits(signal_cool_down_s=2 * 3_600 + (1 if beyond else 0)))
    bench.enter("5")
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    bench.report(bench.fill(order, "101"))
    return asked(bench)


def price_known(beyond: bool) -> Decided:
    first = 5 if beyond else 0
    bars = {"BTCUSDT": flat_bars([100.0] * 9), "ETHUSDT": flat_bars([100.0] * 9, "ETHUSDT", first)}
    return asked(Bench(bars=bars), signal(symbol="ETHUSDT"))


def stale_data(beyond: bool) -> Decided:
    """ETH stops printing bars; its last price is an hour old at the second bar without one."""
    bars = {"BTCUSDT": flat_bars([100.0] * 9), "ETHUSDT": flat_bars([100.0] * 3, "ETHUSDT")}
    bench = Bench(bars=bars, limits=Limits(max_age_s=3_600 - (1 if beyond else 0)))
    for _ in range(3):
        bench.bar()
    return asked(bench, signal(symbol="ETHUSDT"))


def spread(beyond: bool) -> Decided:
    """(101 - 99) / 100 is 2 percent exactly."""
    bench = Bench(limits=Limits(max_spread=D("0.02")), half_spread=None)
    bench.bar()
    bench.quote("BTCUSDT", "99", "101.01" if beyond else "101")
    return asked(bench)


def min_notional(beyond: bool) -> Decided:
    return asked(Bench(limits=Limits(min_notional=D(50))), amount("49.99" if beyond else "50"))


def order_size(beyond: bool) -> Decided:
    return asked(Bench(limits=Limits(order_size=D(50))), amount("50.01" if beyond else "50"))


def loss_per_trade(beyond: bool) -> Decided:
    """1000 stopped 2 % below costs 20."""
    limits = Limits(loss_per_trade=D("19.99") if beyond else D(20))
    return asked(Bench(limits=limits, exits=STOP), amount("1000"))


def fallen(limits: Limits, closes: list[float]) -> Decided:
    """10 BTC bought at 100 and marked down; the entry is asked for at the last close."""
    bars = {s: flat_bars(closes, s) for s in ("BTCUSDT", "ETHUSDT")}
    bench = Bench(bars=bars, limits=limits)
    bench.enter("10")
    for _ in closes[2:]:
        bench.bar()
    return asked(bench, signal(symbol="ETHUSDT", quote_amount=D(100)))


def daily_loss(beyond: bool) -> Decided:
    last = 95.0 if beyond else 95.01
    return fallen(Limits(daily_loss=D(50)), [100.0] * 3 + [last])


def daily_loss_share(beyond: bool) -> Decided:
    last = 95.0 if beyond else 95.01
    return fallen(Limits(daily_loss_share=D("0.005")), [100.0] * 3 + [last])


def symbol_exposure(beyond: bool) -> Decided:
    bench = Bench(limits=Limits(symbol_exposure=D("0.10")))
    return asked(bench, amount("1000.01" if beyond else "1000"))


def total_exposure(beyond: bool) -> Decided:
    bench = two_symbols(limits=Limits(total_exposure=D("0.10")))
    bench.enter("5", symbol="ETHUSDT")
    return asked(bench, amount("500.01" if beyond else "500"))


def available_cash(beyond: bool) -> Decided:
    return asked(Bench(), amount("10000.01" if beyond else "10000"))


def available_cash_beside_reserved(beyond: bool) -> Decided:
    bench = two_symbols()
    bench.bar(signal(symbol="ETHUSDT", limit_price=D(90), quote_amount=D(4_000)))
    left = bench.view.account.available()
    return asked(bench, amount(str(left + (D("0.01") if beyond else 0))))


def venue_filters(beyond: bool) -> Decided:
    return asked(Bench(), amount("4.99" if beyond else "5"))


def unsellable_at_its_stop(beyond: bool) -> Decided:
    """5.10 bought and stopped 2 % below is worth 4.998: no venue would take the stop."""
    return asked(Bench(exits=STOP), amount("5.10" if beyond else "5.11"))


def amount(text: str) -> Any:
    return signal(quote_amount=D(text))


SIDES: list[tuple[Gate, Callable[[bool], Decided]]] = [
    (Gate.KILL_SWITCH, killed),
    (Gate.MODE, paused),
    (Gate.RECONCILED, unreconciled),
    (Gate.MAX_POSITIONS, max_positions),
    (Gate.MAX_POSITIONS, max_positions_in_flight),
    (Gate.ONE_POSITION_PER_SYMBOL, one_position),
    (Gate.ONE_POSITION_PER_SYMBOL, one_position_in_flight),
    (Gate.LOSS_COOL_DOWN, loss_cool_down),
    (Gate.SIGNAL_COOL_DOWN, signal_cool_down),
    (Gate.PRICE_KNOWN, price_known),
    (Gate.STALE_DATA, stale_data),
    (Gate.SPREAD, spread),
    (Gate.MIN_NOTIONAL, min_notional),
    (Gate.ORDER_SIZE, order_size),
    (Gate.LOSS_PER_TRADE, loss_per_trade),
    (Gate.DAILY_LOSS, daily_loss),
    (Gate.DAILY_LOSS_SHARE, daily_loss_share),
    (Gate.SYMBOL_EXPOSURE, symbol_exposure),
    (Gate.TOTAL_EXPOSURE, total_exposure),
    (Gate.AVAILABLE_CASH, available_cash),
    (Gate.AVAILABLE_CASH, available_cash_beside_reserved),
    (Gate.VENUE_FILTERS, venue_filters),
    (Gate.VENUE_FILTERS, unsellable_at_its_stop),
]


def test_both_sides_of_every_gate_are_tried() -> None:
    assert {gate for gate, _ in SIDES} == set(Gate) == set(GATES)
    assert list(GATES) == list(Gate), "evaluated in the declared order"


@pytest.mark.parametrize(("gate", "case"), SIDES, ids=[case.__name__ for _, case in SIDES])
def test_a_gate_holds_on_both_sides_of_its_limit(
    gate: Gate, case: Callable[[bool], Decided]
) -> None:
    allowed, refused = case(False), case(True)
    assert allowed.refused_by is None
    assert all(check.passed for check in allowed.checks)
    assert not check_of(refused, gate).passed
    assert refused.refused_by is not None
    assert [check.gate for check in refused.checks] == list(Gate), "all are evaluated, not only it"
    limited = gate in LIMIT_OF and gate is not Gate.SPREAD
    if limited:
        check = check_of(refused, gate)
        assert check.actual is not None, "the numbers are told"
        assert check.limit is not None


NUMBERS = {
    Gate.ORDER_SIZE: (order_size, "50.01", "50"),
    Gate.LOSS_PER_TRADE: (loss_per_trade, "20", "19.99"),
    Gate.MAX_POSITIONS: (max_positions, "2", "1"),
    Gate.STALE_DATA: (stale_data, "3600", "3599"),
    Gate.SIGNAL_COOL_DOWN: (signal_cool_down, "7200", "7201"),
    Gate.LOSS_COOL_DOWN: (loss_cool_down, "7200", "7201"),
    Gate.SYMBOL_EXPOSURE: (symbol_exposure, "1000.01", "1000"),
    Gate.TOTAL_EXPOSURE: (total_exposure, "1000.01", "1000"),
    Gate.DAILY_LOSS: (daily_loss, "50", "50"),
    Gate.AVAILABLE_CASH: (available_cash, "10000.01", "10000"),
}


@pytest.mark.parametrize("gate", NUMBERS)
def test_a_refusal_tells_actual_and_limit(gate: Gate) -> None:
    case, actual, limit = NUMBERS[gate]
    check = check_of(case(True), gate)
    assert (check.actual, check.limit) == (D(actual), D(limit))


# Missing input: every gate with a limit fails closed.


def no_quote() -> Decided:
    return asked(Bench(limits=Limits(max_spread=D("0.5")), half_spread=None))


def crossed_quote() -> Decided:
    bench = Bench(limits=Limits(max_spread=D("0.5")), half_spread=None)
    bench.quote("BTCUSDT", "101", "99")
    return asked(bench)


def empty_quote() -> Decided:
    bench = Bench(limits=Limits(max_spread=D("0.5")), half_spread=None)
    bench.quote("BTCUSDT", "0", "0.01")
    return asked(bench)


def no_stop() -> Decided:
    return asked(Bench(limits=Limits(loss_per_trade=D(10**6))))


def no_price(**limits: Any) -> Decided:
    bars = {"BTCUSDT": flat_bars([100.0] * 9), "ETHUSDT": flat_bars([100.0], "ETHUSDT", 8)}
    return asked(Bench(bars=bars, limits=Limits(**limits)), signal(symbol="ETHUSDT"))


def no_day_start(name: str) -> Decided:
    """The state of an engine that was never told of a day: no loss can be counted."""
    bench = Bench(limits=Limits(**{name: D("0.9")}))
    bench.bar()
    bench.state.memory.day_start_equity = None
    return asked(bench)


MISSING = {
    "no quote": (Gate.SPREAD, no_quote),
    "crossed quote": (Gate.SPREAD, crossed_quote),
    "empty quote": (Gate.SPREAD, empty_quote),
    "no stop": (Gate.LOSS_PER_TRADE, no_stop),
    "no price: known": (Gate.PRICE_KNOWN, no_price),
    "no price: stale": (Gate.STALE_DATA, lambda: no_price(max_age_s=10**9)),
    "no price: size": (Gate.ORDER_SIZE, lambda: no_price(order_size=D(10**9))),
    "no price: loss": (Gate.LOSS_PER_TRADE, lambda: no_price(loss_per_trade=D(10**9))),
    "no price: notional": (Gate.MIN_NOTIONAL, lambda: no_price(min_notional=D(1))),
    "no price: symbol": (Gate.SYMBOL_EXPOSURE, lambda: no_price(symbol_exposure=D(1))),
    "no price: total": (Gate.TOTAL_EXPOSURE, lambda: no_price(total_exposure=D(1))),
    "no price: spread": (Gate.SPREAD, lambda: no_price(max_spread=D("0.9"))),
    "no price: cash": (Gate.AVAILABLE_CASH, no_price),
    "no price: filters": (Gate.VENUE_FILTERS, no_price),
    "no day: loss": (Gate.DAILY_LOSS, lambda: no_day_start("daily_loss")),
    "no day: share": (Gate.DAILY_LOSS_SHARE, lambda: no_day_start("daily_loss_share")),
}


@pytest.mark.parametrize("what", MISSING)
def test_a_gate_that_lacks_what_it_needs_refuses(what: str) -> None:
    gate, case = MISSING[what]
    decided = case()
    assert not check_of(decided, gate).passed
    assert decided.refused_by is not None


def test_a_limit_that_stands_open_asks_for_nothing() -> None:
    decided = asked(Bench(limits=WIDE_OPEN, half_spread=None))
    assert decided.refused_by is None
    for gate in LIMIT_OF:
        assert check_of(decided, gate) == Check(gate, True)


# S22, S38: every decision is complete and recorded once (the bench checks each of its steps).


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Action)),
            st.sampled_from(["BTCUSDT", "ETHUSDT"]),
            st.sampled_from([None, D(0), D("4.9"), D(300), D(20_000)]),
            st.sampled_from([None, D(90), D("0.001")]),
        ),
        max_size=6,
    ),
    st.sampled_from([None, *Cause]),
)
def test_every_proposal_is_decided_once_with_all_gates(
    wanted: list[tuple[Any, ...]], cause: Cause | None
) -> None:
    limits = Limits(
        max_positions=1,
        order_size=D(900),
        max_age_s=60,
        max_spread=D("0.01"),
        loss_per_trade=D(15),
        daily_loss=D(50),
        total_exposure=D("0.5"),
    )
    bench = two_symbols(limits=limits, exits=STOP, sizing="fixed:200")
    bench.obey(bench.enter("2", symbol="ETHUSDT"))
    if cause is not None:
        bench.operator(cause)
    signals = [signal(a, s, quote_amount=q, limit_price=p) for a, s, q, p in wanted]
    outcome = bench.bar(*signals)
    entries = [d for d in decisions(outcome) if d.proposal.purpose is Purpose.ENTRY]
    assert len(entries) == len([s for s in signals if s.action in (Action.ENTER, Action.ADD)])
    sent = {order.id for order in placed(outcome)}
    for decided in decisions(outcome):
        ids = {order.id for order in decided.proposal.orders}
        assert (ids <= sent) is (decided.refused_by is None or not ids)
        sent -= ids if decided.refused_by is None else set()
    assert not sent, "nothing leaves that was not approved"


# S16: what only reduces passes every gate, in every mode.


@pytest.mark.parametrize("cause", [Cause.OPERATOR_KILL, Cause.OPERATOR_PAUSE, None])
def test_exits_and_protection_pass_in_every_mode(cause: Cause | None) -> None:
    limits = Limits(
        max_positions=1,
        order_size=D(1_001),
        daily_loss=D(1_000),
        total_exposure=D("0.2"),
        loss_cool_down_s=10**6,
        signal_cool_down_s=10**6,
        max_age_s=1,
        max_spread=D("0.0001"),
    )
    bench = Bench(limits=limits, exits=STOP)
    (order,) = placed(bench.bar(signal()))
    if cause is not None:
        bench.operator(cause)
    outcome = bench.report(bench.fill(order, "100", "9.9", complete=True))
    assert [o.role for o in placed(outcome)] == [OrderRole.STOP]
    bench.obey(outcome)
    outcome = bench.bar(signal(Action.EXIT))
    assert [o.role for o in placed(outcome)] == [OrderRole.EXIT]
    assert [d.refused_by for d in decisions(outcome)] == [None]


@pytest.mark.parametrize("mode", [Mode.DEGRADED, Mode.HALTED])
def test_no_entry_passes_unless_normal(mode: Mode) -> None:
    cause = Cause.OPERATOR_PAUSE if mode is Mode.DEGRADED else Cause.OPERATOR_KILL
    bench = two_symbols()
    bench.enter("2")
    bench.operator(cause)
    outcome = bench.bar(signal(Action.ADD), signal(symbol="ETHUSDT"))
    assert placed(outcome) == []
    assert {d.refused_by for d in decisions(outcome)} <= {Gate.MODE, Gate.KILL_SWITCH}


# S18: several entries of one step share the cash and the caps.


SYMBOLS = [f"C{n}USDT" for n in range(5)]


def crowd(**more: Any) -> Bench:
    instruments = [replace(BTC, symbol=s, base=s.removesuffix("USDT")) for s in SYMBOLS]
    bars = {s: flat_bars([100.0] * 9, s) for s in SYMBOLS}
    return Bench(bars=bars, instruments=instruments, **more)


@pytest.mark.parametrize(
    ("limits", "sizing", "accepted", "gate"),
    [
        (Limits(max_positions=3), "fixed:100", 3, Gate.MAX_POSITIONS),
        (Limits(total_exposure=D("0.5")), "fixed:2000", 2, Gate.TOTAL_EXPOSURE),
        (Limits(total_exposure=D("0.4")), "fixed:2000", 2, Gate.TOTAL_EXPOSURE),
        (WIDE_OPEN, "fixed:3000", 3, Gate.AVAILABLE_CASH),
        (WIDE_OPEN, "fixed:2500", 4, Gate.AVAILABLE_CASH),
        (WIDE_OPEN, "quantity:24", 4, Gate.AVAILABLE_CASH),
        (WIDE_OPEN, "all_cash", 1, Gate.VENUE_FILTERS),
    ],
)
def test_only_as_many_entries_of_a_step_pass_as_there_is_room_for(
    limits: Limits, sizing: str, accepted: int, gate: Gate
) -> None:
    bench = crowd(limits=limits, sizing=sizing)
    outcome = bench.bar(*(signal(symbol=s) for s in SYMBOLS))
    said = [d.refused_by for d in decisions(outcome)]
    assert said == [None] * accepted + [gate] * (5 - accepted)
    assert bench.view.account.available() >= 0


def test_two_entries_of_one_symbol_in_one_step_are_one() -> None:
    bench = Bench()
    outcome = bench.bar(signal(), signal(strategy="other"))
    assert [d.refused_by for d in decisions(outcome)] == [None, Gate.ONE_POSITION_PER_SYMBOL]


def test_additions_of_one_step_share_the_cap_of_their_symbol() -> None:
    bench = Bench(limits=Limits(symbol_exposure=D("0.3")))
    bench.enter("10")
    adds = [signal(Action.ADD, quote_amount=D(900), limit_price=D(p)) for p in (99, 98, 97)]
    assert [d.refused_by for d in decisions(bench.bar(*adds))] == [
        None,
        None,
        Gate.SYMBOL_EXPOSURE,
    ]


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
    st.sampled_from([D("0.3"), D("0.75"), D(1)]),
)
def test_whatever_is_asked_for_caps_hold_in_the_worst_case(sizes: list[int], cap: Decimal) -> None:
    """All entries fill at their worst, and the caps that let them pass still hold."""
    bench = crowd(limits=Limits(total_exposure=cap, symbol_exposure=min(cap, D("0.3"))))
    for place, size in enumerate(sizes):
        if place == 8:
            break
        at = SYMBOLS[place % 5]
        action = Action.ADD if place >= 5 else Action.ENTER
        bench.bar(signal(action, at, quote_amount=D(size * 100), limit_price=D(100)))
    for order in list(bench.orders.values()):
        bench.report(bench.fill(order, "100", order.quantity, fee=order.quantity / 10))
    spent = 10_000 - bench.cash()
    assert spent <= cap * 10_000
    assert bench.cash() >= 0


def test_an_entry_that_may_still_exist_counts_in_full() -> None:
    bench = two_symbols(limits=Limits(total_exposure=D("0.1")))
    (order,) = placed(bench.bar(amount("800")))
    bench.report(OutcomeUnknown(order.id))
    decided = asked(bench, signal(symbol="ETHUSDT", quote_amount=D("200.01")))
    assert decided.refused_by is Gate.TOTAL_EXPOSURE


def test_an_add_is_for_the_strategy_that_holds_the_position() -> None:
    """An addition is declared by who holds: another strategy's is a second position."""
    bench = Bench()
    bench.enter("5")
    mine = signal(Action.ADD, quote_amount=D(100))
    theirs = replace(mine, strategy=StrategyId("other"))
    said = [d.refused_by for d in decisions(bench.bar(mine, theirs))]
    assert said == [None, Gate.ONE_POSITION_PER_SYMBOL]


# Cool-downs are counted over the whole account or the symbol, and a win opens none.


def test_a_loss_cools_all_symbols_down_a_win_none() -> None:
    for price, gate in (("101", None), ("99", Gate.LOSS_COOL_DOWN)):
        bench = two_symbols(limits=Limits(loss_cool_down_s=10**6))
        bench.enter("5", symbol="ETHUSDT")
        (order,) = placed(bench.bar(signal(Action.EXIT, "ETHUSDT")))
        bench.report(bench.fill(order, price))
        assert asked(bench).refused_by is gate


def test_a_refused_entry_starts_no_cool_down() -> None:
    limits = Limits(signal_cool_down_s=10**6, order_size=D(500))
    bench = Bench(limits=limits)
    assert asked(bench, amount("501")).refused_by is Gate.ORDER_SIZE
    assert asked(bench, amount("500")).refused_by is None


def test_an_addition_needs_no_cool_down() -> None:
    bench = Bench(limits=Limits(signal_cool_down_s=10**6))
    bench.enter("5")
    assert asked(bench, signal(Action.ADD)).refused_by is None


def test_waiting_is_counted_to_the_nanosecond() -> None:
    bench = Bench(limits=Limits(loss_cool_down_s=3_600))
    bench.enter("5")
    (order,) = placed(bench.bar(signal(Action.EXIT)))
    bench.report(bench.fill(order, "99"), after=1)
    assert asked(bench).refused_by is Gate.LOSS_COOL_DOWN
    assert asked(bench).refused_by is None
    assert HOUR == 3_600 * NS_PER_SECOND


# Twins (F388): what halts after the trade is refused before it.


def test_every_cause_that_worsens_the_mode_has_a_gate_before_the_trade() -> None:
    worsens = {c for c in Cause if MODE_TABLE[Mode.NORMAL][c] is not Mode.NORMAL}
    assert set(PRE_TRADE_TWINS) == worsens
    assert all(gates and set(gates) <= set(GATES) for gates in PRE_TRADE_TWINS.values())


@pytest.mark.parametrize("cause", PRE_TRADE_TWINS)
def test_the_twin_refuses_while_its_cause_holds(cause: Cause) -> None:
    bench = Bench()
    bench.operator(cause)
    assert bench.mode is not Mode.NORMAL
    decided = asked(bench)
    failed = {check.gate for check in decided.checks if not check.passed}
    stateful = {Gate.DAILY_LOSS, Gate.DAILY_LOSS_SHARE}  # these look at the money, not at the mode
    assert set(PRE_TRADE_TWINS[cause]) - stateful <= failed
    assert decided.refused_by in (Gate.KILL_SWITCH, Gate.MODE)


@pytest.mark.parametrize("name", ["daily_loss", "daily_loss_share"])
def test_the_gate_refuses_exactly_where_the_halt_begins(name: str) -> None:
    """Same number, same side: there is no loss at which one of them lets pass and the other not."""
    limit = D(50) if name == "daily_loss" else D("0.005")
    for last in (95.02, 95.01, 95.0, 94.99):
        closes = [100.0] * 3 + [last] * 2
        bars = {s: flat_bars(closes, s) for s in ("BTCUSDT", "ETHUSDT")}
        bench = Bench(bars=bars, limits=Limits(**{name: limit}))
        bench.enter("10")
        bench.bar()
        bench.bar()
        outcome = bench.bar(signal(symbol="ETHUSDT", quote_amount=D(100)))
        (decided,) = [d for d in decisions(outcome) if d.proposal.purpose is Purpose.ENTRY]
        gate = Gate.DAILY_LOSS if name == "daily_loss" else Gate.DAILY_LOSS_SHARE
        assert check_of(decided, gate).passed is not bool(changes(outcome))
        assert check_of(decided, gate).passed is (last > 95.0)


# S19: contradictory limits are refused, with both values named.

CONTRADICTIONS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"min_notional": D(11), "order_size": D(10)}, ("min_notional", "11", "order_size", "10")),
    ({"loss_per_trade": D(21), "daily_loss": D(20)}, ("loss_per_trade", "21", "daily_loss", "20")),
    (
        {"symbol_exposure": D("0.6"), "total_exposure": D("0.5")},
        ("symbol_exposure", "0.6", "total_exposure", "0.5"),
    ),
    (
        {"drawdown_warning": D("0.2"), "drawdown_limit": D("0.1")},
        ("drawdown_warning", "0.2", "drawdown_limit", "0.1"),
    ),
    (
        {"drawdown_warning": D("0.1"), "drawdown_limit": D("0.1")},
        ("drawdown_warning", "0.1", "drawdown_limit"),
    ),
]
FRACTIONS = ("daily_loss_share", "drawdown_warning", "drawdown_limit", "max_spread")


@pytest.mark.parametrize(("wrong", "said"), CONTRADICTIONS)
def test_limits_that_contradict_each_other_are_refused(
    wrong: dict[str, Any], said: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as caught:
        Limits(**wrong)
    assert all(part in str(caught.value) for part in said), str(caught.value)


@pytest.mark.parametrize("name", FRACTIONS)
def test_a_fraction_lies_below_one(name: str) -> None:
    Limits(**{name: D("0.999")})
    with pytest.raises(UsageError, match=name):
        Limits(**{name: D(1)})


def test_a_spot_account_holds_no_more_than_its_equity() -> None:
    Limits(total_exposure=D(1))
    with pytest.raises(UsageError, match=r"total_exposure = 1\.01"):
        Limits(total_exposure=D("1.01"))


@pytest.mark.parametrize(
    "name", [n for n in Limits.__struct_fields__ if n != "daily_loss_lifted_by"]
)
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_is_above_zero(name: str, value: int) -> None:
    whole = name.endswith("_s") or name == "max_positions"
    with pytest.raises(UsageError) as caught:
        Limits(**{name: value if whole else D(value)})
    assert name in str(caught.value)
    assert str(value) in str(caught.value)


SIZES = [
    ({"min_notional": D(10)}, "9.99", ("min_notional", "10", "9.99")),
    ({"order_size": D(10)}, "10.01", ("order_size", "10", "10.01")),
    ({"symbol_exposure": D("0.1")}, "100.01", ("symbol_exposure", "100", "100.01")),
]


@pytest.mark.parametrize(("limits", "size", "said"), SIZES)
def test_an_order_size_that_no_entry_could_have_is_refused(
    limits: dict[str, Any], size: str, said: tuple[str, ...]
) -> None:
    Limits(**limits).check_order(D(50) if "symbol_exposure" in limits else D(10), D(1_000))
    with pytest.raises(UsageError) as caught:
        Limits(**limits).check_order(D(size), D(1_000))
    assert all(part in str(caught.value) for part in said), str(caught.value)


@pytest.mark.parametrize(
    ("bid", "ask", "wrong"),
    [
        ("Infinity", "Infinity", "no price"),
        ("0", "100", "no price"),
        ("-1", "100", "no price"),
        ("101", "100", "crossed"),
        ("89", "89.5", "far from 100.0"),
        ("110.5", "111", "far from 100.0"),
    ],
)
def test_a_quote_that_cannot_be_is_as_if_none_had_come(bid: str, ask: str, wrong: str) -> None:
    """S35, F376: noticed, and no price of it is ever used."""
    bench = Bench(half_spread=None)
    bench.bar()
    outcome = bench.quote("BTCUSDT", bid, ask)
    (noticed,) = outcome.facts
    assert isinstance(noticed, Noticed)
    assert (noticed.code, noticed.text.endswith(wrong)) == ("bad_quote", True)
    assert bench.view.market.quote("BTCUSDT") is None
    assert bench.view.market.mark("BTCUSDT") == 100


def test_what_is_no_number_is_no_price() -> None:
    bench = Bench()
    quote = Quote(bench.at, "BTCUSDT", D("NaN"), D(1), D(100), D(1))
    assert bench.state.market.take(quote) == "no price"


def test_a_quote_that_is_older_than_the_last_one_is_not_taken() -> None:
    bench = Bench()
    bench.bar()
    bench.quote("BTCUSDT", "100", "100.1")
    late = Quote(bench.at - 1, "BTCUSDT", D("101"), D(1), D("101.1"), D(1))
    outcome = bench.step(QuoteReceived(bench.at, late))
    assert [fact.code for fact in outcome.facts] == ["bad_quote"]
    assert bench.view.market.quote("BTCUSDT").bid == 100


def test_a_crash_is_believed_when_no_fresher_price_speaks_against_it() -> None:
    bench = Bench()
    bench.bar()
    bench.at += 61 * NS_PER_SECOND
    assert bench.quote("BTCUSDT", "70", "70.1").facts == ()
    assert bench.view.market.mark("BTCUSDT") == D("70.05")
