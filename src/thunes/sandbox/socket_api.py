"""The WebSocket API: requests over one connection, and the events of the accounts it listens to."""

from typing import Any

import msgspec

from thunes.sandbox.call import Auth, Call
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.holder import Holder
from thunes.sandbox.params import Params, as_text
from thunes.sandbox.refused import Refused
from thunes.sandbox.request_faults import Way, WayBack, way, way_back
from thunes.sandbox.rest import run
from thunes.sandbox.routes import SOCKET
from thunes.sandbox.session import Session
from thunes.sandbox.stream_protocol import Line

_RETIRED = ("userDataStream.start", "userDataStream.ping", "userDataStream.stop")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(float_hook=str).decode
_NOT_JSON = (-1135, "Invalid JSON Request")


class SocketClient:
    """Answers what comes over one connection."""

    def __init__(self, exchange: Exchange, line: Line, address: str) -> None:
        self._exchange = exchange
        self._line = line
        self._address = exchange.address(address)
        self._session = Session(exchange, line.push)

    def close(self) -> None:
        self._session.close()

    def hear(self, text: str) -> None:
        """Answer one message, unless a fault says otherwise."""
        try:
            asked = _decode(text)
        except msgspec.DecodeError:
            asked = None
        method = asked.get("method") if isinstance(asked, dict) else None
        box, on = self._exchange.faults, f"WS {method}"
        there = way(box, on) or Way()
        if there.lost:
            return
        if there.late_s:
            self._line.after(there.late_s, lambda: self._answer_to(asked, there.refusal, on))
        else:
            self._answer_to(asked, there.refusal, on)

    def _answer_to(self, asked: Any, refusal: Refused | None, on: str) -> None:
        number = asked.get("id") if isinstance(asked, dict) else None
        shown = True
        try:
            if refusal is not None:
                raise refusal
            if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
                raise Refused(*_NOT_JSON)
            params = asked.get("params") or {}
            if not isinstance(params, dict):
                raise Refused(*_NOT_JSON)
            values = as_text(params)
            shown = values.pop("returnRateLimits", "true") == "true"
            signed = as_text(params)
            result, placer = self._answer(asked["method"], Params(values), signed)
            answer = {"id": number, "status": 200, "result": result}
            answer |= {"rateLimits": self._limits(placer)} if shown else {}
        except Refused as refused:
            answer = {"id": number, "status": refused.status, "error": self._error(refused)}
            answer |= {"rateLimits": self._limits(None)} if shown else {}
        self._send(answer, on)

    def _send(self, answer: dict[str, Any], on: str) -> None:
        """The way of the answer."""
        back = way_back(self._exchange.faults, on) or WayBack()
        if back.lost:
            return
        if back.instead is not None:
            error = self._error(back.instead)
            answer = {"id": answer["id"], "status": back.instead.status, "error": error}
        written = _encode(answer)
        if back.cut:
            written = written[: len(written) // 2]
        self._line.after(back.late_s, lambda: self._line.send(written))

    def _answer(
        self, method: str, params: Params, signed: dict[str, str]
    ) -> tuple[object, Holder | None]:
        """The result, and whose orders were placed if any were."""
        exchange, now = self._exchange, self._exchange.clock.true_ms
        route = SOCKET.get(method)
        if route is not None:
            weight = route.weight if isinstance(route.weight, int) else route.weight(params)
            self._address.spend(weight, exchange.allowance, now)
            key = None if route.auth is Auth.NONE else self._session.key(params, signed)
            placer = key.holder if key is not None and route.orders else None
            return run(route, Call(exchange, params, key)), placer
        self._address.spend(2, exchange.allowance, now)
        if method not in self._session.methods:
            status = 410 if method in _RETIRED else 400
            raise Refused(-1020, f"Method `{method}` is not supported.", status=status)
        return self._session.methods[method](params, signed), None

    def _error(self, refused: Refused) -> dict[str, Any]:
        error = refused.body()
        wait = refused.headers.get("Retry-After")
        if wait is not None:
            now = self._exchange.clock.ms
            error["data"] = {"serverTime": now, "retryAfter": now + int(wait) * 1_000}
        return error

    def _limits(self, placer: Holder | None) -> list[dict[str, Any]]:
        """How much is spent: of weight always, of orders where some were placed."""
        exchange = self._exchange
        now = exchange.clock.true_ms
        counts = {"REQUEST_WEIGHT": self._address.weight.at(now).count}
        rows = [
            row | {"count": counts[row["rateLimitType"]]}
            for row in exchange.allowance.listed()
            if row["rateLimitType"] in counts
        ]
        if placer is not None:
            rows += placer.counts.listed(exchange.allowance, now)
        return rows
