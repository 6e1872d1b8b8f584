"""The supervisor: keeps the side tasks of a process alive, and the process honest about itself.

Side tasks serve those who watch: they run in threads of their own, are started again with growing
pauses when they end, and never trade. What trades is the acting thread, which the supervisor only
watches: if it or a critical task shows no sign of life for too long, the process ends and the next
one recovers. The acting thread in turn sees whether the supervisor still looks, and the service
manager hears from the supervisor only while all of this holds.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from thunes.core.domain.errors import ThunesError


class Unsupervised(ThunesError):
    """Nobody watches the side tasks any more."""


class Pulse:
    """What a task is given: it shows with it that it lives, and sees when it has to end."""

    def __init__(self, stopping: threading.Event, count: Callable[[], float]) -> None:
        self._stopping = stopping
        self._count = count
        self.at = count()

    def beat(self) -> bool:
        """A sign of life; False once the task has to end."""
        self.at = self._count()
        return not self._stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep for that long, but no longer than it takes to be stopped; then a beat."""
        self.beat()
        self._stopping.wait(seconds)
        return self.beat()


@dataclass(frozen=True, slots=True)
class Task:
    """Something that runs until its pulse says that it has to end; a ThunesError ends it as well,
    and anything else is a bug, which Python tells with its traceback on stderr."""

    name: str
    run: Callable[[Pulse], object]
    deadline_s: float = 30.0
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """When to lose it. `told_after` failures within the window are trouble, `degraded_after` mean
    that no entry is begun any more."""

    acting_s: float = 30.0
    pause_s: tuple[float, float] = (0.5, 30.0)
    window_s: float = 300.0
    told_after: int = 3
    degraded_after: int = 6
    look_s: float = 0.5
    leave_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Ways:
    """What the supervisor can do. None of it may wait for the acting thread.

    `end` ends the process at once, whatever its threads are doing.
    """

    troubled: Callable[[str], object]
    degrade: Callable[[str], object]
    end: Callable[[str], object]
    notify: Callable[[str], object] = field(default=lambda _: None)


class _Worker(threading.Thread):
    """One run of a task."""

    def __init__(self, task: Task, pulse: Pulse) -> None:
        super().__init__(name=task.name, daemon=True)
        self._run_task, self._pulse = task.run, pulse
        self.said = "a bug: its traceback is on stderr"

    def run(self) -> None:
        try:
            self._run_task(self._pulse)
            self.said = "it ended by itself"
        except ThunesError as error:
            self.said = str(error)


class _Ward:
    """A task, with what has become of it."""

    def __init__(self, task: Task, pulse: Pulse) -> None:
        self.task, self.pulse = task, pulse
        self.worker: _Worker | None = None
        self.failures: list[float] = []
        self.starts = 0
        self.not_before = 0.0

    def start(self) -> None:
        self.pulse.beat()
        self.worker = _Worker(self.task, self.pulse)
        self.starts += 1
        self.worker.start()


class Supervisor:
    """`start` it before the process runs, `beat` on the acting thread, `stop` it in the end."""

    def __init__(
        self,
        tasks: Sequence[Task],
        ways: Ways,
        patience: Patience | None = None,
        count: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ways, self._patience, self._count = ways, patience or Patience(), count
        self._stopping = threading.Event()
        self._acting = Pulse(self._stopping, count)
        self._wards = [_Ward(task, Pulse(self._stopping, count)) for task in tasks]
        self._ready = False
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._looked = Pulse(self._stopping, count)

    def start(self) -> None:
        for ward in self._wards:
            ward.start()
        self._acting.beat()
        self._looked.beat()
        self._thread.start()

    def beat(self) -> None:
        """The acting thread lives. Raises Unsupervised if the supervisor does not."""
        self._acting.beat()
        unwatched_s = self._count() - self._looked.at
        if not self._thread.is_alive() or unwatched_s > self._patience.acting_s:
            raise Unsupervised(
                f"the supervisor has not looked for {unwatched_s:.0f} s: this process ends, and "
                "the next one recovers"
            )
        if not self._ready:
            self._ready = True
            self._ways.notify("READY=1")

    def stop(self) -> bool:
        """Have every task end, and wait for what it is doing, within reason; whether all have."""
        self._stopping.set()
        self._ways.notify("STOPPING=1")
        until, ended = self._count() + self._patience.leave_s, True
        for thread in (self._thread, *(ward.worker for ward in self._wards)):
            if thread is not None:
                thread.join(max(0.0, until - self._count()))
                if thread.is_alive():
                    self._ways.troubled(f"task {thread.name} does not end; it is left behind")
                    ended = False
        return ended

    def starts(self) -> Mapping[str, int]:
        """How often each task was started."""
        return {ward.task.name: ward.starts for ward in self._wards}

    def ages_s(self) -> Mapping[str, float]:
        """How long ago each task gave a sign of life, the acting thread among them."""
        now = self._count()
        ages = {ward.task.name: now - ward.pulse.at for ward in self._wards}
        return {"acting": now - self._acting.at, **ages}

    def _watch(self) -> None:
        while self._looked.wait(self._patience.look_s):
            self.look()

    def look(self) -> None:
        """See to every task once, and end the process if what must live does not."""
        now = self._count()
        for ward in self._wards:
            self._tend(ward, now)
        late = f"the acting thread stands still for more than {self._patience.acting_s:g} s"
        dead = [late] if now - self._acting.at > self._patience.acting_s else []
        dead += [
            f"task {ward.task.name} stands still for more than {ward.task.deadline_s:g} s"
            for ward in self._wards
            if ward.task.critical and now - ward.pulse.at > ward.task.deadline_s
        ]
        if dead:
            self._ways.end("; ".join(dead))
        elif self._ready:
            self._ways.notify("WATCHDOG=1")

    def _tend(self, ward: _Ward, now: float) -> None:
        worker, task = ward.worker, ward.task
        if worker is None:
            if now >= ward.not_before:
                ward.start()
        elif not worker.is_alive():
            ward.worker = None
            self._failed(ward, now, worker.said)
        elif not task.critical and now - ward.pulse.at > task.deadline_s:
            # A thread cannot be ended by another one; it counts as often as it is late.
            ward.pulse.beat()
            self._failed(ward, now, f"no sign of life for {task.deadline_s:g} s")

    def _failed(self, ward: _Ward, now: float, why: str) -> None:
        patience, name = self._patience, ward.task.name
        ward.failures = [at for at in ward.failures if now - at < patience.window_s] + [now]
        times = len(ward.failures)
        low, high = patience.pause_s
        ward.not_before = now + min(high, low * 2.0 ** min(times - 1, 16))
        said = f"task {name} failed {times} times within {patience.window_s:g} s: {why}"
        if times == patience.told_after:
            self._ways.troubled(said)
        if times == patience.degraded_after:
            self._ways.degrade(said)
