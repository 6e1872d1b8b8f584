"""Side tasks are kept alive, trading is never one of them, and nobody watches unwatched."""

import threading
import time
from collections.abc import Callable

import pytest

from thunes.core.domain.errors import ThunesError
from thunes.runtime.supervisor import Patience, Pulse, Supervisor, Task, Unsupervised, Ways

PATIENCE = Patience(acting_s=30.0, pause_s=(1.0, 8.0), window_s=100.0, leave_s=5.0)


class Watched:
    """A supervisor whose time is set by hand; its own thread is not started."""

    def __init__(self, *tasks: Task) -> None:
        self.now = 1_000.0
        self.troubles: list[str] = []
        self.degraded: list[str] = []
        self.ended: list[str] = []
        self.notified: list[str] = []
        ways = Ways(
            self.troubles.append, self.degraded.append, self.ended.append, self.notified.append
        )
        self.supervisor = Supervisor(tasks, ways, PATIENCE, lambda: self.now)

    def look(self, after: float = 0.0) -> None:
        self.now += after
        self.supervisor.look()

    def settle(self) -> None:
        """Let every task that was started come to its end or to its first wait."""
        for ward in self.supervisor._wards:
            if ward.worker is not None:
                ward.worker.join(0.3)


def fails(_: Pulse) -> None:
    raise ThunesError("the port is taken")


def ends(_: Pulse) -> None:
    return


def stays(pulse: Pulse) -> None:
    while pulse.wait(0.01):
        pass


def within(seconds: float, true: Callable[[], object]) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.005)
    return bool(true())


@pytest.mark.parametrize("run", [fails, ends])
def test_a_task_that_ends_is_started_again_after_a_pause_that_grows(
    run: Callable[[Pulse], object],
) -> None:
    watched = Watched(Task("side", run, deadline_s=0.5))
    for pause in (1.0, 2.0, 4.0, 8.0, 8.0):
        watched.look()  # it is started
        started = watched.supervisor.starts()["side"]
        watched.settle()
        watched.look()  # and found to have ended
        watched.look(pause - 0.1)
        assert watched.supervisor.starts()["side"] == started
        watched.look(0.2)
        assert watched.supervisor.starts()["side"] == started + 1
        watched.settle()
    assert watched.ended == [], "a pause longer than its deadline is no hang"


def fail_times(watched: Watched, times: int, every_s: float = 9.0) -> None:
    for _ in range(times):
        watched.supervisor._acting.beat()
        watched.look(every_s)
        watched.settle()
        watched.look()


def test_failures_in_a_row_are_told_and_then_no_position_is_opened_any_more() -> None:
    watched = Watched(Task("side", fails))
    fail_times(watched, 2)
    assert (watched.troubles, watched.degraded) == ([], [])
    fail_times(watched, 1)
    assert watched.troubles == ["task side failed 3 times within 100 s: the port is taken"]
    fail_times(watched, 2)
    assert watched.degraded == []
    fail_times(watched, 4)
    assert len(watched.troubles) == 1
    assert watched.degraded == ["task side failed 6 times within 100 s: the port is taken"]
    assert watched.ended == [], "trading goes on"


def test_failures_long_ago_are_forgiven() -> None:
    watched = Watched(Task("side", fails))
    for _ in range(10):
        fail_times(watched, 2)
        watched.now += 200.0
    assert (watched.troubles, watched.degraded) == ([], [])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_a_task_ends_nothing_but_that_task() -> None:
    def bug(_: Pulse) -> None:
        raise ZeroDivisionError

    watched = Watched(Task("side", bug))
    fail_times(watched, 3)
    assert watched.troubles == [
        "task side failed 3 times within 100 s: a bug: its traceback is on stderr"
    ]


def test_a_task_that_hangs_is_told_and_not_started_a_second_time() -> None:
    gate = threading.Event()
    watched = Watched(Task("side", lambda _: gate.wait(), deadline_s=20.0))
    watched.look()
    for _ in range(3):
        watched.supervisor._acting.beat()
        watched.look(20.5)
    assert watched.troubles == ["task side failed 3 times within 100 s: no sign of life for 20 s"]
    assert watched.supervisor.starts()["side"] == 1
    assert watched.ended == []
    gate.set()


def test_an_acting_thread_that_stands_still_ends_the_process() -> None:
    watched = Watched()
    watched.look(30.0)
    assert watched.ended == []
    watched.look(0.1)
    assert watched.ended == ["the acting thread stands still for more than 30 s"]


def test_a_critical_task_that_stands_still_ends_the_process() -> None:
    gate = threading.Event()
    watched = Watched(Task("recorder", lambda _: gate.wait(), deadline_s=5.0, critical=True))
    watched.look()
    watched.look(5.1)
    assert watched.ended == ["task recorder stands still for more than 5 s"]
    gate.set()


def test_the_service_manager_hears_only_of_a_process_that_acts() -> None:
    gate = threading.Event()
    watched = Watched(Task("recorder", lambda _: gate.wait(), deadline_s=5.0, critical=True))
    watched.look()
    assert watched.notified == [], "not before it acts"
    watched.supervisor._thread.start()
    watched.supervisor.beat()
    watched.supervisor.beat()
    assert watched.notified[0] == "READY=1"
    assert within(5, lambda: "WATCHDOG=1" in watched.notified)
    watched.now += 5.1
    assert within(5, lambda: watched.ended)
    before = len(watched.notified)
    time.sleep(0.6)
    assert len(watched.notified) == before, "the watchdog is not told any more"
    gate.set()
    watched.supervisor.stop()
    assert watched.notified[-1] == "STOPPING=1"
    assert watched.notified.count("READY=1") == 1


def test_the_acting_thread_sees_that_nobody_watches() -> None:
    watched = Watched()
    with pytest.raises(Unsupervised):
        watched.supervisor.beat()
    watched.supervisor.start()
    watched.supervisor.beat()
    watched.supervisor.stop()
    with pytest.raises(Unsupervised, match="has not looked"):
        watched.supervisor.beat()


def test_stopping_lets_what_is_being_done_be_finished() -> None:
    done: list[str] = []

    def slow(pulse: Pulse) -> None:
        stays(pulse)
        time.sleep(0.2)
        done.append("finished")

    watched = Watched(Task("side", slow))
    watched.supervisor.start()
    assert watched.supervisor.stop()
    assert done == ["finished"]
    assert watched.troubles == []


def test_a_task_that_does_not_end_is_left_behind_and_told() -> None:
    gate = threading.Event()
    quick = Patience(leave_s=0.1)
    troubles: list[str] = []
    ways = Ways(troubles.append, print, print)
    supervisor = Supervisor([Task("deaf", lambda _: gate.wait())], ways, quick)
    supervisor.start()
    assert not supervisor.stop()
    assert troubles == ["task deaf does not end; it is left behind"]
    gate.set()


def test_the_age_of_every_beat_is_known() -> None:
    watched = Watched(Task("side", ends))
    watched.now += 3.0
    assert watched.supervisor.ages_s() == {"acting": 3.0, "side": 3.0}
