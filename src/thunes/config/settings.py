"""Settings: a configuration as flat names and plain values, of a secret only whether it is set."""

from typing import Any

from thunes.config.tables import Config

SET, NOT_SET = "set", "not set"


def settings_of(config: Config) -> dict[str, Any]:
    """Values of JSON by name (`limits.daily_loss`); those of `[[strategy]]` are one list."""
    found: dict[str, Any] = {}
    for table, value in config.model_dump(mode="json").items():
        if isinstance(value, list):
            found[table] = value
        else:
            found |= {f"{table}.{name}": each for name, each in value.items()}
    # An address of a database may hold a password.
    found["storage.url"] = SET if config.storage.url else NOT_SET
    return found
