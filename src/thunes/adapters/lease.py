"""The lease: one process trades an account, and whoever else wants to is told which."""

import fcntl
import json
import os
import time
from hashlib import sha256
from pathlib import Path

from thunes.core.domain.errors import ThunesError
from thunes.core.domain.units import Instant, format_instant


class AccountHeld(ThunesError):
    """Another process trades this account."""


class AccountLease:
    """A lock on a file that belongs to the account, wherever its state directory lies.

    It ends with the process, and with nothing else: while we live it holds.
    """

    def __init__(self, descriptor: int, epoch: int) -> None:
        self.epoch = epoch
        self._descriptor = descriptor

    @classmethod
    def take(cls, account: str, state: Path, folder: Path | None = None) -> "AccountLease":
        """Take the lease of `account` for the process that keeps its state in `state`. Raises
        AccountHeld, which names the holder, and ThunesError where nothing can be written."""
        folder = folder or lease_folder()
        path = folder / f"{sha256(account.encode()).hexdigest()[:24]}.lease"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ThunesError(f"{path} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 4_096, 0)
            os.close(descriptor)
            raise AccountHeld(f"this account is traded already, by {_told(holder)}") from None
        now = time.time_ns()
        said = {"pid": os.getpid(), "state": str(state.resolve()), "since": format_instant(now)}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(said).encode(), 0)
        return cls(descriptor, now // 1_000_000_000)

    def renew(self, at: Instant) -> None:
        """It needs no renewal."""

    def holds(self, until: Instant) -> bool:  # noqa: ARG002 - the port's signature
        """Until the process ends."""
        return self._descriptor >= 0

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def lease_folder() -> Path:
    """Where the leases of this user lie: beside no state directory, for all of them count."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "thunes" / "leases"


def _told(holder: bytes) -> str:
    try:
        said = json.loads(holder)
        return f"process {said['pid']} with state {said['state']} since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has not said who it is"
