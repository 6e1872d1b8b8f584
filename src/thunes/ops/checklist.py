"""The checklist: what a person answers before real money is traded, and how long it counts."""

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thunes.core.domain.errors import ThunesError, UsageError
from thunes.core.domain.units import NS_PER_DAY, NS_PER_SECOND, Instant

DAYS = 7

ITEMS: Mapping[str, str] = {
    "withdrawal": "The key has no right to withdraw: seen on the venue's own page.",
    "addresses": "The venue takes the key from the addresses of this machine only.",
    "login": "Login at the venue asks for a second factor, and nobody else can log in.",
    "secrets": "Key and secret are in the keyring or a secrets manager, and in no repository.",
    "rodage": "`thunes rodage --hours 168` with this configuration said GO; near misses were read.",
    "rehearsal": "`thunes paper --venue binance-testnet` ran for days with this configuration.",
    "stop": "Every position has a stop: one was seen resting at the venue of the rehearsal.",
    "kill_switch": "halt, resume, flatten and stop were tried in the rehearsal.",
    "backup": "`thunes backup` was restored once, and the account went on from it.",
    "loss": "The loss of a day that is allowed, and all that is in the account, may be lost.",
    "watch": "It is known by name who watches each day, and how they hear of trouble.",
    "ending": "Who watches can end it: halt, flatten, stop, and the venue's own page without us.",
    "approval": "Whoever owns the money has agreed, and to this configuration.",
}
"""What is asked, by the name of its table."""

_ANSWER = {"answer", "name", "date"}


@dataclass(frozen=True, slots=True)
class Checklist:
    """What still keeps it from being answered, and until when it counts if nothing does."""

    lacks: tuple[str, ...]
    until: Instant = Instant(0)


def write_checklist(path: Path, configuration: str) -> None:
    """A new file with every question, for one configuration; what is there is left alone."""
    lines = [
        '# Before real money is traded: answer each with "yes", your name and the day.',
        f"# It counts for {DAYS} days, and for no other configuration than the one it names.",
        f'configuration = "{configuration}"',
    ]
    for name, text in ITEMS.items():
        lines += ["", f"# {text}", f"[{name}]", 'answer = ""', 'name = ""', 'date = ""']
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except FileExistsError:
        raise UsageError(f"{path} exists already; it was left as it is") from None
    except OSError as error:
        raise ThunesError(f"{path} cannot be written: {error.strerror}") from error


def read_checklist(path: Path, configuration: str, now: Instant) -> Checklist:
    """How far it is answered; whatever is wrong with it is something that lacks."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = f"`thunes live --write-checklist {path}` writes one"
        return Checklist((f"{path} cannot be read ({error.strerror}); {hint}",))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Checklist((f"{path} is not TOML: {error}",))
    lacks = [f"{path}: {name} is no question of it" for name in said if name not in _KNOWN]
    if said.get("configuration") != configuration:
        lacks.append(
            f"{path} was answered for another configuration: have a new one written, and answer it"
        )
    today = datetime.datetime.fromtimestamp(now // NS_PER_SECOND, datetime.UTC).date()
    for name in ITEMS:
        lacks += [f"{path}: {name}: {fault}" for fault in _faults(said.get(name), today)]
    if lacks:
        return Checklist(tuple(lacks))
    oldest = min(_day(said[name]["date"]) or today for name in ITEMS)
    midnight = datetime.datetime(oldest.year, oldest.month, oldest.day, tzinfo=datetime.UTC)
    began = int(midnight.timestamp()) * NS_PER_SECOND
    return Checklist((), Instant(began + (DAYS + 1) * NS_PER_DAY))


_KNOWN = {"configuration", *ITEMS}


def _faults(said: Any, today: datetime.date) -> Iterator[str]:
    """What is wrong with one answer; all of it in one sentence, and none where nothing is."""
    if not isinstance(said, dict) or not any(said.values()):
        yield "it is not answered"
        return
    wrong = [f"{name} is none of answer, name, date" for name in said if name not in _ANSWER]
    if said.get("answer") != "yes":
        wrong.append(f"the answer is {said.get('answer', '')!r}, not yes")
    if not str(said.get("name", "")).strip():
        wrong.append("no name")
    wrong += _of_day(_day(said.get("date")), today)
    if wrong:
        yield ", ".join(wrong)


def _of_day(day: datetime.date | None, today: datetime.date) -> list[str]:
    if day is None:
        return ["the date is not like 2026-01-31"]
    if day > today + datetime.timedelta(days=1):  # a day begins earlier east of here
        return [f"{day} is yet to come: mend the date, or the clock of this machine"]
    if today - day > datetime.timedelta(days=DAYS):
        return [f"{day} is more than {DAYS} days ago: look again"]
    return []


def _day(said: Any) -> datetime.date | None:
    if isinstance(said, datetime.datetime):
        return said.date()
    if isinstance(said, datetime.date):
        return said
    try:
        return datetime.date.fromisoformat(str(said))
    except ValueError:
        return None
