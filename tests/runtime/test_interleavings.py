"""One writer, many who talk: whatever the order in which they get a word in, the outcome is right.

The suites that the requirements ask for by number: F313 (streams), F314 (breaker), F315 (risk under
concurrency), F316 (no flakiness). In this design concurrency is an order of events before one
writer, so orders are what is tested: all of them where they are few, drawn ones where they are not.
What real threads add is the inbox, and tests/runtime/test_inbox.py has it.

Of the breaker only the modes have a subject so far. The circuit breaker of a venue, which counts
failed requests and lets single ones through to try again, comes with the exchange adapters.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import permutations

import pytest

from tests.runtime.rigs import Rig, interleavings, sampled
from tests.simulation.stage import AAA, STOP, Scenario, says
from thunes.core.domain.decision import Action, Gate, Purpose
from thunes.core.domain.event import AccountSeen, QuoteReceived
from thunes.core.domain.evidence import SeenFill, SeenOrder, Standing
from thunes.core.domain.market import Quote
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Accepted, Order, OrderRole, Side
from thunes.core.domain.position import ExitPlan
from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.domain.view import OrderState
from thunes.core.ledger.books import Account
from thunes.core.risk.limits import Limits

D = Decimal
S = NS_PER_SECOND
ENTER, EXIT = Action.ENTER, Action.EXIT
FLAT = "100 100 100 100"
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT", "EEEUSDT")
KILL, PAUSE, RESUME = Cause.OPERATOR_KILL, Cause.OPERATOR_PAUSE, Cause.OPERATOR_RESUME
pytestmark = pytest.mark.timeout(30)

Act = Callable[[Rig], object]


def entered(**wanted: object) -> tuple[Rig, Order]:
    """A rig that has just asked for an entry in AAA at 100."""
    signals = [says(0, ENTER, limit_price=D(100))]
    rig = Rig(Scenario("", FLAT, signals, **wanted))
    (order,) = rig.bar(0)
    return rig, order


def settled(rig: Rig) -> tuple[object, ...]:
    """What must not depend on the order of events: money, coins, and what is planned for them."""
    held = rig.state.ledger.positions.get(AAA)
    wallet = rig.state.ledger.books.accounts[Account.WALLET]
    plan = None if held is None else [(x.quantity, x.stop_price) for x in held.legs]
    return dict(wallet), held and (held.quantity, held.entry_price), plan


def look(order: Order, filled: str, standing: Standing, fills: Sequence[str]) -> Act:
    """The account as it was some time ago: the order, and its first trades."""

    def see(rig: Rig) -> None:
        seen = tuple(
            SeenFill(rig.now(), AAA, Side.BUY, rig.fill(order, each, number))
            for number, each in enumerate(fills)
        )
        spent = sum((D(each) * 100 for each in fills), D(0))
        balances = {"USDT": D(10_000) - spent, "AAA": sum((D(each) for each in fills), D(0))}
        orders = (SeenOrder(order.id, AAA, Side.BUY, order.quantity, D(filled), standing),)
        rig.hear(AccountSeen(0, rig.now(), 0, orders, seen, balances))

    return see


# F313: streams.


def test_stream_answer_and_look_tell_the_same_in_any_order() -> None:
    """Three fills told by the stream one by one, by the answer at once, and by a look."""
    rig, order = entered()
    parts = ["4", "3", "2.99"]
    fills = [rig.fill(order, each, number) for number, each in enumerate(parts)]
    stream: list[Act] = [lambda rig, each=each: rig.report(each) for each in fills]
    answer: list[Act] = [
        lambda rig: rig.report(Accepted(order.id)),
        lambda rig: rig.report(*fills),
    ]
    looks: list[Act] = [
        look(order, "4", Standing.OPEN, parts[:1]),
        look(order, "9.99", Standing.FILLED, parts),
    ]
    found = set()
    for number, acts in enumerate(interleavings(stream, answer, looks)):
        if number % 3:
            continue
        rig, _ = entered()
        for act in acts:
            act(rig)
        found.add(str(settled(rig)))
        assert rig.replayed() == rig.state.digest()
    assert len(found) == 1, found


def test_a_reconnect_races_with_its_own_messages() -> None:
    """Looks are asked for, not guessed: what arrives meanwhile is booked, and nothing twice."""
    _, order = entered()
    fill = Rig.fill(order, "4")
    every: list[Act] = [
        lambda rig: rig.live.reconnected(),
        lambda rig: rig.report(Accepted(order.id)),
        lambda rig: rig.report(fill),
        look(order, "4", Standing.OPEN, ["4"]),
    ]
    found = set()
    for acts in permutations(every):
        rig, _ = entered()
        asked = rig.looks
        for act in acts:
            act(rig)
        assert rig.looks == asked + 1
        found.add(str(settled(rig)))
    assert len(found) == 1


def test_a_reconnect_with_a_request_pending_gives_nothing_up() -> None:
    """An order that no look shows is missing only past its deadline, and twice."""
    rig, order = entered()
    for second in (61, 63, 70, 76):
        rig.wait(second)
        rig.live.reconnected()
        rig.look({"USDT": D(10_000)})
        record = rig.state.ledger.orders.find(order.id)
        assert record is not None
        assert record.state is OrderState.SUBMITTED
    rig.wait(78)
    rig.look({"USDT": D(10_000)})
    rig.wait(82)
    rig.look({"USDT": D(10_000)})
    assert record.state is OrderState.REJECTED


@pytest.mark.parametrize("ticks", [1, 2, 3])
def test_the_watchdog_s_ticks_change_nothing_but_lease_and_looks(ticks: int) -> None:
    rig, order = entered()
    fills = [rig.fill(order, "3", number) for number in range(3)]
    reports: list[Act] = [lambda rig, each=each: rig.report(each) for each in fills]
    found = set()
    for acts in interleavings(reports, [lambda rig: rig.live.tick()] * ticks):
        rig, _ = entered()
        for second, act in enumerate(acts):
            rig.wait(61 + 6 * second)
            act(rig)
        assert rig.renewed
        found.add(str(settled(rig)))
    assert len(found) == 1


def test_quotes_and_bars_of_one_symbol_share_a_stream() -> None:
    """Bars close once and in order, however they are told; a quote is the price until the next."""
    for rows in permutations([0, 1, 2]):
        rig = Rig(Scenario("", FLAT, [says(2, ENTER)]))
        sent = 0
        for row in [*rows, *rows]:
            rig.wait(200)
            quote = Quote(rig.now(), AAA, D(99), D(1), D(101), D(1))
            rig.hear(QuoteReceived(0, quote))
            sent += len(rig.bar(row))
        assert rig.state.market.sequence == 2
        assert sent == 1, "one signal, one entry"


def test_a_restart_between_any_two_messages_loses_none() -> None:
    """The journal up to there gives the state up to there."""
    rig, order = entered()
    for number, part in enumerate(["4", "3", "2.99"]):
        rig.report(rig.fill(order, part, number))
        assert rig.replayed() == rig.state.digest()


# F314: the breaker, as far as it has a subject: modes.


def test_whoever_trips_first_the_gravest_holds_until_it_is_lifted() -> None:
    """All orders of two pauses, a kill and a resume: what came after the resume decides."""
    for acts in set(permutations([PAUSE, KILL, RESUME, PAUSE])):
        rig = Rig(Scenario("", FLAT, [says(0, ENTER)]))
        for cause in acts:
            rig.operate(cause)
        after = acts[acts.index(RESUME) + 1 :]
        mode = Mode.HALTED if KILL in after else Mode.DEGRADED if PAUSE in after else Mode.NORMAL
        assert rig.state.memory.mode is mode, acts
        assert bool(rig.bar(0)) is (mode is Mode.NORMAL)


def test_a_breaker_is_tripped_once_however_many_report() -> None:
    rig = Rig(Scenario("", FLAT))
    before = len(rig.lines)
    for _ in range(50):
        rig.operate(KILL)
    changed = [line for line in rig.lines[before:] if b'"mode_changed"' in line]
    assert len(changed) == 1


def test_a_resume_that_races_with_the_next_loss_does_not_outlive_it() -> None:
    """Half open: a resume measures from the next close, and what is lost from there halts again."""
    limits = Limits(drawdown_limit=D("0.005"))
    for resumes_at in range(5):
        scenario = Scenario(
            "", "100 100 90 80 70 60", [says(0, ENTER)], plan=ExitPlan(), limits=limits
        )
        rig = Rig(scenario)
        (order,) = rig.bar(0)
        rig.report(rig.filled(order))
        for row in range(1, 6):
            if row == resumes_at:
                rig.operate(RESUME)
            rig.bar(row)
        assert rig.state.memory.mode is Mode.HALTED
        assert rig.state.memory.cause is Cause.DRAWDOWN_LIMIT


# F315: risk under concurrency.


def five(rows: int = 20) -> Rig:
    """Five strategies on a symbol each, every one of which wants to enter at each bar."""
    signals = [
        says(row, ENTER, symbol, strategy=f"s{place}")
        for row in range(rows)
        for place, symbol in enumerate(SYMBOLS)
    ]
    prices = dict.fromkeys(SYMBOLS, " ".join(["100"] * rows))
    return Rig(Scenario("", prices, signals))


def test_five_strategies_validate_twenty_entries_each_in_drawn_orders() -> None:
    """Each is decided once, by all gates, on record, whatever is reported in between."""
    for order in sampled(10, range(20), ["fills"] * 30):
        rig, waiting = five(), list[Order]()
        for word in order:
            if word != "fills":
                waiting += rig.bar(int(word))
            elif waiting:
                waiting += rig.report(rig.filled(waiting.pop(0)))
                waiting = [each for each in waiting if each.role is OrderRole.ENTRY]
        entries = [each for each in rig.decided() if each.proposal.purpose is Purpose.ENTRY]
        assert len(entries) == 100
        assert all([check.gate for check in each.checks] == list(Gate) for each in entries)
        approved = [each.proposal.symbol for each in entries if each.refused_by is None]
        assert sorted(approved) == sorted(SYMBOLS), "one each: it is held or on its way since"
        ids = [order.id for each in entries for order in each.proposal.orders]
        assert len(set(ids)) == len(ids) == 100
        assert rig.replayed() == rig.state.digest()


def test_a_kill_switch_wins_every_race() -> None:
    """Whatever has left before it is taken back, nothing leaves after it."""
    signals = [
        says(row, ENTER, symbol, limit_price=D(90)) for row, symbol in enumerate(SYMBOLS[:3])
    ]
    prices = dict.fromkeys(SYMBOLS[:3], FLAT)
    bars: list[Act] = [lambda rig, row=row: rig.bar(row) for row in range(3)]
    kill: list[Act] = [lambda rig: rig.operate(KILL)]
    for place, acts in enumerate(interleavings(bars, kill)):
        rig = Rig(Scenario("", prices, signals))
        for act in acts:
            act(rig)
        entries = [each for each in rig.decided() if each.proposal.purpose is Purpose.ENTRY]
        passed = [each for each in entries if each.refused_by is None]
        taken_back = [each for each in rig.decided() if each.proposal.reason == "kill_switch"]
        assert len(passed) == len(taken_back) == acts.index(kill[0]), place
        states = [record.state for record in rig.state.ledger.orders.by_age()]
        assert set(states) <= {OrderState.CANCELING}


@pytest.mark.parametrize("together", [True, False])
def test_with_two_open_and_room_for_three_one_of_three_passes(together: bool) -> None:
    for three in permutations(SYMBOLS[2:]):
        first = [says(0, ENTER, symbol) for symbol in SYMBOLS[:2]]
        more = [says(1 if together else 1 + n, ENTER, each) for n, each in enumerate(three)]
        prices = dict.fromkeys(SYMBOLS, FLAT)
        rig = Rig(Scenario("", prices, [*first, *more], limits=Limits(max_positions=3)))
        for order in rig.bar(0):
            rig.report(rig.filled(order))
        later = [order for row in (1, 2, 3) for order in rig.bar(row)]
        assert len([order for order in later if order.role is OrderRole.ENTRY]) == 1
        refused = [each.refused_by for each in rig.decided() if each.refused_by is not None]
        assert refused == [Gate.MAX_POSITIONS] * 2


def test_a_cool_down_ends_when_it_says_so() -> None:
    """To the second: at its last one an entry is refused, at the next it passes."""
    for seconds, passes in ((61, False), (60, True), (59, True)):
        limits = Limits(signal_cool_down_s=seconds)
        signals = [says(0, ENTER), says(1, ENTER)]
        rig = Rig(Scenario("", FLAT, signals, limits=limits, plan=ExitPlan()))
        (order,) = rig.bar(0)
        rig.report(rig.filled(order))
        rig.look({"USDT": D(10_000)})  # and looks do not begin it anew
        sale = Order(
            id="web1",
            symbol=AAA,
            side=Side.SELL,
            type=order.type,
            role=OrderRole.EXIT,
            strategy="",
            quantity=rig.held(AAA),
        )
        seen = SeenFill(rig.now(), AAA, Side.SELL, rig.filled(sale))
        rig.wait(70)
        rig.hear(AccountSeen(0, rig.now(), 0, (), (seen,), {"USDT": D(10_000)}))
        assert rig.held(AAA) == 0
        assert bool(rig.bar(1)) is passes, seconds


def test_one_symbol_wanted_twice_is_entered_once() -> None:
    for first, second in (("one", "two"), ("two", "one")):
        signals = [says(0, ENTER, strategy=first), says(0, ENTER, strategy=second)]
        rig = Rig(Scenario("", FLAT, signals))
        (order,) = rig.bar(0)
        assert order.strategy in (first, second)
        (refused,) = [each for each in rig.decided() if each.refused_by is not None]
        assert refused.refused_by is Gate.ONE_POSITION_PER_SYMBOL


def test_profit_does_not_depend_on_whose_fill_comes_first() -> None:
    """Two symbols, entered and left: all orders of their reports earn the same."""
    symbols = SYMBOLS[:2]
    signals = [says(row, act, each) for row, act in ((0, ENTER), (1, EXIT)) for each in symbols]
    found = set()
    for bought in permutations(range(2)):
        for sold in permutations(range(2)):
            scenario = Scenario("", dict.fromkeys(symbols, FLAT), signals, plan=ExitPlan())
            rig = Rig(scenario)
            entries = rig.bar(0)
            for place in bought:
                rig.report(rig.filled(entries[place]))
            exits = rig.bar(1)
            for place in sold:
                rig.report(rig.filled(exits[place], "110"))
            found.add((rig.state.ledger.books.held("USDT"), len(rig.state.ledger.positions)))
    assert found == {(D(10_000) + 2 * 10 * D(10), 0)}


def test_a_snapshot_at_any_place_goes_on_like_what_it_was_taken_of() -> None:
    acts: list[Act] = [lambda rig, row=row: rig.bar(row) for row in range(3)]
    whole = five(rows=3)
    for act in acts:
        act(whole)
    for place in range(4):
        rig = five(rows=3)
        for act in acts[:place]:
            act(rig)
        rig.state.restore(rig.state.snapshot())
        for act in acts[place:]:
            act(rig)
        assert rig.state.digest() == whole.state.digest()


def test_who_asks_how_it_stands_changes_nothing() -> None:
    asked, alone = five(rows=5), five(rows=5)
    for row in range(5):
        view = asked.state.view(asked.now())
        assert view.account.equity() == D(10_000)
        assert [view.account.exposure(symbol) for symbol in SYMBOLS]
        asked.bar(row)
        alone.bar(row)
        assert asked.state.digest() == alone.state.digest()


def test_a_strategy_that_is_stopped_out_stays_protected_while_others_enter() -> None:
    """Deactivated by a pause, it enters no more; what it holds keeps its stop through all of it."""
    rig = Rig(Scenario("", FLAT, [says(0, ENTER), says(1, ENTER, leg="")], plan=STOP))
    (order,) = rig.bar(0)
    (stop,) = rig.report(rig.filled(order))
    rig.report(Accepted(stop.id))
    rig.operate(PAUSE)
    assert rig.bar(1) == []
    assert rig.state.ledger.orders.find(stop.id).state is OrderState.ACCEPTED
