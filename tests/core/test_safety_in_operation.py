"""What keeps an account safe while nobody looks, each rule by the number that asked for it."""

from decimal import Decimal

from tests.core.bench import (
    Bench,
    changes,
    decisions,
    flat_bars,
    placed,
    signal,
    trades,
)
from tests.core.test_reconcile import Look, found
from thunes.core.domain.decision import Gate
from thunes.core.domain.event import Restarted
from thunes.core.domain.evidence import Standing
from thunes.core.domain.fact import DayRolled, Difference
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import (
    Canceled,
    Expired,
    Order,
    OrderRole,
    OrderType,
    OutcomeUnknown,
    Side,
)
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND
from thunes.core.execution.upkeep import NAKED_MAX_NS
from thunes.core.risk.limits import Limits
from thunes.core.risk.mode import RECOVERIES_MAX, RECOVERIES_NS

D = Decimal
SECOND = NS_PER_SECOND
HOUR = 3_600 * SECOND
STOP = ExitPlan(stop_distance=D("0.05"))


def swinging(hours: int) -> Bench:
    """Sixty held, at a price that falls through the warning and comes back, hour by hour."""
    closes = [100.0, 100.0] + [96.0, 100.0] * (hours // 2) + [100.0] * 40
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, limits=Limits(drawdown_warning=D("0.02")))
    bench.enter("60")
    return bench


# F143: coming back without an operator has bounds.


def test_a_mode_comes_back_by_itself_so_often_a_day_and_no_more() -> None:
    bench = swinging(20)
    seen = [change.cause for _ in range(20) for change in changes(bench.bar())]
    assert seen.count(Cause.DRAWDOWN_RECOVERED) == RECOVERIES_MAX
    assert bench.mode is Mode.DEGRADED
    (decided,) = decisions(bench.bar(signal(symbol="BTCUSDT")))
    assert decided.refused_by is Gate.MODE


def test_after_a_day_it_may_come_back_again() -> None:
    bench = swinging(20)
    last = bench.at
    while bench.mode is not Mode.DEGRADED or bench.at < last + 8 * HOUR:
        bench.bar()
    first = bench.state.memory.recoveries[0]
    while bench.mode is Mode.DEGRADED:
        bench.bar()
    assert bench.at - first == RECOVERIES_NS, "as soon as it may, and not before"


def test_an_operator_who_resumes_is_no_automatic_recovery() -> None:
    bench = swinging(20)
    for _ in range(10):
        bench.bar()
    assert bench.mode is Mode.DEGRADED
    bench.operator(Cause.OPERATOR_RESUME)
    assert bench.mode is Mode.NORMAL
    assert bench.state.memory.recoveries == ()


def test_the_bound_survives_a_restart() -> None:
    bench = swinging(20)
    for _ in range(8):
        bench.bar()
    before = bench.state.memory.recoveries
    assert len(before) == RECOVERIES_MAX
    bench.state.restore(bench.state.snapshot())
    assert bench.state.memory.recoveries == before


def test_no_halt_but_that_of_a_daily_loss_ever_ends_by_itself() -> None:
    for cause in (Cause.OPERATOR_KILL, Cause.INVARIANT_BROKEN):
        bench = Bench(limits=Limits(daily_loss=D(50), daily_loss_lifted_by="day"))
        bench.bar()
        bench.operator(cause)
        bench.bars(50)
        assert bench.mode is Mode.HALTED


# F144: a naked position is covered at the first sight and sold at the second.


def naked() -> Bench:
    minute = 60 * SECOND
    bench = Bench(bars={"BTCUSDT": flat_bars([100.0] * 9, timeframe=minute)}, exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    bench.lost = stop  # type: ignore[attr-defined]
    return bench


def test_at_first_sight_of_a_missing_stop_another_one_is_placed_and_nothing_is_sold() -> None:
    bench = naked()
    outcome = bench.report(Canceled(bench.lost.id))  # type: ignore[attr-defined]
    assert [(o.role, o.quantity) for o in placed(outcome)] == [(OrderRole.STOP, 10)]
    assert bench.mode is Mode.NORMAL


def test_what_is_still_naked_after_its_time_is_sold_and_only_then() -> None:
    bench = naked()
    (second,) = placed(bench.report(Canceled(bench.lost.id)))  # type: ignore[attr-defined]
    bench.report(OutcomeUnknown(second.id))
    since = bench.view.account.naked_since("BTCUSDT")
    assert since is not None
    roles: list[OrderRole] = []
    while not roles:
        roles = [order.role for order in placed(bench.bar())]
        assert (roles != []) == (bench.at - since > NAKED_MAX_NS)
    assert roles == [OrderRole.EXIT]


def test_after_a_start_the_time_of_a_naked_position_counts_anew() -> None:
    """Its stop may rest all the same, however long ago anybody heard of it."""
    bench = naked()
    (second,) = placed(bench.report(Canceled(bench.lost.id)))  # type: ignore[attr-defined]
    bench.bars(1)
    bench.step(Restarted(bench.at + 50 * SECOND, epoch=1))
    assert bench.view.account.naked_since("BTCUSDT") == bench.at
    look = Look(bench).order(second, Standing.OPEN)
    assert placed(look.see()) == [], "a look proves that it rests"
    assert bench.view.account.naked_since("BTCUSDT") is None


# F130: what is there and not known keeps its symbol closed.


def test_nothing_is_entered_where_the_venue_shows_what_nobody_here_knows() -> None:
    bench = Bench(exits=STOP)
    other = Order("web1", "BTCUSDT", Side.BUY, OrderType.LIMIT, OrderRole.ENTRY, "", D(1))
    Look(bench).order(other, Standing.OPEN).see()
    (decided,) = decisions(bench.bar(signal()))
    assert decided.refused_by is Gate.RECONCILED
    bench = Bench(exits=STOP)
    bench.bar()
    Look(bench).holding("BTC", "2").see()
    Look(bench, after=4 * SECOND).holding("BTC", "2").see()
    decided = decisions(bench.bar(signal()))[-1]
    assert decided.refused_by is Gate.ONE_POSITION_PER_SYMBOL, "it is a position by now"


# F159: a take-profit that is missing is placed by the next look.


def test_a_target_that_is_missing_is_placed_by_the_next_look() -> None:
    plan = ExitPlan(stop_distance=D("0.05"), targets=(TargetLevel(D("0.1"), D(1)),))
    bench = Bench(exits=plan)
    bench.obey(bench.enter("10"))
    (target,) = bench.working(OrderRole.TARGET)
    (stop,) = bench.working(OrderRole.STOP)
    for order in (target, stop):
        del bench.resting[order.id]
    record = bench.state.ledger.orders.find(target.id)
    assert record is not None
    looks = [Look(bench), Look(bench)]
    orders: list[Order] = []
    for look in looks:
        look.at = bench.at + 20 * SECOND
        outcome = look.order(stop, Standing.CANCELED).order(target, Standing.CANCELED).see()
        orders += placed(outcome)
        bench.obey(outcome)
    assert sorted(order.role.value for order in orders) == ["stop", "target"]
    assert {order.quantity for order in orders} == {D(10)}


# A stop that was triggered and did not fill: the rest is covered, or sold when its time is over.


def test_a_stop_that_triggered_and_ended_unfilled_leaves_nothing_uncovered() -> None:
    bench = Bench(exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    outcome = bench.report(
        bench.fill(stop, "95", "4", complete=False), Expired(stop.id, "no liquidity", D(4))
    )
    assert bench.held() == 6
    assert [(o.role, o.quantity) for o in placed(outcome)] == [(OrderRole.STOP, D(6))]


def test_a_stop_that_triggered_and_is_not_heard_of_again_is_found_to_be_gone() -> None:
    bench = Bench(exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    sent: list[Order] = []
    for _ in range(4):
        look = Look(bench)
        for order in sent:
            look.order(order, Standing.OPEN)
        outcome = look.see()
        sent += placed(outcome)
        bench.obey(outcome)
    assert [(order.role, order.quantity) for order in sent] == [(OrderRole.STOP, D(10))]
    assert bench.view.account.naked_since("BTCUSDT") is None


# A stop that the venue says rests while the price is beyond it protects nothing.


def beyond(bench: Bench, *, seconds: int, bid: str = "93.9", ask: str = "94.1") -> Outcome:
    """A quote, and so much later a look that shows every order as open."""
    bench.quote("BTCUSDT", bid, ask)
    look = Look(bench, after=seconds * SECOND)
    for order in bench.resting.values():
        look.order(order, Standing.OPEN)
    outcome: Outcome = look.see()
    return outcome


def stopped_at_95() -> Bench:
    minute = 60 * SECOND
    bench = Bench(bars={"BTCUSDT": flat_bars([100.0] * 9, timeframe=minute)}, exits=STOP)
    bench.obey(bench.enter("10"))
    return bench


def test_a_stop_that_does_not_trigger_gives_way_to_a_sale_once_two_looks_agree() -> None:
    bench = stopped_at_95()
    (stop,) = bench.resting.values()
    assert placed(beyond(bench, seconds=20)) == []
    assert placed(beyond(bench, seconds=20)) == [], "the market may have moved just then"
    outcome = beyond(bench, seconds=20)
    (sale,) = placed(outcome)
    assert (sale.role, sale.type, sale.quantity) == (OrderRole.EXIT, OrderType.MARKET, 10)
    assert outcome.commands[0].cancels == (stop.id,), "if that has filled, nothing is sold"
    assert decisions(outcome)[0].proposal.reason == "stop_unheeded"


def test_a_price_that_comes_back_begins_the_time_anew() -> None:
    bench = stopped_at_95()
    for _ in range(3):
        assert placed(beyond(bench, seconds=20)) == []
        assert placed(beyond(bench, seconds=20)) == []
        assert placed(beyond(bench, seconds=20, bid="95.9", ask="96.1")) == []


def test_a_price_that_nobody_tells_of_any_more_sells_nothing() -> None:
    bench = stopped_at_95()
    bench.quote("BTCUSDT", "93.9", "94.1")
    (stop,) = bench.resting.values()
    for _ in range(5):
        assert placed(Look(bench).order(stop, Standing.OPEN).see()) == []
    assert [order.role for order in placed(beyond(bench, seconds=1))] == [OrderRole.EXIT]


def test_a_stop_beyond_which_no_price_is_stays() -> None:
    bench = stopped_at_95()
    for _ in range(4):
        assert placed(beyond(bench, seconds=20, bid="94.99", ask="95.01")) == []
    bench.state.restore(bench.state.snapshot())
    assert bench.state.doubt.unheeded == {}


def test_how_long_a_stop_was_not_heeded_survives_a_snapshot() -> None:
    bench = stopped_at_95()
    beyond(bench, seconds=20)
    beyond(bench, seconds=20)
    bench.state.restore(bench.state.snapshot())
    assert [order.role for order in placed(beyond(bench, seconds=20))] == [OrderRole.EXIT]


# What others close is known for what it was.


def test_a_position_that_was_closed_elsewhere_is_a_trade_by_hand() -> None:
    bench = Bench(exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    by_hand = Order("web1", "BTCUSDT", Side.SELL, OrderType.MARKET, OrderRole.EXIT, "", D(10))
    look = Look(bench, after=SECOND).order(by_hand, Standing.FILLED, "10")
    outcome = look.order(stop, Standing.CANCELED).fill(by_hand, "99", "10").see()
    (trade,) = trades(outcome)
    assert (trade.exit_reason, trade.exit_price) == ("manual", D(99))
    assert found(outcome) == [Difference.FOREIGN_FILL]
    assert bench.held() == 0


# S21: the first equity of a UTC day is written once.


def test_the_first_equity_of_a_day_is_written_once_and_no_restart_changes_it() -> None:
    closes = [100.0] * 12 + [90.0] * 30
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, limits=Limits(daily_loss=D(500)))
    bench.enter("10")
    for _ in range(30):
        bench.state.restore(bench.state.snapshot())
        bench.step(Restarted(bench.at, epoch=bench.state.memory.epoch + 1))
        bench.bar()
    rolled = bench.facts(DayRolled)
    assert [fact.day for fact in rolled] == sorted({fact.day for fact in rolled})
    assert len(rolled) == 1 + (bench.at // NS_PER_DAY - rolled[0].day)
    assert bench.state.memory.day_start_equity == rolled[-1].equity
