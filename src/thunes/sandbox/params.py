"""Parameters of a request: their form is checked as they are read, and none may be left over."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from thunes.sandbox.refused import Refused, invalid, missing

_DECIMAL = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_CLIENT_ID = re.compile(r"[a-zA-Z0-9_\-]{1,36}")
_PLACES = 8
_AUTH = ("timestamp", "recvWindow", "signature", "apiKey")


def parse_query(query: str) -> dict[str, str]:
    """The parameters of an urlencoded text; one that comes twice is refused."""
    if not query:
        return {}
    pairs = parse_qsl(query, keep_blank_values=True)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused(-1101, "Duplicate values for a parameter detected.")
    return found


class Params:
    """What was sent. Every reader marks its parameter as read; `finish` refuses unread ones."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._read = dict.fromkeys(_AUTH)

    def __contains__(self, name: str) -> bool:
        return bool(self._values.get(name))

    def text(self, name: str, default: str | None = None) -> str | None:
        """As sent; an empty one is refused."""
        self._read[name] = None
        value = self._values.get(name)
        if value == "":
            raise Refused(-1105, f"Parameter '{name}' was empty.")
        return default if value is None else value

    def required(self, name: str) -> str:
        self._read[name] = None
        value = self._values.get(name)
        if not value:
            raise missing(name)
        return value

    def choice(self, name: str, among: Iterable[str], error: Refused) -> str | None:
        """One of `among`, or `error`."""
        value = self.text(name)
        if value is not None and value not in among:
            raise error
        return value

    def integer(self, name: str, default: int | None = None) -> int | None:
        value = self.text(name)
        if value is None:
            return default
        if _INTEGER.fullmatch(value) is None:
            raise _illegal(name, "^[0-9]{1,20}$")
        return int(value)

    def between(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number; one above `high` counts as `high`, one below `low` is refused."""
        value = self.integer(name, default)
        assert value is not None
        if value < low:
            raise invalid(name)
        return min(value, high)

    def decimal(self, name: str) -> Decimal | None:
        """A number that is not negative, of eight places at most."""
        value = self.text(name)
        if value is None:
            return None
        if _DECIMAL.fullmatch(value) is None:
            raise _illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$")
        number = Decimal(value)
        if number.as_tuple().exponent < -_PLACES:  # type: ignore[operator]  # it is finite
            raise Refused(-1111, f"Parameter '{name}' has too much precision.")
        return number

    def client_id(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and _CLIENT_ID.fullmatch(value) is None:
            raise _illegal(name, "^[a-zA-Z0-9-_]{1,36}$")
        return value

    def names(self, name: str) -> list[str] | None:
        """A JSON array of texts."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return msgspec.json.decode(value, type=list[str])
        except msgspec.DecodeError:
            raise Refused(-1135, f"JSON sent for parameter '{name}' is not valid") from None

    def flag(self, name: str) -> bool | None:
        value = self.choice(name, ("true", "false", "TRUE", "FALSE"), invalid(name))
        return None if value is None else value.lower() == "true"

    def finish(self) -> None:
        """Refuse what nobody has asked for."""
        sent = len(self._values)
        unread = sum(name not in self._read for name in self._values)
        if unread:
            raise Refused(
                -1104,
                f"Not all sent parameters were read; read '{sent - unread}' parameter(s) "
                f"but was sent '{sent}'.",
            )


def as_text(values: Mapping[str, Any]) -> dict[str, str]:
    """Parameters that came as JSON, in the form that they are signed in."""
    found = {}
    for name, value in values.items():
        if isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif isinstance(value, list | dict):
            found[name] = msgspec.json.encode(value).decode()
        elif value is not None:
            found[name] = str(value)
    return found


def _illegal(name: str, legal: str) -> Refused:
    return Refused(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )
