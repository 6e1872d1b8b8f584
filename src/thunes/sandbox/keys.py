"""API keys: whose they are, and whether what was sent is signed with them."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol

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
class Key:
    """An API key and the account that it opens; `trades`: it may place and cancel."""

    name: str
    holder: Holder
    lock: Lock
    trades: bool = True
