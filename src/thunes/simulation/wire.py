"""The wire: all that one process has of the exchange, through a network that fails at times."""

from collections.abc import Callable

from thunes.core.domain.command import VenueCommand
from thunes.core.domain.event import Event
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.exchange import Exchange
from thunes.simulation.line import Line
from thunes.simulation.requests import Flight, Inquiry
from thunes.simulation.streams import UserStream

LOOKBACK_NS = 3_600 * NS_PER_SECOND
"""How far back an inquiry asks for fills, and for orders that are over, unless told."""


class Wire:
    """Sends what a process wants sent, once, and delivers what it gets to hear, until it is cut.

    Each order that a command names is answered by reports in the end, by `OutcomeUnknown` where
    nothing certain was heard within `TIMEOUT_NS`. What happens to our orders is told besides.
    Stamps are the process's own time.
    """

    def __init__(
        self,
        exchange: Exchange,
        deliver: Callable[[Event], None],
        reconnected: Callable[[], None],
    ) -> None:
        self._line = Line(exchange, deliver)
        self._stream = UserStream(self._line, reconnected)

    def send(self, command: VenueCommand, at: Instant) -> None:
        """Transmit a command stamped `at`."""
        assert self._line.alive, "a process that is gone sends nothing"
        Flight(self._line, command, at).depart()

    def ask_account(self, at: Instant, fills_since: Instant | None = None) -> None:
        """Ask for the whole account at `at`; one `AccountSeen` follows if all of it arrives."""
        assert self._line.alive, "a process that is gone asks nothing"
        since = Instant(at - LOOKBACK_NS) if fills_since is None else fills_since
        Inquiry(self._line, at, since).begin()

    def cut(self) -> None:
        """The process dies: what has left still arrives, nothing comes back."""
        self._line.cut()
        self._stream.cut()
