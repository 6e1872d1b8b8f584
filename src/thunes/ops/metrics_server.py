"""The metrics server: what Prometheus reads, on this machine only."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, start_http_server

from thunes.core.domain.errors import ThunesError, UsageError

LOOPBACK = ("127.0.0.1", "::1")
LOOK_S = 1.0


class MetricsServer:
    """Bound when made, so that a port that is taken is told before anything trades."""

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        """Raises UsageError for an address of another machine, ThunesError for a taken port."""
        if host not in LOOPBACK:
            raise UsageError(f"metrics.host = {host}: it may be {' or '.join(LOOPBACK)} only")
        self._registry, self._host, self._port = registry, host, port
        self._start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def serve(self, wait: Callable[[float], bool]) -> None:
        """Stay up while `wait` says so. Raises ThunesError once it is not; called again, it binds
        again."""
        if not self._thread.is_alive():
            self._start()
        while wait(LOOK_S):
            if not self._thread.is_alive():
                raise ThunesError(f"metrics are not served any more at {self._host}:{self._port}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _start(self) -> None:
        try:
            self._server, self._thread = start_http_server(
                self._port, self._host, registry=self._registry
            )
        except OSError as error:
            raise ThunesError(
                f"metrics cannot be served at {self._host}:{self._port} ({error.strerror}): set "
                "another [metrics] port, or 0 for none"
            ) from error
