"""The client: asks the venue one thing at most once, and says what the answer means."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from thunes.adapters.venues.binance.answers import decode_time
from thunes.adapters.venues.binance.breaker import Breaker
from thunes.adapters.venues.binance.budget import BANNED, BLOCKED, TOO_MANY, Budget
from thunes.adapters.venues.binance.classify import ADVICE, Failure, Meaning, classify
from thunes.adapters.venues.binance.filters import FILTER_CODE
from thunes.adapters.venues.binance.market_frames import NS_PER_MS
from thunes.adapters.venues.binance.requests import Request, Urgency, query
from thunes.adapters.venues.binance.server_clock import ServerClock
from thunes.adapters.venues.binance.signing import Keys
from thunes.adapters.venues.binance.transport import Raw, Transport, Unanswered
from thunes.adapters.venues.binance.unreadable import Unreadable
from thunes.core.domain.evidence import DEADLINE_NS
from thunes.core.domain.units import NS_PER_SECOND, Instant

RECV_WINDOW_MS = DEADLINE_NS // NS_PER_MS
CLOCK_CODE = -1021
_LOOKS_AT_CLOCK = 3
_ALARM_NS = 60 * NS_PER_SECOND

Now = Callable[[], Instant]
Trouble = Callable[[str], object]


@dataclass(slots=True)
class Gauges:
    """What is known of the venue's patience, health and time."""

    budget: Budget = field(default_factory=Budget)
    breaker: Breaker = field(default_factory=Breaker)
    clock: ServerClock = field(default_factory=ServerClock)


class Client:
    """One account at one host. Nothing is ever sent a second time."""

    def __init__(
        self, rest: str, keys: Keys | None, transport: Transport, now: Now, trouble: Trouble
    ) -> None:
        """`trouble` is told what only a person can mend: a key, a ban, a firewall. Without keys
        only what is public can be asked."""
        self.gauges = Gauges()
        self.pace = 1.0  # of a sandbox whose time runs faster: what counts as silence grows with it
        self.asked = 0  # requests that left
        self.outages = 0
        self.fallbacks = 0  # times that REST was asked for what a stream did not tell
        self.missed_looks = 0
        self.last_miss = ""
        self.skewed = False  # the venue refused our stamp: its clock is to be looked at
        self.misfitted = False  # a filter that we did not know of: they are to be read again
        self._rest = rest
        self._keys = keys
        self._transport = transport
        self.now = now
        self._trouble = trouble
        self._told: tuple[str, Instant] = ("", Instant(0))

    async def ask(self, request: Request, at: Instant | None = None) -> bytes | Failure:
        """The body of a good answer, or what went wrong. The venue takes a signed request until
        `DEADLINE_NS` after `at` (now unless told), by its own clock."""
        gauges, now = self.gauges, self.now()
        held_back = self._held_back(request, now)
        if held_back is not None:
            return held_back
        self.asked += 1
        try:
            raw = await self._send(request, now if at is None else at)
        except Unanswered as error:
            self.outages += 1
            gauges.breaker.failed(self.now())
            return Failure(Meaning.UNKNOWN, 0, str(error), outage=True)
        return self._heard(raw, now)

    async def look_at_clock(self) -> str:
        """Measure the server's time; what is wrong with it afterwards, or ""."""
        clock = self.gauges.clock
        self.skewed = False
        for _ in range(_LOOKS_AT_CLOCK):
            sent = self.now()
            body = await self.ask(query("time", 1, signed=False))
            if isinstance(body, Failure):
                return body.text
            try:
                clock.measured(sent, self.now(), decode_time(body))
            except Unreadable as error:
                return str(error)
        return clock.doubt(self.now())

    async def close(self) -> None:
        await self._transport.close()

    async def _send(self, request: Request, at: Instant) -> Raw:
        """Everything goes into the query: what is signed is what is sent, letter by letter."""
        text = urlencode(request.params)
        headers: dict[str, str] = {}
        if request.signed:
            assert self._keys is not None, "whoever asks for what is an account's has its keys"
            stamp = self.gauges.clock.stamp_ms(at)
            stamped = (("recvWindow", str(RECV_WINDOW_MS)), ("timestamp", str(stamp)))
            text = self._keys.signed_query((*request.params, *stamped))
            headers["X-MBX-APIKEY"] = self._keys.api_key
        url = f"{self._rest}{request.path}" + (f"?{text}" if text else "")
        return await self._transport.exchange(request.method, url, headers)

    def _heard(self, raw: Raw, sent: Instant) -> bytes | Failure:
        gauges, now = self.gauges, self.now()
        gauges.budget.told(raw.headers, sent, now)
        gauges.budget.turned_away(raw.status, raw.headers, now)
        failure = classify(raw.status, raw.body)
        if failure is not None:
            if failure.meaning is Meaning.FATAL or raw.status in (BANNED, BLOCKED):
                said = f"Binance ({raw.status}): {failure.code} {failure.text}"
                advice = ADVICE.get(failure.code)
                self._alarm(f"{said} - {advice}" if advice else said, now)
            self.skewed = self.skewed or failure.code == CLOCK_CODE
            self.misfitted = self.misfitted or failure.code == FILTER_CODE
        if failure is not None and failure.outage:
            self.outages += 1
            gauges.breaker.failed(now)
        else:
            gauges.breaker.answered(now)
        return raw.body if failure is None else failure

    def _alarm(self, text: str, now: Instant) -> None:
        """Tell a person, once a minute for the same thing."""
        before, at = self._told
        if text != before or now - at >= _ALARM_NS:
            self._told = (text, now)
            self._trouble(text)

    def _held_back(self, request: Request, now: Instant) -> Failure | None:
        """Why the request does not leave: it is as if it had been refused for the moment."""
        gauges = self.gauges
        if request.urgency is Urgency.ENTRY and (doubt := gauges.clock.doubt(now)):
            return Failure(Meaning.RETRY, CLOCK_CODE, f"not sent: {doubt}")
        # The breaker last: whoever it lets try for the others has to go.
        if not gauges.budget.take(request, now):
            return Failure(
                Meaning.RETRY, TOO_MANY, "not sent: the venue's limits leave no room now"
            )
        if not gauges.breaker.admits(request.urgency, now):
            return Failure(Meaning.RETRY, 0, "not sent: the venue has not answered of late")
        return None
