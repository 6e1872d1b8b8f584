"""Spells: trouble that lasts is told when it begins and when it is over, and not in between."""

import time
from collections.abc import Callable

from thunes.core.domain.errors import ThunesError
from thunes.ops.logs import Logs


class Spell:
    """The trouble of one thing that is tried again and again."""

    def __init__(self, name: str, logs: Logs, count: Callable[[], float] = time.monotonic) -> None:
        self._name, self._logs, self._count = name, logs, count
        self._since: float | None = None

    def act(self, act: Callable[[], object]) -> bool:
        """Act; trouble is told, and whether there was none."""
        try:
            act()
        except ThunesError as error:
            if self._since is None:
                self._since = self._count()
                self._logs.trouble(f"{self._name}: {error}; it is tried again, trading goes on")
            return False
        if self._since is not None:
            lasted, self._since = self._count() - self._since, None
            self._logs.say("warning", f"{self._name}_AGAIN", after_s=round(lasted))
        return True
