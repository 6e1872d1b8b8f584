"""The venue's clock: the wall's time, or time that runs with the market."""

from collections.abc import Callable

from thunes.core.domain.units import Instant

MILLION = 1_000_000


class Clock:
    """Venue time in ns; `skew_ns` sets what is told off from the truth, while that fault lasts."""

    def __init__(
        self, wall: Callable[[], int], *, speed: float = 1.0, start: Instant | None = None
    ) -> None:
        """Wall time; with `start` venue time begins there and runs `speed` times as fast."""
        self.wall = wall
        self.skew_ns = 0
        self.speed = speed if start is not None else 1.0
        self._began = wall()
        self._start = start

    @property
    def now(self) -> Instant:
        return Instant(self.true + self.skew_ns)

    @property
    def true(self) -> int:
        if self._start is None:
            return self.wall()
        return self._start + int((self.wall() - self._began) * self.speed)

    @property
    def true_ms(self) -> int:
        return self.true // MILLION

    @property
    def ms(self) -> int:
        return self.now // MILLION
