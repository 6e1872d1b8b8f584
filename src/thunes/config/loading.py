"""Loading: from files and environment to one configuration, or all of its faults at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from thunes.adapters.secrets.sources import Secrets
from thunes.config.layers import Layers, Origin
from thunes.config.relations import broken_orderings
from thunes.config.rules import broken_rules
from thunes.config.tables import Config, Plan, Section
from thunes.core.domain.errors import UsageError

DEFAULT = Origin("default")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, where its values came from, and what is worth telling about it."""

    config: Config
    origins: Mapping[str, Origin]
    secrets: Secrets
    notes: tuple[str, ...] = ()

    def origin(self, place: str) -> Origin:
        """Of a setting such as `limits.daily_loss`."""
        table = place.partition(".")[0]
        return self.origins.get(place) or self.origins.get(table) or DEFAULT


def load_config(path: Path) -> Config:
    """The configuration in `path`; raises UsageError that lists every fault in it."""
    loaded = read_config(path)
    faults = broken_orderings(loaded.config, loaded.config.account.cash)
    if faults:
        raise _unusable(path, faults)
    return loaded.config


def read_config(path: Path, environment: Mapping[str, str] | None = None) -> Loaded:
    """The same, but with relations between limits left to whoever wants to look at them.

    `environment` is that of the process unless given.
    """
    layers = Layers()
    layers.lay_file(path.name, _content(path))
    secrets = Secrets(path.parent, os.environ if environment is None else environment)
    for source, names in reversed(secrets.layers()):
        layers.lay_names(source, names)
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
        raise _unusable(path, faults)
    return Loaded(config, layers.origins, secrets, tuple(layers.notes))


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


def _said(place: str, said: str, origins: Mapping[str, Origin]) -> str:
    origin = origins.get(place, DEFAULT)
    if not origin.name:
        return f"{place}: {said}"
    where = origin.name if origin.source == "environment" else str(origin)
    return f"{place} (from {where}): {said}"


def _unusable(path: Path, faults: list[str]) -> UsageError:
    told = dict.fromkeys(faults)
    return UsageError(f"{path} cannot be used:\n" + "\n".join(f"  {fault}" for fault in told))
