"""What others do on the account is booked once, and only what two looks agree on is adopted."""

from decimal import Decimal
from typing import Any

from tests.core.bench import Bench, placed, signal
from thunes.core.domain.decision import Action
from thunes.core.domain.event import AccountSeen
from thunes.core.domain.evidence import SeenFill, SeenOrder, Standing
from thunes.core.domain.fact import Difference, Discrepancy
from thunes.core.domain.line import Outcome
from thunes.core.domain.order import Accepted, Filled, OrderRole, OutcomeUnknown, Side
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND

D = Decimal
S = NS_PER_SECOND


def look(bench: Bench, after_s: int, *fills: SeenFill, **balances: Any) -> Outcome:
    """The account is looked at, so many seconds later."""
    at = bench.at + after_s * S
    return bench.step(AccountSeen(at, at, 0, (), fills, {k: D(v) for k, v in balances.items()}))


def by_hand(bench: Bench, name: str, quantity: str) -> SeenFill:
    fill = Filled("web1", name, D(100), D(quantity), D(0), "USDT", complete=False)
    return SeenFill(bench.at, "BTCUSDT", Side.SELL, fill)


def kinds(outcome: Outcome) -> list[Difference]:
    return [fact.kind for fact in outcome.facts if isinstance(fact, Discrepancy)]


def test_each_fill_of_an_order_placed_by_hand_is_booked_once() -> None:
    bench = Bench()
    bench.enter("10")
    first, second = by_hand(bench, "w1", "4"), by_hand(bench, "w2", "6")
    assert kinds(look(bench, 0, first, USDT="9400", BTC="6")) == [Difference.FOREIGN_FILL]
    assert bench.held() == D(6)
    assert kinds(look(bench, 1, first, second, USDT="10000")) == [Difference.FOREIGN_FILL]
    assert bench.held() == 0
    assert kinds(look(bench, 1, first, second, USDT="10000")) == []
    assert bench.cash() == D(10_000)


def test_more_than_we_hold_sold_by_hand_in_a_second_fill_is_booked_as_well() -> None:
    bench = Bench()
    bench.enter("10")
    fills = [by_hand(bench, "w1", "8"), by_hand(bench, "w2", "3")]
    look(bench, 0, fills[0], USDT="9800", BTC="2")
    look(bench, 1, *fills, USDT="10100")
    assert bench.held() == 0
    assert bench.cash() == D(10_100)


def test_two_looks_in_quick_succession_may_both_be_answered_from_the_past() -> None:
    bench = Bench()
    bench.enter("10")
    past = {"USDT": "10000"}
    assert kinds(look(bench, 0, **past)) == []
    assert kinds(look(bench, 1, **past)) == []
    assert kinds(look(bench, 3, **past)) == []
    assert bench.held() == D(10)
    assert kinds(look(bench, 3, **past)) == [
        Difference.BALANCE,
        Difference.BALANCE,
        Difference.PHANTOM,
    ]


def test_two_looks_from_before_two_fills_of_one_size_do_not_agree() -> None:
    """S26: each was answered from a state two seconds old, and between them the books moved."""
    bench = Bench()
    bench.enter("10")
    (sale,) = placed(bench.bar(signal(Action.EXIT)))
    bench.resting.clear()
    bench.report(bench.fill(sale, "100", "4", complete=False))
    assert kinds(look(bench, 3, USDT="9000", BTC="10")) == []
    bench.report(bench.fill(sale, "100", "4", complete=False), after=4 * S)
    assert kinds(look(bench, 1, USDT="9400", BTC="6")) == []
    assert kinds(look(bench, 2, USDT="9400", BTC="6")) == []
    assert bench.held() == D(2)


def test_coins_that_an_order_placed_by_hand_would_sell_are_not_sold_by_us() -> None:
    """The venue would refuse it, with the stop taken back for it."""
    bench = Bench(exits=ExitPlan(stop_distance=D("0.05")))
    bench.obey(bench.enter("10"))
    at = bench.at + S
    theirs = SeenOrder("web1", "BTCUSDT", Side.SELL, D(5), D(1), Standing.OPEN)
    (stop,) = bench.resting.values()
    ours = SeenOrder(stop.id, "BTCUSDT", Side.SELL, D(10), D(0), Standing.OPEN)
    balances = {"USDT": D(9000), "BTC": D(10)}
    bench.step(AccountSeen(at, at, 0, (theirs, ours), (), balances))
    (sale,) = placed(bench.bar(signal(Action.EXIT)))
    assert (sale.role, sale.quantity) == (OrderRole.EXIT, D(6))


def test_a_look_that_took_long_is_not_held_against_what_was_booked_meanwhile() -> None:
    """Both were answered from before the entry filled: the first by its age, the second by lag."""
    bench = Bench()
    asked = bench.at
    bench.at = asked + 8 * S
    bench.enter("10")
    past = {"USDT": D(10_000)}
    assert kinds(bench.step(AccountSeen(bench.at, asked, 0, (), (), past))) == []
    assert kinds(bench.step(AccountSeen(bench.at, bench.at, 0, (), (), past))) == []
    assert bench.held() == D(10)
    assert kinds(look(bench, 3, USDT="9000", BTC="10")) == []


def test_less_than_a_step_that_is_left_of_a_phantom_is_dust() -> None:
    """No sale would ever end it, and it would keep its symbol from entries."""
    bench = Bench()
    bench.enter("10")
    gone = bench.cash()
    for wait in (10, 10):
        look(bench, wait, USDT=str(gone), BTC="0.000004")
    assert bench.view.account.position("BTCUSDT") is None
    assert placed(bench.bar(signal()))


def test_less_than_a_step_is_not_sold() -> None:
    """While an order of it is unknown it may yet be held; an exit of nothing is no order."""
    bench = Bench(exits=ExitPlan(stop_distance=D("0.02")))
    bench.obey(bench.enter("10"))
    (stop,) = bench.resting.values()
    exit_ = bench.bar(signal(Action.EXIT))
    (sale,) = placed(exit_)
    bench.report(OutcomeUnknown(stop.id), Accepted(sale.id))
    bench.left[sale.id] = D(10)
    bench.resting.clear()
    bench.report(bench.fill(sale, "100", "9.999995", complete=True))
    assert bench.held() == D("0.000005")
    assert placed(bench.bar(signal(Action.EXIT))) == []
