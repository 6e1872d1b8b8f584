"""Signing: proves that a request is ours, by a shared secret (HMAC) or a private key (Ed25519)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from thunes.core.domain.errors import UsageError

_PEM = "-----BEGIN"


class Keys:
    """The key of an account and what it signs with; neither is ever shown."""

    __slots__ = ("_hash", "_private", "api_key")

    def __init__(self, api_key: str, secret: str) -> None:
        if not api_key or not secret:
            raise UsageError("Binance: the API key and its secret are both needed to trade")
        if not (api_key.isascii() and api_key.isprintable()) or " " in api_key:
            raise UsageError(
                "Binance: the API key has a space, a line break or a sign that is in no key: copy "
                "it again"
            )
        self.api_key = api_key
        self._hash = hmac.new(secret.encode(), digestmod=hashlib.sha256)  # keyed once
        self._private = _private_key(secret) if secret.lstrip().startswith(_PEM) else None

    def signature(self, payload: str) -> str:
        """Of exactly this text."""
        if self._private is not None:
            return base64.b64encode(self._private.sign(payload.encode())).decode()
        keyed = self._hash.copy()
        keyed.update(payload.encode())
        return keyed.hexdigest()

    def signed_query(self, params: Iterable[tuple[str, str]]) -> str:
        """The parameters as they are sent over REST, the signature at their end."""
        text = urlencode(list(params))
        return f"{text}&signature={quote(self.signature(text), safe='')}"

    def signed_params(self, params: dict[str, str | int]) -> dict[str, str | int]:
        """The parameters as they are sent over the WebSocket API, where the key is one of them."""
        said = params | {"apiKey": self.api_key}
        text = "&".join(f"{name}={said[name]}" for name in sorted(said))
        return said | {"signature": self.signature(text)}

    def __repr__(self) -> str:
        return "Keys(***)"


def _private_key(secret: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(secret.strip().encode(), password=None)
    except (ValueError, TypeError):
        raise UsageError(
            "Binance: the private key cannot be read; it has to be an unencrypted PEM of Ed25519"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("Binance: the private key is not of Ed25519, and no other kind is used")
    return key
