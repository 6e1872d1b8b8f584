"""Chance and faults: streams do not disturb each other, and a fault can be left out alone."""

import pytest

from tests.simulation.exchanges import SECOND, START
from thunes.core.domain.errors import UsageError
from thunes.core.domain.units import Instant
from thunes.simulation.agenda import Agenda
from thunes.simulation.chance import Chance
from thunes.simulation.faults import RECURRING, Fault, FaultBox, Faults, Recurrence
from thunes.simulation.profiles import faults_of, quiet

F = Fault
PROFILES = ("dense", "sparse", "crash", "swarm")


def test_the_nth_number_depends_on_seed_component_and_n_alone() -> None:
    alone = Chance(3).stream("a")
    beside = Chance(3)
    mixed = []
    for _ in range(5):
        mixed.append(beside.stream("a").uniform())
        beside.stream("b").uniform()
    assert mixed == [alone.uniform() for _ in range(5)]
    assert Chance(4).stream("a").uniform() != mixed[0]
    assert Chance(3).stream("b").uniform() != mixed[0]


def test_numbers_lie_where_they_should() -> None:
    stream = Chance(1).stream("x")
    uniform = [stream.uniform() for _ in range(4_000)]
    assert all(0 <= u < 1 for u in uniform)
    assert sum(uniform) / len(uniform) == pytest.approx(0.5, abs=0.02)
    assert {stream.between(2, 4) for _ in range(100)} == {2, 3, 4}
    assert {stream.pick("ab") for _ in range(100)} == {"a", "b"}
    waits = [stream.exponential(10.0) for _ in range(4_000)]
    assert sum(waits) / len(waits) == pytest.approx(10.0, rel=0.06)
    assert not any(stream.hits(0.0) for _ in range(100))
    assert all(stream.hits(1.0) for _ in range(100))


def test_the_agenda_keeps_time_and_breaks_ties_by_the_seed() -> None:
    def order(seed: int) -> list[int]:
        agenda, done = Agenda(START, Chance(seed).stream("ties")), []
        for k in range(8):
            agenda.after(5, lambda k=k: done.append(k))
        agenda.after(1, lambda: done.append(-1))
        while agenda.next_due() is not None:
            agenda.run_one()
        assert agenda.now == START + 5
        return done

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1)[0] == -1


def test_what_is_due_in_the_past_is_done_now() -> None:
    agenda = Agenda(START, Chance(1).stream("ties"))
    agenda.at(Instant(START - 5), lambda: None)
    agenda.run_one()
    assert agenda.now == START


def strikes(box: FaultBox, fault: Fault, count: int = 200) -> list[bool]:
    return [box.hits(fault) for _ in range(count)]


def test_a_fault_that_is_left_out_shifts_no_other() -> None:
    faults = Faults("test", {F.REQUEST_LOST: 0.3, F.ANSWER_LOST: 0.3})
    both = FaultBox(faults, Chance(1))
    one = FaultBox(faults, Chance(1), without=(F.REQUEST_LOST,))
    for box in (both, one):
        for _ in range(50):
            box.first((F.REQUEST_LOST, F.ANSWER_LOST))
    assert F.REQUEST_LOST in both.counts
    assert F.REQUEST_LOST not in one.counts
    assert strikes(both, F.ANSWER_LOST) == strikes(one, F.ANSWER_LOST)


def test_only_the_first_of_several_strikes_and_counts() -> None:
    box = FaultBox(Faults("test", {F.REQUEST_LOST: 1.0, F.ANSWER_LOST: 1.0}), Chance(1))
    assert box.first((F.ANSWER_HTML, F.ANSWER_LOST, F.REQUEST_LOST)) is F.ANSWER_LOST
    assert box.counts == {F.ANSWER_LOST: 1}


def test_healing_ends_what_strikes_and_what_lasts() -> None:
    box = FaultBox(Faults("test", {F.REQUEST_LOST: 1.0, F.OUTAGE: 1.0}), Chance(1))
    agenda = Agenda(START, Chance(1).stream("ties"))
    struck, healed = [], []
    Recurrence(agenda, box, F.OUTAGE, lambda: struck.append(agenda.now))
    box.when_healed(lambda: healed.append(True))
    while agenda.now < START + 20 * SECOND:
        agenda.run_one()
    assert len(struck) > 5
    assert box.counts[F.OUTAGE] == len(struck)
    box.heal()
    assert healed
    assert box.healed
    assert not box.hits(F.REQUEST_LOST)
    before = len(struck)
    while agenda.next_due() is not None:
        agenda.run_one()
    assert len(struck) == before


def test_a_recurrence_that_is_stopped_strikes_no_more() -> None:
    box = FaultBox(Faults("test", {F.CRASH: 1.0}), Chance(1))
    agenda = Agenda(START, Chance(1).stream("ties"))
    struck = []
    recurrence = Recurrence(agenda, box, F.CRASH, lambda: struck.append(True))
    agenda.run_one()
    assert struck == [True]
    recurrence.stop()
    while agenda.next_due() is not None:
        agenda.run_one()
    assert struck == [True]


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_are_the_same_for_the_same_seed(profile: str) -> None:
    assert faults_of(profile, Chance(7)) == faults_of(profile, Chance(7))
    assert F.REQUEST_DUPLICATED not in faults_of(profile, Chance(7)).intensity


def test_profiles_differ_as_they_say() -> None:
    dense, crash, sparse = (faults_of(p, Chance(1)).intensity for p in ("dense", "crash", "sparse"))
    assert set(dense) == set(crash) == set(sparse) == set(F) - {F.REQUEST_DUPLICATED}
    assert crash[F.CRASH] < dense[F.CRASH] / 5  # seconds from one to the next
    assert crash[F.REQUEST_LOST] < dense[F.REQUEST_LOST]
    assert sparse[F.OUTAGE] > dense[F.OUTAGE]
    assert not quiet().intensity
    swarms = [faults_of("swarm", Chance(seed)).intensity for seed in range(30)]
    assert len({frozenset(s) for s in swarms}) == 30
    assert all(10 < len(s) < len(dense) for s in swarms)
    for fault in dense:
        assert any(fault in s for s in swarms)
        assert any(fault not in s for s in swarms)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(UsageError, match="dense, sparse, crash, swarm"):
        faults_of("wild", Chance(1))


def test_an_intensity_that_means_nothing_is_a_bug() -> None:
    assert F.OUTAGE in RECURRING
    with pytest.raises(AssertionError, match="outage"):
        Faults("test", {F.OUTAGE: 0.0})
    with pytest.raises(AssertionError, match="request lost"):
        Faults("test", {F.REQUEST_LOST: 1.5})
