"""Pitfalls that clients of Binance Spot have fallen into, each brought about by the sandbox."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.binance.arena import Arena, Rig, fills_at, kinds
from tests.binance.scripted import D, entry, stop, target
from thunes.adapters.venues.binance.market_feed import LOOK_S, QUIET_NS, STRIKES_MAX
from thunes.adapters.venues.binance.pulse import LOOK_NS, PULSE_NS
from thunes.adapters.venues.binance.session import Patience
from thunes.core.domain.command import CancelOrders, PlaceOrders, ReplaceOrders
from thunes.core.domain.evidence import FENCE_NS, Standing
from thunes.core.domain.order import (
    Accepted,
    Canceled,
    CancelRefused,
    Expired,
    Filled,
    OutcomeUnknown,
    Rejected,
)
from thunes.core.domain.units import NS_PER_SECOND
from thunes.sandbox.limits import Allowance

ENTRY, STOP, OTHER = "thunes-1-1", "thunes-1-2", "thunes-1-3"
PLACE, CANCEL = "POST /api/v3/order", "DELETE /api/v3/order"
COINS = {"BTC": D(10), "USDT": D(100_000)}


@pytest.fixture
def arena() -> Iterator[Arena]:
    with Arena() as arena:
        yield arena


@pytest.fixture
def rig(arena: Arena) -> Iterator[Rig]:
    with Rig(arena) as rig:
        yield rig


def buy(name: str = ENTRY, **more: object) -> PlaceOrders:
    """At market, unless a limit is told."""
    return PlaceOrders((entry(name, **({"quantity": D(2), "quote_amount": None} | more)),))


def protect(name: str = STOP) -> PlaceOrders:
    return PlaceOrders((stop(name),))


def placed(arena: Arena) -> int:
    return arena.asked.count("POST order")


def standing(rig: Rig, name: str) -> Standing | None:
    """How an order stands, by a look at the account."""
    orders = {order.order_id: order for order in rig.look().orders}
    return orders[name].standing if name in orders else None


def until(true: Callable[[], object]) -> None:
    """Wait for what nobody tells of."""
    for _ in range(2_000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come true")


# Orders and their answers.


def test_an_answer_lost_after_the_placement_is_not_asked_for_again(arena: Arena, rig: Rig) -> None:
    """Section 8: answer lost after placement. The order fills once, and is heard of once."""
    arena.fault("answer_lost", on=PLACE, times=1)
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, OutcomeUnknown))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))
    rig.look()
    assert placed(arena) == 1
    assert set(rig.heard.fills()) == fills_at(arena)
    assert len(rig.heard.fills()) == 1


@pytest.mark.parametrize("fault", ["answer_cut", "answer_page", "error_after"])
def test_an_answer_that_nobody_can_read_leaves_the_order_unknown(
    arena: Arena, rig: Rig, fault: str
) -> None:
    """Section 8: 5xx, -1007 after it was accepted, a page of a proxy, half of an answer. A look
    finds the order."""
    arena.fault(fault, on=PLACE, times=1)
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, OutcomeUnknown))
    assert standing(rig, STOP) is Standing.OPEN
    assert placed(arena) == 1


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_a_fault_of_the_server_before_the_engine_is_unknown_too(
    arena: Arena, rig: Rig, code: int
) -> None:
    """Section 8: nobody can tell whether such an order is there; that it is not, a look tells."""
    arena.fault("error_before", on=PLACE, times=1, value=code)
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, OutcomeUnknown))
    arena.pass_time(FENCE_NS / NS_PER_SECOND + 1)
    assert standing(rig, STOP) is None
    assert "POST order" not in arena.asked, "the fault came before it, and nothing was sent again"


def test_an_overloaded_server_has_taken_nothing_in(arena: Arena, rig: Rig) -> None:
    """Section 4.5: -1008 is a refusal that may be asked again, not an unknown order."""
    arena.fault("error_before", on=PLACE, times=1, value=-1008)
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.of(STOP))
    (said,) = rig.heard.of(STOP)
    assert isinstance(said, Rejected)
    assert (said.code, said.again) == (-1008, True)


def test_a_request_lost_on_its_way_is_unknown_until_the_venue_does_not_know_it(
    arena: Arena, rig: Rig
) -> None:
    """Section 8: timeout before accept."""
    arena.fault("request_lost", on=PLACE, times=1)
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, OutcomeUnknown))
    assert standing(rig, STOP) is None


def test_a_request_that_arrives_too_late_is_refused_by_the_venue(arena: Arena, rig: Rig) -> None:
    """Rule 3 of section 11: what was decided seconds ago is not done any more."""
    begun = arena.now()
    arena.pass_time(6)
    rig.venue.send(buy(), begun)
    rig.heard.until(lambda: rig.heard.of(ENTRY))
    (said,) = rig.heard.of(ENTRY)
    assert isinstance(said, Rejected)
    assert (said.code, said.again) == (-1021, True)
    assert not fills_at(arena)


def test_an_event_before_its_answer_is_the_same_fill(arena: Arena, rig: Rig) -> None:
    """Section 8: event before REST answer."""
    arena.fault("answer_late", on=PLACE, times=1, value=0.3)
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))
    rig.heard.until(lambda: sum(kind == "Filled" for kind in kinds(rig.heard.of(ENTRY))) == 2)
    assert set(rig.heard.fills()) == fills_at(arena)


def test_an_id_that_is_open_already_is_a_question_not_a_refusal(arena: Arena, rig: Rig) -> None:
    """Section 4.4: -2010 Duplicate order sent. The first one may be ours, its answer lost."""
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Accepted))
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, OutcomeUnknown))
    assert standing(rig, STOP) is Standing.OPEN


def test_an_order_that_filled_while_it_was_cancelled_is_told_as_filled(
    arena: Arena, rig: Rig
) -> None:
    """Section 4.5: -2011 Unknown order sent. It may have filled, and it has."""
    rig.send(buy(limit_price=D("99.50")))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted))
    arena.fault("stream_lost", on="user")
    arena.quote("99.40", "99.45")
    rig.send(CancelOrders((ENTRY,)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, CancelRefused))
    rig.look()
    assert set(rig.heard.fills()) == fills_at(arena)
    assert len(fills_at(arena)) == 1


def test_a_thin_book_ends_a_market_order_half_filled(arena: Arena, rig: Rig) -> None:
    """ccxt 8437, 21996, 15308; python-binance 569: MARKET orders that expire on the testnet."""
    arena.do(lambda: _thin(arena))
    rig.send(buy(quantity=D(50)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Expired))
    (end,) = {said for said in rig.heard.of(ENTRY) if isinstance(said, Expired)}
    rig.look()
    filled = sum(fill.quantity for fill in rig.heard.fills().values())
    assert end.filled == filled
    assert D(0) < filled < D(50)
    assert set(rig.heard.fills()) == fills_at(arena)


def _thin(arena: Arena) -> None:
    """A book of little more than its best levels."""
    listing = arena.venue.market.find("BTCUSDT")
    ladder = listing.ladder
    ladder.shape = type(ladder.shape)(ladder.shape.gap, D("0.00001"))


def test_fees_of_one_order_in_an_asset_that_is_not_traded() -> None:
    """ccxt: commission in an asset that is not in the loaded markets ends the receive loop."""
    with Arena() as arena:
        venue = arena.venue
        venue.holder = arena.do(
            lambda: venue.exchange.open_account(COINS | {"BNB": D(1)}, in_bnb=True)
        )
        venue.key, venue.secret = arena.do(lambda: venue.exchange.add_key(venue.holder))
        with Rig(arena) as rig:
            for name in (ENTRY, OTHER):
                rig.send(buy(name))
                rig.heard.until(lambda name=name: rig.heard.said(name, Filled))
            assert {fill.fee_asset for fill in rig.heard.fills().values()} == {"BNB"}


def test_no_order_waits_behind_calls_for_market_data(arena: Arena, rig: Rig) -> None:
    """Rule 4 of section 11: a client's limiter had an order wait for two seconds. Here every
    question is slow, a look is on its way, and the order is answered before either of them."""
    arena.fault("answer_late", on="GET *", value=1.5)
    rig.venue.ask_account(arena.now(), arena.now())
    until(lambda: arena.asked[-1:] == ["GET account"])
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Accepted))
    assert not rig.heard.looks()
    arena.heal()


def test_a_list_that_goes_is_told_leg_by_leg(arena: Arena, rig: Rig) -> None:
    """Section 4.3: when one leg fills, the other one expires; both are heard of, once."""
    pair = (stop(STOP, list_id="list-1"), target(OTHER, list_id="list-1", limit_price=D("101")))
    rig.send(PlaceOrders(pair))
    rig.heard.until(lambda: rig.heard.said(STOP, Accepted) and rig.heard.said(OTHER, Accepted))
    arena.quote("101.50", "101.51")
    rig.heard.until(lambda: rig.heard.said(OTHER, Filled))
    rig.heard.until(lambda: rig.heard.said(STOP, Expired) or rig.heard.said(STOP, Canceled))
    assert set(rig.heard.fills()) == fills_at(arena)


def test_half_of_a_replacement_leaves_neither_half_in_the_dark(arena: Arena, rig: Rig) -> None:
    """Section 4.5: -2021. The old stop is gone, the new one was refused: both are told so."""
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Accepted))
    rig.send(ReplaceOrders((STOP,), (stop(OTHER, stop_price=D("100.20")),)))
    rig.heard.until(lambda: rig.heard.said(STOP, Canceled) and rig.heard.said(OTHER, Rejected))
    assert standing(rig, STOP) is not Standing.OPEN


# Limits, bans and refusals of the moment.


@pytest.mark.parametrize("fault", ["rate_limited", "order_limited", "blocked"])
def test_too_much_holds_entries_back_and_no_cancel(arena: Arena, rig: Rig, fault: str) -> None:
    """Section 8: 429 with Retry-After, -1015, 403 with a page: only what protects goes on."""
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Accepted))
    arena.fault(fault, on=PLACE, times=1, value=60)
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Rejected))
    before = len(arena.asked)
    rig.send(buy(OTHER))
    rig.heard.until(lambda: rig.heard.said(OTHER, Rejected))
    (held,) = rig.heard.of(OTHER)
    assert isinstance(held, Rejected)
    assert held.again
    assert "not sent" in held.text
    assert "POST order" not in arena.asked[before:]
    rig.send(CancelOrders((STOP,)))
    rig.heard.until(lambda: rig.heard.said(STOP, Canceled))


def test_a_ban_is_waited_for_in_silence_and_told_to_a_person(arena: Arena, rig: Rig) -> None:
    """Section 8: 418. Each request of a banned address makes its ban longer."""
    arena.fault("banned", on=PLACE, times=1, value=60)
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Rejected) and rig.heard.troubles)
    assert "418" in rig.heard.troubles[0]
    before = len(arena.asked)
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Rejected))
    assert "POST order" not in arena.asked[before:]
    arena.pass_time(61)
    rig.heard.until(lambda: rig.heard.quotes[-1].at > arena.now() - 30 * NS_PER_SECOND)
    rig.send(protect(OTHER))
    rig.heard.until(lambda: rig.heard.of(OTHER))
    assert rig.heard.said(OTHER, Accepted) or "-1021" in str(rig.heard.of(OTHER))


@pytest.mark.parametrize("symbols", [1, 2])
def test_subscriptions_are_no_burst_of_messages(symbols: int) -> None:
    """ccxt 16264: more than five messages a second end the connection, and then the address."""
    names = ("BTCUSDT", "BNBUSDT")[:symbols]
    with Arena(Allowance()) as arena:
        listings = arena.venue.market.listings
        instruments = {name: listings[name].instrument for name in names}
        with Rig(arena, instruments=instruments) as rig:
            for price in range(100, 103):
                arena.quote(f"{price}.00", f"{price}.01")
            rig.heard.until(lambda: rig.heard.quotes[-1].bid == D(102))
            assert rig.heard.reconnects == 1


def test_the_retired_way_into_the_account_stream_is_not_taken(arena: Arena, rig: Rig) -> None:
    """gocryptotrader 2190, hummingbot 8035: listenKey answers 410 since February 2026."""
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))
    assert not [asked for asked in arena.asked if "userDataStream" in asked]


# Clocks, filters and the venue itself.


def test_a_clock_that_drifts_is_looked_at_again(arena: Arena, rig: Rig) -> None:
    """ccxt 850, 2281, 6832, 10014: -1021 for ever, the difference being measured once."""
    arena.fault("clock_skew", value=10_000)
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Rejected))
    (said,) = rig.heard.of(STOP)
    assert isinstance(said, Rejected)
    assert (said.code, said.again) == (-1021, True)

    def answered() -> bool:
        rig.send(protect(OTHER))
        rig.heard.until(lambda: rig.heard.of(OTHER))
        return rig.heard.said(OTHER, Accepted)

    until(answered)
    arena.heal()


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY"])
def test_nothing_is_entered_where_nothing_trades(arena: Arena, rig: Rig, status: str) -> None:
    """Section 8: maintenance. What the venue refuses is tried again later, not given up."""
    arena.fault("symbol_status", value=status)
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.of(ENTRY))
    (said,) = rig.heard.of(ENTRY)
    assert isinstance(said, Rejected)
    assert said.again
    assert not fills_at(arena)


def test_a_filter_that_has_changed_is_read_again(arena: Arena, rig: Rig) -> None:
    """Section 8: filter change. The refusal teaches, a person is told, and the next order fits."""
    until(lambda: "GET exchangeInfo" in arena.asked)
    arena.fault("price_step", value="0.5", on="BTCUSDT")
    rig.send(buy(limit_price=D("99.25")))
    rig.heard.until(lambda: rig.heard.of(ENTRY))
    (said,) = rig.heard.of(ENTRY)
    assert isinstance(said, Rejected)
    assert said.text == "Filter failure: PRICE_FILTER"
    arena.pass_time(61)
    rig.heard.until(lambda: rig.heard.troubles)
    assert "tick 0.01 -> 0.5" in rig.heard.troubles[0]
    rig.send(PlaceOrders((stop(OTHER, stop_price=D("90.25")),)))
    rig.heard.until(lambda: rig.heard.said(OTHER, Accepted))


def test_a_wiped_testnet_is_seen_as_it_is(arena: Arena, rig: Rig) -> None:
    """Section 8: testnet wipe. The look says that nothing is there, not that it failed."""
    rig.send(protect())
    rig.heard.until(lambda: rig.heard.said(STOP, Accepted))
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))
    arena.fault("wiped")
    seen = rig.look()
    assert {order.standing for order in seen.orders} <= {Standing.CANCELED}
    assert not seen.fills
    assert seen.balances == {"USDT": D(100_000), "BTC": D(10)}


# The account stream.


def test_events_that_come_together_are_all_heard(arena: Arena, rig: Rig) -> None:
    """ccxt 10754, 19152, 27412: several events at once, and the last ones wait for the next."""
    count = 20
    for number in range(count):
        rig.send(buy(f"thunes-2-{number}", limit_price=D(99), quantity=D(1)))
    names = [f"thunes-2-{number}" for number in range(count)]
    rig.heard.until(lambda: all(rig.heard.said(name, Accepted) for name in names))
    arena.quote("98.00", "98.01", "100")
    rig.heard.until(lambda: all(rig.heard.said(name, Filled) for name in names))
    assert set(rig.heard.fills()) == fills_at(arena)


@pytest.mark.parametrize("fault", ["stream_twice", "stream_swapped"])
def test_fills_told_twice_or_out_of_order_count_once(arena: Arena, rig: Rig, fault: str) -> None:
    """Section 8: duplicates, FILLED before PARTIALLY_FILLED."""
    rig.send(buy(limit_price=D(99), quantity=D(6)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted))
    arena.fault(fault, on="user")
    arena.quote("98.98", "98.99", "2")
    arena.quote("98.97", "98.98", "2")
    arena.quote("98.96", "98.97", "2")
    arena.heal()
    rig.look()
    assert set(rig.heard.fills()) == fills_at(arena)
    assert sum(fill.quantity for fill in rig.heard.fills().values()) == D(6)


def test_an_event_that_is_missing_is_found_by_a_look(arena: Arena, rig: Rig) -> None:
    """Section 8: a missing executionReport."""
    rig.send(buy(limit_price=D(99)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted))
    arena.fault("stream_lost", on="user", where='"x":"TRADE"')
    arena.quote("98.00", "98.01")
    until(lambda: arena.struck().total() == 1)
    rig.look()
    assert set(rig.heard.fills()) == fills_at(arena)
    assert len(fills_at(arena)) == 1


def test_an_account_stream_that_died_in_silence_loses_no_fill(arena: Arena, rig: Rig) -> None:
    """python-binance 1057, 1633, 1655: the stream is open, answers pings, and tells nothing."""
    rig.send(buy(limit_price=D(99)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted))
    arena.fault("stream_silent", on="user")
    arena.quote("98.00", "98.01")
    until(lambda: fills_at(arena))
    assert not rig.heard.fills()
    rig.look()
    assert set(rig.heard.fills()) == fills_at(arena)


@pytest.mark.parametrize("words", [{"fault": "stream_silent"}, {"fault": "stream_lost"}])
def test_an_account_stream_that_died_in_silence_is_found_out(
    arena: Arena, rig: Rig, words: dict[str, str]
) -> None:
    """The same, and nobody looks at the account: what is open says that something was not told.
    Two looks at that, a few seconds apart, are enough."""
    assert 2 * (PULSE_NS + LOOK_NS) <= 10 * NS_PER_SECOND
    rig.send(buy(limit_price=D(99)))
    rig.send(buy(OTHER, limit_price=D(90)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted) and rig.heard.said(OTHER, Accepted))
    arena.fault(**words, on="user")
    arena.quote("98.00", "98.01")
    until(lambda: fills_at(arena))
    for _ in range(2):
        before = arena.asked.count("GET order")
        arena.pass_time(PULSE_NS / NS_PER_SECOND)
        until(lambda count=before: arena.asked.count("GET order") > count)
    rig.heard.until(lambda: rig.heard.reconnects == 2)
    arena.heal()
    rig.look()
    assert set(rig.heard.fills()) == fills_at(arena)


def test_a_quiet_account_is_not_a_dead_stream(arena: Arena, rig: Rig) -> None:
    """Orders rest, and nothing happens to them: the same connection for as long as it lasts."""
    rig.send(buy(limit_price=D(90)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted))
    for _ in range(3):
        before = arena.asked.count("GET openOrders")
        arena.pass_time(PULSE_NS / NS_PER_SECOND)
        until(lambda count=before: arena.asked.count("GET openOrders") > count)
    assert "GET order" not in arena.asked
    assert rig.heard.reconnects == 1


@pytest.mark.parametrize("code", [1000, 1001, 1008])
def test_a_closed_account_stream_is_subscribed_again(arena: Arena, rig: Rig, code: int) -> None:
    """python-binance 1057, 1633, 1655, and every client of section 1: the socket dials again, the
    subscription is never renewed. What filled in between is found, what fills later is told."""
    rig.send(buy(limit_price=D(99)))
    rig.send(buy(OTHER, limit_price=D(98)))
    rig.heard.until(lambda: rig.heard.said(ENTRY, Accepted) and rig.heard.said(OTHER, Accepted))
    arena.fault("dial_refused", on="/ws-api/*", times=3)
    arena.fault("stream_closed", on="user", value=code)
    arena.quote("98.50", "98.51")
    rig.heard.until(lambda: rig.heard.reconnects == 2)
    rig.look()
    assert set(rig.heard.fills()) == fills_at(arena)
    arena.quote("97.50", "97.51")
    rig.heard.until(lambda: rig.heard.said(OTHER, Filled))
    assert set(rig.heard.fills()) == fills_at(arena)
    assert len(fills_at(arena)) == 2


@pytest.mark.parametrize("code", [-1021, -1022, -2015])
def test_a_refused_subscription_is_asked_for_again(code: int) -> None:
    """ccxt: refused once, every later call waits for ever on a future that nobody sets."""
    on = "WS userDataStream.subscribe.signature"
    with Arena() as arena:
        arena.fault("error_before", on=on, times=3, value=code)
        with Rig(arena) as rig:
            rig.send(buy())
            rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))
            assert rig.heard.reconnects == 1
            told = any("subscri" in text or "refused" in text for text in rig.heard.troubles)
            assert told is (code != -1021), "a key that is wrong only a person can mend"


def test_a_subscription_that_is_never_answered_is_given_up() -> None:
    """Section 11: acknowledgements have a time, and no session waits for ever."""
    impatient = Patience(dial_s=0.2, check_s=0.05, backoff_s=(0.01, 0.1))
    with Arena() as arena:
        arena.fault("request_lost", on="WS userDataStream.subscribe.signature", times=2)
        with Rig(arena, impatient) as rig:
            assert rig.heard.reconnects == 1


# Any stream.


def test_frames_that_cannot_be_read_end_no_loop(arena: Arena, rig: Rig) -> None:
    """ccxt 16605, 12817, 20412, 30571: one malformed frame, and every stream hangs."""
    arena.fault("stream_cut", times=3)
    arena.fault("stream_binary", times=6)
    for step in range(8):
        arena.quote(f"100.{step:02}", f"100.{step + 1:02}")
    rig.heard.until(lambda: rig.heard.quotes[-1].bid == D("100.07"))
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))


def test_a_planned_end_is_no_gap(arena: Arena, rig: Rig) -> None:
    """Section 8: serverShutdown, then 1001, and the 24 hours of a connection: dialled at once."""
    arena.fault("shutdown", value=0.2)
    rig.heard.until(lambda: rig.heard.reconnects == 2)
    arena.quote("101.00", "101.01")
    rig.heard.until(lambda: rig.heard.quotes[-1].bid == D(101))
    rig.send(buy())
    rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))


def test_a_connection_that_is_half_open_is_left(arena: Arena) -> None:
    """Section 8: nothing is read, nothing is written, nothing closes: our own ping tells."""
    quick = Patience(dial_s=0.5, check_s=0.05, ping_s=0.2, backoff_s=(0.01, 0.1), leave_s=0.1)
    with Rig(arena, quick) as rig:
        first = market_dials(arena)
        arena.fault("stream_half_open")
        until(lambda: set(market_dials(arena)) - set(first))
        arena.heal()
        rig.heard.until(lambda: rig.heard.reconnects >= 2)
        rig.send(buy())
        rig.heard.until(lambda: rig.heard.said(ENTRY, Filled))


def test_dials_that_are_refused_are_no_storm(arena: Arena, rig: Rig) -> None:
    """Section 8: reconnect storm. Each wait is longer, and one is dialled at a time."""
    arena.fault("dial_refused", times=6)
    arena.fault("dial_closed", times=2)
    arena.fault("stream_closed")
    rig.heard.until(lambda: rig.heard.reconnects >= 2)
    arena.quote("101.00", "101.01")
    rig.heard.until(lambda: rig.heard.quotes[-1].bid == D(101))
    until(lambda: arena.dials() == 2)


@pytest.mark.parametrize(
    "words", [{"fault": "stream_silent"}, {"fault": "stream_lost", "where": "bookTicker"}]
)
def test_a_market_stream_that_died_in_silence_is_found_out(
    arena: Arena, rig: Rig, words: dict[str, str]
) -> None:
    """Section 8: silent stall, of everything or of the quotes alone. Two looks at the price after
    a few quiet seconds are enough, and what they saw is the price meanwhile."""
    assert QUIET_NS + STRIKES_MAX * LOOK_S * NS_PER_SECOND <= 8 * NS_PER_SECOND
    arena.quote("100.10", "100.11")
    rig.heard.until(lambda: rig.heard.quotes[-1].bid == D("100.10"))
    first, before = market_dials(arena), len(arena.asked)
    arena.fault(**words, on="market")
    arena.quote("100.20", "100.21")
    arena.pass_time(QUIET_NS / NS_PER_SECOND + 1)
    rig.heard.until(lambda: rig.heard.quotes[-1].bid == D("100.20"))
    until(lambda: set(market_dials(arena)) - set(first))
    assert arena.asked[before:].count("GET ticker/bookTicker") <= STRIKES_MAX + 2
    arena.heal()
    arena.quote("101.00", "101.01")
    rig.heard.until(lambda: rig.heard.quotes[-1].bid == D(101))


def market_dials(arena: Arena) -> list[int]:
    connections = arena.do(lambda: list(arena._server.sockets.open))
    return [id(each) for each in connections if each.bent.kind == "market"]
