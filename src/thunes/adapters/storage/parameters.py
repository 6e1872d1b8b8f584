"""Parameter versions: what was chosen for a strategy, on what evidence; kept, and never changed."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from thunes.adapters.storage.lines import DamagedLine, LineFile
from thunes.core.domain.errors import DataError, UsageError
from thunes.core.domain.units import Instant
from thunes.core.stats.performance import Floats

PROMOTE = "PROMOTE"
VERSION = 1


class DailyReturns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Returns of consecutive UTC days: `first_day` counts from 1970, `column` is float32."""

    first_day: int
    column: bytes

    @classmethod
    def of(cls, first_day: int, returns: Floats) -> "DailyReturns":
        return cls(first_day, returns.astype("<f4").tobytes())

    @property
    def values(self) -> Floats:
        return np.frombuffer(self.column, dtype="<f4").astype(np.float64)

    @property
    def last_day(self) -> int:
        return self.first_day + len(self.column) // 4 - 1


class ParameterSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was chosen, when (ns UTC), from what, and what it came to.

    `git_sha` is of the working directory, `strategy_hash` the SHA-256 of the strategy's file,
    `data_hash` that of the bars: "" where there is none. Sharpe ratios are a year (365 days):
    of the last 7 and 30 days lived, and of the backtest. Figures are by name. `verdict` is "" where
    nobody has judged.
    """

    timestamp: Instant
    strategy_id: str
    source: str
    parameters: dict[str, str]
    git_sha: str = ""
    strategy_hash: str = ""
    data_hash: str = ""
    trials: int | None = None
    in_sample: dict[str, float] = {}
    out_of_sample: dict[str, float] = {}
    sharpe_7d: float | None = None
    sharpe_30d: float | None = None
    backtest_sharpe: float | None = None
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    notes: str = ""
    returns: DailyReturns | None = None
    version: int = VERSION

    @property
    def promoted(self) -> bool:
        return self.verdict == PROMOTE


class Kept(NamedTuple):
    """A snapshot by the number of its line."""

    number: int
    snapshot: ParameterSnapshot


@dataclass(frozen=True, slots=True)
class History:
    """Snapshots, newest first, and the lines that are damaged."""

    kept: tuple[Kept, ...]
    damaged: tuple[DamagedLine, ...]


class ParameterVersions:
    """The snapshots in one file, to which many processes may add."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LineFile(path, "snapshots")

    def append(self, snapshot: ParameterSnapshot) -> Kept:
        """On disk when this returns; raises DataError, ThunesError: then nothing is recorded."""
        self._file.append([msgspec.json.encode(snapshot)])
        history = self.load_history(snapshot.strategy_id, sys.maxsize)
        return next(each for each in history.kept if each.snapshot == snapshot)

    def load_history(self, strategy: str | None = None, limit: int = 100) -> History:
        """The newest `limit` of a strategy (None: of all); nothing where there is no file."""
        found = self._file.read(_parsed)
        chosen = [
            Kept(number, each)
            for number, each in reversed(found.entries)
            if strategy is None or each.strategy_id == strategy
        ]
        return History(tuple(chosen[:limit]), found.damaged)

    def find(self, number: int | None, strategy: str | None = None) -> tuple[Kept, History]:
        """The snapshot of that number, or the newest (of a strategy), and what there is besides.

        Raises UsageError where there is none.
        """
        history = self.load_history(strategy, sys.maxsize)
        for kept in history.kept:
            if number in (None, kept.number):
                return kept, history
        whose = f" of {strategy}" if strategy else ""
        if number is None or not history.kept:
            raise UsageError(
                f"{self.path} holds no snapshot{whose}: `thunes parameters keep` adds one"
            )
        last = history.kept[0].number
        raise UsageError(f"{self.path} holds no snapshot {number}{whose}: the newest is {last}")


def _parsed(body: bytes) -> ParameterSnapshot:
    version = _version(body)
    if version != VERSION:
        raise DataError(f"it has version {version}; this program reads {VERSION}")
    try:
        snapshot = msgspec.json.decode(body, type=ParameterSnapshot)
    except msgspec.DecodeError as error:
        raise DataError(f"it is no snapshot of ours: {error}") from error
    returns = snapshot.returns
    if returns is not None and (len(returns.column) % 4 or not np.isfinite(returns.values).all()):
        raise DataError("its daily returns are no finite numbers")
    return snapshot


def _version(body: bytes) -> object:
    """Which version wrote it: what a later one knows is not known here."""
    try:
        told: Mapping[str, object] = msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise DataError(f"it is no snapshot of ours: {error}") from error
    return told.get("version")
