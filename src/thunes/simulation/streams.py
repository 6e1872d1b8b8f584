"""The stream of our own account: what happens to our orders, as it reaches one process."""

from collections import deque
from collections.abc import Callable

from thunes.core.domain.order import Accepted, Filled, Report
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.simulation.faults import Fault, Recurrence
from thunes.simulation.line import TIMEOUT_NS, Line

_ON_THE_WAY = (
    Fault.STREAM_LOST,
    Fault.STREAM_DUPLICATED,
    Fault.STREAM_REORDERED,
    Fault.STREAM_STALE,
)
_OF_AN_ACK = (Fault.FILL_BEFORE_ACK, Fault.ACK_AFTER_CANCEL)
_OF_A_FILL = (Fault.LATE_FILL,)
_MILLISECOND = NS_PER_SECOND // 1_000
# How much later than the others a message comes.
_LATE_NS = {
    Fault.STREAM_DUPLICATED: (0, 5 * NS_PER_SECOND),
    Fault.STREAM_REORDERED: (50 * _MILLISECOND, 3 * NS_PER_SECOND),
    Fault.STREAM_STALE: (0, NS_PER_SECOND),
    Fault.FILL_BEFORE_ACK: (100 * _MILLISECOND, 2 * NS_PER_SECOND),
    Fault.ACK_AFTER_CANCEL: (5 * NS_PER_SECOND, 30 * NS_PER_SECOND),
    Fault.LATE_FILL: (NS_PER_SECOND, 10 * NS_PER_SECOND),
}
_STALL_NS = (NS_PER_SECOND, 30 * NS_PER_SECOND)
_UNNOTICED_NS = (0, TIMEOUT_NS)
_DEAF_NS = (0, 2 * NS_PER_SECOND)
_RECONNECT_NS_MAX = 1_000 * _MILLISECOND
_MESSAGES_KEPT = 50


class UserStream:
    """One subscription: in order and whole as long as nothing goes wrong; it never gives up.

    `reconnected` is called whenever it is up again: what was told in between is lost.
    """

    def __init__(self, line: Line, reconnected: Callable[[], None]) -> None:
        self._line = line
        self._reconnected = reconnected
        self._connected = line.exchange.gate.reachable
        self._epoch = 0  # of the connection: what travels when it breaks is lost
        self._last_due = line.agenda.now
        self._deaf_until = line.agenda.now
        self._held: list[Report] | None = None  # what a stalled stream keeps to itself
        self._told: deque[Report] = deque(maxlen=_MESSAGES_KEPT)
        self._waits = line.box.chance.stream("wire.reconnect")
        self._recurrences = [
            Recurrence(line.agenda, line.box, Fault.STREAM_STALLED, self._stall),
            Recurrence(line.agenda, line.box, Fault.STREAM_DISCONNECTED, self.drop),
            Recurrence(line.agenda, line.box, Fault.STREAM_SHUTDOWN, self._shut_down),
        ]
        line.exchange.backend.listen(self)
        if not self._connected:
            self._dial()

    def tell(self, report: Report) -> None:
        """The exchange sends a message, to whoever is connected."""
        if not self._connected or self._line.agenda.now < self._deaf_until:
            return
        if self._held is not None:
            self._held.append(report)
        else:
            self._carry(report)

    def drop(self) -> None:
        """The connection breaks; the client notices after a while."""
        if self._break():
            unnoticed = self._line.box.draw(Fault.STREAM_DISCONNECTED, *_UNNOTICED_NS)
            self._line.agenda.after(unnoticed, self._dial)

    def cut(self) -> None:
        """The process is gone."""
        self._line.exchange.backend.leave(self)
        for recurrence in self._recurrences:
            recurrence.stop()

    def _carry(self, report: Report) -> None:
        """Send a message on its way."""
        box, now = self._line.box, self._line.agenda.now
        due = Instant(now + self._line.stream_latency_ns())
        late = box.first(_ON_THE_WAY)
        if isinstance(report, Accepted):
            late = box.first(_OF_AN_ACK) or late
        elif isinstance(report, Filled):
            late = box.first(_OF_A_FILL) or late
        if late is Fault.STREAM_STALE and self._told:
            old = self._told[box.draw(Fault.STREAM_STALE, 0, len(self._told) - 1)]
            self._late(old, due, late)
        elif late is Fault.STREAM_DUPLICATED:
            self._late(report, due, late)
        elif late is Fault.STREAM_LOST:
            return
        elif late is not None and late is not Fault.STREAM_STALE:
            self._late(report, due, late)
            return
        self._told.append(report)
        self._last_due = due = max(due, Instant(self._last_due + 1))
        epoch = self._epoch

        def arrive() -> None:
            if epoch == self._epoch:
                self._line.hear_reports((report,))

        self._line.agenda.at(due, arrive)

    def _late(self, report: Report, due: Instant, fault: Fault) -> None:
        """A message that comes later than its place in the row, whatever the connection does."""
        due = Instant(due + self._line.box.draw(fault, *_LATE_NS[fault]))
        self._line.agenda.at(due, lambda: self._line.hear_reports((report,)))

    def _break(self) -> bool:
        """Whether there was a connection to break."""
        connected, self._connected = self._connected, False
        self._epoch += 1
        self._held = None
        return connected

    def _shut_down(self) -> None:
        """The exchange announces that it closes the connection, and does."""
        if self._break():
            self._dial()

    def _stall(self) -> None:
        """Silence: short enough it ends by itself, else the client breaks it off."""
        if not self._connected or self._held is not None:
            return
        self._held = []
        epoch = self._epoch
        lasts = self._line.box.draw(Fault.STREAM_STALLED, *_STALL_NS)

        def end() -> None:
            if epoch != self._epoch:
                return
            if lasts > TIMEOUT_NS:
                self._shut_down()
            else:
                held, self._held = self._held or [], None
                for report in held:
                    self._carry(report)

        self._line.agenda.after(min(lasts, TIMEOUT_NS), end)

    def _dial(self) -> None:
        wait = self._waits.between(100 * _MILLISECOND, _RECONNECT_NS_MAX)
        self._line.agenda.after(wait, self._connect)

    def _connect(self) -> None:
        """Subscribe anew, or try again as long as nobody answers."""
        line = self._line
        if not line.alive or self._connected:
            return
        if not line.exchange.gate.reachable:
            self._dial()
            return
        self._connected = True
        if line.box.hits(Fault.RESUBSCRIBE_LOST):
            deaf = line.box.draw(Fault.RESUBSCRIBE_LOST, *_DEAF_NS)
            self._deaf_until = Instant(line.agenda.now + deaf)
        self._reconnected()
