"""Jobs run once for each of their times, whatever happens to the process (L13)."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thunes.adapters.storage.note import Note
from thunes.core.domain.errors import DataError, ThunesError, UsageError
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, parse_instant
from thunes.runtime.process import Ending
from thunes.runtime.schedule import Job, Schedule, Turn
from thunes.runtime.times import daily, every, next_time

S = NS_PER_SECOND
START = parse_instant("2026-03-01T12:00:00Z")


class Memory:
    """Notes that outlive a schedule, and the processes that read them."""

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.dies_at = -1
        self.writes = 0

    def read(self) -> bytes | None:
        return self.data

    def write(self, data: bytes) -> None:
        self.writes += 1
        if self.writes == self.dies_at:
            raise Killed
        self.data = data


class Killed(BaseException):
    """The process is no more."""


class World:
    """A clock that is set, a disk, and the jobs done so far."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = jobs or (Job("summary", daily("23:00"), "act"),)
        self.now = START
        self.notes = Memory()
        self.done: list[Turn] = []
        self.told: list[str] = []
        self.act: Callable[[Turn], object] = self.done.append

    def do(self, turn: Turn) -> object:
        return self.act(turn)

    def up(self) -> Schedule:
        """A process begins."""
        return Schedule(
            self.jobs,
            {"act": self.do},
            self.notes,
            lambda: self.now,
            self.told.append,
        )


def at(text: str) -> int:
    return parse_instant(f"2026-03-{text}Z")


def test_a_job_runs_at_its_time_and_not_before() -> None:
    world = World()
    schedule = world.up()
    assert schedule.due() == at("01T23:00:00")
    world.now = at("01T22:59:59")
    assert schedule.run_due() == 0
    world.now = at("01T23:00:00")
    assert schedule.run_due() == 1
    assert schedule.run_due() == 0
    assert schedule.due() == at("02T23:00:00")
    (turn,) = world.done
    assert (turn.since, turn.until, turn.again) == (START, at("01T23:00:00"), False)


def test_a_job_whose_time_came_while_nothing_ran_is_done_at_the_next_start() -> None:
    world = World()
    world.up()
    world.now = at("01T23:10:00")
    schedule = world.up()
    assert schedule.run_due() == 1
    assert schedule.due() == at("02T23:00:00")


def test_several_times_that_were_missed_are_one_run_that_accounts_for_all_of_them() -> None:
    world = World()
    world.up()
    world.now = at("05T09:00:00")
    assert world.up().run_due() == 1
    assert world.up().run_due() == 0
    (turn,) = world.done
    assert (turn.since, turn.until) == (START, at("05T09:00:00"))


def test_a_clock_that_was_set_back_repeats_nothing() -> None:
    world = World()
    schedule = world.up()
    world.now = at("01T23:00:05")
    assert schedule.run_due() == 1
    world.now = at("01T22:50:00")
    schedule = world.up()
    world.now = at("01T23:00:05")
    assert schedule.run_due() == 0
    assert schedule.due() == at("02T23:00:00")


def test_notes_of_a_clock_that_was_far_ahead_hold_nothing_up_for_ever() -> None:
    world = World()
    world.now = parse_instant("2099-01-01T00:00:00Z")
    world.up()
    world.now = START
    assert world.up().due() == at("01T23:00:00")
    assert "summary" in world.told[0]


@pytest.mark.parametrize("dies_at", [2, 3])
def test_a_kill_between_doing_and_noting_does_it_again_and_says_so(dies_at: int) -> None:
    """Write 1 is of the start, 2 notes that it began, 3 that it is done."""
    world = World()
    schedule = world.up()
    world.now = at("01T23:00:01")
    world.notes.dies_at = dies_at
    with pytest.raises(Killed):
        schedule.run_due()
    assert len(world.done) == dies_at - 2, "nothing is done before it is noted that it began"
    schedule = world.up()
    assert schedule.run_due() == 1
    assert world.done[-1].again is (dies_at == 3)
    assert world.done[-1].since == START
    assert world.up().run_due() == 0


def test_a_job_that_fails_is_told_and_tried_again_and_holds_up_no_other() -> None:
    world = World(Job("first", daily("23:00"), "act"), Job("second", daily("23:00"), "act"))

    def fail(turn: Turn) -> None:
        if turn.job.name == "first" and len(world.told) < 2:
            raise ThunesError("the disk is full")
        world.done.append(turn)

    world.act = fail
    schedule = world.up()
    world.now = at("01T23:00:00")
    assert schedule.run_due() == 1
    assert schedule.run_due() == 0, "not at once"
    world.now += 61 * S
    assert schedule.run_due() == 0
    world.now += 61 * S
    assert schedule.run_due() == 1
    assert [(turn.job.name, turn.again) for turn in world.done] == [
        ("second", False),
        ("first", True),
    ]
    assert world.told == ["job first failed and is tried again: the disk is full"] * 2


def test_a_job_whose_process_is_ending_is_no_trouble_and_is_done_by_the_next() -> None:
    world = World(Job("look", every(60), "act"))
    schedule = world.up()

    def ending(turn: Turn) -> object:
        raise Ending("the process is ending")

    world.act = ending
    world.now += 61 * S
    assert schedule.run_due() == 0
    assert world.told == []
    world.act = world.done.append
    world.up().run_due()
    assert [turn.again for turn in world.done] == [True]


def test_a_new_time_of_a_known_job_holds_from_the_next_start() -> None:
    world = World()
    world.up()
    world.jobs = (Job("summary", daily("08:00"), "act"),)
    assert world.up().due() == at("02T08:00:00")


def test_what_no_one_can_do_is_refused_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="'sing'; there is act"):
        World(Job("x", daily("08:00"), "sing")).up()


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"{", "cannot be read"), (b'{"jobs":{},"version":9}', "version 9")],
)
def test_notes_that_cannot_be_read_say_what_to_do(data: bytes, said: str) -> None:
    world = World()
    world.notes.data = data
    with pytest.raises(DataError, match=said) as caught:
        world.up()
    assert "schedule.json" in str(caught.value)


TIMES = st.sampled_from([daily("23:00"), daily("00:00"), every(10), every(120), every(3_600)])


@given(TIMES, st.integers(10 * NS_PER_DAY, 80 * 365 * NS_PER_DAY))
def test_the_next_time_is_the_first_one_after(when: object, after: int) -> None:
    found = next_time(when, after)
    assert found > after
    assert found % S == 0
    before = next_time(when, found - 2 * NS_PER_DAY)
    while (following := next_time(when, before)) < found:
        before = following
    assert following == found
    assert before <= after, "none was left out"


@given(
    st.lists(
        st.tuples(st.integers(1, 200_000), st.booleans(), st.integers(0, 6)),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([daily("23:00"), every(3_600), every(600)]),
)
def test_whatever_downtimes_each_time_is_accounted_for_once(
    life: list[tuple[int, bool, int]], when: object
) -> None:
    """Time passes; the process is restarted, or killed at some write of its notes; at last it
    runs. The runs that were noted as done join without gap and without overlap."""
    world = World(Job("job", when, "act"))
    schedule = world.up()
    for seconds, restarted, dies_in in life:
        world.now += seconds * S
        world.notes.dies_at = world.notes.writes + dies_in
        try:
            if restarted:
                schedule = world.up()
            schedule.run_due()
        except Killed:
            schedule = world.up()
    world.notes.dies_at = -1
    world.up().run_due()
    kept = [
        turn
        for turn, later in itertools.zip_longest(world.done, world.done[1:])
        if later is None or not later.again
    ]
    assert all(a.until == b.since for a, b in itertools.pairwise(kept))
    for turn in kept:
        assert next_time(when, turn.since) <= turn.until, "no run without a time that was due"
    end = kept[-1].until if kept else START
    assert next_time(when, end) > world.now, "all times up to now are accounted for"


def test_notes_are_on_disk_whole_or_not_at_all(tmp_path: Path) -> None:
    note = Note(tmp_path / "schedule.json")
    assert note.read() is None
    note.write(b"one")
    note.write(b"two")
    assert Note(tmp_path / "schedule.json").read() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["schedule.json"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ThunesError, match=r"schedule\.json cannot be written"):
        Note(tmp_path / "gone" / "schedule.json").write(b"one")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ThunesError, match="cannot be read"):
        Note(tmp_path / "folder").read()
