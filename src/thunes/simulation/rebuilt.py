"""Rebuilt: the state that the lines of a journal lead to, whatever the living process believes."""

from collections.abc import Sequence

from thunes.adapters.storage.kept import in_no_state
from thunes.core.domain.errors import DataError
from thunes.core.engine import Engine
from thunes.runtime.recovery import Recorded, recover, replay
from thunes.simulation.scene import Scene


class Rebuilt:
    """An engine of its own that is told lines, from the first one or from where it was put."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._engine: Engine | None = None
        self._state: bytes | None = None  # what it begins with
        self._count, self._last = 0, b""

    def go_on(self, state: bytes | Engine, lines: Sequence[bytes]) -> None:
        """Go on with what a process had become after `lines`: its state, or itself if it died."""
        self._engine, self._state = (None, state) if isinstance(state, bytes) else (state, None)
        self._count, self._last = len(lines), lines[-1]

    def digest(self, lines: Sequence[bytes]) -> str:
        """The digest of the state after `lines`; DataError where they are decided otherwise now."""
        if self._count > len(lines) or (self._count and lines[self._count - 1] != self._last):
            self._begin()
        engine = self._engine or self._scene.engine()
        try:
            if self._engine is None and self._state is not None:
                before = [line for line in lines[: self._count] if in_no_state(line)]
                recover(engine, Recorded(self._state, lines[self._count :], before))
            else:
                replay(engine, lines[self._count :])
        except DataError:
            self._begin()
            raise
        self._engine, self._count, self._last = engine, len(lines), lines[-1]
        return engine.state.digest()

    def _begin(self) -> None:
        self._engine, self._state, self._count = None, None, 0
