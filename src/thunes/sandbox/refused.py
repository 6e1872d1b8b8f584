"""Refusals as the wire tells them: HTTP status, code, text, and what comes with them."""

from collections.abc import Mapping
from typing import Any

BAD_REQUEST = 400


class Refused(Exception):
    """A request that is answered with an error; `code` None: the answer is a page, not JSON."""

    def __init__(
        self,
        code: int | None,
        text: str,
        *,
        status: int = BAD_REQUEST,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.status = status
        self.data = data
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The error as JSON."""
        body: dict[str, Any] = {"code": self.code, "msg": self.text}
        if self.data is not None:
            body["data"] = self.data
        return body


def missing(name: str) -> Refused:
    return Refused(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def neither(one: str, other: str) -> Refused:
    """One of two parameters has to be there."""
    return Refused(-1102, f"Param '{one}' or '{other}' must be sent, but both were empty/null!")


def unwanted(name: str) -> Refused:
    return Refused(-1106, f"Parameter '{name}' sent when not required.")


def invalid(name: str) -> Refused:
    return Refused(-1130, f"Data sent for parameter '{name}' is not valid.")


BAD_KEY = (-2015, "Invalid API-key, IP, or permissions for action.")
BAD_SIGNATURE = (-1022, "Signature for this request is not valid.")
BAD_FORCE = (-1115, "Invalid timeInForce.")
BAD_TYPE = (-1116, "Invalid orderType.")
CANCEL_RESTRICTED = (-2011, "Order was not canceled due to cancel restrictions.")
MARKET_CLOSED = (-2010, "Market is closed.")
