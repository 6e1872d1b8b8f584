"""The metrics server: what Prometheus reads, on this machine only."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from thunes.core.domain.errors import ThunesError, UsageError

LOOPBACK = ("127.0.0.1", "::1")
_TURN_S = 0.5
_PATIENCE_S = 2.0
"""For whoever connects and says nothing: nobody else is served meanwhile."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE_S
    registry: ClassVar[CollectorRegistry]

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404, "there is /metrics")
            return
        encode, kind = choose_encoder(self.headers.get("Accept") or "")
        body = encode(self.registry)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A scrape every 15 seconds is no news."""


class _Server(HTTPServer):
    timeout = _TURN_S
    allow_reuse_port = False

    def handle_error(self, *_: object) -> None:
        """Whoever hangs up in the middle is not missed."""


class MetricsServer:
    """Bound when made, so that a port that is taken is told before anything trades."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """Raises UsageError for an address of another machine, ThunesError for a taken port."""
        if host not in LOOPBACK:
            raise UsageError(f"metrics.host = {host}: it may be {' or '.join(LOOPBACK)} only")
        handler = type("_Bound", (_Handler,), {"registry": registry})
        kind = _Server if ":" not in host else type("_Server6", (_Server,), {"address_family": 10})
        try:
            self._server = kind((host, port), handler)
        except OSError as error:
            raise ThunesError(
                f"metrics cannot be served at {host}:{port} ({error.strerror}): set another "
                "[metrics] port, or 0 for none"
            ) from error
        self.port = self._server.server_port

    def serve(self, beat: Callable[[], bool]) -> None:
        """Answer one after the other while `beat` says so, which is asked twice a second."""
        while beat():
            self._server.handle_request()

    def close(self) -> None:
        self._server.server_close()
