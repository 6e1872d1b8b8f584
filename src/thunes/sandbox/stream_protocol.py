"""A client of the market streams: what it has subscribed to, and how it asks for more."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from thunes.sandbox.holder import Holder
from thunes.sandbox.hub import Hub
from thunes.sandbox.stream_names import parse_stream

_STREAMS_MAX = 1_024
_ID_LENGTH_MAX = 36
_encode = msgspec.json.Encoder().encode


class Line(Protocol):
    """The way to a client: answers are sent, messages of streams are pushed."""

    def send(self, data: bytes) -> None: ...

    def push(self, data: bytes) -> None: ...

    def after(self, seconds: float, call: Callable[[], None]) -> None: ...


class StreamClient:
    """Answers SUBSCRIBE and its like."""

    def __init__(self, hub: Hub, line: Line, *, combined: bool) -> None:
        self.combined = combined
        self.push = line.push
        self._send = line.send
        self._hub = hub
        self._names: dict[str, None] = {}
        self._holders: list[Holder] = []

    def open(self, names: Sequence[str]) -> None:
        """Subscribe to what the path names; what is no stream there is passed over."""
        for name in names:
            stream = parse_stream(name)
            if stream is not None and name not in self._names:
                self._names[name] = None
                self._hub.join(stream, self)

    def listen(self, holder: Holder) -> None:
        """Take the events of an account as well, as with a listen key."""
        self._holders.append(holder)
        holder.listeners.append(self.push)

    def close(self) -> None:
        for holder in self._holders:
            holder.listeners.remove(self.push)
        for name in self._names:
            self._hub.leave(name, self)
        self._names.clear()

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
                        del self._names[name]
                        self._hub.leave(name, self)
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
        if any(not isinstance(name, str) or parse_stream(name) is None for name in names):
            return "unknown stream"
        if len(self._names | dict.fromkeys(names)) > _STREAMS_MAX:
            return f"more than {_STREAMS_MAX} streams"
        self.open(names)
        return None

    def _answer(self, said: dict[str, Any]) -> None:
        self._send(_encode(said))


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
