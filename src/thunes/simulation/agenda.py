"""The agenda: one heap of dated actions, and the only time of a simulated world."""

import heapq
from collections.abc import Callable

from thunes.core.domain.units import Instant
from thunes.simulation.chance import Stream

Action = Callable[[], None]


class Agenda:
    """What will happen when. Actions of one instant happen in an order drawn by chance."""

    def __init__(self, start: Instant, ties: Stream) -> None:
        self.now = start
        self._ties = ties
        self._heap: list[tuple[Instant, float, int, Action]] = []
        self._count = 0

    def at(self, due: Instant, action: Action) -> None:
        """Have `action` done at `due`, or now if that is past."""
        self._count += 1
        entry = (max(due, self.now), self._ties.uniform(), self._count, action)
        heapq.heappush(self._heap, entry)

    def after(self, delay_ns: int, action: Action) -> None:
        self.at(Instant(self.now + delay_ns), action)

    def next_due(self) -> Instant | None:
        return self._heap[0][0] if self._heap else None

    def run_one(self) -> None:
        """Let time go on to the next action and do it."""
        self.now, _, _, action = heapq.heappop(self._heap)
        action()
