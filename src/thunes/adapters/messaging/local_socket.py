"""The local socket: other processes of the same user ask this one, a line in and a line out."""

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from thunes.core.domain.errors import ThunesError, UsageError

Answer = Callable[[bytes, int], bytes]
"""The answer to one line, asked by a process of that user id; called on several threads."""

REQUEST_MAX = 1 << 16
READ_S, WRITE_S = 5.0, 5.0
AT_ONCE = 8
"""How many are answered at a time: one that waits for the venue keeps nobody else waiting."""

PATH_MAX = 103  # bytes; Linux takes 107, macOS 103
_BACKLOG = 64
_LOOK_S = 0.2
LAST_WORDS_S = 2.0


class LocalSocket:
    """Serves on threads of its own from `serve` to `close`."""

    def __init__(self, path: Path, listener: socket.socket) -> None:
        self.path = path
        self._listener = listener
        self._closing = threading.Event()
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._thread: threading.Thread | None = None

    @classmethod
    def bind(cls, path: Path) -> "LocalSocket":
        """A socket at `path` that only its owner may use, in place of one that nobody serves.

        Raises UsageError where the path is too long, ThunesError where another process serves it
        or it cannot be made.
        """
        if len(os.fsencode(path)) > PATH_MAX:
            raise UsageError(
                f"{path} is longer than the {PATH_MAX} bytes that a socket's path may have: give "
                "--state a shorter one"
            )
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if _is_served(path):
                raise ThunesError(f"another process answers at {path} already; stop it first")
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            path.chmod(0o600)  # before it listens: nobody has been let in
            listener.listen(_BACKLOG)
            listener.settimeout(_LOOK_S)
        except OSError as error:
            listener.close()
            raise ThunesError(f"{path} cannot be made: {error.strerror}") from error
        except ThunesError:
            listener.close()
            raise
        return cls(path, listener)

    def serve(self, answer: Answer) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(
            target=self._run, args=(answer,), name="control", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Answer what was asked already, and let go of the path."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self._listener.close()
        self.path.unlink(missing_ok=True)
        until = time.monotonic() + LAST_WORDS_S
        for _ in range(AT_ONCE):  # whoever is being answered gets to hear it
            self._free.acquire(timeout=max(0.0, until - time.monotonic()))

    def _run(self, answer: Answer) -> None:
        while not self._closing.is_set():
            if not self._free.acquire(timeout=_LOOK_S):
                continue
            try:
                peer, _ = self._listener.accept()
            except OSError:  # nobody came
                self._free.release()
                continue
            threading.Thread(target=self._attend, args=(peer, answer), daemon=True).start()

    def _attend(self, peer: socket.socket, answer: Answer) -> None:
        try:
            with peer:
                asked = _asked(peer)
                if asked is not None:
                    _tell(peer, answer(*asked))
        finally:
            self._free.release()


def _asked(peer: socket.socket) -> tuple[bytes, int] | None:
    """The line, and who sent it; None where nobody asks, or somebody who may not."""
    try:
        uid = user_of(peer)
        return None if uid != os.getuid() else (read_line(peer, REQUEST_MAX, READ_S), uid)
    except OSError:
        return None


def _tell(peer: socket.socket, said: bytes) -> None:
    with suppress(OSError):  # whoever has gone needs no answer
        peer.settimeout(WRITE_S)
        peer.sendall(said + b"\n")


def read_line(peer: socket.socket, most: int, within_s: float) -> bytes:
    """What comes until a line end, the end, or `most` bytes; OSError where that takes too long."""
    line, until = b"", time.monotonic() + within_s
    while len(line) < most and b"\n" not in line[-1 << 16 :]:
        peer.settimeout(max(0.001, until - time.monotonic()))
        data = peer.recv(min(most - len(line), 1 << 16))
        if not data:
            break
        line += data
    return line.partition(b"\n")[0]


def user_of(peer: socket.socket) -> int:
    """The user id of the process at the other end, as the system knows it; OSError."""
    if sys.platform == "darwin":  # LOCAL_PEERCRED: version, then the user's id
        return int(struct.unpack("II", peer.getsockopt(0, 1, 76)[:8])[1])
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _is_served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(READ_S)
        try:
            peer.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True
