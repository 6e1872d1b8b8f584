"""Layers: what each source says, laid over each other, with where each value came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from thunes.adapters.secrets.secret import Secret
from thunes.config.names import NAMES, PREFIX, settings_in

COMMAND_LINE = "command line"


class Flag(NamedTuple):
    """What the command line says of a setting, and by which flag."""

    name: str
    value: Any


class Origin(NamedTuple):
    """Where a value came from: a source, and its name there if it is not that of the setting."""

    source: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name} in {self.source}" if self.name else self.source


@dataclass(slots=True)
class Layers:
    """Values by table as the model takes them, the origin of each, and what was wrong on the way.

    Sources are laid the weakest first.
    """

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lay_file(self, source: str, values: Mapping[str, Any]) -> None:
        """The content of `thunes.toml`."""
        for table, content in values.items():
            if not isinstance(content, dict):
                self.values[table] = content
                self.origins[table] = Origin(source)
                continue
            self.values.setdefault(table, {})  # an unknown table may be an empty one
            for name, value in self._renewed(table, content).items():
                self._set(f"{table}.{name}", value, Origin(source))

    def lay_names(self, source: str, names: Mapping[str, Secret]) -> None:
        """Variables; one that names its setting wins over a short name of the same source."""
        ours = [name for name in names if name in NAMES or name.startswith(PREFIX)]
        for name in sorted(ours, key=lambda each: (each not in NAMES, each)):
            try:
                settings = settings_in(name, names[name].reveal())
            except ValueError as error:
                self.faults.append(f"{name} ({source}): {error}")
                continue
            for place, text in settings.items():
                self._set(place, text, Origin(source, name))

    def lay_flags(self, flags: Mapping[str, Flag]) -> None:
        """Flags by setting. `strategy` stands for all of them, `strategy.parameters` for those of
        the only one."""
        for place, flag in flags.items():
            origin = Origin(COMMAND_LINE, flag.name)
            if place == "strategy.parameters":
                self._lay_parameters(flag, origin)
            else:
                self._set(place, flag.value, origin)

    def _lay_parameters(self, flag: Flag, origin: Origin) -> None:
        plans = self.values.get("strategy", [{}])
        if not isinstance(plans, list) or len(plans) != 1:
            self.faults.append(f"{flag.name}: several strategies run; say --strategy as well")
            return
        (plan,) = plans
        parameters = plan.get("parameters", {}) if isinstance(plan, dict) else {}
        if isinstance(plan, dict) and isinstance(parameters, dict):
            self._set("strategy", [plan | {"parameters": parameters | flag.value}], origin)

    def _set(self, place: str, value: object, origin: Origin) -> None:
        table, _, name = place.partition(".")
        if not name:
            self.values[table] = value
            self.origins[table] = origin
            return
        content = self.values.setdefault(table, {})
        if isinstance(content, dict):  # otherwise the model says that it is not a table
            content[name] = value
            self.origins[place] = origin

    def _renewed(self, table: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Older forms as they are written today."""
        tiers = content.get("liquidity_tiers")
        if table != "run" or not isinstance(tiers, dict) or "symbols" in content:
            return content
        rest = {name: value for name, value in content.items() if name != "liquidity_tiers"}
        flat = [symbol for tier in tiers.values() if isinstance(tier, list) for symbol in tier]
        self.notes.append(
            "run.liquidity_tiers is an older form: write its symbols as one list, run.symbols"
        )
        return rest | {"symbols": list(dict.fromkeys(flat))}
