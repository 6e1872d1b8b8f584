"""Beside: what a process that trades keeps beside its journal, the tape and the tables.

Neither holds up what trades. Where one of them fails it is told once, tried again until it works,
and told what was missed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from thunes.adapters.storage.market.kept_bars import KeptBars
from thunes.adapters.storage.market.recorder import Recorder
from thunes.compose.live import Running, Wanted
from thunes.config import Config
from thunes.core.domain.errors import ThunesError
from thunes.ops.logs import Logs
from thunes.runtime.ears import MarketTap
from thunes.runtime.supervisor import Pulse, Task

TAPE = "tape"
BARS = "bars"
FLUSH_S = 10.0
_PATIENCE_S = 120.0  # an hour of parts is made one file on a slow disk
_VENUE = "binance"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept, and how finely."""

    tape: bool = True
    quote_every_ms: int = 1_000
    keep_days: int = 30


def kept_of(config: Config) -> Kept:
    """As `thunes.toml` has it."""
    asked = config.recorder
    return Kept(asked.on, asked.quote_every_ms, asked.keep_days)


class Beside:
    """Made before anything trades: its taps hear the venue from the first word on."""

    def __init__(self, directory: Path, kept: Kept, logs: Logs) -> None:
        self._directory, self._logs = directory, logs
        self._recorder: Recorder | None = None
        if kept.tape:
            folder = directory / TAPE
            self._recorder = Recorder(folder, kept.quote_every_ms, kept.keep_days)

    @property
    def taps(self) -> tuple[MarketTap, ...]:
        """Who has to hear the venue."""
        return () if self._recorder is None else (self._recorder,)

    def tasks(self, running: Running, wanted: Wanted) -> list[Task]:
        """What has to run beside the process."""
        recorder = self._recorder
        if recorder is None:
            return []
        turn = _Taping(recorder, self._directory / TAPE / BARS, running, wanted)
        spell = Spell("TAPE", self._logs)

        def act(*, last: bool = False) -> None:
            spell.over(lambda: turn(last=last), rows_lost=lambda: recorder.dropped)

        def record(pulse: Pulse) -> None:
            while pulse.wait(FLUSH_S):
                act()
            act(last=True)

        return [Task("tape", record, deadline_s=_PATIENCE_S)]


class _Taping:
    """One turn: write what was heard, and the bars of a symbol; in the last turn those of all."""

    def __init__(self, recorder: Recorder, root: Path, running: Running, wanted: Wanted) -> None:
        self._recorder = recorder
        self._bars = KeptBars(root, _VENUE, wanted.spec.timeframe)
        # Read from another thread: columns are added to, and what was there stays what it was.
        self._tape = running.process.live.engine.state.market.tape
        self._symbols = [one.symbol for one in wanted.spec.instruments]
        self._next = cycle(self._symbols)

    def __call__(self, *, last: bool) -> None:
        self._recorder.flush(everything=last)
        for _ in self._symbols:
            symbol = next(self._next)
            known = self._tape.bars.get(symbol)
            if known is not None and (last or self._bars.lacks(symbol, known.columns)):
                self._bars.add(symbol, known.columns)
                if not last:
                    return


class Spell:
    """Trouble that lasts: it is told when it begins and when it is over, and not in between."""

    def __init__(self, name: str, logs: Logs, count: Callable[[], float] = time.monotonic) -> None:
        self._name, self._logs, self._count = name, logs, count
        self._since: float | None = None

    def over(self, act: Callable[[], object], **words: Callable[[], object]) -> None:
        """Act; trouble is told. `words` are what is said once it works again."""
        try:
            act()
        except ThunesError as error:
            if self._since is None:
                self._since = self._count()
                self._logs.trouble(f"{self._name}: {error}; it is tried again, trading goes on")
        else:
            if self._since is not None:
                lasted, self._since = self._count() - self._since, None
                found = {name: word() for name, word in words.items()}
                self._logs.say("warning", f"{self._name}_AGAIN", after_s=round(lasted), **found)
