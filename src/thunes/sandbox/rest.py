"""REST: reads a request as it was sent, lets the exchange answer it, and writes the answer."""

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from thunes.sandbox.call import Auth, Call, Route
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.keys import Key
from thunes.sandbox.params import Params, parse_query
from thunes.sandbox.quirks import Quirk
from thunes.sandbox.refused import BAD_KEY, Refused
from thunes.sandbox.routes import REST

_SIGNATURE = re.compile(r"(^|&)signature=[^&]*")
_JSON = "application/json;charset=UTF-8"
_HTML = "text/html"
_GONE = (
    "<html><head><title>410 Gone</title></head>"
    "<body><center><h1>410 Gone</h1></center></body></html>"
)
_NOT_FOUND = (
    "<html><head><title>404 Not Found</title></head>"
    "<body><center><h1>404 Not Found</h1></center></body></html>"
)
_LISTEN_KEY = "/api/v3/userDataStream"


class Request(NamedTuple):
    """A request, byte for byte: `query` and `body` are not decoded."""

    method: str
    path: str
    query: str
    body: str
    key: str | None
    address: str


class Answer(NamedTuple):
    """What goes back; `headers` come on top of content type and length."""

    status: int
    body: bytes
    headers: dict[str, str]
    content_type: str = _JSON


class Rest:
    """Answers requests of the REST API."""

    def __init__(self, exchange: Exchange, encode: Callable[[object], bytes] | None = None) -> None:
        self.exchange = exchange
        self._encode = encode or msgspec.json.Encoder().encode

    def answer(self, request: Request) -> Answer:
        """Never raises for anything that was sent."""
        exchange = self.exchange
        address = exchange.address(request.address)
        headers: dict[str, str] = {}
        try:
            route = self._route(request)
            params = Params(parse_query(request.body) | parse_query(request.query))
            weight = route.weight if isinstance(route.weight, int) else route.weight(params)
            now = exchange.clock.true_ms
            address.spend(weight, exchange.allowance, now)
            headers["X-MBX-USED-WEIGHT"] = headers["X-MBX-USED-WEIGHT-1M"] = str(
                address.weight.count
            )
            key = self._admit(route, request, params)
            result = run(route, Call(exchange, params, key))
            if route.orders and key is not None:
                headers |= key.holder.counts.headers(now)
            return Answer(200, self._encode(result), headers)
        except Refused as refused:
            return self.refuse(refused, headers)

    def refuse(self, refused: Refused, headers: dict[str, str] | None = None) -> Answer:
        """The answer that a refusal is told with."""
        headers = refused.headers | (headers or {})
        if refused.code is None:
            return Answer(refused.status, refused.text.encode(), headers, _HTML)
        return Answer(refused.status, self._encode(refused.body()), headers)

    def _route(self, request: Request) -> Route:
        route = REST.get((request.method, request.path))
        if route is not None:
            return route
        if request.path == _LISTEN_KEY and not self.exchange.has(Quirk.LISTEN_KEY_RETIRED):
            return Route(_listen_key, 2, Auth.KEY)
        if request.path == _LISTEN_KEY:
            raise Refused(None, _GONE, status=410)
        raise Refused(None, _NOT_FOUND, status=404)

    def _admit(self, route: Route, request: Request, params: Params) -> Key | None:
        """Whose request it is, if it has to be somebody's: key, time, then signature."""
        if route.auth is Auth.NONE:
            return None
        exchange = self.exchange
        key = exchange.key(request.key)
        if route.auth is Auth.KEY:
            return key
        exchange.check_time(params)
        payload = signed_text(request.query) + signed_text(request.body)
        exchange.check_signature(key, payload.encode(), params.text("signature"))
        return key


def run(route: Route, call: Call) -> object:
    """Let the route answer; orders that it places are counted, unless they are refused."""
    if route.auth is Auth.TRADES and call.key is not None and not call.key.trades:
        raise Refused(*BAD_KEY, status=401)
    if not route.orders or call.key is None:
        return route.run(call)
    counts, exchange = call.holder.counts, call.exchange
    counts.place(route.orders, exchange.allowance, exchange.clock.true_ms)
    try:
        return route.run(call)
    except Refused:
        for _ in range(route.orders):
            counts.traded()
        raise


def _listen_key(call: Call) -> dict[str, str]:
    """Make, keep or end the listen key of an account: it lasts as long as the sandbox."""
    asked = call.params.text("listenKey")
    call.params.finish()
    known = call.exchange.listen_keys
    if asked is not None:
        if known.get(asked) is not call.holder:
            raise Refused(-1125, "This listenKey does not exist.")
        return {}
    return {"listenKey": call.exchange.listen_key(call.holder)}


def signed_text(part: str) -> str:
    """What of a query or body is signed: all but the signature, exactly as sent."""
    return _SIGNATURE.sub("", part).lstrip("&")
