"""Crossing: the promise of a strategy that two means of closes are all it looks at."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class MeansCrossing(Protocol):
    """A strategy that enters where the mean of the last `fast` closes crosses above that of the
    last `slow`, exits where it crosses below, and does nothing else. Then whoever asks for many
    such pairs may take each mean once for all of them, and leave `signals` alone."""

    def means(self) -> tuple[int, int]:
        """The two windows, in bars: (fast, slow)."""
