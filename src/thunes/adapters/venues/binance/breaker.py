"""The breaker: whether the venue is believed to be there, so that nobody queues up for a dead one.

It counts outages and nothing else: a refusal is an answer, and proves that the venue lives.
It never holds back protection: a stop is worth a try whatever happened to the try before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from thunes.adapters.venues.binance.requests import Urgency
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.word import Word


class Door(Word):
    """Who may pass."""

    CLOSED = "closed"  # everybody: the circuit is closed, as electricians say
    OPEN = "open"  # protection only
    TRYING = "trying"  # protection, and one other to see


class Turn(Word):
    """What can happen to it."""

    ANSWERED = "answered"
    OUTAGE = "outage"  # one more, too few to matter
    OUTAGES = "outages"  # one too many in a row
    RESTED = "rested"  # it has been open for long enough


BREAKER_TABLE: Mapping[Door, Mapping[Turn, Door]] = {
    Door.CLOSED: {
        Turn.ANSWERED: Door.CLOSED,
        Turn.OUTAGE: Door.CLOSED,
        Turn.OUTAGES: Door.OPEN,
    },
    Door.OPEN: {
        Turn.ANSWERED: Door.CLOSED,  # protection got through
        Turn.OUTAGE: Door.OPEN,
        Turn.OUTAGES: Door.OPEN,
        Turn.RESTED: Door.TRYING,
    },
    Door.TRYING: {
        Turn.ANSWERED: Door.CLOSED,
        Turn.OUTAGE: Door.OPEN,
        Turn.OUTAGES: Door.OPEN,
    },
}

IN_A_ROW_MAX = 5
REST_NS = 5 * NS_PER_SECOND
REST_NS_MAX = 120 * NS_PER_SECOND


@dataclass(slots=True)
class Breaker:
    """One for the venue; after each trial that failed it rests twice as long."""

    door: Door = Door.CLOSED
    in_a_row: int = 0
    opened: int = 0  # times, ever
    _rest_ns: int = REST_NS
    _until: Instant = Instant(0)

    def admits(self, urgency: Urgency, now: Instant) -> bool:
        """Whether a request may go; whoever is admitted tells how it ended."""
        if urgency is Urgency.PROTECTIVE or self.door is Door.CLOSED:
            return True
        if self.door is Door.OPEN and now >= self._until:
            self._turn(Turn.RESTED, now)
            return True
        return False

    def answered(self, now: Instant) -> None:
        """The venue said something, whatever it was."""
        self._turn(Turn.ANSWERED, now)

    def failed(self, now: Instant) -> None:
        """No answer, or one that only a broken venue gives."""
        self.in_a_row += 1
        too_many = self.in_a_row >= IN_A_ROW_MAX
        self._turn(Turn.OUTAGES if too_many else Turn.OUTAGE, now)

    def _turn(self, turn: Turn, now: Instant) -> None:
        before = self.door
        self.door = BREAKER_TABLE[before][turn]
        if self.door is Door.CLOSED and turn is Turn.ANSWERED:
            self.in_a_row, self._rest_ns = 0, REST_NS
        elif self.door is Door.OPEN and before is not Door.OPEN:
            if before is Door.TRYING:
                self._rest_ns = min(2 * self._rest_ns, REST_NS_MAX)
            self.opened += 1
            self._until = Instant(now + self._rest_ns)
