"""The inbox with real threads: nothing lost, nothing twice, nothing for ever (F313, F316).

Each test runs ten times in a row: a race that is lost once in a while is lost here.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from threading import Barrier, Thread

import pytest

from tests.runtime.rigs import Rig
from tests.simulation.stage import AAA, Scenario, says
from thunes.core.domain.decision import Action
from thunes.core.domain.event import BarsClosed, Event, OperatorActed, QuoteReceived, VenueReported
from thunes.core.domain.market import Quote
from thunes.core.domain.mode import Cause, Mode
from thunes.core.domain.order import Accepted
from thunes.runtime.inbox import Inbox, Overflow

D = Decimal
MESSAGES = 1_000
pytestmark = pytest.mark.timeout(30)
ten_times = pytest.mark.parametrize("again", range(10))


def report(thread: int, number: int) -> VenueReported:
    return VenueReported(number, (Accepted(f"{thread}-{number}"),))


def quote(symbol: str, number: int) -> QuoteReceived:
    return QuoteReceived(number, Quote(number, symbol, D(100), D(1), D(101), D(1)))


def operator(cause: Cause) -> OperatorActed:
    return OperatorActed(0, cause, "operator", "a test")


def together(*acts: Callable[[], None]) -> list[Thread]:
    """Begin all at once, each in a thread of its own."""
    gate = Barrier(len(acts))

    def begin(act: Callable[[], None]) -> None:
        gate.wait()
        act()

    threads = [Thread(target=begin, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    return threads


def putting(inbox: Inbox, events: Sequence[Event]) -> Callable[[], None]:
    def put() -> None:
        for event in events:
            inbox.put(event)

    return put


def drained(inbox: Inbox, threads: Sequence[Thread] = ()) -> Iterator[Event]:
    """All that comes until those threads are done and nothing is left."""
    while True:
        event = inbox.take(0.001)
        if event is not None:
            yield event
        elif not any(thread.is_alive() for thread in threads) and not len(inbox):
            return


@ten_times
def test_three_threads_with_a_thousand_reports_each(again: int) -> None:
    """None is lost, and those of one thread stay in their order."""
    inbox = Inbox()
    rows = [[report(thread, number) for number in range(MESSAGES)] for thread in range(3)]
    threads = together(*(putting(inbox, row) for row in rows))
    heard = [event.reports[0].order_id for event in drained(inbox, threads)]
    assert len(heard) == 3 * MESSAGES
    for row in rows:
        own = [each.reports[0].order_id for each in row]
        assert [each for each in heard if each in set(own)] == own


@ten_times
def test_three_streams_of_quotes_come_down_to_the_newest(again: int) -> None:
    inbox = Inbox(1)
    symbols = ("AAA", "BBB", "CCC")
    rows = [[quote(symbol, number) for number in range(MESSAGES)] for symbol in symbols]
    threads = together(*(putting(inbox, row) for row in rows))
    heard = list(drained(inbox, threads))
    for symbol in symbols:
        times = [event.at for event in heard if event.quote.symbol == symbol]
        assert times == sorted(set(times)), "never back in time"
        assert times[-1] == MESSAGES - 1, "the last word is always heard"
    assert len(heard) + inbox.conflated == 3 * MESSAGES, "each is heard or counted"


@ten_times
def test_two_streams_of_one_symbol_share_its_place(again: int) -> None:
    inbox = Inbox()
    row = [quote("AAA", number) for number in range(MESSAGES)]
    threads = together(putting(inbox, row), putting(inbox, row))
    for thread in threads:
        thread.join()
    assert len(inbox) == 1
    assert inbox.take(0) == row[-1]
    assert inbox.conflated == 2 * MESSAGES - 1


def test_an_older_bar_does_not_take_the_place_of_a_newer_one() -> None:
    inbox = Inbox()
    for sequence in (4, 6, 5):
        inbox.put(BarsClosed(0, sequence))
    assert inbox.take(0) == BarsClosed(0, 6)
    assert inbox.take(0) is None


def test_who_tells_most_waits_no_longer_and_no_less() -> None:
    """A quote keeps the place of the one before it: a busy symbol neither starves nor is served
    first."""
    inbox = Inbox()
    inbox.put(quote("AAA", 1))
    inbox.put(quote("BBB", 2))
    inbox.put(quote("AAA", 3))
    assert [event.at for event in drained(inbox)] == [3, 2]


def test_overflow_is_said_and_loses_nothing_that_was_taken() -> None:
    """200 reports into room for 100: the first 100 are kept, each other one is refused."""
    inbox = Inbox(100)
    refused = 0
    for number in range(200):
        try:
            inbox.put(report(0, number))
        except Overflow:
            refused += 1
    assert refused == 100
    assert [event.at for event in drained(inbox)] == list(range(100))
    assert inbox.put(report(0, 200)), "there is room again"


def test_market_data_never_overflows_and_never_takes_the_room_of_reports() -> None:
    inbox = Inbox(1)
    for number in range(200):
        inbox.put(quote("AAA", number))
        inbox.put(BarsClosed(0, number))
    assert inbox.put(report(0, 1))
    with pytest.raises(Overflow, match="cannot keep up"):
        inbox.put(operator(Cause.OPERATOR_KILL))
    assert len(inbox) == 3


def test_a_kill_does_not_wait_behind_the_market() -> None:
    inbox = Inbox()
    for number in range(100):
        inbox.put(quote(f"S{number}", number))
    inbox.put(operator(Cause.OPERATOR_KILL))
    assert isinstance(inbox.take(0), OperatorActed)


@ten_times
def test_stopped_while_processing_it_gives_what_it_took_and_takes_no_more(again: int) -> None:
    inbox = Inbox(1_000_000)
    kept: list[list[int]] = [[], [], []]

    def put(thread: int) -> Callable[[], None]:
        def act() -> None:
            for number in range(100_000):
                if not inbox.put(report(thread, number)):
                    return
                kept[thread].append(number)

        return act

    threads = together(put(0), put(1), put(2))
    heard: list[str] = []
    while (event := inbox.take()) is not None:
        heard.append(event.reports[0].order_id)
        if len(heard) == 500:
            inbox.close()
    for thread in threads:
        thread.join()
    assert sorted(heard) == sorted(f"{t}-{n}" for t, row in enumerate(kept) for n in row)
    assert inbox.take(0) is None


def test_who_waits_is_woken_by_an_event_and_by_the_end() -> None:
    inbox = Inbox()
    threads = together(lambda: (time.sleep(0.02), inbox.put(report(0, 1)), inbox.close()))
    assert inbox.take(10) == report(0, 1)
    assert inbox.take(10) is None
    threads[0].join()


def test_waiting_ends_with_its_time() -> None:
    began = time.monotonic()
    assert Inbox().take(0.02) is None
    assert 0.01 < time.monotonic() - began < 5


def test_only_one_thread_may_take() -> None:
    inbox = Inbox()
    inbox.put(report(0, 1))
    inbox.put(report(0, 2))
    inbox.take(0)
    failed: list[str] = []

    def take() -> None:
        try:
            inbox.take(0)
        except AssertionError as error:
            failed.append(str(error))

    (thread,) = together(take)
    thread.join()
    assert failed == ["an account has one writer"]
    assert len(inbox) == 1


@ten_times
def test_looking_at_its_length_disturbs_nobody(again: int) -> None:
    inbox = Inbox()
    seen: list[int] = []
    row = [report(0, number) for number in range(MESSAGES)]
    threads = together(
        putting(inbox, row), lambda: seen.extend(len(inbox) for _ in range(MESSAGES))
    )
    assert len(list(drained(inbox, threads))) == MESSAGES
    assert all(0 <= each <= MESSAGES for each in seen)


@ten_times
def test_threads_into_one_process(again: int) -> None:
    """Quotes, reports and a kill from three threads: one writer, every report once, and a journal
    that replays to the very state."""
    rig = Rig(Scenario("", "100 100 100", [says(0, Action.ENTER)]))
    (entry,) = rig.bar(0)
    inbox = Inbox()
    fills = [VenueReported(0, (rig.fill(entry, "1", number),)) for number in range(5)]
    quotes = [quote(AAA, number) for number in range(200)]
    threads = together(
        putting(inbox, [*fills, *fills]),
        putting(inbox, quotes),
        putting(inbox, [operator(Cause.OPERATOR_KILL)]),
    )
    for event in drained(inbox, threads):
        rig.hear(event)
    assert rig.held(AAA) == 5, "told twice, booked once"
    assert rig.state.memory.mode is Mode.HALTED
    assert rig.replayed() == rig.state.digest()
