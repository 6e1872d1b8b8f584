"""Cycles: one line for each closing of bars, and one a minute while nothing closes."""

import time
from collections.abc import Callable
from types import TracebackType

from thunes.core.domain.units import NS_PER_SECOND
from thunes.core.engine import Engine
from thunes.ops.logs import Logs

HEARTBEAT_S = 60.0


class Cycles:
    """A context around each closing; `beat` is called about once a second beside them."""

    def __init__(
        self, logs: Logs, engine: Engine, count: Callable[[], float] = time.monotonic
    ) -> None:
        self._logs, self._engine, self._count = logs, engine, count
        self._cycle = 0
        self._began = 0.0
        self._said = float("-inf")

    def __call__(self) -> "Cycles":
        return self

    def __enter__(self) -> None:
        self._began = self._count()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """A closing that failed has its line too; what failed goes on and ends the process."""
        self._cycle += 1
        self._said = self._count()
        words = {"cycle": self._cycle, "duration_ms": round((self._said - self._began) * 1e3, 3)}
        if kind is not None:
            self._logs.say(
                "error", "CYCLE_SUMMARY_FAILED", **words, error=f"{kind.__name__}: {error}"
            )
            return
        state = self._engine.state
        self._logs.say(
            "info",
            "CYCLE_SUMMARY",
            **words,
            positions=len(state.ledger.positions),
            universe=len(state.market.instruments),
            system_state=state.memory.mode.value,
            cooldowns_active=cooling(self._engine),
        )

    def beat(self) -> None:
        """A line if there was none for a minute: a log that is older than that is of a process
        that does not act."""
        if self._count() - self._said >= HEARTBEAT_S:
            self._said = self._count()
            state = self._engine.state
            mode, positions = state.memory.mode.value, len(state.ledger.positions)
            self._logs.say("info", "HEARTBEAT", system_state=mode, positions=positions)


def cooling(engine: Engine) -> int:
    """How many symbols wait after an entry, and one more for all of them after a loss."""
    memory, limits, at = engine.state.memory, engine.rooms.risk.limits, engine.state.at
    waits = [] if memory.last_loss_at is None else [(memory.last_loss_at, limits.loss_cool_down_s)]
    waits += [(since, limits.signal_cool_down_s) for since in memory.last_entry_at.values()]
    return sum(1 for since, wait_s in waits if at - since < (wait_s or 0) * NS_PER_SECOND)
