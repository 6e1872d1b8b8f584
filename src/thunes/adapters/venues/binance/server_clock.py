"""The server's clock: how far it is from ours, and whether that is known well enough to trade."""

from dataclasses import dataclass

from thunes.adapters.venues.binance.market_frames import NS_PER_MS
from thunes.core.domain.units import NS_PER_SECOND, Instant

OFFSET_NS_MAX = 500 * NS_PER_MS
OLD_NS = 900 * NS_PER_SECOND
MEASURE_EVERY_NS = 120 * NS_PER_SECOND


@dataclass(slots=True)
class ServerClock:
    """The offset is server time minus ours, at the middle of the quickest measurement of a set."""

    offset_ns_max: int = OFFSET_NS_MAX
    offset_ns: int | None = None
    measured_at: Instant = Instant(0)
    _trip_ns: int = 0

    def measured(self, sent: Instant, heard: Instant, server_ms: int) -> None:
        """The server said `server_ms` between `sent` and `heard`: it is off by half of that at
        most. A slower measurement does not replace a quicker one of the same set."""
        trip = max(0, heard - sent)
        fresh = heard - self.measured_at < NS_PER_SECOND
        if self.offset_ns is not None and fresh and trip > self._trip_ns:
            return
        # The server cuts off what is below a millisecond: half of one is the better guess.
        server = server_ms * NS_PER_MS + NS_PER_MS // 2
        self.offset_ns = server - (sent + trip // 2)
        self.measured_at, self._trip_ns = heard, trip

    def stamp_ms(self, at: Instant) -> int:
        """The server's time at our `at`, in milliseconds."""
        return (at + (self.offset_ns or 0)) // NS_PER_MS

    def ours(self, server_ms: int) -> Instant:
        """Our time at the server's `server_ms`."""
        return Instant(server_ms * NS_PER_MS - (self.offset_ns or 0))

    def doubt(self, now: Instant) -> str:
        """Why no entry may be stamped by this clock; "" if one may."""
        if self.offset_ns is None:
            return "how far the venue's clock is from ours was never measured"
        if now - self.measured_at > OLD_NS:
            return f"the venue's clock was last looked at {(now - self.measured_at) // 10**9} s ago"
        if abs(self.offset_ns) > self.offset_ns_max:
            return (
                f"the venue's clock is {self.offset_ns // NS_PER_MS} ms from ours, "
                f"{self.offset_ns_max // NS_PER_MS} ms are allowed: set the clock of this machine"
            )
        return ""
