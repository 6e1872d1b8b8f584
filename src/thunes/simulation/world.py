"""The world of one seed: a market, an exchange, one process after the other, and what befalls them.

First everything goes wrong that the profile has, then all faults are healed; a while later nobody
enters any more, and when all is quiet the process, its journal and the exchange must agree.
"""

from collections.abc import Callable

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.mode import Cause
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.disk import DiskFaults, Stopped
from thunes.simulation.faults import Fault, Recurrence
from thunes.simulation.feed import Feed
from thunes.simulation.host import WRONG_NS_MAX, LeaseHeld
from thunes.simulation.notes import Happened
from thunes.simulation.people import People
from thunes.simulation.process import Crash
from thunes.simulation.quotes import Quotes
from thunes.simulation.setting import Setting
from thunes.simulation.supervisor import Supervisor

HEALED_NS = 180 * NS_PER_SECOND
QUIET_NS = 120 * NS_PER_SECOND
REST_NS = 90 * NS_PER_SECOND
BUGS = (ThunesError, AssertionError, ArithmeticError, LookupError, TypeError, ValueError)
"""What no world may end by: whoever runs one says so and goes on to the next."""

_WATCHDOG_NS = 20 * NS_PER_SECOND
_HANG_NS = (6 * NS_PER_SECOND, 26 * NS_PER_SECOND)  # the lease ends, or the watchdog comes
_PAUSE_NS = (NS_PER_SECOND, 8 * NS_PER_SECOND)


class World(Supervisor):
    """Runs one setting from its first instant to its last."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, _disk_faults(setting))
        self._feed = Feed(self.agenda, self.box, self.scene, self.exchange)

    def started(self) -> None:
        self._feed.catch_up()

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
                self.die(type(death).__name__)
            except ThunesError as error:
                self.die(type(error).__name__, str(error))
            look()

    def _begin(self) -> None:
        self._feed.begin(lambda row: self._with(lambda process: process.close(row)))
        Quotes(self.scene, self.exchange).begin(self._hear)
        People(self.exchange, self.scene, self.act).begin()
        for fault, strike in (
            (Fault.CRASH, self._crash),
            (Fault.HANG, lambda: self._stop_for(_HANG_NS)),
            (Fault.PAUSE, lambda: self._stop_for(_PAUSE_NS)),
            (Fault.SECOND_INSTANCE, self._second),
            (Fault.CLOCK_JUMP, lambda: _jump(self, Fault.CLOCK_JUMP, 1)),
            (Fault.CLOCK_STEP, lambda: _jump(self, Fault.CLOCK_STEP, -1)),
        ):
            Recurrence(self.agenda, self.box, fault, strike)
        self.agenda.at(self.agenda.now, self.start)

    # What befalls them.

    def _heal(self) -> None:
        self.box.heal()
        self.journal.heal()
        self.effects.spare()
        if self.clock is not None:
            self.clock.ask()
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

    def _stop_for(self, span: tuple[int, int]) -> None:
        """It stands still, while time does not; the watchdog kills what does so for too long."""
        process, lasts = self.process, self._doom.between(*span)
        if process is None or process.hangs:
            return
        process.hangs = True
        self.notebook.add(Happened.HUNG)
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
            self.notebook.add(Happened.WOKE)
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


def rest(world: World, look: Callable[[], None]) -> None:
    """No tick comes any more: what is under way arrives, and nobody dies of it."""
    world.effects.spare()
    until = Instant(world.agenda.now + REST_NS)
    while (due := world.agenda.next_due()) is not None and due <= until:
        world.agenda.run_one()
        look()


def _jump(world: World, fault: Fault, sign: int) -> None:
    """The clock of the process jumps, forward or back."""
    if world.clock is not None:
        world.clock.jump(sign * world.box.draw(fault, NS_PER_SECOND, WRONG_NS_MAX))


def _disk_faults(setting: Setting) -> DiskFaults:
    mean = setting.faults.intensity.get(Fault.DISK, 0.0)
    if not mean or Fault.DISK in setting.without:
        return DiskFaults()
    return DiskFaults(refuse=mean, short=mean, sync=2 * mean, read=4 * mean, stop=2 * mean)
