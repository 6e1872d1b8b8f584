"""The trial ledger: every trial ever run on a data set, so that no search can forget them.

One file a data set, one line a trial: a checksum, then JSON. Lines are only added, under a lock, so
that many processes may record; a line that a crash cut short stays where it is and is told.
"""

import fcntl
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import numpy as np

from thunes.adapters.storage.disk import DISK
from thunes.core.domain.errors import DataError, ThunesError
from thunes.core.domain.market import Floats, Ints
from thunes.core.stats.performance import sharpe
from thunes.core.stats.series import checked_series

ROWS_KEPT_MAX = 4_096
"""Longer returns are compounded over this many stretches of equal length before they are kept."""

LINE_BYTES_MAX = 65_536
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
class DamagedLine:
    """A line of the ledger that says nothing any more: its number, from 1, and why."""

    number: int
    why: str


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

    def append(self, trials: Sequence[Trial]) -> None:
        """Record `trials`: on disk, all of them, when this returns.

        DataError for a trial of another data set, ThunesError where nothing can be written: then
        the file is as it was.
        """
        lines = b"".join(self._line(trial) for trial in trials)
        try:
            with _locked(self.path, fcntl.LOCK_EX) as file:
                size = os.fstat(file).st_size
                if size and os.pread(file, 1, size - 1) != b"\n":
                    lines = b"\n" + lines  # what a crash cut short stays a line of its own
                try:
                    done = 0
                    while done < len(lines):
                        done += DISK.write(file, lines[done:], size + done)
                    DISK.sync(file)
                except OSError:
                    DISK.truncate(file, size)
                    raise
        except OSError as error:
            raise ThunesError(
                f"{self.path} could not be written: {error.strerror}; {len(trials)} trials are not "
                "recorded. Make room or mend the disk, then run them again"
            ) from error

    def read(self) -> Tried:
        """All that was recorded; nothing where there is no file. ThunesError if unreadable."""
        try:
            with _locked(self.path, fcntl.LOCK_SH) as file:
                data = os.pread(file, os.fstat(file).st_size, 0)
        except FileNotFoundError:
            return Tried((), ())
        except OSError as error:
            raise ThunesError(f"{self.path} cannot be read: {error.strerror}") from error
        *whole, rest = data.split(b"\n")
        found = [self._parsed(line) for line in whole]
        if rest:
            found.append("it is cut short: a crash, or a full disk, while it was written")
        return Tried(
            tuple(each for each in found if isinstance(each, Trial)),
            tuple(
                DamagedLine(number, each)
                for number, each in enumerate(found, start=1)
                if isinstance(each, str)
            ),
        )

    def _line(self, trial: Trial) -> bytes:
        if trial.attempt.data != self.data:
            raise DataError(
                f"a trial of data set {trial.attempt.data} does not belong to {self.path}: the "
                "trials of two data sets are never counted together"
            )
        body = msgspec.json.encode(trial)
        if len(body) > LINE_BYTES_MAX:
            raise DataError(f"a trial of {len(body)} bytes, more than {LINE_BYTES_MAX}: shorten it")
        return b"%08x %b\n" % (zlib.crc32(body), body)

    def _parsed(self, line: bytes) -> Trial | str:
        """The trial, or why there is none."""
        checksum, _, body = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(body):
            return "its checksum does not fit: it was cut short or changed"
        try:
            trial = msgspec.json.decode(body, type=Trial)
        except msgspec.DecodeError as error:
            return f"it was written by another version: {error}"
        if trial.attempt.data != self.data:
            return f"it belongs to data set {trial.attempt.data}"
        if len(trial.column) != 4 * min(trial.periods, ROWS_KEPT_MAX):
            return f"it has {len(trial.column)} bytes of returns for {trial.periods} periods"
        return trial


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[int]:
    """The open file, locked until the end: whoever comes later waits. Raises OSError."""
    if kind == fcntl.LOCK_EX and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # another process was first
            DISK.close(DISK.open(path, new=True))
            DISK.sync_path(path.parent)
    descriptor = DISK.open(path, new=False)
    try:
        fcntl.flock(descriptor, kind)
        yield descriptor
    finally:
        DISK.close(descriptor)
