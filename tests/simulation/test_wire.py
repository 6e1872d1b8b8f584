"""The wire: what becomes of requests, answers and messages, and what a process hears in the end."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulation.exchanges import BTC, SECOND, Client, Place, cancel, fills, kinds, place, swap
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import VenueReported
from thunes.core.domain.evidence import DEADLINE_NS, Standing
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    Order,
    OutcomeUnknown,
    Rejected,
    Report,
)
from thunes.core.domain.units import EXACT, Instant
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault, Faults
from thunes.simulation.floor import Rules
from thunes.simulation.line import TIMEOUT_NS
from thunes.simulation.manual import Person
from thunes.simulation.profiles import faults_of, quiet
from thunes.simulation.requests import named
from thunes.simulation.truth import LAG_NS_MAX

D = Decimal
F = Fault


class TestRequests:
    def test_an_answer_and_the_stream_say_the_same(self) -> None:
        at = Place()
        client = at.client()
        reports = client.send(place(at.buy()))
        assert Counter(map(type, reports)) == {Accepted: 2, Filled: 2}
        assert all(event.at > at.truth.received[0].stamp for event in client.events)

    def test_each_report_carries_the_true_time(self) -> None:
        at = Place()
        client = at.client()
        client.send(place(at.stop("95")))
        assert [type(e) for e in client.events] == [VenueReported, VenueReported]
        assert at.truth.received[0].at < client.events[0].at < at.agenda.now

    @pytest.mark.parametrize(
        ("fault", "arrives", "heard"),
        [
            (F.REQUEST_LOST, False, OutcomeUnknown),
            (F.RESET_BEFORE_SENT, False, OutcomeUnknown),
            (F.NO_CONNECTION, False, Rejected),
            (F.ERROR_WITHOUT_EFFECT, False, OutcomeUnknown),
            (F.RESET_AFTER_SENT, True, OutcomeUnknown),
            (F.ANSWER_LOST, True, OutcomeUnknown),
            (F.ANSWER_TRUNCATED, True, OutcomeUnknown),
            (F.ANSWER_HTML, True, OutcomeUnknown),
            (F.ERROR_WITH_EFFECT, True, OutcomeUnknown),
            (F.REQUEST_OVERTAKEN, True, Accepted),
        ],
    )
    def test_what_is_done_and_what_is_known(
        self, fault: Fault, arrives: bool, heard: type[Report]
    ) -> None:
        at = Place({fault: 1.0})
        client = at.client()
        start = at.agenda.now
        reports = client.send(place(at.buy()))
        assert bool(at.truth.orders) is arrives
        assert heard in map(type, reports)
        assert (Filled in map(type, reports)) is arrives  # the stream told of it all the same
        assert all(event.at <= start + TIMEOUT_NS for event in client.events)
        assert at.box.counts[fault] == 1
        if fault is F.NO_CONNECTION:
            assert reports == [Rejected("t1", 0, reports[0].text, again=True)]

    def test_no_answer_is_no_answer_after_ten_seconds(self) -> None:
        at = Place({F.REQUEST_LOST: 1.0})
        client, sent = at.client(), at.agenda.now
        client.send(place(at.buy()))
        assert [event.at for event in client.events] == [sent + TIMEOUT_NS]

    def test_a_late_request_is_refused_and_a_late_answer_is_none(self) -> None:
        at = Place({F.REQUEST_DELAYED: 1.0})
        client = at.client()
        heard = Counter(kinds(client.send(place(at.buy(id="x"))))[-1] for _ in range(40))
        assert set(heard) == {"Filled x", "OutcomeUnknown x", "Rejected x"}
        assert all(r.again for r in client.reports if isinstance(r, Rejected))
        late = [r for r in at.truth.received if r.at - r.stamp > DEADLINE_NS]
        assert len(at.truth.orders) == len(at.truth.received) - len(late)
        assert any(r.at - r.stamp > 20 * SECOND for r in late)

    def test_an_answer_may_come_after_its_time(self) -> None:
        at = Place({F.ANSWER_DELAYED: 1.0, F.STREAM_LOST: 1.0})
        client = at.client()
        heard = Counter(kinds(client.send(place(at.buy(id="x"))))[-1] for _ in range(40))
        assert set(heard) == {"Filled x", "OutcomeUnknown x"}

    def test_requests_overtake_each_other(self) -> None:
        at = Place({F.REQUEST_OVERTAKEN: 0.5})
        client = at.client()
        for _ in range(20):
            client.wire.send(place(at.bid("90", quantity=D("0.1"))), at.agenda.now)
            at.run(0.1)
        at.run(10)
        ids = [int(true.order.id[1:]) for true in at.truth.orders]
        assert sorted(ids) == list(range(1, 21))
        assert ids != sorted(ids)

    def test_a_duplicated_request_makes_two_orders_under_the_rules_of_binance(self) -> None:
        for rules, orders in ((Rules.BINANCE, 2), (Rules.KRAKEN, 1)):
            at = Place({F.REQUEST_DUPLICATED: 1.0}, rules)
            at.client().send(place(at.buy()))
            assert len(at.truth.received) == 2
            assert len(at.truth.orders) == orders

    def test_what_a_half_open_socket_takes_goes_nowhere(self) -> None:
        at = Place({F.HALF_OPEN: 10.0})
        client = at.client()
        for _ in range(60):
            client.wire.send(cancel(at.buy()), at.agenda.now)
            at.run(5)
        assert at.box.counts[F.HALF_OPEN] > 5
        assert 0 < len(at.truth.received) < 60
        assert len(client.reports) == 60

    def test_a_ten_second_engine_is_not_waited_for(self) -> None:
        at = Place({F.SLOW_ENGINE: 1.0})
        client, sent = at.client(), at.agenda.now
        for _ in range(30):
            client.wire.send(place(at.buy(quantity=D("0.1"))), sent)
        at.run(20)
        first: dict[str, Instant] = {}
        for event in client.events:
            for report in event.reports:
                first.setdefault(report.order_id, event.at)
        assert len(first) == 30
        assert max(first.values()) <= sent + TIMEOUT_NS

    def test_in_an_outage_nothing_is_known_for_certain(self) -> None:
        at = Place()
        client = at.client()
        at.exchange.gate.shut(F.OUTAGE, 120 * SECOND)
        for _ in range(10):
            assert kinds(client.send(place(at.buy(id="x")))) == ["OutcomeUnknown x"]
            at.exchange.gate.shut(F.OUTAGE, 120 * SECOND)

    def test_a_replace_that_was_not_sent_leaves_things_as_they_were(self) -> None:
        at = Place()
        client = at.client()
        old, new = at.stop("95"), at.stop("96")
        client.send(place(old))
        at.exchange.gate.shut(F.RATE_LIMITED, 10 * SECOND)
        reports = client.send(swap((old,), new))
        assert [(type(r), r.again) for r in reports] == [(CancelRefused, True), (Rejected, True)]
        assert list(at.truth.open) == [old.id]


class TestStream:
    def test_what_nobody_asked_for_is_told(self) -> None:
        at = Place()
        client = at.client()
        client.send(place(at.stop("95")))
        at.tick(94.0, 94.1)
        at.run(1)
        assert isinstance(client.reports[-1], Filled)

    def test_it_keeps_its_order_when_nothing_is_wrong(self) -> None:
        at = Place()
        client = at.client()
        for _ in range(50):
            at.exchange.backend.trade(place(at.buy(quantity=D("0.1"))), ours=True)
        at.run(1)
        told = [(type(r), r.order_id) for r in client.reports]
        assert told == [(kind, f"t{n}") for n in range(1, 51) for kind in (Accepted, Filled)]

    @pytest.mark.parametrize("fault", [F.STREAM_LOST, F.STREAM_DUPLICATED, F.STREAM_REORDERED])
    def test_messages_get_lost_come_twice_or_out_of_order(self, fault: Fault) -> None:
        at = Place({fault: 0.3})
        client = at.client()
        for _ in range(50):
            at.exchange.backend.trade(place(at.buy(quantity=D("0.1"))), ours=True)
            at.run(0.1)
        at.run(10)
        struck, heard = at.box.counts[fault], client.reports
        expected = {F.STREAM_LOST: 100 - struck, F.STREAM_DUPLICATED: 100 + struck}
        assert len(heard) == expected.get(fault, 100)
        ids = [int(r.order_id[1:]) for r in heard]
        assert (ids == sorted(ids)) is (fault is F.STREAM_LOST)

    def test_old_messages_come_again(self) -> None:
        at = Place({F.STREAM_STALE: 0.5})
        client = at.client()
        for _ in range(30):
            at.exchange.backend.trade(place(at.buy(quantity=D("0.1"))), ours=True)
            at.run(5)
        again = Counter((type(r), r.order_id) for r in client.reports)
        assert len(again) == 60
        assert sum(n - 1 for n in again.values()) >= at.box.counts[F.STREAM_STALE] - 1 > 10

    @pytest.mark.parametrize("fault", [F.FILL_BEFORE_ACK, F.LATE_FILL, F.ACK_AFTER_CANCEL])
    def test_fills_acknowledgements_and_cancels_change_places(self, fault: Fault) -> None:
        at = Place({fault: 1.0})
        client = at.client()
        order = at.bid("99")
        at.exchange.backend.trade(place(order), ours=True)
        at.tick(98.0, 98.1, size=0.5)
        at.exchange.backend.trade(cancel(order), ours=True)
        at.run(40)
        told = [type(r) for r in client.reports]
        assert (
            told
            == {
                F.FILL_BEFORE_ACK: [Filled, Canceled, Accepted],
                F.ACK_AFTER_CANCEL: [Filled, Canceled, Accepted],
                F.LATE_FILL: [Accepted, Canceled, Filled],
            }[fault]
        )

    @pytest.mark.parametrize("fault", [F.STREAM_DISCONNECTED, F.STREAM_SHUTDOWN])
    def test_what_is_told_to_a_broken_stream_is_lost(self, fault: Fault) -> None:
        at = Place({fault: 300.0})
        client = at.client()
        while not at.box.counts:
            at.run(0.1)
        struck = at.agenda.now
        at.exchange.backend.trade(place(at.buy()), ours=True)
        at.run(12)
        assert not client.reports
        limit = 11.1 if fault is F.STREAM_DISCONNECTED else 1.1
        assert struck < client.reconnects[0] < struck + limit * SECOND
        at.exchange.backend.trade(place(at.buy()), ours=True)
        at.run(1)
        assert kinds(client.reports) == ["Accepted t2", "Filled t2"]

    def test_what_travels_when_the_stream_breaks_is_lost(self) -> None:
        at = Place()
        client = at.client()
        at.exchange.backend.trade(place(at.buy()), ours=True)
        at.exchange.backend.drop_listeners()
        at.run(20)
        assert not client.reports
        assert len(client.reconnects) == 1

    def test_a_silent_stream_ends_by_itself_or_is_broken_off(self) -> None:
        at = Place({F.STREAM_STALLED: 60.0})
        client = at.client()
        for _ in range(600):
            at.exchange.backend.trade(place(at.buy(quantity=D("0.06"))), ours=True)
            at.run(1)
        delays = []
        times = {true.order.id: true.placed_at for true in at.truth.orders}
        for event in client.events:
            delays += [event.at - times[r.order_id] for r in event.reports]
        assert SECOND < max(delays) < TIMEOUT_NS + SECOND
        assert 0 < len(client.reconnects) < at.box.counts[F.STREAM_STALLED]
        assert len(client.reports) < len(at.truth.orders) * 2

    def test_subscribing_may_lose_messages_after_the_fact(self) -> None:
        at = Place({F.RESUBSCRIBE_LOST: 1.0})
        client = at.client()
        at.exchange.backend.drop_listeners()
        while not client.reconnects:
            at.run(0.01)
        at.exchange.backend.trade(place(at.buy()), ours=True)
        at.run(3)
        at.exchange.backend.trade(place(at.buy()), ours=True)
        at.run(1)
        assert kinds(client.reports) == ["Accepted t2", "Filled t2"]

    def test_it_dials_until_the_outage_is_over(self) -> None:
        at = Place()
        client = at.client()
        start = at.agenda.now
        at.exchange.gate.shut(F.OUTAGE, 60 * SECOND)
        at.run(59)
        assert not client.reconnects
        at.run(12)
        assert start + 60 * SECOND < client.reconnects[0]
        assert len(client.reconnects) == 1

    def test_a_process_may_start_in_an_outage(self) -> None:
        at = Place()
        at.exchange.gate.shut(F.OUTAGE, 60 * SECOND)
        client = at.client()
        at.run(62)
        assert len(client.reconnects) == 1


class TestInquiries:
    def test_the_whole_account_is_seen(self) -> None:
        at = Place()
        client = at.client()
        client.send(place(at.buy()))
        client.send(place(at.stop("95")))
        asked = at.agenda.now
        seen = client.ask()
        assert (seen.as_of, seen.fills_since) == (asked, asked - 3_600 * SECOND)
        assert asked < seen.at < asked + SECOND
        assert [o.standing for o in seen.orders] == [Standing.FILLED, Standing.OPEN]
        assert [f.fill for f in seen.fills] == fills(client.reports)
        assert seen.balances == at.exchange.backend.floor.totals()

    def test_fills_are_asked_for_as_far_back_as_wanted(self) -> None:
        at = Place()
        client = at.client()
        client.send(place(at.buy()))
        client.wire.ask_account(at.agenda.now, Instant(at.agenda.now - SECOND))
        at.run(1)
        assert client.accounts[0].fills == ()
        assert client.accounts[0].orders == ()

    @pytest.mark.parametrize(
        "fault",
        [
            F.REQUEST_LOST,
            F.RESET_BEFORE_SENT,
            F.RESET_AFTER_SENT,
            F.NO_CONNECTION,
            F.ANSWER_LOST,
            F.ANSWER_TRUNCATED,
            F.ANSWER_HTML,
            F.ERROR_WITH_EFFECT,
            F.ERROR_WITHOUT_EFFECT,
        ],
    )
    def test_what_does_not_arrive_whole_is_not_told(self, fault: Fault) -> None:
        assert Place({fault: 1.0}).client().ask() is None
        seen = [Place({fault: 0.5}, seed=seed).client().ask() for seed in range(40)]
        assert 0 < sum(s is not None for s in seen) < 20  # all of three parts have to arrive

    @pytest.mark.parametrize(
        "fault", [F.OUTAGE, F.MAINTENANCE, F.BANNED, F.RATE_LIMITED, F.HALF_OPEN]
    )
    def test_nor_is_it_while_the_gate_is_shut(self, fault: Fault) -> None:
        at = Place({fault: 20.0})
        client = at.client()
        heard = [client.ask() is not None for _ in range(40)]
        assert True in heard
        assert False in heard

    def test_a_clock_that_is_wrong_gets_no_answers(self) -> None:
        at = Place()
        client = at.client()
        assert client.ask(skew=-30) is None
        assert client.ask(skew=30) is None
        assert client.ask(skew=-2) is not None

    @pytest.mark.parametrize("fault", [F.REQUEST_DELAYED, F.ANSWER_DELAYED, F.REQUEST_OVERTAKEN])
    def test_what_is_late_may_still_come(self, fault: Fault) -> None:
        seen = [Place({fault: 0.7}, seed=seed).client().ask() for seed in range(40)]
        whole = [s for s in seen if s is not None]
        assert any(s.at - s.as_of > SECOND for s in whole)
        assert all(s.at - s.as_of <= 3 * TIMEOUT_NS for s in whole)
        assert (len(whole) < 40) is (fault is not F.REQUEST_OVERTAKEN)

    def test_a_replica_lags_by_two_seconds_at_most(self) -> None:
        missing = 0
        for seed in range(30):
            at = Place({F.REPLICA_LAG: 1.0}, seed=seed)
            client = at.client()
            at.exchange.backend.trade(place(at.buy()), ours=True)
            at.run(LAG_NS_MAX / SECOND)
            at.exchange.backend.trade(place(at.buy()), ours=True)
            seen = client.ask()
            assert seen.fills[0].fill.order_id == "t1"
            missing += len(seen.fills) == 1
            # Each part is a little younger than the one before.
            assert D(11) <= seen.balances["BTC"] <= D(10 + len(seen.fills))
            assert 1 <= len(seen.orders) <= len(seen.fills)
        assert missing > 10

    def test_orders_may_be_older_than_balances(self) -> None:
        torn = 0
        for seed in range(30):
            at = Place({F.ANSWERS_DISAGREE: 1.0}, seed=seed)
            client = at.client()
            at.exchange.backend.trade(place(at.stop("95")), ours=True)
            at.run(3)
            at.tick(94.0, 94.1)
            seen = client.ask()
            assert seen.balances["BTC"] == D(9)
            assert len(seen.fills) == 1
            torn += seen.orders[0].standing is Standing.OPEN
        assert torn > 10


class TestEnd:
    def test_what_has_left_arrives_though_its_sender_is_gone(self) -> None:
        at = Place()
        client = at.client()
        client.wire.send(place(at.buy()), at.agenda.now)
        client.wire.ask_account(at.agenda.now)
        client.wire.cut()
        at.run(60)
        assert len(at.truth.orders) == 1
        assert not client.events

    def test_the_next_process_hears_of_the_orders_of_the_last(self) -> None:
        at = Place()
        last = at.client()
        last.wire.send(place(at.buy()), at.agenda.now)
        last.wire.cut()
        client = at.client()
        at.run(1)
        assert kinds(client.reports) == ["Accepted t1", "Filled t1"]

    def test_who_is_cut_hears_nothing_more(self) -> None:
        at = Place({F.STREAM_DISCONNECTED: 20.0, F.STREAM_STALLED: 20.0, F.STREAM_STALE: 0.5})
        client = at.client()
        at.run(100)
        client.wire.cut()
        reconnects = len(client.reconnects)
        at.exchange.backend.trade(place(at.buy()), ours=True)
        at.run(100)
        assert not client.events
        assert len(client.reconnects) == reconnects

    def test_who_is_cut_sends_nothing(self) -> None:
        at = Place()
        client = at.client()
        client.wire.cut()
        with pytest.raises(AssertionError, match="gone"):
            client.wire.send(place(at.buy()), at.agenda.now)
        with pytest.raises(AssertionError, match="gone"):
            client.wire.ask_account(at.agenda.now)

    def test_healed_it_works_as_if_nothing_had_been(self) -> None:
        at = Place(faults=faults_of("dense", Chance(1)))
        client = at.client()
        at.run(600)
        at.box.heal()
        at.run(15)
        assert kinds(client.send(place(at.buy(id="x")))) == ["Accepted x", "Filled x"]
        assert client.ask() is not None


class Trader:
    """Sends what it is told to, and lets the market move."""

    def __init__(self, faults: Faults, rules: Rules, seed: int) -> None:
        self.place = Place(rules=rules, seed=seed, faults=faults)
        self.client: Client = self.place.client()
        self.person = Person(self.place.exchange)
        self.open: list[Order] = []
        self.sent: list[VenueCommand] = []
        self.price = 100.0

    def act(self, number: int) -> None:
        at = self.place
        kind, size = number % 10, D(1 + number % 7) / 10
        match kind:
            case 0 | 1:
                self._send(place(at.buy(quantity=size)))
            case 2:
                self._open(at.stop(f"{self.price - 1.0:.2f}", quantity=size))
            case 3:
                self._open(at.bid(f"{self.price - 0.5:.2f}", quantity=size))
            case 4 if self.open:
                self._send(cancel(self.open.pop(0)))
            case 5 if self.open:
                old = self.open.pop()
                new = at.stop(f"{self.price - 0.7:.2f}", quantity=size)
                self.open.append(new)
                self._send(swap((old,), new))
            case 6:
                self.client.wire.ask_account(at.agenda.now)
            case 7:
                self.person.close(BTC.symbol) if number % 3 else self.person.deposit("USDT", D(50))
            case _:
                self.price = round(self.price * (1 + (number % 41 - 20) / 2_000), 2)
        at.tick(self.price, round(self.price + 0.1, 2), size=1.0 + number % 5 / 5)
        at.run(number % 13 / 4)

    def _open(self, order: Order) -> None:
        self.open.append(order)
        self._send(place(order))

    def _send(self, command: VenueCommand) -> None:
        self.sent.append(command)
        self.client.wire.send(command, self.place.agenda.now)


SMALL = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.lists(st.integers(0, 9_999), min_size=5, max_size=60)


@SMALL
@given(NUMBERS, st.sampled_from(Rules), st.integers(0, 10_000))
def test_without_faults_all_that_happens_is_heard(
    numbers: list[int], rules: Rules, seed: int
) -> None:
    trader = Trader(quiet(), rules, seed)
    for number in numbers:
        trader.act(number)
    at, client = trader.place, trader.client
    at.run(5)
    ours = [true for true in at.truth.orders if true.ours]
    assert sorted(fills(client.reports), key=_trade) == _our_fills(at)
    endings = {Standing.CANCELED: Canceled, Standing.EXPIRED: Expired}
    for true in ours:
        told = [r for r in client.reports if r.order_id == true.order.id]
        assert Accepted in map(type, told)
        for standing, kind in endings.items():
            assert (kind in map(type, told)) is (true.standing is standing)
    assert OutcomeUnknown not in map(type, client.reports)
    seen = client.ask()
    assert seen.balances == at.exchange.backend.floor.totals()
    assert [f.fill.trade_id for f in seen.fills] == [f.fill.trade_id for f in at.truth.fills]
    assert {o.order_id for o in seen.orders if o.standing is Standing.OPEN} == set(at.truth.open)
    assert _recounted(at) == seen.balances


@SMALL
@given(
    NUMBERS,
    st.sampled_from(Rules),
    st.integers(0, 10_000),
    st.sampled_from(["dense", "swarm", "crash"]),
)
def test_with_all_faults_nothing_is_lost_for_ever(
    numbers: list[int], rules: Rules, seed: int, profile: str
) -> None:
    trader = Trader(faults_of(profile, Chance(seed)), rules, seed)
    for number in numbers:
        trader.act(number)
    at, client = trader.place, trader.client
    at.run(60)
    heard = {report.order_id for report in client.reports}
    for command in trader.sent:
        assert set(named(command)) <= heard
    for seen in client.accounts:
        certain = at.truth.fills_between(seen.fills_since, Instant(seen.as_of - LAG_NS_MAX))
        assert {f.fill.trade_id for f in certain} <= {f.fill.trade_id for f in seen.fills}
        assert {f.fill.trade_id for f in seen.fills} <= {f.fill.trade_id for f in at.truth.fills}
    made = {f.fill.trade_id: f.fill for f in at.truth.fills}
    assert all(made[fill.trade_id] == fill for fill in fills(client.reports))
    assert all(r.at - r.stamp <= DEADLINE_NS for r in at.truth.received if _placed(at, r.command))
    assert _recounted(at) == at.exchange.backend.floor.totals()
    at.box.heal()
    at.run(20)
    assert client.ask().balances == at.exchange.backend.floor.totals()


def test_the_same_seed_tells_the_same_story() -> None:
    def story(seed: int) -> list[object]:
        trader = Trader(faults_of("dense", Chance(seed)), Rules.KRAKEN, seed)
        for number in range(0, 9_999, 83):
            trader.act(number)
        return [trader.client.events, trader.client.reconnects, trader.place.box.counts]

    assert story(5) == story(5)
    assert story(5) != story(6)


def _trade(fill: Filled) -> int:
    return int(fill.trade_id)


def _our_fills(at: Place) -> list[Filled]:
    return [seen.fill for seen in at.truth.fills if at.truth.latest[seen.fill.order_id].ours]


def _placed(at: Place, command: VenueCommand) -> bool:
    return not isinstance(command, type(cancel())) and command.orders[0].id in at.truth.latest


def _recounted(at: Place) -> dict[str, Decimal]:
    """The balances, from the first ones and all that happened since."""
    totals = {"USDT": D(10_000), "BTC": D(10)}
    for transfer in at.truth.transfers:
        totals[transfer.asset] += transfer.amount
    for seen in at.truth.fills:
        fill = seen.fill
        sign = 1 if seen.side.value == "buy" else -1
        totals["BTC"] += sign * fill.quantity
        totals["USDT"] -= sign * EXACT.multiply(fill.price, fill.quantity)
        totals[fill.fee_asset] -= fill.fee
    return totals
