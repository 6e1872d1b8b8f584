"""The line: what one process shares with the network that connects it to the exchange."""

from collections.abc import Callable, Sequence

from thunes.core.domain.event import Event, VenueReported
from thunes.core.domain.order import Report
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.exchange import Exchange
from thunes.simulation.faults import Fault, Recurrence

TIMEOUT_NS = 10 * NS_PER_SECOND
"""How long a client waits for an answer, and how long a stream may be silent."""

_FASTEST_NS = 3_000_000
_EXTRA_NS_MEAN = 8_000_000.0
_HALF_OPEN_NS = (2 * NS_PER_SECOND, 12 * NS_PER_SECOND)


class Line:
    """A process hears through it as long as it is `alive`; latency is drawn per direction."""

    def __init__(self, exchange: Exchange, deliver: Callable[[Event], None]) -> None:
        self.exchange = exchange
        self.agenda = exchange.agenda
        self.box = exchange.box
        self.alive = True
        self._deliver = deliver
        self._latency = self.box.chance.stream("wire.latency")
        self._stream_latency = self.box.chance.stream("wire.latency.stream")
        self._dead_until = self.agenda.now
        self._half_open = Recurrence(self.agenda, self.box, Fault.HALF_OPEN, self._open_half)

    @property
    def half_open(self) -> bool:
        """Whether what is sent goes nowhere, and nobody has noticed."""
        return self.agenda.now < self._dead_until and not self.box.healed

    def latency_ns(self) -> int:
        """How long a request or an answer takes."""
        return _FASTEST_NS + int(self._latency.exponential(_EXTRA_NS_MEAN))

    def stream_latency_ns(self) -> int:
        """How long a message of the stream takes."""
        return _FASTEST_NS + int(self._stream_latency.exponential(_EXTRA_NS_MEAN))

    def hear(self, event: Event) -> None:
        """The process is told, if it is still there."""
        if self.alive:
            self._deliver(event)

    def hear_reports(self, reports: Sequence[Report]) -> None:
        self.hear(VenueReported(self.agenda.now, tuple(reports)))

    def cut(self) -> None:
        """The process is gone."""
        self.alive = False
        self._half_open.stop()

    def _open_half(self) -> None:
        lasts = self.box.draw(Fault.HALF_OPEN, *_HALF_OPEN_NS)
        self._dead_until = Instant(self.agenda.now + lasts)
