"""What the simulated venue says, in batches of one cause each, never back in time."""

from thunes.core.domain.event import VenueReported
from thunes.core.domain.order import Report
from thunes.core.domain.units import Instant


class Reporter:
    """`said` gathers the reports of the cause at hand; `cut` closes its batch."""

    __slots__ = ("_batches", "_now", "said")

    def __init__(self) -> None:
        self.said: list[Report] = []
        self._batches: list[VenueReported] = []
        self._now = Instant(0)

    def cut(self, at: Instant) -> bool:
        """Close the batch, stamped `at` or with the last stamp if that is later."""
        if not self.said:
            return False
        if at > self._now:
            self._now = at
        self._batches.append(VenueReported(self._now, tuple(self.said)))
        self.said.clear()
        return True

    def collect(self) -> tuple[VenueReported, ...]:
        """All batches since the last call, oldest first."""
        if not self._batches:
            return ()
        batches = tuple(self._batches)
        self._batches.clear()
        return batches
