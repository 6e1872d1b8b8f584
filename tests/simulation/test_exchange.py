"""The exchange: what it does with orders, whose rules it keeps, and how it fails."""

from decimal import Decimal

import pytest

from tests.simulation.exchanges import (
    BTC,
    SECOND,
    Place,
    cancel,
    kinds,
    place,
    swap,
)
from thunes.core.domain.command import VenueCommand
from thunes.core.domain.evidence import DEADLINE_NS, Standing
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    OrderType,
    Rejected,
    Report,
    Side,
)
from thunes.core.domain.units import Instant
from thunes.simulation.faults import Fault
from thunes.simulation.floor import Rules
from thunes.simulation.manual import BY_HAND, Person

D = Decimal
F = Fault
MINUTE = 60 * SECOND


def ask(at: Place, command: VenueCommand, age: float = 0.0) -> list[Report] | None:
    """What the exchange replies at once to a request stamped `age` seconds ago; None: nothing."""
    answers: list[tuple[Report, ...] | None] = []
    at.exchange.receive(command, Instant(at.agenda.now - int(age * SECOND)), answers.append)
    return list(answers[0] or ()) if answers else None


def standings(at: Place) -> list[tuple[str, Standing]]:
    return [(true.order.id, true.standing) for true in at.truth.orders]


class TestOrders:
    def test_a_market_order_fills_at_the_last_tick(self) -> None:
        at = Place()
        reports = ask(at, place(at.buy()))
        accepted, filled = reports
        assert isinstance(accepted, Accepted)
        assert isinstance(filled, Filled)
        assert (filled.price, filled.quantity, filled.fee_asset) == (D("100.10"), D(1), "USDT")
        assert filled.complete
        assert standings(at) == [("t1", Standing.FILLED)]
        assert at.exchange.backend.floor.totals() == {
            "USDT": D(10_000) - D("100.1") - filled.fee,
            "BTC": D(11),
        }

    def test_a_sell_meets_the_bid(self) -> None:
        at = Place()
        assert ask(at, place(at.sell()))[1].price == D(100)

    def test_a_stop_waits_for_its_level(self) -> None:
        at = Place()
        stop = at.stop("95")
        assert kinds(ask(at, place(stop))) == [f"Accepted {stop.id}"]
        at.tick(95.01, 95.11)
        assert at.truth.open
        at.tick(94.5, 94.6)
        assert at.truth.fills[0].fill.price == D("94.50")
        assert not at.truth.open

    def test_a_stop_that_would_trigger_at_once_is_refused(self) -> None:
        at = Place()
        (rejected,) = ask(at, place(at.stop("101")))
        assert isinstance(rejected, Rejected)
        assert "trigger immediately" in rejected.text
        assert not rejected.again

    def test_a_limit_that_has_rested_keeps_its_price(self) -> None:
        at = Place()
        ask(at, place(at.bid("99")))
        at.tick(98.0, 98.1)
        assert at.truth.fills[0].fill.price == D(99)

    def test_a_limit_through_the_market_takes_it(self) -> None:
        at = Place()
        assert ask(at, place(at.bid("101")))[1].price == D("100.1")

    def test_a_market_order_takes_what_there_is_and_waits_for_nobody(self) -> None:
        at = Place()
        at.tick(100.0, 100.1, size=0.3)
        told = kinds(ask(at, place(at.buy())))
        assert (told[0], sorted(told[1:])) == ("Accepted t1", ["Expired t1", "Filled t1"])
        at.tick(100.0, 100.2, size=5.0)
        assert [f.fill.quantity for f in at.truth.fills] == [D("0.3")]

    def test_what_a_tick_offers_is_there_once_until_others_offer_again(self) -> None:
        at = Place()
        at.tick(100.0, 100.1, size=1.5)
        ask(at, place(at.buy()))
        ask(at, place(at.buy()))
        assert [f.fill.quantity for f in at.truth.fills] == [D(1), D("0.5")]
        at.run(3)
        ask(at, place(at.buy()))
        assert [f.fill.quantity for f in at.truth.fills] == [D(1), D("0.5"), D(1)]

    def test_an_order_is_accepted_though_nothing_is_there_to_fill_it(self) -> None:
        at = Place()
        at.tick(100.0, 100.1, size=0.0)
        assert kinds(ask(at, place(at.buy()))) == ["Accepted t1", "Expired t1"]

    def test_a_pair_ends_together(self) -> None:
        at = Place()
        stop = at.stop("95", list_id="l")
        target = at.order(Side.SELL, OrderType.LIMIT, limit_price=D(110), list_id="l")
        ask(at, place(stop, target))
        at.tick(111.0, 111.1)
        assert standings(at) == [(stop.id, Standing.EXPIRED), (target.id, Standing.FILLED)]

    def test_cancel_and_replace(self) -> None:
        at = Place()
        old, new = at.stop("95"), at.stop("96")
        ask(at, place(old))
        assert kinds(ask(at, swap((old,), new))) == [f"Accepted {new.id}", f"Canceled {old.id}"]
        (refused,) = ask(at, cancel(old))
        assert isinstance(refused, CancelRefused)

    def test_a_replace_whose_cancel_fails_places_nothing(self) -> None:
        at = Place()
        reports = ask(at, swap((at.stop("95"),), at.stop("96")))
        assert [type(r) for r in reports] == [CancelRefused, Rejected]
        assert not at.truth.orders

    def test_every_request_is_on_record(self) -> None:
        at = Place()
        command = place(at.buy())
        ask(at, command, age=60)
        (received,) = at.truth.received
        assert received == (at.agenda.now, at.agenda.now - MINUTE, command)


class TestRules:
    def test_binance_takes_an_id_again_once_its_order_is_over(self) -> None:
        at = Place(rules=Rules.BINANCE)
        order = at.buy(id="same")
        ask(at, place(order))
        assert kinds(ask(at, place(order))) == ["Accepted same", "Filled same"]
        assert len(at.truth.orders) == 2
        assert at.exchange.backend.floor.totals()["BTC"] == D(12)

    def test_binance_refuses_the_id_of_an_open_order(self) -> None:
        at = Place(rules=Rules.BINANCE)
        order = at.stop("95", id="same")
        ask(at, place(order))
        (rejected,) = ask(at, place(order))
        assert "Duplicate" in rejected.text
        assert standings(at) == [("same", Standing.OPEN)]

    def test_kraken_never_takes_an_id_again(self) -> None:
        at = Place(rules=Rules.KRAKEN)
        order = at.buy(id="same")
        ask(at, place(order))
        (rejected,) = ask(at, place(order))
        assert (rejected.text, rejected.again) == ("clientOrderIdAlreadyExist", False)
        assert len(at.truth.orders) == 1

    def test_kraken_forgets_closed_orders_but_not_fills(self) -> None:
        at = Place(rules=Rules.KRAKEN)
        ask(at, place(at.buy()))
        at.run(4)
        backend, long_ago = at.exchange.backend, Instant(0)
        assert len(backend.orders_as_of(at.agenda.now, long_ago)) == 1
        at.run(2)
        assert not backend.orders_as_of(at.agenda.now, long_ago)
        assert len(at.truth.fills_between(long_ago, at.agenda.now)) == 1

    def test_binance_remembers_closed_orders(self) -> None:
        at = Place(rules=Rules.BINANCE)
        ask(at, place(at.buy()))
        at.run(3_000)
        (seen,) = at.exchange.backend.orders_as_of(at.agenda.now, Instant(0))
        assert (seen.standing, seen.filled) == (Standing.FILLED, D(1))

    @pytest.mark.parametrize("shut", [F.OUTAGE, F.MAINTENANCE])
    def test_an_outage_of_kraken_cancels_all_orders(self, shut: Fault) -> None:
        for rules, left in ((Rules.KRAKEN, 0), (Rules.BINANCE, 2)):
            at = Place(rules=rules)
            ask(at, place(at.stop("95")))
            ask(at, place(at.bid("99")))
            at.exchange.gate.shut(shut, MINUTE)
            assert len(at.truth.open) == left

    def test_only_kraken_has_a_dead_man(self) -> None:
        for rules, left in ((Rules.KRAKEN, 0), (Rules.BINANCE, 1)):
            at = Place({F.CANCELED_ALL: 10.0}, rules)
            ask(at, place(at.stop("95")))
            at.run(300)
            assert len(at.truth.open) == left


class TestGate:
    def test_what_comes_too_late_is_refused_and_may_be_asked_again(self) -> None:
        at = Place()
        (rejected,) = ask(at, place(at.buy()), age=DEADLINE_NS / SECOND + 0.1)
        assert (rejected.code, rejected.again) == (-1021, True)
        assert kinds(ask(at, place(at.buy()), age=DEADLINE_NS / SECOND)) != []
        assert len(at.truth.orders) == 1

    def test_what_comes_from_the_future_is_refused(self) -> None:
        at = Place()
        (rejected,) = ask(at, place(at.buy()), age=-1.1)
        assert (rejected.code, rejected.again) == (-1021, True)
        assert len(ask(at, place(at.buy()), age=-0.9)) == 2

    def test_the_clock_is_looked_at_again_before_the_engine(self) -> None:
        at = Place({F.SLOW_ENGINE: 1.0})
        for _ in range(20):
            at.exchange.receive(place(at.buy()), at.agenda.now, lambda answer: None)
        at.run(11)
        delays = [(true.placed_at - at.truth.received[0].at) / SECOND for true in at.truth.orders]
        assert 0 < len(delays) < 20
        assert all(0.5 <= d <= 5 for d in delays)

    def test_too_many_requests_end_in_a_ban(self) -> None:
        at = Place()
        at.exchange.gate.shut(F.RATE_LIMITED, 5 * SECOND)
        (rejected,) = ask(at, place(at.buy()))
        assert (rejected.code, rejected.again) == (429, True)
        codes = [ask(at, place(at.buy()))[0].code for _ in range(60)]
        assert codes[-1] == 418
        at.run(10)
        assert ask(at, place(at.buy()))[0].code == 418
        at.run(11)
        assert kinds(ask(at, place(at.buy(id="now")))) == ["Accepted now", "Filled now"]

    def test_the_budget_is_finite(self) -> None:
        at = Place()
        codes = [ask(at, cancel(at.buy()))[0].code for _ in range(201)]
        assert codes[-2:] == [-2011, 429]

    def test_cancel_only_takes_cancels(self) -> None:
        at = Place()
        stop = at.stop("95")
        ask(at, place(stop))
        at.exchange.gate.shut(F.CANCEL_ONLY, MINUTE)
        assert ask(at, place(at.buy()))[0].again
        reports = ask(at, swap((stop,), at.stop("96")))
        assert [(type(r), r.again) for r in reports] == [(CancelRefused, True), (Rejected, True)]
        assert kinds(ask(at, cancel(stop))) == [f"Canceled {stop.id}"]

    def test_maintenance_stops_trading_and_says_so(self) -> None:
        at = Place()
        ask(at, place(at.stop("95")))
        at.exchange.gate.shut(F.MAINTENANCE, MINUTE)
        (rejected,) = ask(at, place(at.buy()))
        assert (rejected.code, rejected.again) == (503, True)
        at.tick(90.0, 90.1)
        assert not at.truth.fills
        at.run(61)
        assert at.truth.fills[0].fill.price == D(90)

    def test_an_outage_says_nothing_and_trading_goes_on(self) -> None:
        at = Place()
        ask(at, place(at.stop("95")))
        at.exchange.gate.shut(F.OUTAGE, MINUTE)
        answers = [ask(at, place(at.buy())) for _ in range(20)]
        assert None in answers
        assert [] in answers  # an error of the server: nothing for certain
        assert len(at.truth.orders) == 1
        at.tick(90.0, 90.1)
        assert len(at.truth.fills) == 1

    def test_healing_opens_the_gate(self) -> None:
        at = Place({F.OUTAGE: 1_000.0})
        at.exchange.gate.shut(F.OUTAGE, MINUTE)
        assert not at.exchange.gate.reachable
        at.box.heal()
        assert at.exchange.gate.reachable
        assert len(ask(at, place(at.buy()))) == 2

    def test_each_of_them_strikes_by_itself(self) -> None:
        rows = (F.RATE_LIMITED, F.BANNED, F.OUTAGE, F.MAINTENANCE, F.CANCEL_ONLY)
        for fault in rows:
            at = Place({fault: 60.0})
            lasted = 0
            for _ in range(600):
                at.run(1)
                lasted += at.exchange.gate.lasts(fault)
            assert 0 < lasted < 600
            assert at.box.counts[fault] > 1


class TestMoods:
    def test_a_market_order_may_expire_for_want_of_liquidity(self) -> None:
        at = Place({F.NO_LIQUIDITY: 1.0})
        reports = ask(at, place(at.buy()))
        assert isinstance(reports[-1], Expired)
        assert at.truth.orders[0].standing is Standing.EXPIRED
        assert at.truth.orders[0].filled() < D(1)

    def test_a_stop_may_trigger_and_not_fill(self) -> None:
        at = Place({F.NO_LIQUIDITY: 1.0})
        ask(at, place(at.stop("95")))
        at.tick(94.0, 94.1)
        assert at.truth.orders[0].standing is Standing.EXPIRED

    def test_a_fill_may_come_in_parts(self) -> None:
        at = Place({F.PARTIAL_FILL: 1.0})
        ask(at, place(at.bid("99")))
        for _ in range(100):
            at.tick(98.0, 98.1)
        assert len(at.truth.fills) > 1
        assert at.truth.orders[0].filled() > D("0.9")

    def test_self_trade_prevention_expires_an_order(self) -> None:
        at = Place({F.SELF_TRADE: 1.0})
        assert kinds(ask(at, place(at.bid("99")))) == ["Accepted t1", "Expired t1"]
        assert kinds(ask(at, place(at.stop("95", id="s")))) == ["Accepted s"]

    @pytest.mark.parametrize("fault", [F.REFUSED, F.EMBEDDED_REJECT])
    def test_an_order_may_be_refused_for_nothing(self, fault: Fault) -> None:
        at = Place({fault: 1.0})
        (rejected,) = ask(at, place(at.buy()))
        assert not rejected.again
        assert not at.truth.orders
        assert isinstance(ask(at, cancel(at.buy()))[0], CancelRefused)

    def test_half_of_a_replace_may_succeed(self) -> None:
        at = Place({F.PARTIAL_BATCH: 1.0})
        old, new = at.stop("95"), at.stop("96")
        ask(at, place(old))
        canceled, rejected = ask(at, swap((old,), new))
        assert isinstance(canceled, Canceled)
        assert (rejected.code, rejected.again) == (-2021, True)
        assert not at.truth.open

    def test_half_a_replace_of_nothing_does_nothing(self) -> None:
        at = Place({F.PARTIAL_BATCH: 1.0})
        reports = ask(at, swap((at.stop("95"),), at.stop("96")))
        assert [type(r) for r in reports] == [CancelRefused, Rejected]


class TestPerson:
    def test_a_close_by_hand_takes_our_stop_and_our_coins(self) -> None:
        at = Place()
        stop = at.stop("95", quantity=D(10))
        ask(at, place(stop))
        client = at.client()
        Person(at.exchange).close(BTC.symbol)
        at.run(1)
        assert kinds(client.reports) == [f"Canceled {stop.id}"]
        assert at.exchange.backend.floor.totals()["BTC"] == D(0)
        assert at.truth.fills[0].fill.order_id.startswith(BY_HAND)
        assert not at.truth.latest[at.truth.fills[0].fill.order_id].ours

    def test_orders_by_hand_are_seen_but_not_told(self) -> None:
        at = Place()
        client = at.client()
        person = Person(at.exchange)
        person.order(BTC.symbol, Side.BUY, D(1))
        person.order(BTC.symbol, Side.BUY, D(1), limit=D(90))
        seen = client.ask()
        assert not client.reports
        assert [o.standing for o in seen.orders] == [Standing.FILLED, Standing.OPEN]
        assert seen.balances["BTC"] == D(11)

    def test_a_person_may_cancel_our_order(self) -> None:
        at = Place()
        stop = at.stop("95")
        ask(at, place(stop))
        assert kinds(list(Person(at.exchange).cancel(stop.id))) == [f"Canceled {stop.id}"]

    def test_deposits_and_withdrawals(self) -> None:
        at = Place()
        person, client = Person(at.exchange), at.client()
        person.deposit("USDT", D(500))
        person.withdraw("BTC", D(4))
        assert client.ask().balances == {"USDT": D(10_500), "BTC": D(6)}
        ask(at, place(at.stop("95", quantity=D(5))))
        person.withdraw("BTC", D(4))  # only one is free
        assert client.ask().balances["BTC"] == D(5)
        assert [t.amount for t in at.truth.transfers] == [D(500), D(-4), D(-1)]

    def test_in_maintenance_a_person_can_do_nothing(self) -> None:
        at = Place()
        at.exchange.gate.shut(F.MAINTENANCE, MINUTE)
        assert Person(at.exchange).close(BTC.symbol) == ()
        assert not at.truth.orders


class TestPast:
    """Queries answer from the past, as it was."""

    def test_orders_stand_as_they_stood(self) -> None:
        at = Place()
        early = at.agenda.now
        at.run(1)
        ask(at, place(at.bid("95")))
        placed = at.agenda.now
        at.run(1)
        at.tick(94.0, 94.1, size=0.4)
        halfway = at.agenda.now
        at.run(1)
        at.tick(94.0, 94.1)
        backend, now = at.exchange.backend, at.agenda.now

        def seen(when: Instant) -> list[tuple[Standing, Decimal]]:
            return [(o.standing, o.filled) for o in backend.orders_as_of(when, Instant(0))]

        assert seen(early) == []
        assert seen(placed) == [(Standing.OPEN, D(0))]
        assert seen(halfway) == [(Standing.OPEN, D("0.4"))]
        assert seen(now) == [(Standing.FILLED, D(1))]

    def test_balances_and_fills_stand_as_they_stood(self) -> None:
        at = Place()
        before = at.agenda.now
        at.run(1)
        ask(at, place(at.buy()))
        bought, now = at.truth.fills[0].at, at.agenda.now
        assert at.truth.balances_at(before)["BTC"] == D(10)
        assert at.truth.balances_at(now)["BTC"] == D(11)
        assert at.truth.fills_between(before, Instant(bought - 1)) == ()
        assert len(at.truth.fills_between(bought, bought)) == 1

    def test_balances_far_back_are_forgotten(self) -> None:
        at = Place()
        for _ in range(50):
            at.run(1)
            ask(at, place(at.buy(quantity=D("0.1"))))
        now = at.agenda.now
        assert at.truth.balances_at(Instant(now - 2 * SECOND))["BTC"] == D("14.8")
        assert len(at.truth._balances) < 5
