"""The clearance: whether real money may be traded now, and everything that keeps it from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.venues.binance.signing import Keys
from thunes.compose.consent import Terms, doubt
from thunes.compose.effective import digest, in_effect
from thunes.compose.keys import key_pair
from thunes.compose.live import fingerprint
from thunes.config.loading import Loaded, load
from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import Instant
from thunes.core.domain.word import Word
from thunes.ops.checklist import read_checklist
from thunes.ops.doctor.finding import Finding, Verdict

VENUE = "binance"


class Lacking(Word):
    """What may lack; a person at a terminal can add consent, and nothing else."""

    CONFIGURATION = "configuration"
    KEY = "key"
    DOCTOR = "doctor"
    CHECKLIST = "checklist"
    CONSENT = "consent"


class Lack(NamedTuple):
    """One thing that keeps real money from being traded."""

    what: Lacking
    text: str


class Refused(ThunesError):
    """Real money is not traded; all that lacks is told at once.

    Exit code 1 where only the doctor objects, for that may pass by itself; else 2.
    """

    def __init__(self, lacks: Sequence[Lack]) -> None:
        told = "\n".join(f"  {lack.what.value}: {lack.text}" for lack in lacks)
        super().__init__(f"no real money is traded; this is missing:\n{told}")
        self.lacks = tuple(lacks)
        passing = all(lack.what is Lacking.DOCTOR for lack in lacks)
        self.exit_code = ThunesError.exit_code if passing else UsageError.exit_code


class Files(NamedTuple):
    """Where the configuration, the state and the answered checklist lie."""

    config: Path
    state: Path
    checklist: Path


@dataclass(frozen=True, slots=True)
class Clearance:
    """Nothing lacks but consent, if `asked` says why that has to be given."""

    loaded: Loaded
    keys: Keys
    secrets: tuple[str, str]
    terms: Terms
    until: Instant
    asked: str


def clear(files: Files, found: Sequence[Finding], now: Instant) -> Clearance:
    """Look at configuration, key, checklist and consent, with what the doctor has found. Raises
    Refused."""
    objections = [
        Lack(Lacking.DOCTOR, f"{each.name}: {each.seen}")
        for each in found
        if each.verdict is Verdict.FAIL and each.name not in _TOLD_BY_US
    ]
    try:
        loaded = load(files.config)
        configuration = digest(in_effect(loaded))
    except UsageError as error:
        # What it was answered for, and which key it takes, cannot be told.
        raise Refused([Lack(Lacking.CONFIGURATION, str(error)), *objections]) from error
    answered = read_checklist(files.checklist, configuration, now)
    lacks = [*_not_real(loaded), *objections]
    lacks += [Lack(Lacking.CHECKLIST, text) for text in answered.lacks]
    try:
        pair = key_pair(loaded, VENUE)
        secrets = pair.key.reveal(), pair.secret.reveal()
        keys = Keys(*secrets)
    except ThunesError as error:
        raise Refused([*lacks, Lack(Lacking.KEY, str(error))]) from error
    terms = _terms(loaded, keys, configuration)
    asked = doubt(files.state, terms, now)
    if lacks:
        raise Refused([*lacks, *([Lack(Lacking.CONSENT, asked)] if asked else [])])
    return Clearance(loaded, keys, secrets, terms, answered.until, asked)


_TOLD_BY_US = ("configuration", "relations", "keys")
"""Findings of the doctor whose cause is told once already."""


def _not_real(loaded: Loaded) -> list[Lack]:
    run = loaded.config.run
    wanted = (("mode", run.mode, "live"), ("venue", run.venue, VENUE))
    return [
        Lack(Lacking.CONFIGURATION, f'run.{name} is "{said}", and has to be "{live}"')
        for name, said, live in wanted
        if said != live
    ]


def _terms(loaded: Loaded, keys: Keys, configuration: str) -> Terms:
    config = loaded.config
    loss = config.limits.daily_loss
    assert loss is not None, "no file can leave it open"
    return Terms(VENUE, fingerprint(keys), configuration, loss, config.account.quote)
