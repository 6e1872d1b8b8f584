"""The world of one seed: a market, an exchange, one process after the other, and what befalls them.

First everything goes wrong that the profile has, then all faults are healed; a while later nobody
enters any more, and when all is quiet the process, its journal and the exchange must agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.event import Event, OperatorActed
from thunes.core.domain.line import Outcome
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.agenda import Agenda
from thunes.simulation.chance import Chance
from thunes.simulation.disk import DiskFaults, Stopped
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault, FaultBox, Faults, Recurrence
from thunes.simulation.feed import Feed
from thunes.simulation.host import LeaseBook, LeaseHeld, SteadyClock
from thunes.simulation.people import People
from thunes.simulation.process import Crash, Effects, Process
from thunes.simulation.quotes import Quotes
from thunes.simulation.recorder import Recorder
from thunes.simulation.scene import Scene
from thunes.simulation.wire import Wire

HEALED_NS = 180 * NS_PER_SECOND
QUIET_NS = 120 * NS_PER_SECOND
_RESTART_NS = (NS_PER_SECOND, 10 * NS_PER_SECOND)
_WATCHDOG_NS = 20 * NS_PER_SECOND
_HANG_NS = (2 * NS_PER_SECOND, 40 * NS_PER_SECOND)
_PAUSE_NS = (NS_PER_SECOND, 8 * NS_PER_SECOND)
_CLOCK_ERROR_NS = NS_PER_SECOND // 5

Watch = Callable[[Process, Event, Outcome], None]


@dataclass(frozen=True, slots=True)
class Setting:
    """A seed with what becomes of it: its scene, and its faults less those left out."""

    chance: Chance
    scene: Scene
    faults: Faults
    without: frozenset[Fault] = frozenset()


class World:
    """Runs one setting from its first instant to its last."""

    def __init__(self, setting: Setting) -> None:
        self.scene = setting.scene
        self.chance = setting.chance
        self.agenda = Agenda(self.scene.start, self.chance.stream("ties"))
        self.box = FaultBox(setting.faults, self.chance, setting.without)
        self.exchange = Exchange(self.agenda, self.box, self.scene.listing)
        self.journal = Recorder(self.chance, b'{"simulated":true}', self._disk_faults(setting))
        self.leases = LeaseBook()
        self.effects = Effects()
        self.process: Process | None = None
        self.deaths = 0
        self.causes: dict[str, int] = {}  # of deaths
        self.steps = 0
        self._watches: list[Watch] = []
        self._wire: Wire | None = None
        self._clock: SteadyClock | None = None
        self._tick_due: Instant | None = None
        self._doom = self.chance.stream("doom")
        self._feed = Feed(self.agenda, self.box, self.scene, self.exchange)

    @staticmethod
    def _disk_faults(setting: Setting) -> DiskFaults:
        mean = setting.faults.intensity.get(Fault.DISK, 0.0)
        if not mean or Fault.DISK in setting.without:
            return DiskFaults()
        return DiskFaults(refuse=mean, short=mean, sync=2 * mean, read=4 * mean, stop=2 * mean)

    def watch(self, watch: Watch) -> None:
        """Tell `watch` of every step of every process."""
        self._watches.append(watch)

    def run(self, look: Callable[[], None]) -> None:
        """To the end; `look` is called after everything that happens."""
        agenda, end = self.agenda, self.end
        self._begin()
        agenda.at(Instant(end - HEALED_NS - QUIET_NS), self._heal)
        agenda.at(Instant(end - HEALED_NS), lambda: self.act(Cause.OPERATOR_RESUME))
        agenda.at(Instant(end - QUIET_NS), lambda: self.act(Cause.OPERATOR_PAUSE))
        self._live(end, look)

    @property
    def end(self) -> Instant:
        """When the last bar has closed."""
        return Instant(self.scene.start + self.scene.minutes * 60 * NS_PER_SECOND)

    def _live(self, until: Instant, look: Callable[[], None]) -> None:
        """Let happen what is due; whoever dies of it is followed by another process."""
        while (due := self.agenda.next_due()) is not None and due <= until:
            try:
                self.agenda.run_one()
            except (Crash, Stopped) as death:
                self._die(type(death).__name__)
            except ThunesError as error:
                self._die(type(error).__name__)
            look()

    def act(self, cause: Cause) -> None:
        """The operator acts, if there is a process to hear it."""
        if self.process is not None:
            now = self.agenda.now
            self._with(lambda p: p.hear(OperatorActed(now, cause, "operator", "simulated")))

    # Processes.

    def _begin(self) -> None:
        self._feed.begin(self._hear)
        Quotes(self.scene, self.exchange).begin(self._hear)
        People(self.exchange, self.scene, self.act).begin()
        for fault, strike in (
            (Fault.CRASH, self._crash),
            (Fault.HANG, self._hang),
            (Fault.PAUSE, self._pause),
            (Fault.SECOND_INSTANCE, self._second),
        ):
            Recurrence(self.agenda, self.box, fault, strike)
        self.agenda.at(self.agenda.now, self._start)

    def _start(self) -> None:
        """A process starts, or dies in its recovery; then the supervisor tries again."""
        if self.process is not None:
            return
        agenda, drawn = self.agenda, self.chance.stream("clock")
        error = drawn.between(-_CLOCK_ERROR_NS, _CLOCK_ERROR_NS)
        drift = (drawn.uniform() - 0.5) * 1e-4
        clock = self._clock = SteadyClock(agenda, error, drift)
        lease = self.leases.take(agenda.now)
        recorded = self.journal.open()
        wire = self._wire = Wire(self.exchange, self._hear, self._reconnected)
        self.process = Process(
            self.scene, recorded, (wire, self.journal, clock, lease), self.effects
        )
        self.process.live.watch(self._stepped)
        self._plan_tick()
        self._feed.catch_up()

    def _die(self, cause: str) -> None:
        """The process is gone, and with it whatever was not on disk; another one will start."""
        self.deaths += 1
        self.causes[cause] = self.causes.get(cause, 0) + 1
        if self._wire is not None:
            self._wire.cut()
        self.process = self._wire = None
        self._tick_due = None
        self.leases.release()
        self.journal.crash()
        self.agenda.after(self._doom.between(*_RESTART_NS), self._start)

    def _hear(self, event: Event) -> None:
        self._with(lambda process: process.hear(event))

    def _reconnected(self) -> None:
        self._with(Process.reconnected)

    def _tick(self) -> None:
        self._tick_due = None
        self._with(Process.tick)

    def _with(self, act: Callable[[Process], None]) -> None:
        if self.process is not None:
            act(self.process)
            self._plan_tick()

    def _plan_tick(self) -> None:
        process, clock = self.process, self._clock
        if process is None or clock is None or process.hangs:
            return
        wait = max(1, process.live.due() - clock.now())
        due = Instant(self.agenda.now + wait)
        if self._tick_due is None or due < self._tick_due or self._tick_due < self.agenda.now:
            self._tick_due = due
            epoch = process.epoch
            self.agenda.at(due, lambda: self._tick_of(epoch, due))

    def _tick_of(self, epoch: int, due: Instant) -> None:
        if self.process is not None and self.process.epoch == epoch and self._tick_due == due:
            self._tick()

    def _stepped(self, event: Event, outcome: Outcome) -> None:
        self.steps += 1
        process = self.process
        if process is not None:
            for watch in self._watches:
                watch(process, event, outcome)

    # What befalls them.

    def _heal(self) -> None:
        self.box.heal()
        self.journal.heal()
        self.effects.spare()
        if self.process is not None and self.process.hangs:
            self._wake(self.process.epoch)

    def _crash(self) -> None:
        """At once, or at one of the next effects, before or after it."""
        if self._doom.hits(0.3):
            if self.process is not None:
                raise Crash
            return
        effect = self.effects.count + self._doom.between(1, 6)
        self.effects.kill(effect, after=self._doom.hits(0.5))

    def _hang(self) -> None:
        self._stop_for(self._doom.between(*_HANG_NS))

    def _pause(self) -> None:
        self._stop_for(self._doom.between(*_PAUSE_NS))

    def _stop_for(self, lasts: int) -> None:
        process = self.process
        if process is None or process.hangs:
            return
        process.hangs = True
        epoch = process.epoch
        if lasts > _WATCHDOG_NS:
            self.agenda.after(_WATCHDOG_NS, lambda: self._kill_hanging(epoch))
        else:
            self.agenda.after(lasts, lambda: self._wake(epoch))

    def _kill_hanging(self, epoch: int) -> None:
        if self.process is not None and self.process.epoch == epoch and self.process.hangs:
            raise Crash

    def _wake(self, epoch: int) -> None:
        if self.process is not None and self.process.epoch == epoch and self.process.hangs:
            self.process.wake()
            self._plan_tick()

    def _second(self) -> None:
        """Somebody starts a second instance on the same account."""
        if self.process is None:
            return
        try:
            self.leases.take(self.agenda.now)
        except LeaseHeld:
            return
        raise AssertionError("S8: two processes hold the lease of one account")
