"""Writing: a configuration as the text of a `thunes.toml` that explains itself."""

import json
from collections.abc import Iterator

from thunes.adapters.secrets.secret import Secret
from thunes.config.tables import Config, Plan, Section

_DEFAULTS = "# thunes.toml: every value here is the default; what you delete keeps it.\n"


def default_text() -> str:
    """The text with every default written out, made from the model itself."""
    return _DEFAULTS + text_of(Config())


def text_of(config: Config) -> str:
    """Every value of `config`, each with what it means."""
    return "".join(line for name, value in config for line in _table(name, value))


def strategy_text(plan: Plan) -> str:
    """The `[[strategy]]` of one strategy."""
    return "".join(_table("strategy", (plan,))).lstrip()


def _table(name: str, value: object) -> Iterator[str]:
    if isinstance(value, tuple):
        for each in value:
            yield f"\n[[{name}]]\n"
            yield from _settings(each)
    else:
        yield f"\n[{name}]\n"
        assert isinstance(value, Section)
        yield from _settings(value)


def _settings(section: Section) -> Iterator[str]:
    for field, info in type(section).model_fields.items():
        value = getattr(section, field)
        written = f"{field} = {_toml(value)}" if value is not None else f"# {field} ="
        yield f"{written}{f'  # {info.description}' if info.description else ''}\n"


def _toml(value: object) -> str:
    """As TOML, whose strings and truths are those of JSON."""
    match value:
        case Secret():
            assert not value, "a secret is not written down"
            return '""'
        case str() | bool():
            return json.dumps(value, ensure_ascii=False)
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            pairs = ", ".join(f"{name} = {_toml(each)}" for name, each in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case _:
            return str(value)
