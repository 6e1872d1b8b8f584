"""Brackets: an entry under a cap brings its protection along and is never without it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.bench import BTC, Bench, decisions, flat_bars, placed, signal
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.decision import Action, Gate
from thunes.core.domain.event import AccountSeen, Restarted
from thunes.core.domain.fact import Noticed, PositionOpened
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    Expired,
    Order,
    OrderRole,
    OrderType,
    OutcomeUnknown,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.position import ExitPlan, Protection, TargetLevel
from thunes.core.domain.units import NS_PER_SECOND, ZERO
from thunes.core.domain.view import OrderState
from thunes.core.risk.limits import Limits

D = Decimal
CAP = D("0.005")
STOP = ExitPlan(stop_distance=D("0.02"))
BOTH = ExitPlan(stop_distance=D("0.02"), targets=(TargetLevel(D("0.04"), D(1)),))
LADDER = ExitPlan(
    stop_distance=D("0.02"),
    targets=(TargetLevel(D("0.02"), D("0.4")), TargetLevel(D("0.04"), D("0.4"))),
)


def bench(**wanted: Any) -> Bench:
    return Bench(**({"exits": STOP, "entry_cap": CAP} | wanted))


def begun(bench: Bench) -> list[Order]:
    """The orders of an entry that the venue has taken."""
    outcome = bench.bar(signal())
    bench.obey(outcome)
    return placed(outcome)


def filled(bench: Bench, **fee: Any) -> list[Order]:
    """The same, with the entry filled."""
    orders = begun(bench)
    bench.obey(bench.report(bench.fill(orders[0], "100.5", **fee)))
    return orders


def state(bench: Bench, order: Order) -> OrderState:
    record = bench.state.ledger.orders.find(order.id)
    assert record is not None
    return record.state


def ahead(bench: Bench, entry: Order) -> Report:
    """The venue has filled it, and nobody has been told yet."""
    fill = bench.fill(entry, "100.2")
    bench.ended.clear()
    bench.resting.clear()
    return fill


def cover(bench: Bench) -> Protection:
    return bench.state.guard.states.get("BTCUSDT", Protection.FLAT)


def sent(bench: Bench) -> int:
    """Requests that have left."""
    kinds = PlaceOrders | CancelOrders | ReplaceOrders
    return sum(isinstance(c, kinds) for line in bench.lines for c in line.commands)


# What is sent.


def test_an_entry_under_a_cap_is_a_list_that_begins_with_a_limit_order() -> None:
    outcome = bench(sizing="fixed:1000").bar(signal())
    (command,) = outcome.commands
    assert isinstance(command, PlaceOrders)
    entry, stop = command.orders
    assert (entry.type, entry.role, entry.limit_price) == (
        OrderType.LIMIT,
        OrderRole.ENTRY,
        D("100.50"),
    )
    assert entry.quantity == D("9.94030"), "1000 / (100.5 x 1.001)"
    assert entry.quote_amount is None
    assert entry.after is None
    assert (stop.side, stop.type, stop.role) == (Side.SELL, OrderType.STOP_MARKET, OrderRole.STOP)
    assert stop.stop_price == D("98.00"), "2 % below the last price, wherever it will fill"
    assert stop.quantity == D("9.93035"), "what a fee in coins leaves of it, on the step"
    assert stop.after == entry.id


def test_the_limit_lies_on_the_tick_and_never_above_the_cap() -> None:
    bars = {"BTCUSDT": flat_bars([99.97] * 10)}
    entry, *_ = placed(bench(bars=bars).bar(signal()))
    assert entry.limit_price == D("100.46"), "100.469850 is no tick: the one below"


def test_a_target_of_the_whole_comes_along_in_one_list_with_the_stop() -> None:
    entry, target, stop = placed(bench(exits=BOTH).bar(signal()))
    assert (target.role, target.limit_price) == (OrderRole.TARGET, D("104.00"))
    assert target.quantity == stop.quantity
    assert target.list_id == stop.list_id
    assert target.list_id
    assert (entry.list_id, target.after, stop.after) == (None, entry.id, entry.id)


@pytest.mark.parametrize(
    ("rate", "in_quote", "kept"),
    [("0.001", False, "9.93035"), ("0.001", True, "9.94030"), ("0", False, "9.95024")],
)
def test_the_stop_sells_what_the_fee_surely_leaves(rate: str, in_quote: bool, kept: str) -> None:
    _, stop = placed(bench(fee_rate=D(rate), fee_in_quote=in_quote).bar(signal()))
    assert stop.quantity == D(kept)


def test_a_quantity_that_was_asked_for_stays() -> None:
    entry, stop = placed(bench(sizing="quantity:2").bar(signal()))
    assert (entry.quantity, stop.quantity) == (2, D("1.998"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"entry_cap": None},
        {"exits": ExitPlan()},
        {"exits": LADDER},
        {"exits": replace(BOTH, targets=(TargetLevel(D("0.04"), D("0.5")),))},
        {"exits": replace(BOTH, targets=(TargetLevel(D("0.004"), D(1)),))},
    ],
    ids=["no cap", "no stop", "a ladder", "a target of a half", "a target within the cap"],
)
def test_everything_else_enters_as_ever(wanted: dict[str, Any]) -> None:
    (order,) = placed(bench(**wanted).bar(signal()))
    assert (order.type, order.quote_amount) == (OrderType.MARKET, 1000)


@pytest.mark.parametrize(
    "more",
    [{"limit_price": D(90)}, {"leg": "cell-1"}, {"plan": ExitPlan(stop_price=D(101))}],
    ids=["a limit", "a leg of its own", "a stop above the price"],
)
def test_other_signals_enter_as_ever(more: dict[str, Any]) -> None:
    (order,) = placed(bench().bar(signal(**more)))
    assert order.after is None
    assert order.limit_price in (None, D(90))


def test_an_addition_enters_as_ever() -> None:
    world = bench(limits=Limits())
    filled(world)
    (order,) = placed(world.bar(signal(Action.ADD)))
    assert order.type is OrderType.MARKET


def test_limits_count_the_entry_at_the_cap() -> None:
    """9.9403 at 100.5 with its fee: 1000.00 less a step; 2.49 % of it are lost at the stop."""
    assert placed(bench(limits=Limits(loss_per_trade=D(25))).bar(signal()))
    (decided,) = decisions(bench(limits=Limits(loss_per_trade=D(24))).bar(signal()))
    assert decided.refused_by is Gate.LOSS_PER_TRADE


def test_cash_is_kept_back_for_it_and_for_nothing_that_comes_along() -> None:
    world = bench()
    entry, _ = begun(world)
    assert entry.quantity is not None
    assert world.view.account.available() == world.cash() - entry.quantity * D("100.5") * D("1.001")


# What becomes of it.


def test_the_position_is_covered_in_the_step_of_its_fill() -> None:
    world = bench()
    _, stop = begun(world)
    assert state(world, stop) is OrderState.SUBMITTED
    outcome = world.report(world.fill(world.orders[stop.after or ""], "100.2"))
    assert outcome.commands == (), "nothing is left to be sent"
    assert (state(world, stop), cover(world)) == (OrderState.ACCEPTED, Protection.PROTECTED)
    held = world.view.account.position("BTCUSDT")
    assert held is not None
    assert (held.stop_price, held.plan.stop_price) == (98, 98)
    assert [leg.stop_price for leg in held.legs] == [98]


@pytest.mark.parametrize("exits", [STOP, BOTH], ids=["stop", "stop and target"])
@pytest.mark.parametrize("asset", ["BTC", "USDT"])
def test_what_rests_stays_whatever_the_fee_was_taken_in(exits: ExitPlan, asset: str) -> None:
    """Of the coins that a fee in coins would have taken, none are sold by the stop; they are too
    few to be sold alone, and no order is taken back for them."""
    world = bench(exits=exits)
    in_coins = {"fee": "0.0099403", "fee_asset": "BTC"}
    orders = filled(world, **(in_coins if asset == "BTC" else {"fee": "0.01", "fee_asset": asset}))
    assert world.held() == D("9.9303597" if asset == "BTC" else "9.94030")
    world.bars(3)
    assert sent(world) == 1, "one list, once"
    assert cover(world) is Protection.PROTECTED
    assert set(world.resting) == {order.id for order in orders[1:]}


def test_much_more_than_the_stop_sells_is_covered_by_another_one() -> None:
    world = bench(sizing="fixed:9000", fee_rate=D("0.01"))
    _, stop = filled(world)
    (instead,) = world.resting.values()
    assert (instead.role, instead.quantity) == (OrderRole.STOP, world.held())
    assert state(world, stop) is OrderState.CANCELED
    assert sent(world) == 2


def test_what_the_stop_leaves_goes_as_dust() -> None:
    world = bench()
    _, stop = filled(world)
    world.report(world.fill(stop, "98"))
    assert world.view.account.position("BTCUSDT") is None
    assert cover(world) is Protection.FLAT


def test_an_entry_that_ends_without_a_fill_takes_all_of_it_along() -> None:
    world = bench(exits=BOTH)
    orders = begun(world)
    outcome = world.report(*world.expire(orders[0]))
    assert outcome.commands == ()
    assert [state(world, order) for order in orders] == [OrderState.EXPIRED] * 3
    assert world.view.account.available() == world.cash()
    assert not world.facts(Noticed)
    assert placed(world.bar(signal())), "and the next one may come"


def test_a_stop_that_could_not_begin_is_placed_at_once() -> None:
    world = bench()
    entry, stop = begun(world)
    world.waiting.clear()
    gone = Expired(stop.id, "REJECTED", ZERO)
    (again,) = placed(world.report(world.fill(entry, "100.2"), gone))
    assert (again.role, again.stop_price, again.after) == (OrderRole.STOP, 98, None)
    assert again.quantity == world.held()


def test_a_kill_takes_it_back_with_all_that_came_along() -> None:
    world = bench(exits=BOTH)
    entry, *rest = begun(world)
    outcome = world.operator(Cause.OPERATOR_KILL)
    assert outcome.commands == (CancelOrders((entry.id,)),)
    world.obey(outcome)
    assert [state(world, each) for each in rest] == [OrderState.CANCELED] * 2
    assert not world.resting


def test_a_kill_that_comes_too_late_leaves_the_stop() -> None:
    world = bench()
    entry, stop = begun(world)
    world.operator(Cause.OPERATOR_KILL)
    assert world.report(world.fill(entry, "100.2")).commands == ()
    assert state(world, stop) is OrderState.ACCEPTED
    assert cover(world) is Protection.PROTECTED


def test_nothing_of_it_is_cleared_while_its_entry_is_alive() -> None:
    """A stream may tell of the stop before it tells of the fill."""
    world = bench()
    entry, stop = begun(world)
    assert world.report(Accepted(stop.id)).commands == ()
    assert not world.facts(Noticed), "nor is it offered for sale before anything is held"
    world.waiting.clear()
    assert world.report(world.fill(entry, "100.2")).commands == ()
    assert cover(world) is Protection.PROTECTED


def test_a_part_of_it_is_told_and_the_rest_is_waited_for() -> None:
    """What rests is right for all of it, of which only a part is known."""
    world = bench(exits=BOTH)
    entry, target, stop = begun(world)
    first = world.fill(entry, "100.2", "4", complete=False)
    last = ahead(world, entry)
    for report in (first, Accepted(target.id), Accepted(stop.id), last):
        assert world.report(report).commands == ()
    assert cover(world) is Protection.PROTECTED


def test_without_an_answer_all_of_it_is_unknown_and_counts() -> None:
    world = bench(exits=BOTH)
    orders = placed(world.bar(signal()))
    before = world.view.account.exposure("BTCUSDT")
    world.report(*(OutcomeUnknown(order.id) for order in orders))
    assert [state(world, order) for order in orders] == [OrderState.UNKNOWN] * 3
    assert world.view.account.exposure("BTCUSDT") == before > 900
    (decided,) = decisions(world.bar(signal()))
    assert decided.refused_by is Gate.ONE_POSITION_PER_SYMBOL


def look(bench: Bench, after_s: int, *told: Any) -> Outcome:
    at = bench.at + after_s * NS_PER_SECOND
    balances = {"USDT": bench.cash()}
    return bench.step(AccountSeen(at, at, bench.at - 10**12, tuple(told), (), balances))


def test_a_restart_finds_out_that_it_never_came_to_be() -> None:
    world = bench()
    orders = placed(world.bar(signal()))
    world.step(Restarted(world.at, 2))
    assert [state(world, order) for order in orders] == [OrderState.UNKNOWN] * 2
    look(world, 20)
    assert look(world, 5).commands == ()
    assert [state(world, order) for order in orders] == [OrderState.REJECTED] * 2


def test_what_the_venue_forgets_to_end_is_ended_by_evidence() -> None:
    world = bench()
    entry, stop = begun(world)
    world.report(Expired(entry.id, "not filled at once", ZERO))
    assert state(world, stop) is OrderState.SUBMITTED
    assert look(world, 20).commands == (), "no cancel of what never began"
    assert look(world, 5).commands == ()
    assert state(world, stop) is OrderState.REJECTED


def test_a_refused_list_leaves_nothing() -> None:
    world = bench()
    orders = placed(world.bar(signal()))
    outcome = world.report(*(Rejected(order.id, -2010, "no") for order in orders))
    assert outcome.commands == ()
    assert [state(world, order) for order in orders] == [OrderState.REJECTED] * 2


@given(
    st.permutations(["entry", "fill", "stop", "target"]),
    st.lists(st.sampled_from(["entry", "fill", "stop", "target", "lost"]), max_size=3),
)
def test_in_whatever_order_it_is_told_nothing_is_taken_back(
    told: list[str], again: list[str]
) -> None:
    """Reports of one list, in any order and some of them twice: the venue holds what is right."""
    world = bench(exits=BOTH)
    entry, target, stop = begun(world)
    fill = ahead(world, entry)
    reports: dict[str, Report] = {
        "entry": Accepted(entry.id),
        "fill": fill,
        "stop": Accepted(stop.id),
        "target": Accepted(target.id),
        "lost": OutcomeUnknown(stop.id),
    }
    for name in (*told, *again):
        world.report(reports[name])
    world.bars(2)
    assert sent(world) == 1
    assert cover(world) is Protection.PROTECTED
    assert not [fact for fact in world.facts(Noticed) if fact.code.startswith("broken")]
    assert len(world.facts(PositionOpened)) == 1


def test_a_fill_after_its_cancel_was_believed_keeps_its_stop() -> None:
    world = bench()
    entry, stop = begun(world)
    fill = ahead(world, entry)
    world.report(Canceled(entry.id, ZERO))
    assert world.report(Accepted(stop.id)).commands == ()
    assert world.report(fill).commands == ()
    assert cover(world) is Protection.PROTECTED


def test_the_stop_that_came_along_is_moved_like_any_other() -> None:
    plan = replace(STOP, trail_distance=D("0.01"), trail_after=0)
    world = bench(exits=plan, bars={"BTCUSDT": flat_bars([100.0, 100.0, 104.0, 104.0])})
    _, stop = filled(world)
    for trailing in ("99.00", "102.96"):
        outcome = world.bar()
        world.obey(outcome)
        (moved,) = placed(outcome)
        assert moved.stop_price == D(trailing), "1 % below the highest close"
    assert stop.stop_price == 98


SMALL = replace(BTC, min_notional=ZERO)


def test_more_than_a_step_is_covered_where_the_smallest_order_is_a_step() -> None:
    world = bench(instruments=(SMALL,))
    _, stop = filled(world)
    assert state(world, stop) is OrderState.CANCELED
    assert cover(world) is Protection.PROTECTED
