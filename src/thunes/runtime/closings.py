"""Closings: bars that a venue tells one by one, put together by the instant of their close."""

from collections.abc import Mapping, Sequence
from threading import Lock

from thunes.core.domain.market import Bar
from thunes.core.domain.units import NS_PER_SECOND, Instant, Symbol

QUIET_NS = 2 * NS_PER_SECOND
"""With no bar told for so long those that are there are complete: others had none to tell."""

Closed = dict[Symbol, tuple[Bar, ...]]


class Closings:
    """Any thread may `put`; one thread takes.

    A closing is complete once every symbol has told of it or of a later one. What comes after
    its closing was taken goes with the next one.
    """

    def __init__(self, symbols: Sequence[Symbol], known: Mapping[Symbol, Instant]) -> None:
        """`known`: up to when bars of a symbol are known already."""
        self._lock = Lock()
        self._told: dict[Symbol, Instant] = {symbol: Instant(-1) for symbol in symbols} | dict(
            known
        )
        self._taken = max(known.values(), default=Instant(-1))
        self._waiting: dict[Symbol, list[Bar]] = {}
        self._put_at = Instant(0)

    def put(self, symbol: Symbol, bar: Bar, at: Instant) -> bool:
        """Keep a bar; False for one that is known already."""
        with self._lock:
            if bar.close_time <= self._told.get(symbol, Instant(-1)):
                return False
            self._told[symbol] = bar.close_time
            self._waiting.setdefault(symbol, []).append(bar)
            self._put_at = max(self._put_at, at)
            return True

    def take(self, now: Instant) -> Closed | None:
        """All bars of the closings that are complete, or that nobody adds to any more."""
        with self._lock:
            newest = max(self._told.values(), default=Instant(-1))
            until = min(self._told.values(), default=Instant(-1))
            if now >= self._put_at + QUIET_NS:
                until = newest
            if until <= self._taken:
                return None
            found = {
                symbol: tuple(bar for bar in bars if bar.close_time <= until)
                for symbol, bars in self._waiting.items()
            }
            found = {symbol: bars for symbol, bars in found.items() if bars}
            for symbol, bars in found.items():
                del self._waiting[symbol][: len(bars)]
            self._taken = until
            return found or None

    def due(self) -> Instant | None:
        """When what waits will be complete whatever comes; None where nothing waits."""
        with self._lock:
            waiting = any(
                bar.close_time > self._taken for bars in self._waiting.values() for bar in bars
            )
            return Instant(self._put_at + QUIET_NS) if waiting else None
