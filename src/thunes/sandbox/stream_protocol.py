"""A client of the market streams: what it has subscribed to, and how it asks for more."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from thunes.sandbox.holder import Holder
from thunes.sandbox.hub import Hub
from thunes.sandbox.stream_names import combined, parse_stream

_STREAMS_MAX = 1_024
_ID_LENGTH_MAX = 36
_encode = msgspec.json.Encoder().encode


class Line(Protocol):
    """The way to a client: answers are sent, messages of streams are pushed."""

    def send(self, data: bytes) -> None: ...

    def push(self, data: bytes) -> None: ...

    def after(self, seconds: float, call: Callable[[], None]) -> None: ...

    def carry_account(self) -> None:
        """From now on this is a stream of an account: faults of those strike here."""


class StreamClient:
    """Answers SUBSCRIBE and its like."""

    def __init__(
        self, hub: Hub, line: Line, holders: Mapping[str, Holder], *, combined: bool
    ) -> None:
        """`holders`: the accounts by their listen keys."""
        self.combined = combined
        self.push = line.push
        self._line = line
        self._hub = hub
        self._holders = holders
        self._names: dict[str, Callable[[bytes], None] | None] = {}

    def open(self, names: Sequence[str]) -> None:
        """Subscribe to streams and, by their listen keys, to accounts; what is neither is passed
        over."""
        for name in names:
            stream = parse_stream(name)
            if name in self._names:
                continue
            if stream is not None:
                self._names[name] = None
                self._hub.join(stream, self)
            elif name in self._holders:
                self._listen(name)

    def close(self) -> None:
        for name in tuple(self._names):
            self._leave(name)

    def _listen(self, name: str) -> None:
        """Take the events of an account, on a combined connection with its listen key around."""

        def heard(event: bytes) -> None:
            if self.combined:
                event = combined(name, event)
            self.push(event)

        self._names[name] = heard
        self._holders[name].listeners.append(heard)
        self._line.carry_account()

    def _leave(self, name: str) -> None:
        heard = self._names.pop(name)
        if heard is None:
            self._hub.leave(name, self)
        else:
            self._holders[name].listeners.remove(heard)

    def hear(self, text: str) -> None:
        """Answer one message."""
        try:
            asked = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            self._answer({"code": 3, "msg": f"Invalid JSON: {error}"})
            return
        number = asked.get("id") if isinstance(asked, dict) else None
        fault = _fault(asked)
        if fault is not None:
            self._answer({"code": 2, "msg": f"Invalid request: {fault}", "id": number})
            return
        result, fault = self._do(asked["method"], asked.get("params", []))
        if fault is not None:
            self._answer({"code": 2, "msg": f"Invalid request: {fault}", "id": number})
        else:
            self._answer({"result": result, "id": number})

    def _do(self, method: str, params: list[Any]) -> tuple[Any, str | None]:
        """Result and fault, one of them None."""
        match method:
            case "LIST_SUBSCRIPTIONS":
                return list(self._names), None
            case "SUBSCRIBE":
                return None, self._subscribe(params)
            case "UNSUBSCRIBE":
                for name in params:
                    if name in self._names:
                        self._leave(name)
                return None, None
            case "SET_PROPERTY":
                if len(params) != 2 or params[0] != "combined" or not isinstance(params[1], bool):
                    return None, "property must be ['combined', true or false]"
                self.combined = params[1]
                return None, None
            case "GET_PROPERTY":
                fine = params == ["combined"]
                return (self.combined, None) if fine else (None, "unknown property")
            case _:
                return None, f"unknown variant `{method}`"

    def _subscribe(self, names: list[Any]) -> str | None:
        if not all(isinstance(name, str) and self._knows(name) for name in names):
            return "unknown stream"
        if len(self._names | dict.fromkeys(names)) > _STREAMS_MAX:
            return f"more than {_STREAMS_MAX} streams"
        self.open(names)
        return None

    def _knows(self, name: str) -> bool:
        return name in self._holders or parse_stream(name) is not None

    def _answer(self, said: dict[str, Any]) -> None:
        self._line.send(_encode(said))


def _fault(asked: Any) -> str | None:
    """What is wrong with the form of a request."""
    if not isinstance(asked, dict):
        return "expected an object"
    if not isinstance(asked.get("method"), str):
        return "missing field `method`"
    number = asked.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str | None):
        return "id must be an integer, a text or null"
    if isinstance(number, str) and len(number) > _ID_LENGTH_MAX:
        return f"id is longer than {_ID_LENGTH_MAX}"
    if not isinstance(asked.get("params", []), list):
        return "params must be an array"
    return None
