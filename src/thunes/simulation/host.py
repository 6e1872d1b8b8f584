"""The host: the machine that a process runs on, with its clock and its lease."""

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.agenda import Agenda
from thunes.simulation.faults import Fault, FaultBox

LEASE_NS = 15 * NS_PER_SECOND
WRONG_NS_MAX = 30 * NS_PER_SECOND
"""How far a clock may be off, or jump, where clocks fail."""

ASK_EVERY_NS = 60 * NS_PER_SECOND
_ERROR_NS_MAX = NS_PER_SECOND // 5
_DRIFT_MAX = 50_000  # parts in a million


class LeaseHeld(ThunesError):
    """Another process trades this account."""


class SteadyClock:
    """The time of one process: it asks the venue for its time when it starts and every minute,
    counts on from there at its own rate, and never runs backwards."""

    def __init__(self, agenda: Agenda, box: FaultBox) -> None:
        self._agenda = agenda
        self._draws = box.chance.stream("clock")
        self._told = Instant(0)
        self.ask()
        if box.hits(Fault.CLOCK_SKEW):
            self._error = box.draw(Fault.CLOCK_SKEW, -WRONG_NS_MAX, WRONG_NS_MAX)
        if box.hits(Fault.CLOCK_DRIFT):
            self._drift = box.draw(Fault.CLOCK_DRIFT, -_DRIFT_MAX, _DRIFT_MAX) / 1e6

    def now(self) -> Instant:
        if self._agenda.now - self._asked >= ASK_EVERY_NS:
            self.ask()
        self._told = max(self._told, self._counted())
        return self._told

    @property
    def error_ns(self) -> int:
        """By how much it is ahead of the venue's time just now (behind, if negative)."""
        return max(self._told, self._counted()) - self._agenda.now

    def wait_ns(self, due: Instant) -> int:
        """How long it takes about until it tells that `due` has come."""
        return max(1, due - self._counted())

    def jump(self, by_ns: int) -> None:
        """What it counts by jumps, forward or (if negative) back, until the venue is asked."""
        self._error += by_ns

    def ask(self) -> None:
        """The venue tells the time: right but for the way that the answer takes."""
        self._asked = self._agenda.now
        self._error = self._draws.between(-_ERROR_NS_MAX, _ERROR_NS_MAX)
        self._drift = (self._draws.uniform() - 0.5) * 1e-4

    def _counted(self) -> Instant:
        elapsed = self._agenda.now - self._asked
        return Instant(self._asked + self._error + elapsed + int(elapsed * self._drift))


class LeaseBook:
    """Who may trade the account; kept on the machine, and gone with the process that holds it."""

    def __init__(self) -> None:
        self.epoch = 0
        self.holder: HeldLease | None = None

    def take(self, at: Instant) -> "HeldLease":
        """The next epoch; LeaseHeld while a living process has the one before."""
        if self.holder is not None:
            raise LeaseHeld(f"process {self.holder.epoch} trades this account; stop it first")
        self.epoch += 1
        self.holder = HeldLease(self.epoch, at)
        return self.holder

    def release(self) -> None:
        """The process that held it is gone."""
        self.holder = None


class HeldLease:
    """One process's hold on the account: it ends `LEASE_NS` after it was last renewed."""

    def __init__(self, epoch: int, at: Instant) -> None:
        self.epoch = epoch
        self._until = Instant(at + LEASE_NS)

    def renew(self, at: Instant) -> None:
        self._until = Instant(at + LEASE_NS)

    def holds(self, until: Instant) -> bool:
        return until <= self._until
