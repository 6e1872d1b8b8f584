"""The clock: the time of one process, which never runs backwards however the machine's is set."""

import time
from collections.abc import Callable

from thunes.core.domain.units import NS_PER_SECOND, Instant


class SystemClock:
    """Counts on by the machine's monotonic clock, `speed` times as fast: somebody who sets the
    machine's time moves nothing here."""

    def __init__(
        self,
        start: tuple[Instant, int] | None = None,
        speed: float = 1.0,
        count: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`start` is a time, and what `count` said at that time; now, unless told."""
        self._count = count
        self._start, self._began = start or (time.time_ns(), count())
        self.speed = speed

    def now(self) -> Instant:
        passed = self._count() - self._began
        return Instant(self._start + (passed if self.speed == 1.0 else int(passed * self.speed)))

    def wait_s(self, until: Instant) -> float:
        """Seconds that whoever waits until then has to wait; none if it is past."""
        return max(0.0, (until - self.now()) / NS_PER_SECOND / self.speed)
