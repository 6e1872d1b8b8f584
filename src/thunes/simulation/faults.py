"""The faults of the world, by name, how often each strikes, and the box that deals them out."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.word import Word
from thunes.simulation.agenda import Agenda
from thunes.simulation.chance import Chance, Stream


class Fault(Word):
    """What may go wrong between a process and the exchange, at both ends, and around them."""

    # The path of a request.
    REQUEST_LOST = "request lost"
    REQUEST_DELAYED = "request delayed"  # up to 30 s, so past its deadline as well
    REQUEST_OVERTAKEN = "request overtaken"  # a later one arrives first
    REQUEST_DUPLICATED = "request duplicated"  # by a retrying proxy; in no profile
    RESET_BEFORE_SENT = "reset before sent"
    RESET_AFTER_SENT = "reset after sent"
    NO_CONNECTION = "no connection"  # no name, no handshake: nothing was sent
    HALF_OPEN = "half-open socket"  # what is written goes nowhere for a while

    # The path of its answer.
    ANSWER_LOST = "answer lost"
    ANSWER_DELAYED = "answer delayed"  # up to 30 s, so past the client's patience as well
    ANSWER_TRUNCATED = "answer truncated"
    ANSWER_HTML = "answer is a page"
    ERROR_WITH_EFFECT = "server error with effect"
    ERROR_WITHOUT_EFFECT = "server error without effect"
    EMBEDDED_REJECT = "reject inside an answer of 200"
    PARTIAL_BATCH = "partial success of a batch"  # the cancels stand, nothing is placed

    # The stream of our own account.
    STREAM_LOST = "message lost"
    STREAM_DUPLICATED = "message twice"
    STREAM_REORDERED = "messages out of order"
    STREAM_STALE = "old message again"
    STREAM_STALLED = "silent stream"
    STREAM_DISCONNECTED = "stream disconnected"
    STREAM_SHUTDOWN = "stream shut down"  # announced: 24 hours are over, the server goes
    RESUBSCRIBE_LOST = "messages lost on subscribing"
    FILL_BEFORE_ACK = "fill before acknowledgement"
    ACK_AFTER_CANCEL = "acknowledgement after cancel"
    LATE_FILL = "late fill"  # told long after it was made, perhaps after a cancel
    ANSWERS_DISAGREE = "answers disagree"  # open orders older than the balances before them

    # The exchange itself.
    PARTIAL_FILL = "partial fill"
    REFUSED = "refused for no reason of ours"
    SELF_TRADE = "self-trade expiry"
    NO_LIQUIDITY = "market order expired"  # also of a stop that triggered
    RATE_LIMITED = "too many requests"  # a second client spends the budget
    BANNED = "banned"
    OUTAGE = "outage"  # no requests, no stream; trading goes on
    MAINTENANCE = "maintenance"  # no trading either
    CANCEL_ONLY = "cancel-only mode"
    CANCELED_ALL = "all orders canceled"  # dead-man switch, where the exchange has one
    SLOW_ENGINE = "slow engine"  # up to 10 s between the gate and matching
    REPLICA_LAG = "replica lag"  # queries answer from a state up to 2 s old

    # The market's own stream.
    BARS_LATE = "bars late"
    BARS_LOST = "bars lost"
    BARS_TWICE = "bars twice"
    QUOTE_LOST = "quote lost"
    QUOTE_BAD = "quote that cannot be"  # no number, nothing, negative, crossed, ten times too high
    QUOTE_OLD = "quote older than the last"

    # Clocks.
    CLOCK_SKEW = "clock skew"
    CLOCK_JUMP = "clock jump"
    CLOCK_DRIFT = "clock drift"
    CLOCK_STEP = "clock set back"  # event time before the previous
    PAUSE = "pause"  # the process stands still, time does not

    # The process and its operator.
    CRASH = "crash"
    HANG = "hang"
    SECOND_INSTANCE = "second instance"
    DISK = "disk"  # a call fails, is cut short, or is the last; counted in calls
    MANUAL_ORDER = "manual order"
    MANUAL_CLOSE = "manual close"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    OPERATOR = "operator"  # pauses, kills and resumes


RECURRING = (
    Fault.HALF_OPEN,
    Fault.STREAM_STALLED,
    Fault.STREAM_DISCONNECTED,
    Fault.STREAM_SHUTDOWN,
    Fault.RATE_LIMITED,
    Fault.BANNED,
    Fault.OUTAGE,
    Fault.MAINTENANCE,
    Fault.CANCEL_ONLY,
    Fault.CANCELED_ALL,
    Fault.CLOCK_JUMP,
    Fault.CLOCK_STEP,
    Fault.PAUSE,
    Fault.CRASH,
    Fault.HANG,
    Fault.SECOND_INSTANCE,
    Fault.DISK,
    Fault.MANUAL_ORDER,
    Fault.MANUAL_CLOSE,
    Fault.DEPOSIT,
    Fault.WITHDRAWAL,
    Fault.OPERATOR,
)
"""Faults that strike by the clock; all others by the occasion."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each fault strikes: the probability per occasion, of those in `RECURRING` the
    mean number of seconds from one to the next. A fault that is not named never strikes."""

    profile: str
    intensity: Mapping[Fault, float]
    planned: Mapping[Fault, tuple[Instant, int]] = field(default_factory=dict)
    """Recurring faults that strike by plan instead: first when, and then every so many ns."""

    def __post_init__(self) -> None:
        for fault, value in self.intensity.items():
            fine = value > 0 if fault in RECURRING else 0 <= value <= 1
            assert fine, f"{fault.value}: an intensity of {value} means nothing"
        object.__setattr__(self, "intensity", MappingProxyType(dict(self.intensity)))


class FaultBox:
    """Says at each occasion whether a fault strikes, and counts those that did.

    Each fault draws from a stream of its own, so `without` one of them all others strike as ever.
    """

    def __init__(self, faults: Faults, chance: Chance, without: Collection[Fault] = ()) -> None:
        self.faults = faults
        self.counts: dict[Fault, int] = {}
        self.healed = False
        self.chance = chance
        self._intensity = {f: v for f, v in faults.intensity.items() if f not in without}
        self._strikes = {
            fault: (chance.stream(f"fault.{fault.value}"), value)
            for fault, value in self._intensity.items()
            if fault not in RECURRING and value > 0
        }
        self._strokes: dict[Fault, Stream] = {}
        self._healers: list[Callable[[], None]] = []
        self._struck: list[Callable[[Fault], None]] = []

    def hits(self, fault: Fault) -> bool:
        """Whether a fault that strikes by the occasion does so now; it is counted if so."""
        found = self._strikes.get(fault)
        if found is None or found[0].uniform() >= found[1]:
            return False
        self.note(fault)
        return True

    def first(self, faults: Iterable[Fault]) -> Fault | None:
        """The first of `faults` that strikes; each draws its number in any case."""
        struck: Fault | None = None
        strikes = self._strikes
        for fault in faults:
            found = strikes.get(fault)
            if found is not None and found[0].uniform() < found[1] and struck is None:
                struck = fault
        if struck is not None:
            self.note(struck)
        return struck

    def note(self, fault: Fault) -> None:
        self.counts[fault] = self.counts.get(fault, 0) + 1
        for tell in self._struck:
            tell(fault)

    def draw(self, fault: Fault, low: int, high: int) -> int:
        """A number for one stroke of `fault`, evenly from `low` to `high`: how long, how much."""
        strokes = self._strokes.get(fault)
        if strokes is None:
            strokes = self._strokes[fault] = self.chance.stream(f"stroke.{fault.value}")
        return strokes.between(low, high)

    def wait_ns(self, fault: Fault, now: Instant) -> int | None:
        """The time until a recurring fault strikes next; None: never again."""
        if not self.healed and fault in self.faults.planned:
            first, every = self.faults.planned[fault]
            return first - now if now < first else every - (now - first) % every
        mean_s = self._intensity.get(fault)
        if mean_s is None:
            return None
        waits = self.chance.stream(f"fault.{fault.value}")
        return int(waits.exponential(mean_s) * NS_PER_SECOND)

    def when_struck(self, tell: Callable[[Fault], None]) -> None:
        """Have `tell` called with each fault that strikes."""
        self._struck.append(tell)

    def when_healed(self, healer: Callable[[], None]) -> None:
        """Have `healer` called at the healing, to end what still goes on."""
        self._healers.append(healer)

    def heal(self) -> None:
        """From now on no fault strikes, and what lasts is over."""
        self.healed = True
        self._intensity.clear()
        self._strikes.clear()
        for healer in self._healers:
            healer()


class Recurrence:
    """Has `strike` called again and again, as often as a recurring fault wants, until `stop`."""

    def __init__(
        self, agenda: Agenda, box: FaultBox, fault: Fault, strike: Callable[[], None]
    ) -> None:
        assert fault in RECURRING
        self._agenda, self._box, self._fault, self._strike = agenda, box, fault, strike
        self._going = True
        self._plan()

    def stop(self) -> None:
        self._going = False

    def _plan(self) -> None:
        wait = self._box.wait_ns(self._fault, self._agenda.now)
        if wait is not None:
            self._agenda.after(wait, self._due)

    def _due(self) -> None:
        if not self._going or self._box.healed:
            return
        self._box.note(self._fault)
        if self._fault in self._box.faults.planned:  # a crash does not come back from its stroke
            self._plan()
            self._strike()
        else:
            self._strike()
            self._plan()
