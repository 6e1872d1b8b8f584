"""What can be wrong with a file of bars, in words that a person can act on."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from thunes.core.domain.errors import DataError
from thunes.core.domain.units import format_instant


class Severity(StrEnum):
    """What becomes of the data."""

    REFUSE = "refuse"
    """The file is not usable."""
    QUARANTINE = "quarantine"
    """The rows are not usable; `import` puts them aside and keeps the rest."""
    NOTE = "note"
    """Worth knowing; the data is used as it is."""


class Kind(StrEnum):
    """The kinds of defects and oddities."""

    EMPTY_FILE = "empty file"
    LFS_POINTER = "Git LFS pointer"
    TRUNCATED = "truncated file"
    UNREADABLE = "unreadable file"
    ZERO_ROWS = "zero rows"
    NO_HEADER = "missing header"
    NO_COLUMN = "missing column"
    BAD_TIME = "bad time"
    WRONG_TIMEFRAME = "wrong timeframe"
    NOT_A_NUMBER = "not a number"
    INFINITE = "infinite value"
    NOT_POSITIVE = "price not positive"
    NEGATIVE_VOLUME = "negative volume"
    OHLC = "OHLC violation"
    UNSORTED = "unsorted"
    NEWEST_FIRST = "newest first"
    DUPLICATE = "duplicate row"
    CONFLICT = "conflicting rows"
    OFF_GRID = "off the grid"
    GAP = "gap"
    REGULAR_GAPS = "regular gaps"
    ZERO_VOLUME = "zero volume"
    FROZEN = "frozen price"
    NEARLY_CONSTANT = "nearly constant price"
    SPIKE = "spike"
    LISTING_JUMP = "listing-day jump"
    FORMING = "still-forming last bar"
    SERIES_END = "series ends"
    INVENTED = "looks invented"
    UNUSABLE = "too few sound rows"
    DISAGREES = "disagrees with the other source"
    AGREES = "agrees with the other source"
    NOT_COMPARED = "not compared"


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect or oddity: how grave, where it is met first, and what to do.

    `row` is the line of a text file (its header is line 1) or the 1-based record of a binary file;
    `at` is that row's open time in ns; both are None where the finding is about the whole file.
    `count` is the number of rows (of gaps, for gaps) concerned.
    """

    kind: Kind
    severity: Severity
    text: str
    row: int | None = None
    at: int | None = None
    count: int = 1

    def place(self) -> str:
        """Row and time in brackets, as far as they are known."""
        parts = [] if self.row is None else [f"row {self.row}"]
        if self.at is not None:
            parts.append(format_instant(self.at))
        return f" ({', '.join(parts)})" if parts else ""

    def sentence(self) -> str:
        """Kind, place and text in one line."""
        return f"{self.kind}{self.place()}: {self.text}"

    def as_json(self) -> dict[str, str | int | None]:
        """Plain values by name; `time` is ISO 8601."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "row": self.row,
            "time": None if self.at is None else format_instant(self.at),
            "count": self.count,
            "text": self.text,
        }


class UnreadableFileError(DataError):
    """A file from which no bars can be had at all; `finding` says why."""

    def __init__(self, path: Path, finding: Finding) -> None:
        super().__init__(f"{path}: {finding.sentence()}")
        self.finding = finding

    @classmethod
    def because(
        cls, path: Path, kind: Kind, text: str, row: int | None = None
    ) -> "UnreadableFileError":
        """The error for a file that is unusable as a whole."""
        return cls(path, Finding(kind, Severity.REFUSE, text, row))
