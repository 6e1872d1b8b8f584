"""The budget: how much may still be asked of the venue, with a share that only protection has."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from thunes.adapters.venues.binance.requests import Request, Urgency
from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.word import Word

_UNITS = {"S": 1, "M": 60, "H": 3_600, "D": 86_400}
_HEADER = re.compile(
    r"x-(?:mbx|sapi)-(used-weight|order-count)-([1-9][0-9]*)([smhd])", re.IGNORECASE
)
_PAUSE_NS = 10 * NS_PER_SECOND
_BAN_NS = 120 * NS_PER_SECOND
_BLOCKED_NS = 30 * NS_PER_SECOND
TOO_MANY, BANNED, BLOCKED = 429, 418, 403


class Counted(Word):
    """What a limit counts."""

    WEIGHT = "used-weight"
    ORDERS = "order-count"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so much in each window; windows begin at multiples of their length."""

    counted: Counted
    window_ns: int
    most: int


DEFAULT_LIMITS = (
    Limit(Counted.WEIGHT, 60 * NS_PER_SECOND, 6_000),
    Limit(Counted.ORDERS, 10 * NS_PER_SECOND, 100),
    Limit(Counted.ORDERS, 86_400 * NS_PER_SECOND, 200_000),
)
RESERVE = Decimal("0.2")
"""The share of each limit that only cancels, stops and exits may use."""


@dataclass(slots=True)
class _Used:
    window: int = -1
    count: int = 0


@dataclass(slots=True)
class Budget:
    """Counts what we asked, believes the venue when it counts more, and pauses when told to.

    A pause (429, or 403 of its firewall) holds back what is not protection; a ban (418) holds back
    everything, for each request of a banned address makes its ban longer.
    """

    limits: Sequence[Limit] = DEFAULT_LIMITS
    reserve: Decimal = RESERVE
    paused_until: Instant = Instant(0)
    banned_until: Instant = Instant(0)
    _used: dict[tuple[Counted, int], _Used] = field(default_factory=dict)

    def take(self, request: Request, now: Instant) -> bool:
        """Whether the request may go now; if so it is counted."""
        protects = request.urgency is Urgency.PROTECTIVE
        if now < self.banned_until or (now < self.paused_until and not protects):
            return False
        for limit in self.limits:
            most = limit.most if protects else int(limit.most * (1 - self.reserve))
            cost = _cost(request, limit)
            if cost and self.used(limit, now) + cost > most:
                return False
        for limit in self.limits:
            self._at(limit, now).count += _cost(request, limit)
        return True

    def used(self, limit: Limit, now: Instant) -> int:
        """What has been used of this limit in the window of `now`."""
        return self._at(limit, now).count

    def told(self, headers: Mapping[str, str], sent: Instant, now: Instant) -> None:
        """The counts that an answer carries; they are of the window in which it was asked."""
        for name, value in headers.items():
            match = _HEADER.fullmatch(name)
            if match is None or not value.isdecimal():
                continue
            window_ns = int(match[2]) * _UNITS[match[3].upper()] * NS_PER_SECOND
            for limit in self.limits:
                if limit.counted.value == match[1].lower() and limit.window_ns == window_ns:
                    used = self._at(limit, now)
                    if sent // window_ns == used.window:
                        used.count = max(used.count, int(value))

    def turned_away(self, status: int, headers: Mapping[str, str], now: Instant) -> None:
        """The venue said that it was too much: hold back for as long as it said."""
        asked = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
        lasts = int(asked) * NS_PER_SECOND if asked.isdecimal() else 0
        if status == BANNED:
            until = Instant(now + (lasts or _BAN_NS))
            self.banned_until = max(self.banned_until, until)
        elif status in (TOO_MANY, BLOCKED):
            usual = _PAUSE_NS if status == TOO_MANY else _BLOCKED_NS
            self.paused_until = max(self.paused_until, Instant(now + (lasts or usual)))

    def _at(self, limit: Limit, now: Instant) -> _Used:
        used = self._used.setdefault((limit.counted, limit.window_ns), _Used())
        window = now // limit.window_ns
        if window > used.window:  # a clock that runs back opens no new window
            used.window, used.count = window, 0
        return used


def _cost(request: Request, limit: Limit) -> int:
    return request.weight if limit.counted is Counted.WEIGHT else request.orders
