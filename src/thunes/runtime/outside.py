"""Outside: what a live process needs of the world, beside what every driver needs."""

from typing import Protocol

from thunes.core.domain.command import VenueCommand
from thunes.core.domain.units import Instant
from thunes.runtime.ports import Store


class LiveVenue(Protocol):
    """A venue at the other end of a wire: what it says is heard later, or never."""

    def send(self, command: VenueCommand, at: Instant) -> None:
        """Transmit a command at most once; every order that it names is answered in the end."""

    def ask_account(self, at: Instant, fills_since: Instant) -> None:
        """Ask for the whole account; it is heard as one `AccountSeen` if all of it arrives."""


class Clock(Protocol):
    """The time of this process: it never runs backwards while the process lives."""

    def now(self) -> Instant: ...


class Lease(Protocol):
    """The right to trade an account, which one process has at a time."""

    @property
    def epoch(self) -> int:
        """Counts those who have had it."""

    def renew(self, at: Instant) -> None: ...

    def holds(self, until: Instant) -> bool:
        """Whether it is ours for sure until then."""


class KeepingStore(Store, Protocol):
    """A store that also keeps the newest state, so that a start need not replay everything."""

    def keep(self, state: bytes) -> None:
        """Keep the state after the last line, which is on disk, in place of the one before."""
