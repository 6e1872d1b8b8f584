"""The configuration in effect: how a change of it is noticed, in settings and strategy files."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from thunes.adapters.storage.note import Note
from thunes.compose.rules import source_of
from thunes.compose.strategies import read_text
from thunes.config.loading import Loaded
from thunes.config.settings import settings_of
from thunes.core.domain.errors import ThunesError

_FILE = "configuration.json"

Effective = Mapping[str, Any]
"""Plain values by name."""


def in_effect(loaded: Loaded) -> Effective:
    """The settings, wherever they came from, and the digests of strategy files."""
    found = settings_of(loaded.config)
    for plan in loaded.config.strategy:
        file, sign, _ = source_of(plan, loaded.folder).rpartition(":")
        if sign:
            found[f"text of {plan.source}"] = sha256(read_text(Path(file))).hexdigest()
    return found


def digest(effective: Effective) -> str:
    """Another one for anything that differs."""
    return sha256(msgspec.json.encode(effective, order="sorted")).hexdigest()


def differing(one: Effective, other: Effective) -> list[str]:
    """The names whose values are not the same in both."""
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def edited(began: Effective, again: Callable[[], Loaded]) -> Sequence[str]:
    """What would be different if the process were started now, by name; or what is wrong there."""
    try:
        return differing(began, in_effect(again()))
    except ThunesError as error:
        return [str(error)]


def note_began(directory: Path, began: Effective) -> None:
    """Have others find with what the process on this state directory was started."""
    Note(directory / _FILE).write(msgspec.json.encode(began))


def noted(directory: Path) -> Effective | None:
    """With what the last process was started; None where that cannot be told."""
    try:
        data = Note(directory / _FILE).read()
        return None if data is None else msgspec.json.decode(data, type=dict[str, Any])
    except (ThunesError, msgspec.MsgspecError):
        return None
