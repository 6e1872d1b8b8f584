"""The supervisor: one process after the other, with all that the world lets it hear."""

from collections.abc import Callable
from typing import NamedTuple

from thunes.core.domain.event import Event, OperatorActed
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.agenda import Agenda
from thunes.simulation.disk import DiskFaults
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import FaultBox
from thunes.simulation.host import LeaseBook, SteadyClock
from thunes.simulation.notes import Happened, Notebook
from thunes.simulation.process import Effects, Process
from thunes.simulation.recorder import Recorder
from thunes.simulation.setting import Setting
from thunes.simulation.wire import Wire

_RESTART_NS = (NS_PER_SECOND, 10 * NS_PER_SECOND)

Watch = Callable[[Process, Event, Outcome], None]


class End(NamedTuple):
    """How a process ended: the kind of its death, its last words, and whether its disk failed."""

    cause: str
    text: str
    disk_failed: bool


class Supervisor:
    """Keeps one process running on a machine, at an exchange, as long as the world lasts."""

    def __init__(self, setting: Setting, disk: DiskFaults) -> None:
        self.scene = setting.scene
        self.chance = setting.chance
        self.agenda = Agenda(self.scene.start, self.chance.stream("ties"))
        self.box = FaultBox(setting.faults, self.chance, setting.without)
        self.exchange = Exchange(self.agenda, self.box, self.scene.listing)
        self.journal = Recorder(self.chance, self.scene.header, disk)
        self.leases = LeaseBook()
        self.effects = Effects()
        self.process: Process | None = None
        self.deaths = 0
        self.causes: dict[str, int] = {}  # of deaths
        self.last_end: End | None = None
        self.steps = 0
        self.notebook = Notebook(self.agenda)
        self._was_ready = False
        self._watches: list[Watch] = []
        self._wire: Wire | None = None
        self.clock: SteadyClock | None = None
        self._tick_due: Instant | None = None
        self._doom = self.chance.stream("doom")
        self.box.when_struck(self.notebook.struck)

    def watch(self, watch: Watch) -> None:
        """Tell `watch` of every step of every process."""
        self._watches.append(watch)

    def act(self, cause: Cause) -> None:
        """The operator acts, if there is a process to hear it."""
        if self.process is not None:
            now = self.agenda.now
            self._with(lambda p: p.hear(OperatorActed(now, cause, "operator", "simulated")))

    def started(self) -> None:
        """A process has just started."""

    def start(self) -> None:
        """A process starts, or dies in its recovery; then the supervisor tries again."""
        if self.process is not None:
            return
        clock = self.clock = SteadyClock(self.agenda, self.box)
        lease = self.leases.take(clock.now())
        recorded = self.journal.open()
        wire = self._wire = Wire(self.exchange, self._hear, self._reconnected)
        self.notebook.add(Happened.STARTED)
        self._was_ready = False
        self.process = Process(
            self.scene, recorded, (wire, self.journal, clock, lease), self.effects
        )
        self.process.live.watch(self._stepped)
        self._plan_tick()
        self.started()

    def die(self, cause: str, text: str = "") -> None:
        """The process is gone, and with it whatever was not on disk; another one will start."""
        self.deaths += 1
        self.notebook.add(Happened.DIED, f"{cause}: {text}" if text else cause)
        self.last_end = End(cause, text, self.journal.disk_failed)
        self.causes[cause] = self.causes.get(cause, 0) + 1
        if self._wire is not None:
            self._wire.cut()
        self.process = self._wire = None
        self._tick_due = None
        self.leases.release()
        self.journal.crash()
        self.agenda.after(self._doom.between(*_RESTART_NS), self.start)

    def _hear(self, event: Event) -> None:
        self._with(lambda process: process.hear(event))

    def _reconnected(self) -> None:
        self.notebook.add(Happened.RECONNECTED)
        self._with(Process.reconnected)

    def _with(self, act: Callable[[Process], None]) -> None:
        if self.process is not None:
            act(self.process)
            self._plan_tick()

    def _plan_tick(self) -> None:
        process, clock = self.process, self.clock
        if process is None or clock is None or process.hangs:
            return
        due = Instant(self.agenda.now + clock.wait_ns(process.live.due()))
        if self._tick_due is None or due < self._tick_due or self._tick_due < self.agenda.now:
            self._tick_due = due
            epoch = process.epoch
            self.agenda.at(due, lambda: self._tick_of(epoch, due))

    def _tick_of(self, epoch: int, due: Instant) -> None:
        if self.process is not None and self.process.epoch == epoch and self._tick_due == due:
            self._tick_due = None
            self._with(Process.tick)

    def _stepped(self, event: Event, outcome: Outcome) -> None:
        self.steps += 1
        process = self.process
        if process is not None:
            if not self._was_ready and not process.live.engine.state.memory.unreconciled:
                self._was_ready = True
                self.notebook.add(Happened.READY)
            for watch in self._watches:
                watch(process, event, outcome)
