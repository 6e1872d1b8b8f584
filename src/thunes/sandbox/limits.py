"""What a client may spend: request weight and requests by address, orders by account."""

from dataclasses import dataclass, field
from typing import Any

from thunes.sandbox.refused import Refused

_MINUTE, _FIVE_MINUTES = 60_000, 300_000
_SPANS = ((10_000, "10S", "SECOND", 10), (86_400_000, "1D", "DAY", 1))
_PATIENCE = 10  # refused requests in a minute, then the address is banned
_BAN_MS = 120_000
_BAN_MS_MAX = 3 * 86_400_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much is allowed; by default what the venue allows."""

    weight: int = 6_000  # a minute
    requests: int = 61_000  # in five minutes
    orders: tuple[int, int] = (100, 200_000)  # in ten seconds, in a day
    dials: int = 300  # WebSocket connections in five minutes
    messages: int = 5  # to a stream connection in a second

    def listed(self) -> list[dict[str, Any]]:
        """As `exchangeInfo` lists them."""
        rows = [("REQUEST_WEIGHT", "MINUTE", 1, self.weight)]
        rows += [
            ("ORDERS", name, number, limit)
            for (_, _, name, number), limit in zip(_SPANS, self.orders, strict=True)
        ]
        rows.append(("RAW_REQUESTS", "MINUTE", 5, self.requests))
        return [
            {"rateLimitType": kind, "interval": name, "intervalNum": number, "limit": limit}
            for kind, name, number, limit in rows
        ]


UNLIMITED = Allowance(10**12, 10**12, (10**12, 10**12), 10**12, 10**12)


@dataclass(slots=True)
class Window:
    """A count that begins anew at each multiple of its length (ms)."""

    length: int
    began: int = 0
    count: int = 0

    def at(self, now: int) -> "Window":
        start = now - now % self.length
        if start != self.began:
            self.began, self.count = start, 0
        return self

    def seconds_left(self, now: int) -> int:
        return max(1, -((now - self.began - self.length) // 1_000))


@dataclass(slots=True)
class Address:
    """What one address has spent, and until when it is banned (ms)."""

    weight: Window = field(default_factory=lambda: Window(_MINUTE))
    requests: Window = field(default_factory=lambda: Window(_FIVE_MINUTES))
    dials: Window = field(default_factory=lambda: Window(_FIVE_MINUTES))
    refused: Window = field(default_factory=lambda: Window(_MINUTE))
    banned_until: int = 0
    bans: int = 0

    def spend(self, weight: int, allowance: Allowance, now: int) -> None:
        """Count a request, or refuse it: 429, and 418 for who goes on after that."""
        if now < self.banned_until:
            raise _banned(self.banned_until, now)
        used = self.weight.at(now)
        used.count += weight
        raw = self.requests.at(now)
        raw.count += 1
        over = next(
            (
                (window, text)
                for window, limit, text in (
                    (used, allowance.weight, "request weight per 1 MINUTE"),
                    (raw, allowance.requests, "requests per 5 MINUTE"),
                )
                if window.count > limit
            ),
            None,
        )
        if over is not None:
            self.refuse(over[0].seconds_left(now), over[1], allowance, now)

    def refuse(self, wait_s: int, what: str, allowance: Allowance, now: int) -> None:
        refused = self.refused.at(now)
        refused.count += 1
        if refused.count > _PATIENCE:
            self.ban(min(_BAN_MS << self.bans, _BAN_MS_MAX), now)
            self.bans += 1
            raise _banned(self.banned_until, now)
        limit = allowance.weight if "weight" in what else allowance.requests
        raise too_many(f"{limit} {what}", wait_s)

    def ban(self, lasts_ms: int, now: int) -> None:
        self.banned_until = max(self.banned_until, now + lasts_ms)

    def dial(self, allowance: Allowance, now: int) -> None:
        """Count a WebSocket connection, or refuse it."""
        if now < self.banned_until:
            raise _banned(self.banned_until, now)
        dials = self.dials.at(now)
        dials.count += 1
        if dials.count > allowance.dials:
            raise too_many(f"{allowance.dials} connections per 5 MINUTE", dials.seconds_left(now))


class OrderCount:
    """Orders of one account that were placed and have not traded, in windows of the clock."""

    def __init__(self) -> None:
        self._windows = [Window(length) for length, *_ in _SPANS]

    def place(self, number: int, allowance: Allowance, now: int) -> None:
        """Count `number` new orders, or refuse them."""
        for window, limit, (_, _, name, size) in zip(
            self._windows, allowance.orders, _SPANS, strict=True
        ):
            if window.at(now).count + number > limit:
                raise too_many_orders(f"{limit} orders per {size} {name}", window.seconds_left(now))
        for window in self._windows:
            window.count += number

    def traded(self) -> None:
        """A fill gives back one."""
        for window in self._windows:
            window.count = max(0, window.count - 1)

    def headers(self, now: int) -> dict[str, str]:
        return {
            f"X-MBX-ORDER-COUNT-{name}": str(window.at(now).count)
            for window, (_, name, *_) in zip(self._windows, _SPANS, strict=True)
        }

    def listed(self, allowance: Allowance, now: int) -> list[dict[str, Any]]:
        """As the order rate limits of an account are told."""
        return [
            {
                "rateLimitType": "ORDERS",
                "interval": name,
                "intervalNum": number,
                "limit": limit,
                "count": window.at(now).count,
            }
            for window, limit, (_, _, name, number) in zip(
                self._windows, allowance.orders, _SPANS, strict=True
            )
        ]


def too_many(what: str, wait_s: int) -> Refused:
    return Refused(
        -1003,
        f"Too much request weight used; current limit is {what}. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        status=429,
        headers={"Retry-After": str(wait_s)},
    )


def too_many_orders(what: str, wait_s: int) -> Refused:
    return Refused(
        -1015,
        f"Too many new orders; current limit is {what}.",
        status=429,
        headers={"Retry-After": str(wait_s)},
    )


def _banned(until: int, now: int) -> Refused:
    return Refused(
        -1003,
        f"Way too much request weight used; IP banned until {until}. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        status=418,
        headers={"Retry-After": str(max(1, -((now - until) // 1_000)))},
    )
