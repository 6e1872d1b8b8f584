"""Execution: entries as asked for, protection in the step of the fill, exits that never flip."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.bench import (
    BTC,
    HOUR,
    Bench,
    canceled,
    changes,
    decisions,
    flat_bars,
    placed,
    signal,
    trades,
)
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders, SetTimer
from thunes.core.domain.decision import Action, Gate, Purpose
from thunes.core.domain.fact import ModeChanged
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Order,
    OrderRole,
    OrderType,
    OutcomeUnknown,
    Rejected,
    Side,
)
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import NS_PER_SECOND, ZERO
from thunes.core.risk.limits import Limits

D = Decimal
STOP = ExitPlan(stop_distance=D("0.02"))
LEVELS = (TargetLevel(D("0.02"), D("0.4")), TargetLevel(D("0.04"), D("0.4")))
LADDER = ExitPlan(stop_distance=D("0.02"), targets=LEVELS)
SMALL = replace(BTC, min_notional=ZERO)


def sells(bench: Bench, role: OrderRole) -> list[Order]:
    return [o for o in bench.resting.values() if o.role is role]


def bought(bench: Bench, quantity: str, price: str = "100") -> Bench:
    """The bench after a whole entry and all that the venue said to what followed."""
    bench.obey(bench.enter(quantity, price))
    return bench


# Entries.


def test_an_entry_by_amount_buys_at_market_for_that_much() -> None:
    (order,) = placed(Bench(sizing="fixed:250").bar(signal()))
    assert (order.side, order.type, order.role) == (Side.BUY, OrderType.MARKET, OrderRole.ENTRY)
    assert (order.quote_amount, order.quantity, order.limit_price) == (250, None, None)


def test_an_entry_by_quantity_is_floored_to_the_step() -> None:
    (order,) = placed(Bench(sizing="quantity:1.234567").bar(signal()))
    assert (order.type, order.quantity, order.quote_amount) == (
        OrderType.MARKET,
        D("1.23456"),
        None,
    )


def test_a_limit_entry_waits_at_its_price_for_what_the_amount_can_pay() -> None:
    outcome = Bench().bar(signal(limit_price=D("89.999"), quote_amount=D(1_000)))
    (order,) = placed(outcome)
    assert (order.type, order.limit_price) == (OrderType.LIMIT, D("89.99"))
    assert order.quantity == D("11.10124")
    step = D("0.00001")
    cost = D("89.99") * D("1.001")
    assert order.quantity * cost <= 1_000 < (order.quantity + step) * cost


def test_a_limit_below_the_first_tick_is_refused() -> None:
    (decided,) = decisions(Bench().bar(signal(limit_price=D("0.001"))))
    assert decided.refused_by is Gate.PRICE_KNOWN
    (decided,) = decisions(Bench().bar(signal(limit_price=D(-1))))
    assert decided.refused_by is Gate.PRICE_KNOWN


def test_an_entry_that_expires_is_cancelled_by_its_timer() -> None:
    bench = Bench()
    due = int(bench.tape.times[0]) + 2 * HOUR + 1
    outcome = bench.bar(signal(limit_price=D(90), expires_at=due))
    (order,) = placed(outcome)
    assert [c for c in outcome.commands if isinstance(c, SetTimer)] == [SetTimer(due, order.id)]
    bench.obey(outcome)
    bench.bars(2)
    outcome = bench.timer(due, order.id)
    assert outcome.commands == (CancelOrders((order.id,)),)
    bench.obey(outcome)
    assert bench.resting == {}
    assert bench.view.account.available() == bench.cash()


def test_the_timer_of_an_order_that_is_over_does_nothing() -> None:
    bench = Bench()
    due = int(bench.tape.times[0]) + HOUR // 2
    (order,) = placed(bench.bar(signal(limit_price=D(90), expires_at=due)))
    bench.report(bench.fill(order, "90"))
    assert bench.timer(due, order.id).commands == ()
    assert bench.timer(due, "t99").commands == ()


def test_an_exit_without_a_position_calls_the_waiting_entry_off() -> None:
    bench = Bench()
    bench.obey(bench.bar(signal(limit_price=D(90))))
    outcome = bench.bar(signal(Action.EXIT))
    assert outcome.commands == (CancelOrders(tuple(bench.resting)),)
    bench.obey(outcome)
    assert bench.bar(signal(Action.EXIT)).commands == ()


def test_a_strategy_calls_off_and_leaves_what_is_its_own_only() -> None:
    bench = Bench()
    bench.obey(bench.bar(signal(limit_price=D(90))))
    assert bench.bar(signal(Action.CANCEL, strategy="other")).commands == ()
    (order,) = bench.resting.values()
    bench.report(bench.fill(order, "90"))
    assert bench.bar(signal(Action.EXIT, strategy="other")).commands == ()
    assert placed(bench.bar(signal(Action.EXIT)))


# Protection in the step of the fill.


def test_the_stop_is_placed_in_the_step_of_the_fill() -> None:
    bench = Bench(exits=STOP)
    outcome = bench.enter("10")
    (stop,) = placed(outcome)
    assert outcome.commands == (PlaceOrders((stop,)),)
    assert (stop.side, stop.type, stop.role) == (Side.SELL, OrderType.STOP_MARKET, OrderRole.STOP)
    assert (stop.stop_price, stop.quantity) == (D("98.00"), 10)


def test_a_stop_is_rounded_away_from_the_entry_and_a_target_towards_it() -> None:
    plan = ExitPlan(stop_distance=D("0.0199"), targets=(TargetLevel(D("0.0399"), D(1)),))
    orders = {o.role: o for o in placed(Bench(exits=plan).enter("10", "99.97"))}
    stop, target = orders[OrderRole.STOP], orders[OrderRole.TARGET]
    assert stop.stop_price == D("97.98"), "97.980597 is no tick: the one farther away"
    assert target.limit_price == D("103.95"), "103.958803 is no tick: the nearer one"


def test_each_part_of_an_entry_is_covered_at_once() -> None:
    bench = Bench(exits=STOP)
    (order,) = placed(bench.bar(signal()))
    for part, total in (("4", 4), ("3", 7), ("3", 10)):
        last = total == 10
        bench.obey(bench.report(bench.fill(order, "100", part, complete=last)))
        assert bench.offered("BTCUSDT") == total == bench.held()
        assert len(sells(bench, OrderRole.STOP)) == 1


def test_the_plan_of_the_signal_wins_over_the_configured_one() -> None:
    bench = Bench(exits=STOP)
    (order,) = placed(bench.bar(signal(stop_distance=D("0.05"))))
    (stop,) = placed(bench.report(bench.fill(order, "100", "10", complete=True)))
    assert stop.stop_price == 95
    bench = Bench(exits=STOP)
    (order,) = placed(bench.bar(signal(plan=ExitPlan(stop_price=D("91.119")))))
    (stop,) = placed(bench.report(bench.fill(order, "100", "10", complete=True)))
    assert stop.stop_price == D("91.11")


def test_without_a_planned_stop_a_position_is_not_naked() -> None:
    bench = Bench()
    assert bench.enter("10").commands == ()
    assert bench.view.account.naked_since("BTCUSDT") is None


# The ladder (F160, F400, F391).


def test_the_ladder_splits_the_filled_quantity_exactly() -> None:
    """The published vector: 0.00137 in steps of 0.00001 is 0.00054, 0.00054 and 0.00029."""
    bench = Bench(exits=LADDER, instruments=(SMALL,))
    orders = placed(bench.enter("0.00137"))
    targets = [o for o in orders if o.role is OrderRole.TARGET]
    stops = [o for o in orders if o.role is OrderRole.STOP]
    assert [(o.limit_price, o.quantity) for o in targets] == [
        (102, D("0.00054")),
        (104, D("0.00054")),
    ]
    assert [o.quantity for o in stops] == [D("0.00054"), D("0.00054"), D("0.00029")]
    assert {o.stop_price for o in stops} == {D(98)}
    pairs = {o.leg: o.list_id for o in targets}
    assert {o.leg: o.list_id for o in stops if o.list_id} == pairs, "stop and target are one list"


SHARES = st.lists(st.integers(1, 60), min_size=1, max_size=4).filter(lambda s: sum(s) <= 100)


@settings(max_examples=80)
@given(
    SHARES,
    st.lists(st.integers(1, 50_000), min_size=1, max_size=5),
    st.sampled_from([D(0), D(5)]),
    st.sampled_from(["0.00001", "0.001", "0.5"]),
    st.booleans(),
)
def test_the_legs_always_sum_to_what_was_filled(
    shares: list[int], parts: list[int], least: Decimal, step: str, in_base: bool
) -> None:
    """F400: whatever the pieces, shares, steps and fees, stops cover all and targets no more."""
    levels = tuple(TargetLevel(D(n + 1) / 100, D(s) / 100) for n, s in enumerate(shares))
    plan = ExitPlan(stop_distance=D("0.02"), targets=levels)
    instrument = replace(BTC, min_notional=least, step=D(step), min_quantity=D(step))
    bench = Bench(exits=plan, instruments=(instrument,), balances={"USDT": D(10**9)})
    (order,) = placed(bench.bar(signal(quote_amount=D(10**8))))
    for place, part in enumerate(parts):
        quantity = part * D(step) + (D(6) / 100 // D(step) + 1) * D(step)
        fee = quantity / 1_000 if in_base else ZERO
        asset = "BTC" if in_base else "USDT"
        complete = place == len(parts) - 1
        bench.obey(
            bench.report(
                bench.fill(order, "100", quantity, fee=fee, fee_asset=asset, complete=complete)
            )
        )
        whole = bench.held() // D(step) * D(step)
        if whole * 98 >= least and whole:
            assert bench.offered("BTCUSDT") == whole
            stops = sells(bench, OrderRole.STOP)
            assert sum(o.quantity for o in stops) == whole
            assert all(o.quantity * 98 >= least for o in stops)
    targets = sells(bench, OrderRole.TARGET)
    assert sum((o.quantity for o in targets), ZERO) <= whole
    if targets and sum(shares) == 100:
        assert sum(o.quantity for o in targets) == whole, "shares of one leave no runner"


def test_a_leg_too_small_to_be_sold_joins_the_next() -> None:
    """40 % of 0.12 is worth 4.70 at its stop: no venue takes it alone."""
    bench = bought(Bench(exits=LADDER), "0.12")
    assert [(o.limit_price, o.quantity) for o in sells(bench, OrderRole.TARGET)] == [
        (104, D("0.12"))
    ]
    bench = bought(Bench(exits=LADDER), "0.06")
    assert sells(bench, OrderRole.TARGET) == []
    assert [o.quantity for o in sells(bench, OrderRole.STOP)] == [D("0.06")]


def test_one_target_that_was_passed_drops_alone() -> None:
    """F391: an entry filled in two parts, the last above the first target."""
    bench = Bench(exits=LADDER)
    (order,) = placed(bench.bar(signal()))
    bench.obey(bench.report(bench.fill(order, "100", "9", complete=False)))
    bench.obey(bench.report(bench.fill(order, "103", "1", complete=True)))
    targets = sells(bench, OrderRole.TARGET)
    assert [o.limit_price for o in targets] == [D("104.31")], "4 % above the average of 100.3"
    assert sum(o.quantity for o in sells(bench, OrderRole.STOP)) == 10


def test_the_targets_of_the_ladder_stay_fixed_when_one_is_hit() -> None:
    """F160: shares are of the filled quantity, not of what remains."""
    bench = bought(Bench(exits=LADDER), "10")
    first, second = sells(bench, OrderRole.TARGET)
    outcome = bench.report(bench.fill(first, "102"))
    assert [t.exit_reason for t in trades(outcome)] == ["target"]
    assert outcome.commands == (), "what rests is as it should be"
    assert bench.offered("BTCUSDT") == bench.held() == 6
    assert second.quantity == 4


def test_a_target_filled_in_parts_keeps_the_rest_covered() -> None:
    bench = bought(Bench(exits=LADDER), "10")
    first, _ = sells(bench, OrderRole.TARGET)
    bench.obey(bench.report(bench.fill(first, "102", "1")))
    assert bench.held() == 9 == bench.offered("BTCUSDT")
    assert sorted(o.quantity for o in sells(bench, OrderRole.STOP)) == [2, 3, 4]


def test_a_target_that_no_venue_would_take_is_left_out() -> None:
    """F158: each level is looked at alone; here the second is beyond the venue's price band."""
    banded = replace(BTC, percent_up=D("1.2"), percent_down=D("0.8"))
    plan = replace(LADDER, targets=(LEVELS[0], TargetLevel(D("0.5"), D("0.4"))))
    bench = bought(Bench(exits=plan, instruments=(banded,)), "10")
    assert [o.limit_price for o in sells(bench, OrderRole.TARGET)] == [102]
    assert sum(o.quantity for o in sells(bench, OrderRole.STOP)) == 10


def test_a_target_that_is_refused_all_the_same_is_not_sent_for_ever() -> None:
    plan = ExitPlan(targets=(TargetLevel(D("0.5"), D(1)),))
    bench = Bench(exits=plan)
    outcome = bench.enter("10")
    for _ in range(4):
        orders = placed(outcome)
        if not orders:
            break
        outcome = bench.report(*(Rejected(o.id, -1013, "PERCENT_PRICE_BY_SIDE") for o in orders))
    assert placed(outcome) == []
    assert bench.held() == 10


# Trailing and break-even (S14).


def test_the_stop_trails_the_close_and_never_loosens() -> None:
    plan = ExitPlan(stop_distance=D("0.05"), trail_distance=D("0.05"), trail_after=0)
    closes = [100.0, 100.0, 104.0, 102.0, 108.0, 99.0, 110.0]
    bench = bought(Bench(bars={"BTCUSDT": flat_bars(closes)}, exits=plan), "10")
    seen = []
    for _ in closes[1:]:
        outcome = bench.bar()
        bench.obey(outcome)
        (stop,) = sells(bench, OrderRole.STOP)
        seen.append(stop.stop_price)
        for each in outcome.commands:
            assert isinstance(each, ReplaceOrders), "the old one goes as the new one comes"
    assert seen == [D(95), D("98.80"), D("98.80"), D("102.60"), D("102.60"), D("104.50")]


@settings(max_examples=60)
@given(st.lists(st.integers(8_000, 13_000), min_size=2, max_size=25), st.sampled_from([0, 1]))
def test_a_stop_never_loosens_whatever_the_market_does(ticks: list[int], after: int) -> None:
    plan = ExitPlan(
        stop_distance=D("0.04"), trail_distance=D("0.03"), trail_after=after, break_even_after=0
    )
    closes = [100.0, *(t / 100 for t in ticks)]
    bench = bought(Bench(bars={"BTCUSDT": flat_bars(closes)}, exits=plan), "10")
    highest = ZERO
    for close in closes[1:]:
        bench.obey(bench.bar())
        (stop,) = sells(bench, OrderRole.STOP)
        assert stop.stop_price >= highest
        assert stop.quantity == 10
        moved = stop.stop_price > highest > 0
        assert not moved or stop.stop_price < D(repr(close)), "it would trigger at once"
        highest = stop.stop_price


def test_only_the_close_of_a_bar_moves_a_stop() -> None:
    plan = ExitPlan(stop_distance=D("0.05"), trail_distance=D("0.05"), trail_after=0)
    bench = bought(Bench(exits=plan), "10")
    assert bench.quote("BTCUSDT", "150", "150.02").commands == ()
    assert bench.timer(bench.at, "t1").commands == ()
    assert bench.operator(Cause.OPERATOR_PAUSE).commands == ()


def test_break_even_covers_the_fees_of_both_sides() -> None:
    """After the first target the rest, stopped at its new level, must not lose."""
    plan = replace(LADDER, break_even_after=1)
    closes = [100.0, 101.0, 101.0, 101.0, 101.0]
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, exits=plan)
    (order,) = placed(bench.bar(signal()))
    bench.obey(bench.report(bench.fill(order, "100", "10", fee="1", complete=True)))
    bench.obey(bench.bar())
    assert {o.stop_price for o in sells(bench, OrderRole.STOP)} == {D(98)}, "no target hit yet"
    bench.report(bench.fill(sells(bench, OrderRole.TARGET)[0], "102", fee="0.408"))
    bench.obey(bench.bar())
    stops = sells(bench, OrderRole.STOP)
    assert {o.stop_price for o in stops} == {D("100.21")}, "100 x 1.001 / 0.999, rounded up"
    closed = []
    for stop in stops:
        worth = stop.quantity * stop.stop_price
        outcome = bench.report(bench.fill(stop, str(stop.stop_price), fee=worth / 1_000))
        closed += trades(outcome)
    assert all(t.pnl >= 0 for t in closed)
    assert sum(t.pnl for t in closed) < D("0.1")


def test_a_runner_trails_only_after_its_targets() -> None:
    plan = replace(LADDER, trail_distance=D("0.01"), trail_after=2)
    closes = [100.0, 101.0, 101.9, 103.9, 103.9, 110.0]
    bench = bought(Bench(bars={"BTCUSDT": flat_bars(closes)}, exits=plan), "10")
    bench.bars(1)
    for price in ("102", "104"):
        assert {o.stop_price for o in sells(bench, OrderRole.STOP)} == {D(98)}
        bench.obey(bench.report(bench.fill(sells(bench, OrderRole.TARGET)[0], price)))
        bench.bars(1)
    assert [(o.stop_price, o.quantity) for o in sells(bench, OrderRole.STOP)] == [(D("102.86"), 2)]


# Exits never flip (S15).


def test_an_exit_takes_all_orders_of_the_position_back_and_sells_it_once() -> None:
    bench = bought(Bench(exits=LADDER), "10")
    resting = set(bench.resting)
    outcome = bench.bar(signal(Action.EXIT), signal(Action.EXIT))
    (command,) = outcome.commands
    assert isinstance(command, ReplaceOrders)
    assert set(command.cancels) == resting
    assert [(o.type, o.quantity) for o in command.orders] == [(OrderType.MARKET, 10)]
    bench.obey(outcome)
    assert bench.bar(signal(Action.EXIT)).commands == (), "it is being sold already"
    (order,) = bench.working(OrderRole.EXIT)
    bench.report(bench.fill(order, "100"))
    assert bench.held() == 0
    assert bench.bar(signal(Action.EXIT)).commands == ()


EVENTS = [
    "enter",
    "exit",
    "part",
    "fill",
    "stop",
    "target",
    "bar",
    "kill",
    "lose",
    "expire",
    "gone",
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(EVENTS), min_size=3, max_size=20))
def test_no_history_sells_more_than_is_held(acts: list[str]) -> None:
    """The bench holds what rests against what is held after every step."""
    bench = Bench(exits=LADDER, sizing="quantity:10")
    for what in acts:
        happens(bench, what)
        assert bench.held() >= 0
        if not any(o.role is OrderRole.EXIT for o in bench.orders.values()):
            covered = sum((bench.left[o.id] for o in sells(bench, OrderRole.STOP)), ZERO)
            assert covered == bench.held(), "and with nothing leaving, all of it is covered"
    assert bench.state.ledger.books.imbalance() == {}


def happens(bench: Bench, what: str) -> None:
    """One thing happens at the venue, or is asked of it; the venue answers what follows."""
    resting = list(bench.resting.values())
    entries = [o for o in resting if o.role is OrderRole.ENTRY]
    exits = [o for o in resting if o.role is OrderRole.EXIT]
    stops, targets = sells(bench, OrderRole.STOP), sells(bench, OrderRole.TARGET)
    if what == "enter":
        bench.obey(bench.bar(signal()))
    elif what == "exit":
        bench.obey(bench.bar(signal(Action.EXIT)))
    elif what in ("part", "fill") and (entries or exits):
        order = (exits or entries)[0]
        size = bench.left[order.id] if what == "fill" else bench.left[order.id] / 2
        bench.obey(bench.report(bench.fill(order, "100", size)))
    elif what == "stop" and stops:
        bench.obey(bench.report(bench.fill(stops[0], "98")))
    elif what == "target" and targets:
        bench.obey(bench.report(bench.fill(targets[0], "102")))
    elif what == "kill":
        bench.obey(bench.operator(Cause.OPERATOR_KILL))
        bench.operator(Cause.OPERATOR_RESUME)
    elif what == "expire" and exits:
        del bench.resting[exits[0].id]
        bench.obey(bench.report(Expired(exits[0].id, "no liquidity")))
    elif what == "gone" and stops:
        lost = stops[0]
        gone = [o for o in resting if o is lost or (o.list_id and o.list_id == lost.list_id)]
        for order in gone:
            del bench.resting[order.id]
        bench.obey(bench.report(*(Canceled(o.id) for o in gone)))
    else:
        bench.obey(bench.bar())


def test_an_exit_that_ends_in_part_leaves_the_rest_protected() -> None:
    bench = bought(Bench(exits=LADDER), "10")
    bench.obey(bench.bar(signal(Action.EXIT)))
    (order,) = bench.working(OrderRole.EXIT)
    bench.report(bench.fill(order, "100", "7"))
    del bench.resting[order.id]
    bench.obey(bench.report(Expired(order.id, "no liquidity")))
    assert bench.held() == 3
    assert sum(o.quantity for o in sells(bench, OrderRole.STOP)) == 3


# Trouble with protection (S10 to S13, F393).


def test_a_stop_whose_cancel_is_refused_is_placed_all_the_same() -> None:
    """F393: the old one may be gone or not; the new one is placed, and the old one watched."""
    plan = ExitPlan(stop_distance=D("0.05"), trail_distance=D("0.05"), trail_after=0)
    closes = [100.0, 110.0, 110.0]
    bench = bought(Bench(bars={"BTCUSDT": flat_bars(closes)}, exits=plan), "10")
    (old,) = bench.resting
    del bench.resting[old]  # nobody told us
    outcome = bench.bar()
    (first,) = placed(outcome)
    answer = bench.report(*bench.answers(outcome.commands[0]))
    (again,) = placed(answer)
    assert (again.stop_price, again.quantity) == (first.stop_price, 10)
    assert answer.commands == (PlaceOrders((again,)),), "with nothing left to cancel"
    bench.obey(answer)
    assert list(bench.resting) == [again.id]
    assert bench.state.guard.states["BTCUSDT"].value == "protected"


def test_a_fill_behind_a_refused_cancel_is_booked_and_the_rest_called_off() -> None:
    plan = ExitPlan(stop_distance=D("0.05"), trail_distance=D("0.05"), trail_after=0)
    bench = bought(Bench(bars={"BTCUSDT": flat_bars([100.0, 110.0, 110.0])}, exits=plan), "10")
    (old,) = bench.resting.values()
    outcome = bench.bar()
    fill = bench.fill(old, "95")
    (trade,) = trades(bench.report(fill))
    assert trade.quantity == 10
    bench.obey(outcome)
    assert bench.held() == 0
    assert bench.resting == {}


def test_a_position_whose_stop_is_refused_is_sold() -> None:
    bench = Bench(exits=STOP)
    (stop,) = placed(bench.enter("10"))
    outcome = bench.report(Rejected(stop.id, -2010, "Order would trigger immediately."))
    (order,) = placed(outcome)
    assert (order.role, order.type, order.quantity) == (OrderRole.EXIT, OrderType.MARKET, 10)
    (trade,) = trades(bench.report(bench.fill(order, "97")))
    assert trade.exit_reason == "unprotected"


def test_a_lost_stop_is_placed_again_at_once() -> None:
    bench = bought(Bench(exits=STOP), "10")
    (old,) = list(bench.resting)
    del bench.resting[old]
    outcome = bench.report(Canceled(old))
    assert [(o.role, o.quantity) for o in placed(outcome)] == [(OrderRole.STOP, 10)]


def test_a_position_naked_for_more_than_a_minute_is_sold() -> None:
    minute = 60 * NS_PER_SECOND
    bars = {"BTCUSDT": flat_bars([100.0] * 9, timeframe=minute)}
    bench = Bench(bars=bars, exits=STOP)
    (order,) = placed(bench.bar(signal()))
    (stop,) = placed(bench.report(bench.fill(order, "100", "10", complete=True), after=minute))
    bench.report(OutcomeUnknown(stop.id))  # and nobody says what became of it
    since = bench.view.account.naked_since("BTCUSDT")
    assert since == bench.at
    for waited in (0, minute):
        outcome = bench.bar()
        assert bench.at - since == waited
        assert placed(outcome) == [], "what may be there is not sent a second time"
    outcome = bench.bar()
    assert [o.role for o in placed(outcome)] == [OrderRole.EXIT]
    assert decisions(outcome)[0].proposal.reason == "unprotected"


def test_an_exit_is_tried_again_when_what_it_replaces_is_gone() -> None:
    """A stop that the venue no longer knows must not keep the position from being left."""
    bench = bought(Bench(exits=LADDER), "10")
    gone = sells(bench, OrderRole.STOP)[0]
    for order in list(bench.resting.values()):
        if order.id == gone.id or (order.list_id and order.list_id == gone.list_id):
            del bench.resting[order.id]
    bench.obey(bench.bar(signal(Action.EXIT)))
    (order,) = [o for o in bench.resting.values() if o.role is OrderRole.EXIT]
    assert order.quantity == 10
    (trade,) = trades(bench.report(bench.fill(order, "100")))
    assert trade.exit_reason == "signal"


def test_an_exit_refused_for_good_leaves_the_position_protected() -> None:
    bench = bought(Bench(exits=STOP), "10")
    outcome = bench.bar(signal(Action.EXIT))
    (old,) = outcome.commands[0].cancels
    (order,) = placed(outcome)
    del bench.resting[old]
    bench.obey(bench.report(Canceled(old), Rejected(order.id, -1013, "MARKET_LOT_SIZE")))
    assert bench.held() == 10
    assert [o.quantity for o in sells(bench, OrderRole.STOP)] == [10]


def test_with_neither_a_stop_nor_a_sale_taken_the_next_bar_tries_again() -> None:
    """No endless exchange of refusals inside one bar, and no giving up either."""
    bench = Bench(exits=STOP)
    outcome = bench.enter("10")
    for _ in range(3):
        orders = placed(outcome)
        if orders:
            outcome = bench.report(*(Rejected(o.id, -1013, "no") for o in orders))
    assert placed(outcome) == []
    outcome = bench.bar()
    assert [o.role for o in placed(outcome)] == [OrderRole.EXIT]


# The kill switch (S13, S30, F387, F434).


def full_bench(**more: Any) -> Bench:
    """A protected position in BTC with a waiting addition, and an entry in ETH on its way."""
    bars = {s: flat_bars([100.0] * 99, s) for s in ("BTCUSDT", "ETHUSDT")}
    bench = Bench(bars=bars, exits=LADDER, **more)
    bought(bench, "10")
    adds = signal(Action.ADD, limit_price=D(95), quote_amount=D(100))
    bench.obey(bench.bar(adds, signal(symbol="ETHUSDT", limit_price=D(90))))
    return bench


def test_a_kill_cancels_entries_and_keeps_stops_and_targets() -> None:
    bench = full_bench()
    kept = {o.id for o in bench.resting.values() if o.side is Side.SELL}
    entries = {o.id for o in bench.resting.values() if o.side is Side.BUY}
    assert len(kept) == 5
    assert len(entries) == 2
    outcome = bench.operator(Cause.OPERATOR_KILL)
    assert {c for command in outcome.commands for c in canceled(command)} == entries
    assert placed(outcome) == []
    bench.obey(outcome)
    assert set(bench.resting) == kept
    bench.bars(5)
    assert set(bench.resting) == kept
    assert bench.offered("BTCUSDT") == bench.held() == 10


def test_a_second_kill_changes_nothing() -> None:
    bench = full_bench()
    first = bench.operator(Cause.OPERATOR_KILL)
    assert [c.after for c in changes(first)] == [Mode.HALTED]
    for cause in (Cause.OPERATOR_KILL, Cause.OPERATOR_PAUSE, Cause.OPERATOR_KILL):
        again = bench.operator(cause)
        assert again.commands == ()
        assert again.facts == ()
    bench.bars(3)
    assert len(bench.facts(ModeChanged)) == 1


def test_a_kill_decides_once_while_its_cancels_travel() -> None:
    bench = full_bench()
    bench.operator(Cause.OPERATOR_KILL)
    outcome = bench.bar(signal(Action.EXIT))
    assert [d.proposal.reason for d in decisions(outcome)] == ["signal"]


def test_ids_go_on_from_step_to_step_and_after_a_restart() -> None:
    bench = Bench()
    first = [placed(bench.bar(signal(limit_price=D(90))))[0].id]
    bench.report(Rejected(first[0], -2010, "no"))
    snapshot = bench.state.snapshot()
    other = Bench()
    other.state.restore(snapshot)
    for each in (bench, other):
        (order,) = placed(each.bar(signal(limit_price=D(90))))
        assert order.id not in first


def test_two_kills_in_one_step_are_one() -> None:
    bench = full_bench()
    bench.state.memory.requested = (Cause.OPERATOR_KILL, Cause.OPERATOR_KILL)
    outcome = bench.bar()
    assert len(changes(outcome)) == 1
    assert len([c for command in outcome.commands for c in canceled(command)]) == 2


def test_an_entry_that_is_being_cancelled_is_not_cancelled_again_by_a_kill() -> None:
    bench = full_bench()
    first = bench.bar(signal(Action.CANCEL))
    outcome = bench.operator(Cause.OPERATOR_KILL)
    ids = [c for command in (*first.commands, *outcome.commands) for c in canceled(command)]
    assert len(ids) == len(set(ids)) == 2


def test_a_kill_and_an_exit_in_one_step_do_both_their_work() -> None:
    closes = [100.0] * 3 + [90.0] * 5
    bars = {"BTCUSDT": flat_bars(closes)}
    bench = Bench(
        bars=bars, exits=ExitPlan(stop_distance=D("0.2")), limits=Limits(daily_loss=D(50))
    )
    bought(bench, "10")
    bench.obey(bench.bar(signal(Action.ADD, limit_price=D(70), quote_amount=D(100))))
    bench.bars(1)
    outcome = bench.bar(signal(Action.EXIT))
    assert bench.mode is Mode.HALTED
    bench.obey(outcome)
    (order,) = [o for o in bench.resting.values() if o.role is OrderRole.EXIT]
    assert list(bench.resting) == [order.id]
    assert order.quantity == 10


def test_what_fills_after_a_kill_is_protected() -> None:
    bench = full_bench()
    entry = next(o for o in bench.resting.values() if o.symbol == "ETHUSDT")
    bench.operator(Cause.OPERATOR_KILL)
    outcome = bench.report(bench.fill(entry, "90"))
    assert {o.role for o in placed(outcome)} == {OrderRole.STOP, OrderRole.TARGET}
    stops = [o for o in placed(outcome) if o.role is OrderRole.STOP]
    assert sum(o.quantity for o in stops) == bench.held("ETHUSDT")


def test_a_resume_is_the_only_way_back_and_entries_pass_again() -> None:
    bench = Bench()
    bench.operator(Cause.OPERATOR_KILL)
    bench.bars(30)
    assert bench.mode is Mode.HALTED
    (change,) = changes(bench.operator(Cause.OPERATOR_RESUME))
    assert (change.before, change.after) == (Mode.HALTED, Mode.NORMAL)
    assert len(placed(bench.bar(signal()))) == 1


def test_a_killed_engine_is_killed_after_a_restart() -> None:
    bench = full_bench()
    bench.operator(Cause.OPERATOR_KILL)
    other = full_bench()
    other.state.restore(bench.state.snapshot())
    other.orders = dict(bench.orders)
    assert other.mode is Mode.HALTED
    outcome = other.bar(signal(symbol="ETHUSDT"))
    assert [d.refused_by for d in decisions(outcome) if d.proposal.purpose is Purpose.ENTRY] == [
        Gate.KILL_SWITCH
    ]


def test_accepted_reports_ask_for_nothing() -> None:
    bench = bought(Bench(exits=STOP), "10")
    (stop,) = bench.resting
    assert bench.report(Accepted(stop)).commands == ()
    assert bench.report(CancelRefused("t99", -2011, "?")).commands == ()
