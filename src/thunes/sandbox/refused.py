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


def unwanted(name: str) -> Refused:
    return Refused(-1106, f"Parameter '{name}' sent when not required.")


def invalid(name: str) -> Refused:
    return Refused(-1130, f"Data sent for parameter '{name}' is not valid.")


NOT_ALLOWED = (-2015, "Invalid API-key, IP, or permissions for action.")
UNKNOWN_SYMBOL = (-1121, "Invalid symbol.")
NO_SUCH_ORDER = (-2013, "Order does not exist.")
CANCEL_RESTRICTED = (-2011, "Order was not canceled due to cancel restrictions.")
MARKET_CLOSED = (-2010, "Market is closed.")
COMBINATION = (-1128, "Combination of optional parameters invalid.")
