"""Clusters: calls spread over the processes of Dask, here or on other machines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from thunes.core.domain.errors import ThunesError, UsageError

Part = TypeVar("Part")
Answer = TypeVar("Answer")

LOCAL = "local"
_CONNECT_S = 8


class DaskCluster:
    """Workers that run calls; `with` ends what was started for it."""

    def __init__(self, address: str, code: Callable[[], str]) -> None:
        """`local` starts workers here, else an address like tcp://10.0.0.7:8786.

        UsageError: the extra is missing, or a worker has other code than we have.
        """
        distributed = _imported()
        self.address = address
        self._owned: Any = None
        with _reachable(address):
            if address == LOCAL:
                self._owned = distributed.LocalCluster(
                    threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
                )
            self._client: Any = distributed.Client(
                address if self._owned is None else self._owned, timeout=_CONNECT_S
            )
            ours = code()
            for worker, theirs in self._client.run(code).items():
                if theirs != ours:
                    self.close()
                    raise UsageError(
                        f"--dask {address}: worker {worker} has THUNES {theirs}, and here is "
                        f"{ours}: results would not be of one program; install the same there"
                    )

    @property
    def workers(self) -> int:
        """How many there are now."""
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def share(self, value: object) -> object:
        """A value that is sent to every worker once; give it to `map`."""
        with _reachable(self.address):
            return self._client.scatter(value, broadcast=True, hash=False)

    def map(
        self, call: Callable[[Any, Part], Answer], shared: object, parts: Sequence[Part]
    ) -> list[Answer]:
        """`call` with what is shared and each part, in the order of the parts. What a call raises
        is raised here."""
        with _reachable(self.address):
            waiting = [self._client.submit(call, shared, part, pure=False) for part in parts]
            return list(self._client.gather(waiting))

    def close(self) -> None:
        self._client.close()
        if self._owned is not None:
            self._owned.close()

    def __enter__(self) -> "DaskCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _imported() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise UsageError(
            f"--dask needs the extra `dask` ({error.name} is missing): pip install 'thunes[dask]'"
        ) from error
    return distributed


@contextmanager
def _reachable(address: str) -> Iterator[None]:
    from distributed import TimeoutError as Late
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    try:
        yield
    except (OSError, Late, CommClosedError, KilledWorker) as error:
        raise ThunesError(
            f"the cluster at {address} does not answer, or lost a worker: {error}. What was "
            "finished is on record: run the same command again when it is back"
        ) from error
