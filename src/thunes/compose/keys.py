"""Keys: the key and secret of a venue from where secrets are kept, and never those of another."""

from typing import NamedTuple

from thunes.adapters.secrets.secret import Secret
from thunes.adapters.secrets.sources import ENV_FILES
from thunes.config.loading import Loaded
from thunes.config.names import KEYS_OF
from thunes.core.domain.errors import UsageError


class KeyPair(NamedTuple):
    """Neither is ever shown."""

    key: Secret
    secret: Secret


def key_pair(loaded: Loaded, venue: str) -> KeyPair:
    """Raises UsageError that says which names are not set, and where they may be; ThunesError where
    the keyring is locked."""
    names = KEYS_OF[venue]
    key, secret = (loaded.secrets.find(name) for name in names)
    if key is not None and secret is not None:
        return KeyPair(key.secret, secret.secret)
    missing = [name for name, found in zip(names, (key, secret), strict=True) if found is None]
    file = loaded.folder / ENV_FILES[-1]
    said = (
        f"{venue} needs a key: {' and '.join(missing)} not set. Set it in the environment, in "
        f"{file} (mode 0600), or: keyring set thunes {missing[0]}"
    )
    real = KEYS_OF["binance"]
    if names != real and any(loaded.secrets.find(name) for name in real):
        said += f". {real.key} is of real money, and is not taken here"
    raise UsageError(said)
