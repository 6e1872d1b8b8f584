"""The corpus: every failure that was ever found, kept as a file and run again for ever."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from thunes.core.domain.errors import DataError, UsageError
from thunes.simulation.case import MINUTES_MAX, MINUTES_MIN, Case
from thunes.simulation.chance import Chance
from thunes.simulation.faults import Fault
from thunes.simulation.profiles import faults_of

Read = TypeVar("Read")

SCHEMA = 1
_NAMES = {fault.value: fault for fault in Fault}


class Regression(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One case that broke an invariant once, and is clean now."""

    schema: int = SCHEMA
    seed: int
    profile: str
    minutes: int
    without: tuple[str, ...]
    expected: str = "clean"
    broke: str
    said: str


class _Head(msgspec.Struct, frozen=True):
    """What every version of the schema begins with."""

    schema: int


def regression_of(case: Case, broke: str, said: str) -> Regression:
    """The file of a case; what was left out stands in the order of the list of faults."""
    left_out = tuple(fault.value for fault in Fault if fault in case.without)
    return Regression(
        seed=case.seed,
        profile=case.profile,
        minutes=case.minutes,
        without=left_out,
        broke=broke,
        said=said,
    )


def encode_regression(regression: Regression) -> bytes:
    return msgspec.json.format(msgspec.json.encode(regression), indent=2) + b"\n"


def read_regression(path: Path) -> tuple[Case, Regression]:
    """The case in a file of the corpus; DataError where it holds none that this program can run."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    version = _decoded(path, lambda: msgspec.json.decode(data, type=_Head)).schema
    if version != SCHEMA:
        advice = (
            "shrink its seed again: thunes simulate --seed SEED --profile PROFILE --shrink"
            if version < SCHEMA
            else "run it with the THUNES that wrote it, or a later one"
        )
        raise DataError(
            f"{path} is of schema {version}, but this program reads schema {SCHEMA}; {advice}"
        )
    found = _decoded(path, lambda: msgspec.json.decode(data, type=Regression))
    strange = [name for name in found.without if name not in _NAMES]
    if strange:
        raise DataError(
            f"{path}: there is no fault {strange[0]!r}; take the name out if it is gone"
        )
    try:
        faults_of(found.profile, Chance(0))
    except UsageError as error:
        raise DataError(f"{path}: {error}") from error
    if (
        found.seed < 0
        or not MINUTES_MIN <= found.minutes <= MINUTES_MAX
        or found.expected != "clean"
    ):
        raise DataError(
            f"{path}: a seed below 0, less than {MINUTES_MIN} minutes, "
            f"more than {MINUTES_MAX} minutes or anything expected but "
            "'clean' cannot be run; restore the file as it was written"
        )
    without = frozenset(_NAMES[name] for name in found.without)
    return Case(found.seed, found.profile, found.minutes, without), found


def corpus(place: Path) -> list[Path]:
    """The files of a corpus: `place` itself, or all in it by name; UsageError if there are none."""
    if place.is_dir():
        found = sorted(place.glob("*.json"))
        if not found:
            raise UsageError(f"{place} holds no regression; --shrink writes one")
        return found
    if not place.exists():
        raise UsageError(f"there is no {place}; name a file that --shrink wrote, or a directory")
    return [place]


def _decoded(path: Path, decode: Callable[[], Read]) -> Read:
    try:
        return decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is damaged or not a regression: {error}; restore it, or shrink its seed again"
        ) from error
