"""Candles of one symbol: minutes and recent seconds are kept, the others put together of them."""

from collections import deque
from collections.abc import Iterable, MutableSequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000
_HOUR = 60 * MINUTE
INTERVALS = {
    "1s": SECOND,
    **{f"{n}m": n * MINUTE for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": n * _HOUR for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": n * DAY for n in (1, 3)},
    "1w": 7 * DAY,
    "1M": 31 * DAY,
}
"""Lengths in ms; a month is at most that long."""

_MONDAY = 4 * DAY  # the epoch was a Thursday
_SECONDS_KEPT = 7_200


@dataclass(slots=True)
class Candle:
    """`start` in ms; volumes in base and quote units, those of takers that bought apart."""

    start: int
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    quote: float = 0.0
    trades: int = 0
    bought: float = 0.0
    bought_quote: float = 0.0
    first_id: int = -1
    last_id: int = -1


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade; `maker_bought`: the buyer's order was there first."""

    id: int
    at: int  # ms
    price: float
    quantity: float
    maker_bought: bool


class Candles:
    """Holds at every time the candle of that time, flat while nothing trades."""

    def __init__(self, history: Iterable[Candle]) -> None:
        self._minutes: list[Candle] = []
        for candle in history:
            if self._minutes:
                self._fill(self._minutes, MINUTE, candle.start - MINUTE)
            self._minutes.append(candle)
        last = self._minutes[-1]
        # The last minute may be the one in progress: its seconds are there from its beginning.
        self._seconds = deque([_flat(last.start - SECOND, last.close)], _SECONDS_KEPT)

    @property
    def last(self) -> float:
        return self._minutes[-1].close

    def add(self, trade: Trade) -> None:
        """A trade, not older than the last one."""
        self.roll(trade.at)
        for candle in (self._minutes[-1], self._seconds[-1]):
            _trade(candle, trade)

    def roll(self, now: int) -> None:
        """It is `now` (ms): begin the candles of this time."""
        self._fill(self._minutes, MINUTE, now - now % MINUTE)
        self._fill(self._seconds, SECOND, now - now % SECOND)

    @staticmethod
    def _fill(kept: MutableSequence[Candle], length: int, until: int) -> None:
        """Flat candles after the last one, up to the one that begins at `until`."""
        newest = kept[-1]
        missing = (until - newest.start) // length
        if length == SECOND:
            missing = min(missing, _SECONDS_KEPT)
        first = until - missing * length
        kept.extend(_flat(first + (k + 1) * length, newest.close) for k in range(missing))

    def current(self, interval: str, now: int) -> Candle:
        """The candle of `now`."""
        return self.between(interval, now, now, 1)[-1]

    def between(self, interval: str, start: int | None, end: int, limit: int) -> list[Candle]:
        """Candles that begin from `start` to `end` (ms), the first `limit`; without a start the
        last `limit`."""
        length = INTERVALS[interval]
        first = end - (limit + 1) * length if start is None else start
        kept = self._seconds if interval == "1s" else self._minutes
        begin = max(window(interval, first), window(interval, kept[0].start))
        until = end + 1 if start is None else min(end + 1, begin + (limit + 1) * length)
        found: list[Candle] = []
        for part in self._slice(interval, begin, window(interval, until - 1) + length):
            origin = window(interval, part.start)
            if not found or found[-1].start != origin:
                found.append(_copy(part, origin))
            else:
                _merge(found[-1], part)
        found = [candle for candle in found if first <= candle.start <= end or start == end]
        return found[-limit:] if start is None else found[:limit]

    def day(self, now: int) -> Candle:
        """The last 24 hours as one candle."""
        self.roll(now)
        recent = self._minutes[-1_440:]
        total = _copy(recent[0], recent[0].start)
        for part in recent[1:]:
            _merge(total, part)
        return total

    def _slice(self, interval: str, begin: int, until: int) -> Iterable[Candle]:
        kept, length = (self._seconds, SECOND) if interval == "1s" else (self._minutes, MINUTE)
        origin = kept[0].start
        low = max(0, (begin - origin) // length)
        high = max(low, min(len(kept), -((origin - until) // length)))
        return islice(kept, low, high)


def window(interval: str, at: int) -> int:
    """When the candle of `at` begins; weeks begin on Monday, months on their first day."""
    if interval == "1M":
        day = datetime.fromtimestamp(at / 1_000, UTC)
        return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1_000
    length = INTERVALS[interval]
    shift = _MONDAY if interval == "1w" else 0
    return at - (at - shift) % length


def _flat(start: int, price: float) -> Candle:
    return Candle(start, price, price, price, price)


def _copy(one: Candle, start: int) -> Candle:
    return Candle(
        start,
        one.open,
        one.high,
        one.low,
        one.close,
        one.volume,
        one.quote,
        one.trades,
        one.bought,
        one.bought_quote,
        one.first_id,
        one.last_id,
    )


def _merge(total: Candle, part: Candle) -> None:
    total.high = max(total.high, part.high)
    total.low = min(total.low, part.low)
    total.close = part.close
    total.volume += part.volume
    total.quote += part.quote
    total.trades += part.trades
    total.bought += part.bought
    total.bought_quote += part.bought_quote
    if total.first_id < 0:
        total.first_id = part.first_id
    total.last_id = max(total.last_id, part.last_id)


def _trade(candle: Candle, trade: Trade) -> None:
    price, cost = trade.price, trade.price * trade.quantity
    if candle.trades == 0:
        candle.open = candle.high = candle.low = price
        candle.first_id = trade.id
    candle.high = max(candle.high, price)
    candle.low = min(candle.low, price)
    candle.close = price
    candle.volume += trade.quantity
    candle.quote += cost
    candle.trades += 1
    candle.last_id = trade.id
    if not trade.maker_bought:
        candle.bought += trade.quantity
        candle.bought_quote += cost
