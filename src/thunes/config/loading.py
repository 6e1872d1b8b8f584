"""Loading: from files and environment to one configuration, or all of its faults at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from thunes.adapters.secrets.sources import ENVIRONMENT, Secrets
from thunes.config.layers import COMMAND_LINE, Flag, Layers, Origin
from thunes.config.relations import broken_orderings
from thunes.config.rules import broken_rules
from thunes.config.tables import Config, Plan, Section
from thunes.core.domain.errors import UsageError

DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, where its values came from, and what is worth telling about it.

    `path` is its file, None where there is none; `folder` is where names in it are looked up.
    """

    config: Config
    origins: Mapping[str, Origin]
    secrets: Secrets
    path: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return Path() if self.path is None else self.path.parent

    def origin(self, place: str) -> Origin:
        """Of a setting such as `limits.daily_loss`."""
        return _origin(self.origins, place)


def load_config(path: Path) -> Config:
    """The configuration in `path`; raises UsageError that lists every fault in it."""
    return load(path).config


def load(path: Path, flags: Mapping[str, Flag] | None = None) -> Loaded:
    """The same with all that is known of it; `flags` win over everything else."""
    return _agreeing(read_config(path, flags=flags), str(path))


def read_config(
    path: Path,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Flag] | None = None,
) -> Loaded:
    """The same, but with relations between limits left to whoever wants to look at them.

    `environment` is that of the process unless given.
    """
    layers = Layers()
    layers.lay_file(path.name, _content(path))
    secrets = Secrets(path.parent, os.environ if environment is None else environment)
    for source, names in reversed(secrets.layers()):
        layers.lay_names(source, names)
    layers.lay_flags(flags or {})
    config = _sound(layers, str(path))
    return Loaded(config, layers.origins, secrets, path, tuple(layers.notes))


def without_file(values: Mapping[str, Any], flags: Mapping[str, Flag]) -> Loaded:
    """What runs where no file says it: `values` by table, and what the command line says; secrets
    are those of the current directory, and the environment says nothing else."""
    layers = Layers()
    layers.lay_file(DEFAULT.source, values)
    layers.lay_flags(flags)
    found = Loaded(_sound(layers, _COMMAND), layers.origins, Secrets(Path()))
    return _agreeing(found, _COMMAND)


_COMMAND = f"the {COMMAND_LINE}"


def _agreeing(found: Loaded, whose: str) -> Loaded:
    faults = broken_orderings(found.config, found.config.account.cash)
    if faults:
        raise _unusable(whose, faults)
    return found


def _sound(layers: Layers, whose: str) -> Config:
    config, wrong = _validated(layers)
    typed = [place for place, _ in wrong]
    wrong += [
        (place, said)
        for place, said in broken_rules(config, layers.origins)
        if not any(f"{place}.".startswith(f"{each}.") for each in typed)
    ]
    faults = [_said(place, said, layers.origins) for place, said in wrong] + layers.faults
    if faults:
        places = [place for place, _ in wrong]
        faults += broken_orderings(config, config.account.cash, places)
        raise _unusable(whose, faults)
    return config


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        hint = "`thunes init` writes one"
        raise UsageError(f"{path} cannot be read ({error.strerror}); {hint}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from error


_Wrong = list[tuple[str, str]]


def _validated(layers: Layers) -> tuple[Config, _Wrong]:
    """The configuration without what is wrong in it, and what that is, by place."""
    values, wrong = layers.values, []
    try:
        return Config(**values), []
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            location = [str(part) for part in each["loc"]]
            wrong.append((".".join(location), _sentence(location, each["type"], each["msg"])))
            values = _without(values, location)
    return Config(**values), wrong


def _without(values: dict[str, Any], location: list[str]) -> dict[str, Any]:
    """A list goes as a whole: what is left of it would be another one."""
    table, *names = location
    content = values.get(table)
    if not names or not isinstance(content, dict):
        return {name: value for name, value in values.items() if name != table}
    return values | {table: {name: v for name, v in content.items() if name != names[0]}}


def _sentence(location: list[str], kind: str, said: str) -> str:
    if kind != "extra_forbidden":
        return said
    known: type[Section] = Config
    if location[0] == "strategy":
        known = Plan
    elif len(location) > 1:
        section = Config.model_fields[location[0]].annotation
        assert isinstance(section, type) and issubclass(section, Section), "a table"
        known = section
    return f"there is no such name, but {', '.join(known.model_fields)}"


def _origin(origins: Mapping[str, Origin], place: str) -> Origin:
    return origins.get(place) or origins.get(place.partition(".")[0]) or DEFAULT


def _said(place: str, said: str, origins: Mapping[str, Origin]) -> str:
    origin = _origin(origins, place)
    if not origin.name:
        return f"{place}: {said}"
    where = origin.name if origin.source in _PLAIN else str(origin)
    return f"{place} (from {where}): {said}"


_PLAIN = (ENVIRONMENT, COMMAND_LINE)
"""A name that stands in one of these says by itself where it stands."""


def _unusable(whose: str, faults: list[str]) -> UsageError:
    told = dict.fromkeys(faults)
    return UsageError(f"{whose} cannot be used:\n" + "\n".join(f"  {fault}" for fault in told))
