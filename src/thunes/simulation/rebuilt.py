"""Rebuilt: the state that the lines of a journal lead to, from the first one on, with no help."""

from collections.abc import Sequence

from thunes.core.domain.errors import DataError
from thunes.runtime.recovery import replay
from thunes.simulation.scene import Scene


class Rebuilt:
    """An engine that has seen nothing but lines; each is replayed once as long as it stays."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._begin()

    def _begin(self) -> None:
        self._engine, self._count, self._last = self._scene.engine(), 0, b""

    def digest(self, lines: Sequence[bytes]) -> str:
        """The digest of the state after `lines`; DataError where they are decided otherwise now."""
        count = self._count
        if count > len(lines) or (count and lines[count - 1] != self._last):
            self._begin()
        try:
            replay(self._engine, lines[self._count :])
        except DataError:
            self._begin()
            raise
        self._count, self._last = len(lines), lines[-1]
        return self._engine.state.digest()
