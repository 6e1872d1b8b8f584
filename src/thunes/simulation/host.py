"""The host: the machine that a process runs on, with its clock and its lease."""

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.agenda import Agenda

LEASE_NS = 15 * NS_PER_SECOND


class LeaseHeld(ThunesError):
    """Another process trades this account."""


class SteadyClock:
    """The time of one process: right at its start but for `error_ns`, then on at its own rate.

    A process asks the venue for its time when it starts and counts on from there: setting the
    clock of the machine does not move it.
    """

    def __init__(self, agenda: Agenda, error_ns: int, drift: float) -> None:
        self._agenda = agenda
        self._began = agenda.now
        self._error = error_ns
        self._drift = drift

    def now(self) -> Instant:
        elapsed = self._agenda.now - self._began
        return Instant(self._began + self._error + elapsed + int(elapsed * self._drift))


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
