"""The budget and the breaker: what they promise, over all that can happen to them."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from thunes.adapters.venues.binance.breaker import (
    BREAKER_TABLE,
    IN_A_ROW_MAX,
    REST_NS,
    REST_NS_MAX,
    Breaker,
    Door,
    Turn,
)
from thunes.adapters.venues.binance.budget import Budget, Counted, Limit
from thunes.adapters.venues.binance.requests import Request, Urgency

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
WEIGHT = Limit(Counted.WEIGHT, MINUTE, 100)
ORDERS = Limit(Counted.ORDERS, 10 * SECOND, 10)
USED: Mapping[str, str] = {"X-MBX-USED-WEIGHT-1M": "99", "Date": "today"}


def asked(urgency: Urgency, weight: int = 1, orders: int = 0) -> Request:
    return Request("GET", "/", (), weight, urgency, orders)


requests = st.builds(
    asked, st.sampled_from(Urgency), st.integers(min_value=0, max_value=40), st.integers(0, 3)
)


@given(st.lists(st.tuples(requests, st.integers(0, 20 * SECOND)), max_size=60))
def test_no_window_is_ever_overdrawn_and_the_reserve_stays(
    steps: list[tuple[Request, int]],
) -> None:
    budget, now = Budget((WEIGHT, ORDERS)), 0
    spent: dict[tuple[Limit, int, bool], int] = {}
    for request, wait in steps:
        now += wait
        protects = request.urgency is Urgency.PROTECTIVE
        if budget.take(request, now):
            for limit, cost in ((WEIGHT, request.weight), (ORDERS, request.orders)):
                key = (limit, now // limit.window_ns, protects)
                spent[key] = spent.get(key, 0) + cost
    for limit, window, _ in spent:
        both = [spent.get((limit, window, each), 0) for each in (True, False)]
        assert sum(both) <= limit.most
        assert both[1] <= limit.most * 0.8


@given(st.lists(requests, max_size=40))
def test_protection_always_finds_the_reserve(before: list[Request]) -> None:
    """Whatever entries and questions were let in, a fifth of the window is left for a stop."""
    budget = Budget((WEIGHT, ORDERS))
    for request in before:
        if request.urgency is not Urgency.PROTECTIVE:
            budget.take(request, 0)
    assert budget.take(asked(Urgency.PROTECTIVE, 20, 2), 0)


def test_the_venue_is_believed_when_it_counts_more() -> None:
    budget = Budget((WEIGHT,))
    budget.told(USED, 0, SECOND)
    assert budget.used(WEIGHT, SECOND) == 99
    assert not budget.take(asked(Urgency.ENTRY), SECOND)
    assert budget.take(asked(Urgency.PROTECTIVE), SECOND)
    assert not budget.take(asked(Urgency.PROTECTIVE), SECOND)
    assert budget.take(asked(Urgency.ENTRY), MINUTE)


def test_an_answer_of_the_minute_before_says_nothing_of_this_one() -> None:
    budget = Budget((WEIGHT,))
    budget.told(USED, MINUTE - 1, MINUTE + 1)
    assert budget.used(WEIGHT, MINUTE + 1) == 0


def test_a_pause_holds_back_all_but_protection() -> None:
    budget = Budget((WEIGHT,))
    budget.turned_away(429, {"retry-after": "7"}, 0)
    for urgency in Urgency:
        protects = urgency is Urgency.PROTECTIVE
        assert budget.take(asked(urgency), 7 * SECOND - 1) is protects
        assert budget.take(asked(urgency), 7 * SECOND)


def test_a_ban_holds_back_everything() -> None:
    budget = Budget((WEIGHT,))
    budget.turned_away(418, {"Retry-After": "120"}, 0)
    budget.turned_away(418, {}, -SECOND)  # a shorter one does not end it
    for urgency in Urgency:
        assert not budget.take(asked(urgency), 120 * SECOND - 1)
        assert budget.take(asked(urgency), 120 * SECOND)


def test_a_clock_that_runs_back_gives_nothing_twice() -> None:
    budget = Budget((WEIGHT,))
    assert budget.take(asked(Urgency.PROTECTIVE, 100), MINUTE)
    assert not budget.take(asked(Urgency.PROTECTIVE), MINUTE - 1)


def test_every_pair_of_the_breaker_that_can_happen_has_a_row() -> None:
    for door in Door:
        rows = BREAKER_TABLE[door]
        missing = set(Turn) - set(rows)
        assert missing == (set() if door is Door.OPEN else {Turn.RESTED})


def test_outages_in_a_row_open_it_and_an_answer_closes_it() -> None:
    breaker = Breaker()
    for _ in range(IN_A_ROW_MAX - 1):
        breaker.failed(0)
    assert breaker.admits(Urgency.ENTRY, 0)
    breaker.failed(0)
    assert breaker.door is Door.OPEN
    assert not breaker.admits(Urgency.ENTRY, REST_NS - 1)
    assert not breaker.admits(Urgency.QUERY, REST_NS - 1)
    assert breaker.admits(Urgency.QUERY, REST_NS)
    assert not breaker.admits(Urgency.ENTRY, REST_NS), "one tries for all"
    breaker.answered(REST_NS)
    assert breaker.admits(Urgency.ENTRY, REST_NS)
    assert breaker.in_a_row == 0


def test_each_trial_that_fails_makes_the_rest_longer() -> None:
    breaker, now, rests = Breaker(), 0, []
    for _ in range(IN_A_ROW_MAX):
        breaker.failed(now)
    for _ in range(8):
        began = now
        while not breaker.admits(Urgency.QUERY, now):
            now += SECOND
        rests.append(now - began)
        breaker.failed(now)
    assert rests == sorted(rests)
    assert rests[:3] == [REST_NS, 2 * REST_NS, 4 * REST_NS]
    assert rests[-1] == REST_NS_MAX


happenings = st.lists(
    st.tuples(st.sampled_from(["ask", "answered", "failed"]), st.integers(0, 30 * SECOND)),
    max_size=80,
)


@given(happenings)
def test_protection_is_never_held_back_and_a_live_venue_is_never_shut_out(
    steps: list[tuple[str, int]],
) -> None:
    breaker, now = Breaker(), 0
    for what, wait in steps:
        now += wait
        assert breaker.admits(Urgency.PROTECTIVE, now)
        if what == "ask":
            breaker.admits(Urgency.ENTRY, now)
        elif what == "answered":
            breaker.answered(now)
            assert breaker.admits(Urgency.ENTRY, now)
        else:
            breaker.failed(now)
        if breaker.door is not Door.CLOSED:
            assert breaker.in_a_row >= IN_A_ROW_MAX
