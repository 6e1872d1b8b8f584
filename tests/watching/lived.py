"""A bench whose steps are watched, as those of a live process are."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.core.bench import Bench
from thunes.core.domain.event import Event
from thunes.core.domain.line import Outcome
from thunes.ops.logs import Logs, Output

Watcher = Callable[[Event, Outcome], None]


class Watched(Bench):
    """Everything that `watch` returns for the engine is told of each step from then on."""

    watchers: Sequence[Watcher] = ()

    def watch(self, make: Callable[[Any], Watcher]) -> "Watched":
        self.watchers = [*self.watchers, make(self.engine)]
        return self

    def step(self, event: Event) -> Outcome:
        outcome = super().step(event)
        for watcher in self.watchers:
            watcher(event, outcome)
        return outcome


class Written:
    """A log in a folder, and what was written to it."""

    def __init__(self, folder: Path, **output: Any) -> None:
        self.path = folder / "thunes.log"
        wanted: dict[str, Any] = {"level": "error", "file": self.path, "file_level": "debug"}
        self.logs = Logs(Output(**(wanted | output)))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text("utf-8").splitlines()]

    def said(self, words: str) -> list[dict[str, Any]]:
        """The lines whose event begins so."""
        return [line for line in self.lines() if line["event"].startswith(words)]
