"""The three tables over every pair: what leads where, and what is not in them on purpose."""

from decimal import Decimal

import pytest

from tests.core.bench import Bench, changes, flat_bars, placed, signal, trades
from thunes.core.domain.decision import Action
from thunes.core.domain.fact import Noticed, OrderFailed
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    OrderRole,
    OutcomeUnknown,
    Rejected,
)
from thunes.core.domain.position import ExitPlan, Protection
from thunes.core.domain.view import OVER, OrderState
from thunes.core.ledger.orders import ORDER_TABLE, OrderChange
from thunes.core.ledger.protection import PROTECTION_TABLE, Cover
from thunes.core.risk.limits import WIDE_OPEN, Limits
from thunes.core.risk.mode import LIFTED_BY, MODE_TABLE, next_mode

D = Decimal
S, C, M = OrderState, OrderChange, Mode

MISSING = {
    (S.SUBMITTED, C.CANCEL_REFUSED),  # nobody asked for a cancel
    (S.ACCEPTED, C.CANCEL_REFUSED),
    (S.PARTLY_FILLED, C.CANCEL_REFUSED),
    (S.REJECTED, C.END_OVERTOOK),
    (S.FILLED, C.MISSED),  # what is over is looked for no more
    (S.CANCELED, C.MISSED),
    (S.EXPIRED, C.MISSED),
    (S.REJECTED, C.MISSED),
    (S.SUBMITTED, C.CANCEL_NOT_TAKEN),
    (S.ACCEPTED, C.CANCEL_NOT_TAKEN),
    (S.PARTLY_FILLED, C.CANCEL_NOT_TAKEN),
    (S.ACCEPTED, C.REJECTED),  # accepted and refused contradict each other
    (S.PARTLY_FILLED, C.REJECTED),
    (S.FILLED, C.REJECTED),
    (S.CANCELED, C.REJECTED),
    (S.EXPIRED, C.REJECTED),
    (S.FILLED, C.CANCEL_SENT),  # what is over is not cancelled
    (S.CANCELED, C.CANCEL_SENT),
    (S.EXPIRED, C.CANCEL_SENT),
    (S.REJECTED, C.CANCEL_SENT),
    (S.FILLED, C.CANCELED),  # it ended in another way
    (S.FILLED, C.EXPIRED),
    (S.CANCELED, C.EXPIRED),
    (S.EXPIRED, C.CANCELED),
    (S.REJECTED, C.CANCELED),
    (S.REJECTED, C.EXPIRED),
    (S.REJECTED, C.ACCEPTED),
}
"""Pairs without a row: such a report is noticed, and changes nothing."""


def test_the_order_table_lacks_exactly_these_rows() -> None:
    assert set(ORDER_TABLE) == set(OrderState)
    pairs = {(state, change) for state in OrderState for change in OrderChange}
    known = {(state, change) for state, row in ORDER_TABLE.items() for change in row}
    assert pairs - known == MISSING


@pytest.mark.parametrize("state", OrderState)
def test_a_fill_has_a_row_in_every_state(state: OrderState) -> None:
    row = ORDER_TABLE[state]
    assert row[C.FILLED] is S.FILLED
    part = row[C.PARTLY_FILLED]
    ended_otherwise = state in (S.CANCELED, S.EXPIRED, S.FILLED)
    assert part is (state if ended_otherwise or state is S.CANCELING else S.PARTLY_FILLED)


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("change", OrderChange)
def test_every_row_leads_to_what_was_reported(state: OrderState, change: OrderChange) -> None:
    after = ORDER_TABLE[state].get(change)
    if after is None:
        return
    news = {
        C.FILLED: S.FILLED,
        C.REJECTED: S.REJECTED,
        C.CANCELED: S.CANCELED,
        C.EXPIRED: S.EXPIRED,
    }
    if change in news:
        assert after is news[change]
    if state in OVER and after not in OVER:
        assert (state, change) == (S.REJECTED, C.PARTLY_FILLED), "only a fill brings back to life"
    if change is C.CANCEL_REFUSED:
        assert after is (state if state in OVER else S.UNKNOWN)
    if change is C.MISSED:
        assert after is S.UNKNOWN
    if change is C.END_OVERTOOK:
        assert after is (state if state in OVER else S.UNKNOWN)
    if change is C.CANCEL_NOT_TAKEN:
        assert after is (S.ACCEPTED if state is S.CANCELING else state)
    if change is C.LOST:
        asked = state in (S.SUBMITTED, S.CANCELING, S.UNKNOWN)
        assert after is (S.UNKNOWN if asked else state), "where nothing was asked nothing is lost"
    if change is C.CANCEL_SENT:
        assert after is (S.UNKNOWN if state is S.UNKNOWN else S.CANCELING)
    if change is C.ACCEPTED and state not in (S.SUBMITTED, S.UNKNOWN):
        assert after is state, "an acknowledgement that comes late takes nothing back"


REACHED = {
    S.SUBMITTED: (),
    S.ACCEPTED: (Accepted,),
    S.PARTLY_FILLED: ("part",),
    S.FILLED: ("fill",),
    S.REJECTED: (Rejected,),
    S.CANCELING: ("cancel",),
    S.CANCELED: (Canceled,),
    S.EXPIRED: (Expired,),
    S.UNKNOWN: (OutcomeUnknown,),
}
REPORTED = {
    C.ACCEPTED: Accepted,
    C.PARTLY_FILLED: "part",
    C.FILLED: "fill",
    C.REJECTED: Rejected,
    C.CANCELED: Canceled,
    C.EXPIRED: Expired,
    C.CANCEL_REFUSED: CancelRefused,
    C.LOST: OutcomeUnknown,
}


def happens(bench: Bench, order_id: str, what: object) -> list[Noticed]:
    """One thing happens to the waiting entry; what the core noticed about it."""
    order = bench.orders[order_id]
    if what == "cancel":
        outcome = bench.bar(signal(Action.CANCEL))
    elif what in ("part", "fill"):
        bench.left[order_id] = D(10)
        fill = bench.fill(order, "90", "1", complete=what == "fill")
        outcome = bench.report(fill)
    elif what in (Rejected, CancelRefused):
        outcome = bench.report(what(order_id, -2011, "no"))
    elif what is Expired:
        outcome = bench.report(Expired(order_id, "over"))
    else:
        outcome = bench.report(what(order_id))
    return [fact for fact in outcome.facts if isinstance(fact, Noticed)]


@pytest.mark.parametrize("state", REACHED)
@pytest.mark.parametrize("change", REPORTED)
def test_the_engine_follows_the_table(state: OrderState, change: OrderChange) -> None:
    bench = Bench()
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    for what in REACHED[state]:
        happens(bench, order.id, what)
    record = bench.state.ledger.orders.find(order.id)
    assert record.state is state
    filled = record.filled
    noticed = happens(bench, order.id, REPORTED[change])
    after = ORDER_TABLE[state].get(change, state)
    assert bench.state.ledger.orders.find(order.id).state is after
    assert [each.code for each in noticed] == (
        ["impossible_report"] if (state, change) in MISSING else []
    )
    is_fill = change in (C.PARTLY_FILLED, C.FILLED)
    assert record.filled - filled == (1 if is_fill else 0), "every fill is booked, and only fills"
    waits = order in bench.working(OrderRole.ENTRY)
    assert waits is (after not in OVER)


def test_a_fill_after_the_cancel_is_booked_and_protected() -> None:
    bench = Bench(exits=ExitPlan(stop_distance=D("0.02")))
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    bench.report(Accepted(order.id))
    bench.bar(signal(Action.CANCEL))
    bench.report(Canceled(order.id))
    late = bench.report(bench.fill(order, "90", "2", complete=False))
    assert bench.held() == 2
    assert bench.cash() == D(10_000) - 180
    assert [(o.role, o.quantity) for o in placed(late)] == [(OrderRole.STOP, D(2))]


def test_a_repeated_fill_is_booked_once() -> None:
    bench = Bench()
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    fill = bench.fill(order, "90", "2", complete=False)
    bench.report(fill, fill)
    bench.report(fill)
    assert bench.held() == 2
    assert bench.cash() == D(10_000) - 180


def test_a_refused_cancel_leaves_the_order_unknown_and_its_cash_reserved() -> None:
    bench = Bench()
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    reserved = bench.view.account.available()
    bench.report(Accepted(order.id))
    bench.bar(signal(Action.CANCEL))
    outcome = bench.report(CancelRefused(order.id, -2011, "Unknown order sent."))
    assert bench.state.ledger.orders.find(order.id).state is S.UNKNOWN
    assert bench.view.account.available() == reserved < 10_000
    (failed,) = [fact for fact in outcome.facts if isinstance(fact, OrderFailed)]
    assert "-2011 Unknown order sent." in failed.text


def test_an_order_believed_refused_that_fills_is_booked() -> None:
    bench = Bench(exits=ExitPlan(stop_distance=D("0.02")))
    (order,) = placed(bench.bar(signal(limit_price=D(90))))
    bench.report(Rejected(order.id, -1000, "unclear"))
    assert bench.view.account.available() == 10_000
    bench.report(bench.fill(order, "90", "2", complete=False))
    assert bench.held() == 2
    assert order in bench.working(OrderRole.ENTRY), "it works again, and its rest is reserved"
    assert bench.view.account.available() < bench.cash()


def test_a_late_fill_of_a_sale_makes_a_trade_of_its_own() -> None:
    bench = Bench()
    bench.enter("4")
    (exit_order,) = placed(bench.bar(signal(Action.EXIT)))
    bench.report(bench.fill(exit_order, "110", "1", complete=False))
    (first,) = trades(bench.report(Expired(exit_order.id, "no liquidity")))
    (late,) = trades(bench.report(bench.fill(exit_order, "120", "1", complete=False)))
    assert (first.quantity, first.exit_price, first.pnl) == (1, 110, 10)
    assert (late.quantity, late.exit_price, late.pnl) == (1, 120, 20)


def test_a_report_of_an_order_that_is_not_ours_changes_nothing() -> None:
    bench = Bench()
    before = bench.state.digest()
    outcome = bench.report(Accepted("x99"))
    assert [fact.code for fact in outcome.facts] == ["foreign_order"]
    assert bench.state.digest() == before


# The mode.


def test_the_mode_table_covers_every_pair() -> None:
    assert set(MODE_TABLE) == set(Mode)
    assert all(set(row) == set(Cause) for row in MODE_TABLE.values())


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("cause", Cause)
def test_modes_only_get_worse_unless_lifted(mode: Mode, cause: Cause) -> None:
    order = [M.NORMAL, M.DEGRADED, M.HALTED]
    after = MODE_TABLE[mode][cause]
    if cause in (Cause.OPERATOR_RESUME, Cause.DRAWDOWN_RECOVERED, Cause.DAY_ROLLED):
        assert after is M.NORMAL
    else:
        assert order.index(after) >= order.index(mode)
        assert after is not M.NORMAL


ESCALATING = [c for c in Cause if MODE_TABLE[M.NORMAL][c] is not M.NORMAL]
LIFTING = [c for c in Cause if MODE_TABLE[M.HALTED][c] is M.NORMAL]


def test_whoever_worsens_the_mode_says_who_may_lift_it() -> None:
    assert set(LIFTED_BY) == set(ESCALATING)
    assert all(Cause.OPERATOR_RESUME in lifted for lifted in LIFTED_BY.values())
    assert set(ESCALATING) | set(LIFTING) == set(Cause)


@pytest.mark.parametrize("by", ["operator", "day"])
@pytest.mark.parametrize("cause", LIFTING)
@pytest.mark.parametrize("began", ESCALATING)
def test_only_who_is_named_lifts(began: Cause, cause: Cause, by: str) -> None:
    mode = MODE_TABLE[M.NORMAL][began]
    after = next_mode(mode, began, cause, Limits(daily_loss_lifted_by=by))
    allowed = cause in LIFTED_BY[began]
    if (began, cause) == (Cause.DAILY_LOSS, Cause.DAY_ROLLED):
        allowed = by == "day"
    assert after is (M.NORMAL if allowed else mode)


EXPLICIT = {
    Cause.DRAWDOWN_WARNING: {Cause.DRAWDOWN_RECOVERED, Cause.OPERATOR_RESUME},
    Cause.DAILY_LOSS: {Cause.DAY_ROLLED, Cause.OPERATOR_RESUME},
    Cause.DRAWDOWN_LIMIT: {Cause.OPERATOR_RESUME},
    Cause.INVARIANT_BROKEN: {Cause.OPERATOR_RESUME},
    Cause.OPERATOR_KILL: {Cause.OPERATOR_RESUME},
    Cause.OPERATOR_PAUSE: {Cause.OPERATOR_RESUME},
}


def test_who_lifts_what_is_exactly_this() -> None:
    assert {began: set(lifted) for began, lifted in LIFTED_BY.items()} == EXPLICIT


@pytest.mark.parametrize("cause", ESCALATING)
def test_from_normal_nothing_needs_lifting(cause: Cause) -> None:
    assert next_mode(M.NORMAL, None, cause, WIDE_OPEN) is MODE_TABLE[M.NORMAL][cause]


LOSS = [100.0] * 12 + [90.0] * 60


def halted_by_daily_loss(by: str) -> Bench:
    bench = Bench(
        bars={"BTCUSDT": flat_bars(LOSS)}, limits=Limits(daily_loss=D(50), daily_loss_lifted_by=by)
    )
    bench.enter("10")
    while bench.mode is M.NORMAL:
        bench.bar()
    assert bench.state.memory.cause is Cause.DAILY_LOSS
    return bench


@pytest.mark.parametrize(("by", "after"), [("day", M.NORMAL), ("operator", M.HALTED)])
def test_the_next_day_lifts_a_daily_loss_where_the_limits_say_so(by: str, after: Mode) -> None:
    bench = halted_by_daily_loss(by)
    day = bench.state.memory.day
    while bench.state.memory.day == day:
        bench.bar()
    assert bench.mode is after


def test_what_an_operator_stopped_no_day_lifts() -> None:
    """The gravest cause counts: a kill during a halt by daily loss is the operator's to lift."""
    bench = halted_by_daily_loss("day")
    bench.operator(Cause.OPERATOR_KILL)
    day = bench.state.memory.day
    while bench.state.memory.day == day:
        bench.bar()
    assert bench.mode is M.HALTED
    bench.operator(Cause.OPERATOR_RESUME)
    assert bench.mode is M.NORMAL


def test_what_an_operator_paused_no_recovery_lifts() -> None:
    closes = [100.0] * 3 + [96.0] * 3 + [100.0] * 5
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, limits=Limits(drawdown_warning=D("0.02")))
    bench.enter("60")
    while bench.mode is M.NORMAL:
        bench.bar()
    assert bench.state.memory.cause is Cause.DRAWDOWN_WARNING
    bench.operator(Cause.OPERATOR_PAUSE)
    for _ in range(5):
        bench.bar()
    assert bench.mode is M.DEGRADED


def test_a_day_that_ends_a_halt_does_not_end_the_pause_before_it() -> None:
    bench = Bench(
        bars={"BTCUSDT": flat_bars(LOSS)},
        limits=Limits(daily_loss=D(50), daily_loss_lifted_by="day"),
    )
    bench.enter("10")
    bench.operator(Cause.OPERATOR_PAUSE)
    while bench.mode is M.DEGRADED:
        bench.bar()
    day = bench.state.memory.day
    while bench.state.memory.day == day:
        bench.bar()
    assert bench.mode is not M.NORMAL


def test_a_drawdown_warning_recovers_by_itself() -> None:
    closes = [100.0] * 3 + [96.0] * 3 + [100.0] * 5
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, limits=Limits(drawdown_warning=D("0.02")))
    bench.enter("60")
    seen = [change for _ in range(9) for change in changes(bench.bar())]
    assert [(c.after, c.cause) for c in seen] == [
        (M.DEGRADED, Cause.DRAWDOWN_WARNING),
        (M.NORMAL, Cause.DRAWDOWN_RECOVERED),
    ]


def test_an_operator_who_resumes_after_a_drawdown_is_obeyed_at_once() -> None:
    """The loss is accepted: the drawdown is measured from here, not from the old peak."""
    closes = [100.0] * 3 + [90.0] * 4 + [89.5] * 3 + [80.0] * 3
    bench = Bench(bars={"BTCUSDT": flat_bars(closes)}, limits=Limits(drawdown_limit=D("0.04")))
    bench.enter("60")
    while bench.mode is M.NORMAL:
        bench.bar()
    bench.operator(Cause.OPERATOR_RESUME)
    assert bench.mode is M.NORMAL
    for _ in range(4):
        bench.bar()
    assert bench.mode is M.NORMAL, "half a percent below the new peak is no drawdown"
    for _ in range(4):
        bench.bar()
    assert bench.mode is M.HALTED


# Protection.


def test_the_protection_table_covers_every_pair() -> None:
    assert set(PROTECTION_TABLE) == set(Protection)
    for row in PROTECTION_TABLE.values():
        assert set(row) == set(Cover)
        assert set(row.values()) == set(Protection), "what is seen decides, whatever was before"


def test_a_position_goes_through_all_states_of_protection() -> None:
    bench = Bench(exits=ExitPlan(stop_distance=D("0.02")))
    known = bench.state.guard.states
    assert known == {}
    outcome = bench.bar(signal())
    assert known["BTCUSDT"] is Protection.OPENING
    outcome = bench.report(bench.fill(placed(outcome)[0], "100", "10", complete=True))
    assert known["BTCUSDT"] is Protection.NAKED
    assert bench.view.account.naked_since("BTCUSDT") == bench.at
    bench.obey(outcome)
    assert known["BTCUSDT"] is Protection.PROTECTED
    assert bench.view.account.naked_since("BTCUSDT") is None
    outcome = bench.bar(signal(Action.EXIT))
    assert known["BTCUSDT"] is Protection.CLOSING
    bench.obey(outcome)
    (order,) = bench.working(OrderRole.EXIT)
    bench.report(bench.fill(order, "101"))
    assert known == {}


def test_a_lost_stop_leaves_the_position_naked_since_then() -> None:
    bench = Bench(exits=ExitPlan(stop_distance=D("0.02")))
    (stop,) = placed(bench.enter("10"))
    since = bench.at
    bench.report(OutcomeUnknown(stop.id), after=5)
    assert bench.state.guard.states["BTCUSDT"] is Protection.NAKED
    assert bench.view.account.naked_since("BTCUSDT") == since
