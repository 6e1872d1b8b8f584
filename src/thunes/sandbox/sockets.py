"""The WebSocket endpoints: market streams by `/ws` and `/stream`, and the API by `/ws-api/v3`."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs, unquote

from aiohttp import web

from thunes.sandbox.connection import GOING_AWAY, Connection, Manners
from thunes.sandbox.exchange import Exchange
from thunes.sandbox.faults import Fault
from thunes.sandbox.hub import Hub
from thunes.sandbox.quirks import Quirk
from thunes.sandbox.refused import Refused
from thunes.sandbox.socket_api import SocketClient
from thunes.sandbox.stream_faults import Bent
from thunes.sandbox.stream_names import combined
from thunes.sandbox.stream_protocol import StreamClient

API = "/ws-api/v3"
_API_WEIGHT = 2
_API_MESSAGES = 10_000  # the API counts weights, not messages
_MESSAGE_MAX = 1 << 16


class Client(Protocol):
    """What speaks at the other end of a connection."""

    def hear(self, text: str) -> None: ...

    def close(self) -> None: ...


class _Asked(NamedTuple):
    """A path of the streams: which form, and what it subscribes to at once."""

    combined: bool
    names: Sequence[str]


class Sockets:
    """Opens connections, and knows all that are open."""

    def __init__(self, exchange: Exchange, hub: Hub) -> None:
        self._exchange = exchange
        self._hub = hub
        self.open: dict[Connection, Client] = {}

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One connection from handshake to close; raises Refused before the handshake."""
        exchange, path = self._exchange, request.path
        refused = exchange.faults.strikes(Fault.DIAL_REFUSED, path)
        if refused is not None:
            raise Refused(None, "Service Unavailable", status=int(refused.number(503)))
        now = exchange.clock.true_ms
        address = exchange.address(request.remote or "")
        if exchange.has(Quirk.DIALS_COUNTED):
            address.dial(exchange.allowance, now)
        is_api = path.rstrip("/") == API
        if is_api:
            address.spend(_API_WEIGHT, exchange.allowance, now)
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=_MESSAGE_MAX)
        await socket.prepare(request)
        messages = _API_MESSAGES if is_api else exchange.allowance.messages
        bent = Bent(exchange.faults, "user" if is_api else "market")
        transport = request.transport
        assert transport is not None, "the handshake went over it"
        connection = Connection(socket, transport, Manners(messages), bent)
        client = self._client(request, connection, is_api=is_api)
        self.open[connection] = client
        if exchange.faults.strikes(Fault.DIAL_CLOSED, path) is not None:
            connection.close(GOING_AWAY)
        try:
            await connection.serve(client.hear)
        finally:
            del self.open[connection]
            client.close()
        return socket

    def close(self, kinds: str, code: int) -> None:
        """End every connection of these kinds (`market`, `user`)."""
        for connection in tuple(self.open):
            if fnmatchcase(connection.bent.kind, kinds):
                connection.close(code)

    def announce(self, kinds: str, now: int) -> None:
        """Say that the server is about to go."""
        event = b'{"e":"serverShutdown","E":%d}' % now
        for connection, client in tuple(self.open.items()):
            if not fnmatchcase(connection.bent.kind, kinds):
                continue
            if isinstance(client, StreamClient) and not client.combined:
                connection.send(event)
            elif isinstance(client, StreamClient):
                connection.send(combined("!serverShutdown", event))
            else:
                connection.send(b'{"event":%b}' % event)

    def _client(self, request: web.BaseRequest, line: Connection, *, is_api: bool) -> Client:
        if is_api:
            return SocketClient(self._exchange, line, request.remote or "")
        asked = _read(request.path, request.query_string)
        accounts = self._exchange.listen_keys
        client = StreamClient(self._hub, line, accounts, combined=asked.combined)
        client.open(asked.names)
        return client


def serves(path: str) -> bool:
    """Whether a path is one of the WebSocket endpoints."""
    return path.split("/")[1] in ("ws", "stream") or path.rstrip("/") == API


def _read(path: str, query: str) -> _Asked:
    """`/ws/a/b` is raw, `/stream?streams=a/b` combined; `/stream/ws/...` is raw as well."""
    parts = unquote(path).strip("/").split("/")
    combined = "ws" not in parts
    names = [part for part in parts if part not in ("ws", "stream")]
    for value in parse_qs(query).get("streams", []):
        names.extend(value.split("/"))
    return _Asked(combined, names)
