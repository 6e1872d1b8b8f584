"""The trial ledger: every trial ever run on a data set, so that no search can forget them.

One file a data set, one line a trial; many processes may record.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from thunes.adapters.storage.lines import DamagedLine, LineFile
from thunes.core.domain.errors import DataError
from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.performance import sharpe
from thunes.core.stats.series import checked_series

ROWS_KEPT_MAX = 4_096
"""Longer returns are compounded over this many stretches of equal length before they are kept."""

_HASH = re.compile(r"[0-9a-f]{16,64}")


class Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was tried: hashes are lower-case hex.

    `data` is the hash of the bars, `config` that of everything else that is asked for: strategy,
    parameters, costs, sizing, window. `code` is the version that answered. `at` is ns UTC.
    """

    data: str
    config: str
    study: str
    strategy: str
    parameters: dict[str, str]
    seed: int
    at: int
    code: str = ""


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attempt and what came of it.

    `periods` returns with the hash `digest` had this `sharpe` ratio per period (None without
    variance); `column` holds them as float32, compounded over at most 4,096 stretches. `drawdown`
    is the deepest, in [-1, 0], and `closed` counts the trades; None where nobody said.
    """

    attempt: Attempt
    periods: int
    sharpe: float | None
    digest: str
    column: bytes
    drawdown: float | None = None
    closed: int | None = None

    @property
    def returns(self) -> Floats:
        """The returns as they are kept, float64."""
        return np.frombuffer(self.column, dtype="<f4").astype(np.float64)


@dataclass(frozen=True, slots=True)
class Tried:
    """All trials of one data set, oldest first, and the lines that are damaged."""

    trials: tuple[Trial, ...]
    damaged: tuple[DamagedLine, ...]

    @property
    def distinct(self) -> tuple[Trial, ...]:
        """Each configuration once: trying the same again finds nothing else.

        A configuration whose returns came out otherwise is another trial.
        """
        return tuple({(t.attempt.config, t.digest): t for t in self.trials}.values())

    def returns(self) -> tuple[tuple[Trial, ...], Floats]:
        """Distinct trials and their returns, rows x trials, for figures of the whole search.

        Only those over the commonest number of periods: others do not stand side by side with
        them. (0, 0) without any.
        """
        distinct = self.distinct
        lengths = Counter(t.periods for t in distinct).most_common(1)
        chosen = tuple(t for t in distinct if t.periods == lengths[0][0])
        matrix = np.array([t.returns for t in chosen]).T if chosen else np.zeros((0, 0))
        return chosen, matrix


def trial_of(
    attempt: Attempt, returns: Floats, drawdown: float | None = None, closed: int | None = None
) -> Trial:
    """The trial that had these `returns`, one a period, oldest first; raises BadSeries."""
    series = checked_series(returns, 1)
    rows = min(series.size, ROWS_KEPT_MAX)
    edges: Ints = np.linspace(0, series.size, rows + 1).astype(np.int64)
    kept = np.multiply.reduceat(1 + series, edges[:-1]) - 1
    return Trial(
        attempt=attempt,
        periods=series.size,
        sharpe=sharpe(series),
        digest=sha256(series.astype("<f8").tobytes()).hexdigest(),
        column=kept.astype("<f4").tobytes(),
        drawdown=drawdown,
        closed=closed,
    )


class TrialLedger:
    """The trials of one data set, in `directory` / DATA.trials."""

    def __init__(self, directory: Path, data: str) -> None:
        if not _HASH.fullmatch(data):
            raise DataError(f"{data!r} is no hash of a data set: 16 to 64 digits of lower-case hex")
        self.data = data
        self.path = directory / f"{data}.trials"
        self._file = LineFile(self.path, "trials")

    def append(self, trials: Sequence[Trial]) -> None:
        """Record `trials`: on disk, all of them, when this returns.

        DataError for a trial of another data set, ThunesError where nothing can be written: then
        the file is as it was.
        """
        for trial in trials:
            if trial.attempt.data != self.data:
                raise DataError(
                    f"a trial of data set {trial.attempt.data} does not belong to {self.path}: the "
                    "trials of two data sets are never counted together"
                )
        self._file.append([msgspec.json.encode(trial) for trial in trials])

    def read(self) -> Tried:
        """All that was recorded; nothing where there is no file. ThunesError if unreadable."""
        found = self._file.read(self._parsed)
        return Tried(tuple(trial for _, trial in found.entries), found.damaged)

    def _parsed(self, body: bytes) -> Trial:
        try:
            trial = msgspec.json.decode(body, type=Trial)
        except msgspec.DecodeError as error:
            raise DataError(f"it was written by another version: {error}") from error
        if trial.attempt.data != self.data:
            raise DataError(f"it belongs to data set {trial.attempt.data}")
        if len(trial.column) != 4 * min(trial.periods, ROWS_KEPT_MAX):
            raise DataError(
                f"it has {len(trial.column)} bytes of returns for {trial.periods} periods"
            )
        return trial
