"""Bars that close together come together, each once and in order, whoever is late."""

from hypothesis import given
from hypothesis import strategies as st

from thunes.core.domain.market import Bar
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.market.tape import Tape
from thunes.runtime.closings import QUIET_NS, Closings

MINUTE = 60 * NS_PER_SECOND
A, B = "AAAUSDT", "BBBUSDT"
SOON = QUIET_NS // 10


def bar(minute: int) -> Bar:
    return Bar(Instant(minute * MINUTE), Instant((minute + 1) * MINUTE), 1.0, 1.0, 1.0, 1.0, 1.0)


def test_a_closing_waits_for_every_symbol() -> None:
    closings = Closings([A, B], {})
    assert closings.due() is None
    assert closings.put(A, bar(0), Instant(0))
    assert closings.take(Instant(SOON)) is None
    assert closings.due() == QUIET_NS
    assert closings.put(B, bar(0), Instant(SOON))
    assert closings.take(Instant(SOON)) == {A: (bar(0),), B: (bar(0),)}
    assert closings.due() is None
    assert closings.take(Instant(10 * QUIET_NS)) is None


def test_who_has_nothing_to_tell_is_not_waited_for_and_comes_with_the_next() -> None:
    closings = Closings([A, B], {})
    closings.put(A, bar(0), Instant(0))
    assert closings.take(Instant(QUIET_NS)) == {A: (bar(0),)}
    closings.put(B, bar(0), Instant(2 * QUIET_NS))
    assert closings.take(Instant(2 * QUIET_NS)) is None, "nothing closes now"
    assert closings.due() is None
    closings.put(A, bar(1), Instant(MINUTE))
    closings.put(B, bar(1), Instant(MINUTE))
    assert closings.take(Instant(MINUTE)) == {A: (bar(1),), B: (bar(0), bar(1))}


def test_what_is_known_is_not_told_again() -> None:
    closings = Closings([A, B], {A: Instant(2 * MINUTE), B: Instant(MINUTE)})
    assert not closings.put(A, bar(1), Instant(0))
    assert closings.put(A, bar(2), Instant(0))
    assert not closings.put(A, bar(2), Instant(0))
    assert closings.put(B, bar(1), Instant(0))
    assert closings.take(Instant(0)) is None, "the tape has that closing"
    assert closings.take(Instant(QUIET_NS)) == {A: (bar(2),), B: (bar(1),)}


Told = st.lists(
    st.tuples(st.sampled_from([A, B]), st.integers(1, 3), st.integers(0, 4)), max_size=40
)


@given(Told)
def test_every_bar_once_and_in_order_and_the_tape_takes_them(
    told: list[tuple[str, int, int]],
) -> None:
    """Each entry: whose next bar comes, after how many minutes, and how long after the last one."""
    closings, tape, now = Closings([A, B], {}), Tape.growing(MINUTE), 0
    next_minute = {A: 0, B: 0}
    put: dict[str, list[Bar]] = {A: [], B: []}
    taken: dict[str, list[Bar]] = {A: [], B: []}

    def take() -> None:
        closed = closings.take(Instant(now))
        if closed is not None:
            tape.append(closed)
            for symbol, bars in closed.items():
                taken[symbol] += bars

    for symbol, skip, wait in told:
        now += wait * QUIET_NS // 2
        take()
        one = bar(next_minute[symbol] + skip)
        next_minute[symbol] += skip
        assert closings.put(symbol, one, Instant(now))
        put[symbol].append(one)
        take()
    now += QUIET_NS
    take()
    for symbol in (A, B):
        assert taken[symbol] == put[symbol][: len(taken[symbol])]
        late = put[symbol][len(taken[symbol]) :]
        assert all(each.close_time <= tape.times[-1] for each in late), "they go with the next one"
