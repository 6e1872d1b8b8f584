"""Sources: where a secret may lie, in the order in which they are asked."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from thunes.adapters.secrets.env_file import read_env_file
from thunes.adapters.secrets.secret import Secret
from thunes.core.domain.errors import ThunesError, UsageError

ENVIRONMENT, KEYRING = "environment", "keyring"
ENV_FILES = (".env.local", ".env")
"""The first has the last word."""

_SERVICE = "thunes"


class Found(NamedTuple):
    """A secret and where it was found."""

    secret: Secret
    source: str


class Secrets:
    """The environment, then `.env.local` and `.env` of a directory, then the keyring.

    Files are read once; raises UsageError where others could read them.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        self._layers = [(ENVIRONMENT, {name: Secret(text) for name, text in given.items()})]
        self._layers += [(name, read_env_file(directory / name)) for name in ENV_FILES]
        if given.get("ENV") == "local" and not (directory / ENV_FILES[0]).exists():
            raise UsageError(f"ENV=local asks for {directory / ENV_FILES[0]}, which is not there")

    def layers(self) -> list[tuple[str, Mapping[str, Secret]]]:
        """What environment and files hold, by source; the first has the last word."""
        return list(self._layers)

    def find(self, name: str) -> Found | None:
        """The secret of this name; an empty one counts as none.

        Raises ThunesError where the keyring is locked or broken.
        """
        for source, values in self._layers:
            if secret := values.get(name):
                return Found(secret, source)
        text = _in_keyring(name)
        return Found(Secret(text), KEYRING) if text else None


def _in_keyring(name: str) -> str | None:
    """None as well where the extra is not installed or this machine has no keyring."""
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ModuleNotFoundError:
        return None
    try:
        return keyring.get_password(_SERVICE, name)
    except NoKeyringError:
        return None
    except KeyringError as error:
        raise ThunesError(
            f"the keyring does not give {name} ({type(error).__name__}): unlock it, or put {name} "
            "into the environment"
        ) from None
