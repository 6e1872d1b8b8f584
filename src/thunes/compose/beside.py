"""Beside: what a process that trades keeps beside its journal, the tape and the tables.

Neither holds up what trades. Where one of them fails it is told once, tried again until it works,
and told what was missed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from thunes.adapters.storage.market.kept_bars import KeptBars
from thunes.adapters.storage.market.recorder import Recorder
from thunes.adapters.storage.places import TAPE
from thunes.compose.live import Running, Wanted
from thunes.compose.spell import Spell
from thunes.compose.tables import TablesTask, can_be_kept
from thunes.config import Config
from thunes.ops.logs import Logs
from thunes.runtime.ears import MarketTap
from thunes.runtime.supervisor import Pulse, Task

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
    tables: bool = True
    url: str = field(default="", repr=False)


def kept_of(config: Config) -> Kept:
    """As `thunes.toml` has it."""
    asked, storage = config.recorder, config.storage
    url = storage.url.reveal()
    return Kept(asked.on, asked.quote_every_ms, asked.keep_days, storage.tables, url)


class Beside:
    """Made before anything trades: its taps hear the venue from the first word on."""

    def __init__(self, directory: Path, kept: Kept, logs: Logs) -> None:
        self._directory, self._kept, self._logs = directory, kept, logs
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
        found = []
        if self._recorder is not None:
            turn = _Taping(self._recorder, self._directory / TAPE / BARS, running, wanted)
            found.append(Task("tape", self._taping(turn), deadline_s=_PATIENCE_S))
        if self._kept.tables and can_be_kept():
            tables = TablesTask(self._directory, self._kept.url, self._logs)
            found.append(Task("tables", tables.run))
        elif self._kept.tables:
            text = "no SQL tables are kept: pip install 'thunes[sql]', or `tables = false`"
            self._logs.say("info", "TABLES", text=text)
        return found

    def _taping(self, turn: "_Taping") -> Callable[[Pulse], None]:
        spell = Spell("TAPE", self._logs)
        told = 0

        def act(*, last: bool = False) -> None:
            nonlocal told
            if spell.act(lambda: turn(last=last)) and turn.dropped > told:
                self._logs.say("warning", "TAPE_GAP", rows_lost=turn.dropped - told)
                told = turn.dropped

        def record(pulse: Pulse) -> None:
            while pulse.wait(FLUSH_S):
                act()
            act(last=True)

        return record


class _Taping:
    """One turn: write what was heard, and the bars of a symbol; in the last turn those of all."""

    def __init__(self, recorder: Recorder, root: Path, running: Running, wanted: Wanted) -> None:
        self._recorder = recorder
        self._bars = KeptBars(root, _VENUE, wanted.spec.timeframe)
        # Read from another thread: columns are added to, and what was there stays what it was.
        self._tape = running.process.live.engine.state.market.tape
        self._symbols = [one.symbol for one in wanted.spec.instruments]
        self._next = cycle(self._symbols)

    @property
    def dropped(self) -> int:
        """Rows for which there was no room."""
        return self._recorder.dropped

    def __call__(self, *, last: bool) -> None:
        self._recorder.flush(everything=last)
        for _ in self._symbols:
            symbol = next(self._next)
            known = self._tape.bars.get(symbol)
            if known is not None and (last or self._bars.lacks(symbol, known.columns)):
                self._bars.add(symbol, known.columns)
                if not last:
                    return
