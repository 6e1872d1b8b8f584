"""API keys: whose they are, and whether what was sent is signed with them."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from thunes.core.domain.errors import UsageError
from thunes.sandbox.holder import Holder


class Lock(Protocol):
    """What opens with the right signature only."""

    def opens(self, payload: bytes, signature: str) -> bool:
        """Whether `signature` is that of `payload`."""


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """HMAC-SHA256, in hex of either case."""

    secret: str

    def opens(self, payload: bytes, signature: str) -> bool:
        made = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        return hmac.compare_digest(made.encode(), signature.lower().encode())


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Ed25519, in base64."""

    key: Ed25519PublicKey

    def opens(self, payload: bytes, signature: str) -> bool:
        try:
            self.key.verify(base64.b64decode(signature, validate=True), payload)
        except (InvalidSignature, binascii.Error):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Key:
    """An API key and the account that it opens; `trades`: it may place and cancel; `withdraws`:
    it may take money out, and says so, for there is nowhere to take it."""

    name: str
    holder: Holder
    lock: Lock
    trades: bool = True
    withdraws: bool = False


def read_public_key(pem: str) -> PublicKey:
    """An Ed25519 public key in PEM."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(f"public_key is not PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError("public_key is not an Ed25519 key: make one with openssl genpkey")
    return PublicKey(key)
