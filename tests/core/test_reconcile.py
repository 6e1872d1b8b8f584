"""What one look at the whole account proves, and what it does not (S4, S20, S31-S33)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.core.bench import Bench, decisions, flat_bars, placed, signal
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.decision import Action, Gate
from thunes.core.domain.event import AccountSeen, BarsClosed, Restarted
from thunes.core.domain.evidence import FENCE_NS, SeenFill, SeenOrder, Standing
from thunes.core.domain.fact import Difference, Discrepancy, TradeClosed
from thunes.core.domain.mode import Cause
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OrderRole,
    OutcomeUnknown,
    Rejected,
    Side,
)
from thunes.core.domain.position import ExitPlan, TargetLevel
from thunes.core.domain.units import NS_PER_SECOND, OrderId, Quantity
from thunes.core.domain.view import OrderState
from thunes.core.ledger.adoption import ADOPTED
from thunes.core.ledger.books import Account

D = Decimal
SECOND = NS_PER_SECOND
STOP = ExitPlan(stop_distance=D("0.05"))


class Look:
    """One look at the account of a bench, told as a venue would."""

    def __init__(self, bench: Bench, after: int = FENCE_NS + SECOND) -> None:
        self.bench = bench
        self.at = bench.at + after
        self.orders: list[SeenOrder] = []
        self.fills: list[SeenFill] = []
        self.balances: dict[str, Decimal] = dict(bench.state.ledger.books.accounts[Account.WALLET])

    def order(self, order: Order, standing: Standing, filled: str = "0") -> "Look":
        quantity = order.quantity or D(0)
        self.orders.append(
            SeenOrder(order.id, order.symbol, order.side, quantity, D(filled), standing)
        )
        return self

    def fill(self, order: Order, price: str, quantity: str, trade: str = "v1") -> "Look":
        """A fill some time before the look, in the balances as well."""
        fill = Filled(order.id, trade, D(price), D(quantity), D(0), "USDT", complete=False)
        self.fills.append(SeenFill(self.at - 10 * SECOND, order.symbol, order.side, fill))
        sign = 1 if order.side is Side.BUY else -1
        base = order.symbol.removesuffix("USDT")
        self.balances["USDT"] = self.balances["USDT"] - sign * D(price) * D(quantity)
        self.balances[base] = self.balances.get(base, D(0)) + sign * D(quantity)
        return self

    def holding(self, asset: str, more: str) -> "Look":
        self.balances[asset] = self.balances.get(asset, D(0)) + D(more)
        return self

    def see(self) -> Any:
        return self.bench.step(
            AccountSeen(
                self.at, self.at, 0, tuple(self.orders), tuple(self.fills), dict(self.balances)
            )
        )


def entry(bench: Bench, **wanted: Any) -> Order:
    (order,) = placed(bench.bar(signal(**wanted)))
    return order


def state_of(bench: Bench, order: Order) -> OrderState:
    record = bench.state.ledger.orders.find(order.id)
    assert record is not None
    return record.state


def leaving(bench: Bench) -> tuple[Order, OrderId]:
    """Ten are held with their stop; an exit was just sent in its place: the exit, and the stop."""
    bench.obey(bench.enter("10"))
    outcome = bench.bar(signal(Action.EXIT))
    (sale,) = placed(outcome)
    (stop,) = outcome.commands[0].cancels
    return sale, stop


def found(outcome: Any) -> list[Difference]:
    return [fact.kind for fact in outcome.facts if isinstance(fact, Discrepancy)]


def test_an_unknown_entry_that_is_open_is_accepted_past_its_deadline_only() -> None:
    bench = Bench()
    order = entry(bench, limit_price=D(90))
    bench.report(OutcomeUnknown(order.id))
    Look(bench, after=5 * SECOND).order(order, Standing.OPEN).see()
    assert state_of(bench, order) is OrderState.UNKNOWN, "a cancel could still be on its way"
    Look(bench).order(order, Standing.OPEN).see()
    assert state_of(bench, order) is OrderState.ACCEPTED


def test_an_unknown_entry_that_filled_is_booked_and_protected() -> None:
    bench = Bench(exits=STOP)
    order = entry(bench)
    bench.report(OutcomeUnknown(order.id))
    look = Look(bench, after=SECOND).order(order, Standing.FILLED, "10")
    outcome = look.fill(order, "100", "10").see()
    assert bench.held() == 10
    assert found(outcome) == [Difference.LATE_FILL]
    assert [(o.role, o.quantity) for o in placed(outcome)] == [(OrderRole.STOP, D(10))]
    assert state_of(bench, order) is OrderState.FILLED


def test_absence_is_proved_past_the_deadline_and_twice() -> None:
    """S33: neither one look nor two early ones end an order."""
    bench = Bench()
    order = entry(bench)
    bench.report(OutcomeUnknown(order.id))
    for _ in range(3):
        Look(bench, after=SECOND).see()
    assert state_of(bench, order) is OrderState.UNKNOWN
    Look(bench).see()
    assert state_of(bench, order) is OrderState.UNKNOWN, "once is not enough"
    Look(bench, after=SECOND).see()
    assert state_of(bench, order) is OrderState.REJECTED
    assert bench.view.account.available() == 10_000


def test_an_order_seen_between_two_looks_in_vain_is_not_gone() -> None:
    bench = Bench()
    order = entry(bench, limit_price=D(90))
    bench.report(OutcomeUnknown(order.id))
    Look(bench).see()
    assert state_of(bench, order) is OrderState.UNKNOWN
    Look(bench, after=SECOND).order(order, Standing.OPEN).see()
    assert state_of(bench, order) is OrderState.ACCEPTED
    Look(bench, after=SECOND).see()
    assert state_of(bench, order) is OrderState.UNKNOWN, "in doubt again, for the first time"


def test_what_is_in_flight_is_never_stale() -> None:
    """F392: a look that was taken before the answer to an order proves nothing of it."""
    bench = Bench()
    order = entry(bench)
    for _ in range(3):
        Look(bench, after=SECOND).see()
    assert state_of(bench, order) is OrderState.SUBMITTED
    (again,) = decisions(bench.bar(signal()))
    assert again.refused_by is Gate.ONE_POSITION_PER_SYMBOL


def test_a_stop_that_may_be_there_is_not_sent_again_before_that_is_known() -> None:
    """S4: no second attempt while the first is unknown; then at once."""
    bench = Bench(exits=STOP)
    (stop,) = placed(bench.enter("10"))
    bench.report(OutcomeUnknown(stop.id))
    for after in (SECOND, FENCE_NS):
        assert placed(Look(bench, after=after).see()) == []
    outcome = Look(bench, after=SECOND).see()
    assert [(o.role, o.quantity) for o in placed(outcome)] == [(OrderRole.STOP, D(10))]
    assert placed(outcome)[0].id != stop.id


def test_an_older_look_that_comes_late_is_ignored() -> None:
    bench = Bench()
    order = entry(bench, limit_price=D(90))
    bench.report(Accepted(order.id))
    Look(bench, after=60 * SECOND).order(order, Standing.OPEN).see()
    for _ in range(3):
        late = Look(bench, after=SECOND)
        late.at -= 30 * SECOND
        bench.step(AccountSeen(bench.at, late.at, 0, (), (), late.balances))
    assert state_of(bench, order) is OrderState.ACCEPTED


@pytest.mark.parametrize("standing", [Standing.CANCELED, Standing.EXPIRED])
def test_an_end_is_believed_once_all_its_fills_are_booked(standing: Standing) -> None:
    bench = Bench(exits=STOP)
    order = entry(bench, limit_price=D(90))
    bench.report(Accepted(order.id))
    Look(bench).order(order, standing, "2").see()
    assert state_of(bench, order) is OrderState.ACCEPTED, "two coins are still to be told of"
    Look(bench).order(order, standing, "2").fill(order, "90", "2").see()
    assert state_of(bench, order) in (OrderState.CANCELED, OrderState.EXPIRED)
    assert bench.held() == 2


def test_a_deposit_is_booked_when_two_looks_agree_and_is_no_profit() -> None:
    bench = Bench()
    bench.bar()
    start = bench.state.memory.day_start_equity
    Look(bench).holding("USDT", "500").see()
    assert bench.cash() == 10_000
    outcome = Look(bench, after=4 * SECOND).holding("USDT", "500").see()
    assert found(outcome) == [Difference.BALANCE]
    assert bench.cash() == 10_500
    assert bench.state.memory.day_start_equity == start + 500


def test_balances_prove_nothing_while_fills_are_fresh() -> None:
    bench = Bench()
    order = entry(bench, limit_price=D(90))
    bench.report(Accepted(order.id), bench.fill(order, "90", "1", complete=False))
    for _ in range(3):
        look = Look(bench, after=SECOND).order(order, Standing.OPEN, "1").holding("USDT", "90")
        fill = Filled(order.id, "x1", D(90), D(1), D(0), "USDT", complete=False)
        look.fills.append(SeenFill(look.at, "BTCUSDT", Side.BUY, fill))
        outcome = look.see()
        assert found(outcome) == []


def test_coins_that_nobody_bought_become_a_position_with_a_stop() -> None:
    """Take-over: never sold for the surprise of it, protected and reported."""
    bench = Bench(exits=STOP)
    bench.bar()
    Look(bench).holding("BTC", "2").see()
    outcome = Look(bench, after=4 * SECOND).holding("BTC", "2").see()
    assert found(outcome) == [Difference.BALANCE, Difference.UNKNOWN_POSITION]
    assert bench.state.ledger.positions["BTCUSDT"].strategy == ADOPTED
    assert [(o.role, o.quantity, o.stop_price) for o in placed(outcome)] == [
        (OrderRole.STOP, D(2), D(95))
    ]


def test_coins_that_are_gone_are_given_up_and_nothing_is_sold_for_it() -> None:
    """A phantom: the venue is right, and never flattened for it (F389, S32)."""
    bench = Bench(exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    bench.report(Canceled(stop.id))
    for _ in range(2):
        (again,) = bench.working(OrderRole.STOP)
        bench.report(Rejected(again.id, -2010, "insufficient balance", again=True))
        outcome = Look(bench).holding("BTC", "-4").see()
    assert found(outcome) == [Difference.BALANCE, Difference.PHANTOM]
    assert bench.held() == 6
    assert [(o.role, o.quantity) for o in placed(outcome)] == [(OrderRole.STOP, D(6))]


def test_a_close_by_hand_is_booked_as_the_trade_it_was() -> None:
    bench = Bench(exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    bench.report(Canceled(stop.id))
    (second,) = bench.working(OrderRole.STOP)
    bench.report(Rejected(second.id, -2010, "insufficient balance", again=True))
    by_hand = Order("web1", "BTCUSDT", Side.SELL, stop.type, OrderRole.EXIT, "", quantity=D(10))
    look = Look(bench, after=SECOND).order(by_hand, Standing.FILLED, "10")
    outcome = look.fill(by_hand, "99", "10").see()
    (trade,) = [fact.trade for fact in outcome.facts if isinstance(fact, TradeClosed)]
    assert (trade.exit_reason, trade.exit_price, trade.quantity) == ("manual", D(99), D(10))
    assert bench.held() == 0
    assert found(outcome) == [Difference.FOREIGN_FILL]
    again = Look(bench, after=SECOND).order(by_hand, Standing.FILLED, "10")
    again.fills = look.fills
    assert again.see().facts == (), "the same fill in the next look is known"


def test_where_a_stranger_waits_nothing_is_entered() -> None:
    """S9: a symbol with an open order that is not ours is left alone until that is gone."""
    bench = Bench()
    other = Order("web1", "BTCUSDT", Side.BUY, entry(Bench()).type, OrderRole.ENTRY, "", D(1))
    outcome = Look(bench).order(other, Standing.OPEN).see()
    assert found(outcome) == [Difference.FOREIGN_ORDER]
    assert Look(bench).order(other, Standing.OPEN).see().facts == (), "told once"
    (decided,) = decisions(bench.bar(signal()))
    assert decided.refused_by is Gate.RECONCILED
    Look(bench).see()
    (decided,) = decisions(bench.bar(signal()))
    assert decided.refused_by is None


def test_after_a_restart_nothing_is_entered_until_the_account_is_clean() -> None:
    """S31: unknown orders keep it closed, and so does a difference that is not explained yet."""
    bench = Bench()
    order = entry(bench)
    bench.step(Restarted(bench.at, epoch=1))
    assert state_of(bench, order) is OrderState.UNKNOWN
    (decided,) = decisions(bench.bar(signal(symbol="BTCUSDT")))
    assert decided.refused_by is Gate.RECONCILED
    Look(bench).see()
    assert bench.state.memory.unreconciled
    Look(bench, after=SECOND).see()
    assert not bench.state.memory.unreconciled
    (decided,) = decisions(bench.bar(signal()))
    assert decided.refused_by is None
    assert placed(bench.bar()) == []
    ids = [o.id for line in bench.lines for c in line.commands for o in getattr(c, "orders", ())]
    assert ids[-1].startswith("thunes-1-"), "ids tell the processes apart"


def test_a_stop_whose_answer_a_crash_took_is_looked_for_before_anything_is_sold() -> None:
    """The power failed and took the line that it rests: for how long counts from the restart."""
    bench = Bench(exits=STOP)
    (stop,) = placed(bench.enter("10"))
    for _ in range(2):
        bench.at += 61 * SECOND
        bench.step(Restarted(bench.at, epoch=bench.state.memory.epoch + 1))
        assert state_of(bench, stop) is OrderState.UNKNOWN
        bar = BarsClosed(bench.at, bench.state.market.sequence + 1)
        assert placed(bench.step(bar)) == []
        assert placed(Look(bench, after=SECOND).order(stop, Standing.OPEN).see()) == []
    assert placed(Look(bench).order(stop, Standing.OPEN).see()) == []
    assert state_of(bench, stop) is OrderState.ACCEPTED
    assert not bench.state.guard.naked


def test_a_stop_that_went_while_nothing_ran_is_missed_by_the_first_two_looks() -> None:
    """It rested, and nothing of it was on its way: there is no deadline to wait for."""
    bench = Bench(exits=STOP)
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    del bench.resting[stop.id]
    bench.at += FENCE_NS + SECOND
    bench.step(Restarted(bench.at, epoch=1))
    assert placed(Look(bench, after=SECOND).see()) == []
    (again,) = placed(Look(bench, after=2 * SECOND).see())
    assert (again.role, again.quantity) == (OrderRole.STOP, D(10))


def test_what_fills_while_a_stop_is_in_doubt_is_in_the_next_plan() -> None:
    """The stop of the first part never left; the rest filled before that was known."""
    bench = Bench(exits=ExitPlan(stop_distance=D("0.05"), targets=(TargetLevel(D("0.1"), D(1)),)))
    order = entry(bench, limit_price=D(100))
    first = bench.report(bench.fill(order, "100", "4"))
    assert [each.quantity for each in placed(first)] == [D(4)]
    bench.step(Restarted(bench.at, epoch=1))
    assert placed(bench.report(bench.fill(order, "100"))) == [], "one more stop would be too many"
    held = bench.held()
    for _ in range(2):
        look = Look(bench).order(order, Standing.FILLED, str(order.quantity)).see()
    assert [(o.role, o.quantity) for o in placed(look)] == [
        (OrderRole.TARGET, held),
        (OrderRole.STOP, held),
    ]


@pytest.mark.parametrize("by", ["kill", "signal"])
def test_an_entry_whose_cancel_was_lost_is_called_off_again(by: str) -> None:
    """The line was written, the process died before the cancel left: the entry rests on."""
    bench = Bench()
    order = entry(bench, limit_price=D(90))
    bench.report(Accepted(order.id))
    called_off = (
        bench.operator(Cause.OPERATOR_KILL) if by == "kill" else bench.bar(signal(Action.CANCEL))
    )
    assert called_off.commands == (CancelOrders((order.id,)),)
    bench.step(Restarted(bench.at, epoch=1))
    assert not Look(bench, after=SECOND).order(order, Standing.OPEN).see().commands
    again = Look(bench).order(order, Standing.OPEN).see()
    assert again.commands == (CancelOrders((order.id,)),)
    assert not Look(bench, after=SECOND).order(order, Standing.OPEN).see().commands, "one is enough"


def test_an_order_that_the_stream_acknowledged_is_in_no_doubt_for_its_lost_answer() -> None:
    """An exit ended half filled, the stop of the rest is acknowledged: the exit is tried again."""
    bench = Bench(exits=STOP)
    (stop,) = placed(bench.enter("10"))
    bench.report(Accepted(stop.id))
    (leaving,) = placed(bench.bar(signal(Action.EXIT)))
    part = bench.fill(leaving, "100", "4")
    (rest,) = placed(bench.report(Canceled(stop.id), part, Expired(leaving.id, "no liquidity")))
    bench.report(Accepted(rest.id))
    bench.report(OutcomeUnknown(rest.id))
    (again,) = placed(Look(bench).order(rest, Standing.OPEN).see())
    assert (again.role, again.quantity) == (OrderRole.EXIT, D(6))


def test_a_fill_ends_the_doubt_about_an_order() -> None:
    bench = Bench(exits=STOP)
    (stop,) = placed(bench.enter("10"))
    bench.report(OutcomeUnknown(stop.id))
    bench.report(bench.fill(stop, "95", "4"))
    record = bench.state.ledger.orders.find(stop.id)
    assert record is not None
    assert not record.lost


def test_an_exit_that_was_lost_is_sent_again() -> None:
    bench = Bench(exits=STOP)
    sale, stop = leaving(bench)
    bench.report(
        CancelRefused(stop, 429, "busy", again=True), Rejected(sale.id, 429, "busy", again=True)
    )
    assert bench.held() == 10
    (again,) = placed(bench.bar())
    assert (again.role, again.quantity) == (OrderRole.EXIT, D(10))


def test_a_stop_whose_cancel_was_not_taken_rests_as_before() -> None:
    """S15: no second stop is laid beside it, however many coins the wallet holds besides."""
    bench = Bench(exits=STOP)
    sale, old = leaving(bench)
    text = "No connection: the request was not sent."
    outcome = bench.report(
        CancelRefused(old, 0, text, again=True), Rejected(sale.id, 0, text, again=True)
    )
    assert outcome.commands == ()
    record = bench.state.ledger.orders.find(old)
    assert record is not None
    assert record.state is OrderState.ACCEPTED
    assert bench.view.account.naked_since(record.order.symbol) is None
    (again,) = bench.bar().commands
    assert isinstance(again, ReplaceOrders)
    assert again.cancels == (old,)


def test_what_has_become_too_little_to_be_sold_is_put_aside() -> None:
    """L2: the venue refuses it at every try, and nothing waits for it to be worth more."""
    bars = flat_bars([100.0] * 4 + [90.0] * 6, timeframe=60 * SECOND)
    bench = Bench(bars={"BTCUSDT": bars}, sizing="quantity:0.054")
    bench.obey(bench.enter("0.054"))
    while bench.view.market.mark("BTCUSDT") == 100:
        bench.bar()
    (sale,) = placed(bench.bar(signal(Action.EXIT)))
    bench.report(Rejected(sale.id, -1013, "Filter failure: NOTIONAL"))
    assert bench.view.account.positions() == ()
    assert bench.state.ledger.dust["BTCUSDT"][0].quantity == D("0.054")
    assert bench.cash() == D("9994.6"), "it is still there"


def test_an_exit_that_is_tried_again_waits_for_stops_on_their_way() -> None:
    """A cancel would overtake them, and they would keep the coins from being sold."""
    bench = Bench(exits=STOP)
    sale, old = leaving(bench)
    bench.resting.clear()
    outcome = bench.report(
        Canceled(old),
        bench.fill(sale, "99", "4", complete=False),
        Expired(sale.id, "no liquidity", Quantity(D(4))),
    )
    (stop,) = placed(outcome)
    assert Look(bench, after=SECOND).see().commands == ()
    bench.report(Accepted(stop.id))
    (again,) = placed(Look(bench, after=SECOND).order(stop, Standing.OPEN).see())
    assert (again.role, again.quantity) == (OrderRole.EXIT, D(6))


def test_an_end_told_before_the_fills_that_it_counts_waits_for_them() -> None:
    """S15: a stop for what may be sold already would offer the same coins twice."""
    bench = Bench(exits=STOP)
    sale, old = leaving(bench)
    bench.resting.clear()
    ended = Expired(sale.id, "no liquidity", Quantity(D(4)))
    outcome = bench.report(Canceled(old), Accepted(sale.id), ended)
    assert outcome.commands == ()
    assert state_of(bench, sale) is OrderState.UNKNOWN
    first = bench.fill(sale, "99", "1", complete=False)
    assert placed(bench.report(first)) == []
    assert state_of(bench, sale) is OrderState.UNKNOWN
    outcome = bench.report(bench.fill(sale, "99", "3", complete=False))
    assert state_of(bench, sale) is OrderState.EXPIRED
    assert bench.held() == 6
    (stop,) = placed(outcome)
    assert (stop.role, stop.quantity) == (OrderRole.STOP, D(6))


def test_a_look_brings_the_fills_that_an_end_has_counted() -> None:
    bench = Bench(exits=STOP)
    sale, old = leaving(bench)
    bench.resting.clear()
    bench.report(Canceled(old), Expired(sale.id, "no liquidity", Quantity(D(4))))
    look = Look(bench, after=SECOND).order(sale, Standing.EXPIRED, "4").fill(sale, "99", "4")
    look.see()
    assert state_of(bench, sale) is OrderState.EXPIRED
    assert bench.held() == 6


def test_an_entry_never_heard_of_is_in_doubt_when_its_cancel_was_not_taken() -> None:
    bench = Bench()
    order = entry(bench, limit_price=D(90))
    bench.bar(signal(Action.CANCEL))
    bench.report(CancelRefused(order.id, 0, "not sent", again=True))
    assert state_of(bench, order) is OrderState.UNKNOWN
    assert bench.view.account.available() < 10_000
    bench.report(Accepted(order.id))
    assert state_of(bench, order) is OrderState.ACCEPTED


def test_a_stop_refused_for_the_moment_is_not_sent_again_at_once() -> None:
    bars = flat_bars([100.0] * 9, timeframe=60 * SECOND)
    bench = Bench(bars={"BTCUSDT": bars}, exits=STOP)
    (stop,) = placed(bench.enter("10"))
    outcome = bench.report(Rejected(stop.id, 429, "Too many requests.", again=True))
    assert outcome.commands == ()
    (again,) = placed(bench.bar())
    assert (again.role, again.stop_price) == (OrderRole.STOP, stop.stop_price)


def test_a_stop_refused_together_with_its_target_is_tried_alone() -> None:
    """F391: the market has passed the target; that is no reason to be without a stop."""
    bench = Bench(exits=ExitPlan(stop_distance=D("0.05"), target_price=D(110)))
    target, stop = placed(bench.enter("10"))
    text = "The relationship of the prices for the orders is not correct."
    outcome = bench.report(Rejected(target.id, -2010, text), Rejected(stop.id, -2010, text))
    (alone,) = placed(outcome)
    assert (alone.role, alone.list_id, alone.quantity) == (OrderRole.STOP, None, D(10))
    assert outcome.commands == (PlaceOrders((alone,)),)
