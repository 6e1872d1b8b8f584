"""Evidence: what is known of a rodage, and the words in which it is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from thunes.core.domain.units import NS_PER_SECOND, Instant
from thunes.core.domain.word import Word
from thunes.ops.lived_days import LivedDays
from thunes.ops.parity_certificate import Certificate
from thunes.ops.seven_days import ShortRecord
from thunes.ops.uptime import Gap
from thunes.simulation.drill import Drill
from thunes.simulation.notes import Note
from thunes.simulation.verdict import Broken
from thunes.simulation.verdict import Verdict as Seen

WEEK_H = 168
BLAME_NS = 420 * NS_PER_SECOND
"""What happens so soon after a fault struck is put down to it: the longest maintenance, and what
waits for its end."""


class Verdict(Word):
    """What is said of a criterion."""

    GO = "GO"
    NO_GO = "NO-GO"
    NOT_MEASURED = "NOT MEASURED"


class Criterion(NamedTuple):
    """One criterion by its number in the list of features; `why` says what stands behind it."""

    number: str
    name: str
    value: str
    limit: str
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of a run."""

    start: Instant
    end: Instant
    days: LivedDays
    gaps: Sequence[Gap]
    notes: Sequence[Note]
    seen: Seen
    drill: Drill
    record: ShortRecord
    certificate: Certificate
    equity: Sequence[tuple[Instant, Decimal]]
    bars: int
    memory_bytes: int
    reported: bool

    @property
    def hours(self) -> float:
        return (self.end - self.start) / NS_PER_SECOND / 3_600


def passed(good: bool) -> Verdict:
    return Verdict.GO if good else Verdict.NO_GO


def texts(broken: Sequence[Broken]) -> str:
    """The first invariants that broke, in words."""
    return "; ".join(f"{each.name}: {each.text}" for each in broken[:3])
