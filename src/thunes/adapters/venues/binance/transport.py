"""The transport: one HTTP exchange over ccxt's connections, and the answer as it came.

Nothing of ccxt decides here: no limiter, no retry, no class of error, no parsing. What it raises
carries the whole signed address, so none of its texts leaves this module.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from thunes.adapters.venues.binance.lean_ccxt import BaseError, Exchange, RequestTimeout
from thunes.core.domain.errors import ThunesError

_SILENT = logging.Logger("thunes.silent", level=logging.CRITICAL + 1)


class Unanswered(ThunesError):
    """No answer came; whether the request arrived is not known."""


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one request, once."""

    async def exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Raw:
        """Raises Unanswered."""

    async def close(self) -> None: ...


class _Heard(Exception):
    """Carries an answer past all that ccxt would make of it."""

    def __init__(self, raw: Raw) -> None:
        super().__init__()
        self.raw = raw


class _Bare(Exchange):  # type: ignore[misc]
    """An exchange of ccxt without any rule of its own: what is heard is handed on as it is."""

    def describe(self) -> Any:
        return self.deep_extend(super().describe(), {"id": "bare", "enableRateLimit": False})

    def parse_json(self, *_: object) -> None:
        return None

    def handle_errors(self, *said: Any) -> NoReturn:
        """`said` is status, reason, address, method, headers, body and more of what was sent."""
        status, headers, body = said[0], said[4], said[5]
        raise _Heard(Raw(status, dict(headers), (body or "").encode()))


class CcxtTransport:
    """Keeps connections open between requests; belongs to one event loop."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._bare = _Bare({"timeout": int(timeout_s * 1_000)})
        self._bare.logger = _SILENT  # at level DEBUG it would write keys and signatures

    async def exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Raw:
        try:
            await self._bare.fetch(url, method, dict(headers), None)
        except _Heard as heard:
            return heard.raw
        except BaseError as error:
            late = isinstance(error, RequestTimeout)
        why = f"no answer within {self._timeout_s:g} s" if late else "the connection failed"
        raise Unanswered(why) from None

    async def close(self) -> None:
        await self._bare.close()
